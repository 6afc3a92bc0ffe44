"""Writes format/onnx/testdata: small ONNX files, and expected.json with the values of their tensors.

Made with onnx 1.23.2 and numpy 2.4.6.
"""
import json
import os
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

out = os.path.join(os.path.dirname(__file__), "../../format/onnx/testdata")
expected = {}

VALUES = {
    TensorProto.FLOAT: [0.0, -1.5, 3e38, 1e-45],
    TensorProto.DOUBLE: [0.1, -1e300],
    TensorProto.FLOAT16: [0.0, 1.0, -2.5, 65504.0, 6e-8],
    TensorProto.BFLOAT16: [1.0, -3.0],
    TensorProto.INT8: [-128, 127],
    TensorProto.INT16: [-32768, 5],
    TensorProto.INT32: [-(2**31), 7],
    TensorProto.INT64: [-(2**63), 2**62],
    TensorProto.UINT8: [0, 255],
    TensorProto.UINT16: [0, 65535],
    TensorProto.UINT32: [0, 2**32 - 1],
    TensorProto.UINT64: [0, 2**63 - 1],
    TensorProto.BOOL: [True, False, True],
}
many = np.arange(60, dtype=np.float32).reshape(3, 4, 5)


def tensors():
    for t, values in VALUES.items():
        name = TensorProto.DataType.Name(t).lower()
        yield helper.make_tensor(name + "_typed", t, [len(values)], values)
        array = np.array(values).astype(helper.tensor_dtype_to_np_dtype(t))
        yield numpy_helper.from_array(array, name + "_raw")
        expected[name] = numpy_helper.to_array(numpy_helper.from_array(array)).astype(np.float64).tolist() if t not in (
            TensorProto.INT64, TensorProto.UINT64) else [str(v) for v in values]
    yield numpy_helper.from_array(many, "many")
    yield numpy_helper.from_array(np.zeros((2, 0), np.float32), "empty")
    yield numpy_helper.from_array(np.array(4, np.int64), "scalar")


def write(name, data):
    with open(os.path.join(out, name), "wb") as f:
        f.write(data)


os.makedirs(out, exist_ok=True)
graph = helper.make_graph([], "types", [], [], initializer=list(tensors()))
write("types.onnx", helper.make_model(graph, producer_name="golden").SerializeToString(deterministic=True))

rng = np.random.default_rng(0)
kernel = rng.normal(size=(2, 1, 3, 3)).astype(np.float32)
inner = helper.make_graph([helper.make_node("Identity", ["y"], ["z"])], "inner", [], [helper.make_tensor_value_info("z", 1, None)])
graph = helper.make_graph(
    [helper.make_node("Conv", ["x", "kernel"], ["c"], "conv", kernel_shape=[3, 3], auto_pad="SAME_UPPER"),
     helper.make_node("Relu", ["c"], ["y"], "relu"),
     helper.make_node("If", ["cond"], ["out"], "branch", then_branch=inner, else_branch=inner)],
    "net", [helper.make_tensor_value_info("x", 1, ["N", 1, 8, 8])], [helper.make_tensor_value_info("out", 1, None)],
    initializer=[numpy_helper.from_array(kernel, "kernel"), numpy_helper.from_array(np.array(True), "cond")])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="golden")
write("conv.onnx", model.SerializeToString(deterministic=True))
expected["kernel"] = kernel.astype(np.float64).ravel().tolist()
write("tensor.pb", numpy_helper.from_array(many, "many").SerializeToString(deterministic=True))

if os.path.exists(os.path.join(out, "external.bin")):
    os.remove(os.path.join(out, "external.bin"))  # save_model appends to it
onnx.save_model(model, os.path.join(out, "external.onnx"), save_as_external_data=True, location="external.bin", size_threshold=64)
with open(os.path.join(out, "expected.json"), "w") as f:
    json.dump(expected, f, indent=1)
    f.write("\n")
