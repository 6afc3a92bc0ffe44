"""The ONNX files of hostile_models.py."""

import numpy as np
import onnx
from onnx import TensorProto, helper

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64


def model(nodes, initializers=(), shape=(1, 4), inputs=("x",), outputs=("y",), functions=(), opset=17):
    graph = helper.make_graph(
        list(nodes), "g", [helper.make_tensor_value_info(n, FLOAT, shape) for n in inputs],
        [helper.make_tensor_value_info(n, FLOAT, None) for n in outputs], list(initializers))
    imports = [helper.make_opsetid("", opset), helper.make_opsetid("local", 1)]
    return helper.make_model(graph, opset_imports=imports, functions=list(functions), ir_version=8, producer_name="hostile").SerializeToString()


def node(op, inputs, outputs, **attributes):
    return helper.make_node(op, inputs, outputs, **attributes)


def constant(name, values):
    return helper.make_tensor(name, INT64, [len(values)], values)


def raw(name, dims, data, dtype=FLOAT):
    return TensorProto(name=name, dims=dims, data_type=dtype, raw_data=data)


def external(**entries):
    """x plus a weight whose data stand in another file."""
    t = TensorProto(name="w", dims=[1, 4], data_type=FLOAT, data_location=TensorProto.EXTERNAL)
    for key, value in entries.items():
        t.external_data.add(key=key, value=str(value))
    return model([node("Add", ["x", "w"], ["y"])], [t])


def with_weight(dims, data=b"\0" * 16, **more):
    return model([node("Add", ["x", "w"], ["y"])], [raw("w", dims, data, **more)])


BIG = 1 << 31
SIZE = "memory|bytes|element|size|large|limit|shape|dimension|overflow"

EXTERNAL = {
    "parent": ({"location": "../hostname"}, "hostname|path|name"),
    "inside-parent": ({"location": "weights/../../hostname"}, "hostname|path|name"),
    "absolute": ({"location": "/etc/hostname"}, "hostname|path|name"),
    "backslash": ({"location": "..\\hostname"}, "hostname|path|name"),
    "url": ({"location": "http://localhost/hostname"}, "hostname|path|name"),
    "empty": ({"location": ""}, "name|location|external"),
    "folder": ({"location": "."}, "path|name|file"),
    "missing": ({"location": "missing.bin"}, "missing.bin"),
    "itself": ({"location": "external-itself.onnx", "offset": 1 << 20, "length": 16}, "byte|offset|end"),
    "offset": ({"location": "data.bin", "offset": 1 << 62, "length": 16}, "data.bin|byte|offset|end"),
    "negative": ({"location": "data.bin", "offset": -16, "length": 16}, "data.bin|byte|offset"),
    "length": ({"location": "data.bin", "offset": 0, "length": 1 << 50}, "data.bin|byte|length"),
}

# Graphs whose constants are bombs for who computes them while reading.
FOLDED = {
    "expand": ([node("Expand", ["one", "shape"], ["big"]), node("Add", ["x", "big"], ["y"])], [raw("one", [1], b"\0" * 4), constant("shape", [BIG, BIG])]),
    "constant-of-shape": ([node("ConstantOfShape", ["shape"], ["big"]), node("Add", ["x", "big"], ["y"])], [constant("shape", [1 << 20, 1 << 20])]),
    "tile": ([node("Tile", ["one", "shape"], ["big"]), node("Add", ["x", "big"], ["y"])], [raw("one", [1], b"\0" * 4), constant("shape", [1 << 40])]),
    "range": (
        [node("Range", ["a", "b", "c"], ["big"]), node("Cast", ["big"], ["f"], to=FLOAT), node("Add", ["x", "f"], ["y"])],
        [raw(n, [], v.to_bytes(8, "little"), INT64) for n, v in (("a", 0), ("b", 1 << 60), ("c", 1))]),
    "one-hot": (
        [node("OneHot", ["i", "depth", "values"], ["big"]), node("Add", ["x", "big"], ["y"])],
        [constant("i", [1]), constant("depth", [1 << 40]), raw("values", [2], b"\0" * 8)]),
    "pad": (
        [node("Pad", ["one", "pads"], ["big"]), node("Add", ["x", "big"], ["y"])],
        [raw("one", [1], b"\0" * 4), constant("pads", [1 << 40, 1 << 40])]),
    "resize": (
        [node("Resize", ["one", "", "", "sizes"], ["big"]), node("Add", ["x", "big"], ["y"])],
        [raw("one", [1, 1, 1, 1], b"\0" * 4), constant("sizes", [1, 1, 1 << 20, 1 << 20])]),
    "doubling": (
        [node("Concat", [f"c{i}", f"c{i}"], [f"c{i + 1}"], axis=0) for i in range(50)] + [node("Add", ["x", "c50"], ["y"])],
        [raw("c0", [1], b"\0" * 4)]),
    "outer": (
        [node("Mul", ["row", "column"], ["big"]), node("Add", ["x", "big"], ["y"])],
        [raw("row", [1, 1 << 14], b"\0" * (4 << 14)), raw("column", [1 << 14, 1], b"\0" * (4 << 14))]),
}


def loop():
    """Runs for ever."""
    body = helper.make_graph(
        [node("Identity", ["go"], ["go_on"]), node("Identity", ["v"], ["w"])], "body",
        [helper.make_tensor_value_info("i", INT64, []), helper.make_tensor_value_info("go", TensorProto.BOOL, []), helper.make_tensor_value_info("v", FLOAT, [1, 4])],
        [helper.make_tensor_value_info("go_on", TensorProto.BOOL, []), helper.make_tensor_value_info("w", FLOAT, [1, 4])])
    return model([node("Loop", ["", "yes", "x"], ["y"], body=body)], [raw("yes", [], b"\1", TensorProto.BOOL)])


def field(number, content):
    """A protocol buffer's field of bytes. The library itself writes at most 100 levels."""
    size = b""
    n = len(content)
    while n > 127:
        size += bytes([n & 127 | 128])
        n >>= 7
    return bytes([number << 3 | 2]) + size + bytes([n]) + content


def deep(n):
    """An If in an If in an If ..."""
    end = helper.make_graph([node("Identity", ["x"], ["r"])], "g", [], [helper.make_tensor_value_info("r", FLOAT, [1, 4])]).SerializeToString()
    graph = end
    result = helper.make_tensor_value_info("r", FLOAT, [1, 4]).SerializeToString()
    for _ in range(n):
        branches = [field(5, field(1, name) + b"\xa0\x01\x05" + field(6, g)) for name, g in ((b"then_branch", graph), (b"else_branch", end))]
        graph = field(1, field(1, b"yes") + field(2, b"r") + field(4, b"If") + b"".join(branches)) + field(2, b"g") + field(12, result)
    outer = model([], [raw("yes", [], b"\1", TensorProto.BOOL)], outputs=["r"])
    # A graph in two pieces is the two pieces merged.
    return outer + field(7, graph)


def function(name, calls):
    return helper.make_function("local", name, ["x"], ["y"], [node(calls, ["x"], ["y"], domain="local")], [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)])


def twice(i, last):
    """A function that calls the next one twice."""
    nodes = [node(f"f{i + 1}", ["x"], ["a"], domain="local"), node(f"f{i + 1}", ["a"], ["y"], domain="local")]
    if i == last:
        nodes = [node("Relu", ["x"], ["y"])]
    return helper.make_function("local", f"f{i}", ["x"], ["y"], nodes, [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)])


def crowds():
    """Small files of which a reader makes many ops or long texts."""
    count = 30_000
    for name, op in ("sum", "Sum"), ("max", "Max"):
        yield f"wide-{name}.onnx", model([node(op, ["x"] * count, ["y"])]), "thousands of operands", "too many nodes"
    yield "wide-constant.onnx", model(
        [node("Concat", ["c"] * count, ["d"], axis=0), node("Reshape", ["x", "d"], ["y"])], [constant("c", [1])]), "thousands of operands", "must be known"
    yield "wide-einsum.onnx", model(
        [node("Einsum", ["x"] * 20_000, ["y"], equation=",".join(["ab"] * 20_000) + "->ab")]), "thousands of operands", "too many nodes|terms"
    yield "einsum.onnx", model([node("Einsum", ["x"] * 1000, ["y"], equation=",".join(["ab"] * 1000) + "->ab")]), "a thousand terms", "terms"
    yield "same-outputs.onnx", model([node("Relu", ["x"], ["y"])], outputs=["y"] * count), "an output thousands of times", "inputs and outputs"
    yield "same-inputs.onnx", model([node("Relu", ["x"], ["y"])], inputs=["x"] * count), "an input thousands of times", "inputs and outputs|memory"
    yield "functions-doubling.onnx", model(
        [node("f0", ["x"], ["y"], domain="local")], functions=[twice(i, 15) for i in range(16)]), "functions that call two functions each", "too many nodes"
    named = onnx.ModelProto.FromString(loop())
    named.graph.node[0].name = "n" * 200_000
    yield "long-name.onnx", named.SerializeToString(), "a long name before the names of all nodes of a loop", "names|Loop|too many"


def cases():
    for name, content, rule, error in crowds():
        yield name, content, rule, {"error": error}
    for name, (entries, error) in EXTERNAL.items():
        yield f"external-{name}.onnx", external(**entries), "external data lead away from the model", {"error": error}
    yield "external-link.onnx", external(location="link.bin"), "external data are a link", {"error": "link|regular", "links": {"link.bin": "/etc/hostname"}}
    yield "data.bin", b"\0" * 16, "the external data of others", None
    for name, (nodes, initializers) in FOLDED.items():
        options = {} if name == "outer" else {"error": SIZE + "|OneHot|pads"}
        yield f"{name}.onnx", model(nodes, initializers), "a constant is a bomb for who computes it", options

    yield "shape.onnx", with_weight([BIG, BIG]), "a weight's shape is a bomb", {"error": SIZE}
    yield "overflow.onnx", with_weight([1 << 32, 1 << 32, 4]), "a weight's size overflows", {"error": SIZE}
    yield "negative.onnx", with_weight([-1, -4]), "a negative shape", {"error": SIZE + "|negative"}
    yield "short.onnx", with_weight([1, 4], b"\0" * 8), "a weight with too few bytes", {"error": SIZE}
    yield "long.onnx", with_weight([1, 4], b"\0" * 24), "a weight with too many bytes", {"error": SIZE}
    yield "type.onnx", with_weight([1, 4], dtype=99), "an unknown type", {"error": "type|99"}
    yield "input-shape.onnx", model([node("Relu", ["x"], ["y"])], shape=(1 << 40, 1 << 40)), "the input's shape is a bomb", {}
    yield "kernel.onnx", model(
        [node("MaxPool", ["x"], ["y"], kernel_shape=[1 << 40, 1 << 40], pads=[1 << 40] * 4)], shape=(1, 1, 8, 8)), "a window is a bomb", {"error": SIZE + "|kernel|pad|window|pool"}
    yield "groups.onnx", model(
        [node("Conv", ["x", "w"], ["y"], group=1 << 40)], [raw("w", [1, 1, 1, 1], b"\0" * 4)], shape=(1, 1, 8, 8)), "groups are a bomb", {"error": SIZE + "|group|channel|filter"}
    yield "zero-stride.onnx", model(
        [node("Conv", ["x", "w"], ["y"], strides=[0, 0])], [raw("w", [1, 1, 1, 1], b"\0" * 4)], shape=(1, 1, 8, 8)), "a division by 0", {"error": "stride"}
    yield "split-zero.onnx", model([node("Split", ["x"], ["y"], axis=1, num_outputs=0)], opset=18), "a division by 0", {}
    yield "reshape-zero.onnx", model([node("Reshape", ["x", "s"], ["y"])], [constant("s", [0, -1, 0, 0])]), "a dimension of no size", {"error": "shape|eshape"}

    yield "cycle.onnx", model([node("Add", ["x", "b"], ["a"]), node("Relu", ["a"], ["b"]), node("Relu", ["a"], ["y"])]), "a cycle", {"error": "cycle|order|before|later|no .*b|\"b\""}
    yield "itself.onnx", model([node("Add", ["x", "y"], ["y"])]), "a node that needs its own result", {"error": "cycle|order|before|later|\"y\""}
    yield "twice.onnx", model([node("Relu", ["x"], ["y"]), node("Neg", ["x"], ["y"])]), "two results of one name", {"error": "twice|two|unique|already|again|second"}
    yield "no-output.onnx", model([node("Relu", ["x"], ["z"])]), "an output that nothing computes", {"error": "output|\"y\""}
    yield "no-input.onnx", model([node("Add", ["x", "nothing"], ["y"])]), "an operand that is not there", {"error": "nothing"}
    yield "loop.onnx", loop(), "a loop without an end", {"error": "Loop|too many nodes"}
    yield "deep.onnx", deep(2_000), "graphs nested 2,000 deep", {}
    yield "recursion.onnx", model([node("f", ["x"], ["y"], domain="local")], functions=[function("f", "g"), function("g", "f")]), "functions that call each other", {"error": "function|recurs|local|\"f\"| f"}
    yield "custom.onnx", model([helper.make_node("Run", ["x"], ["y"], domain="com.evil", command="touch owned")]), "an operator of a plug-in", {"error": "Run|com.evil"}
    yield "python.onnx", model([helper.make_node("PyOp", ["x"], ["y"], domain="ai.onnx.contrib", code="import os")]), "an operator that runs Python", {"error": "PyOp|contrib"}
    yield "escape.onnx", model([node("\x1b]0;owned\x07Relu", ["x"], ["y"])]), "a name controls the terminal", {"error": "Relu"}
    yield "newline.onnx", model([node("Relu\nerror: all is well", ["x"], ["y"])]), "a name forges a line of a log", {"error": "Relu"}
    names = ["x", *(f"v{i}" for i in range(5_000)), "y"]
    yield "chain.onnx", model([node("Relu", [a], [b]) for a, b in zip(names, names[1:])]), "5,000 nodes", {}
    many = [node("Relu", ["x"], [f"v{i}"]) for i in range(5_000)]
    yield "outputs.onnx", model(many, outputs=[f"v{i}" for i in range(5_000)]), "5,000 outputs", {}
    yield "opset.onnx", model([node("Relu", ["x"], ["y"])], opset=1 << 40), "an opset of the far future", {"error": "opset|version"}
    yield "cut.onnx", model([node("Relu", ["x"], ["y"])])[:-3], "cut short", {"error": "."}
