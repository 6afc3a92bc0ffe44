"""The TensorFlow Lite files of hostile_models.py: a network by the real converter, taken apart, changed and put together again."""

import flatbuffers
import keras
import numpy as np
import tensorflow as tf
from keras import layers
from tensorflow.lite.python import schema_py_generated as schema


def network():
    keras.utils.clear_session()
    keras.utils.set_random_seed(1)
    x = keras.Input((4, 4, 1), batch_size=1)
    y = layers.Conv2D(2, 3, activation="relu")(x)
    y = layers.Dense(2, activation="softmax")(layers.Flatten()(y))
    return tf.lite.TFLiteConverter.from_keras_model(keras.Model(x, y)).convert()


CONTENT = None


def changed(change):
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(bytearray(CONTENT), 0))
    model.metadata, model.metadataBuffer, model.signatureDefs = None, None, None
    change(model, model.subgraphs[0])
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def weight(model, graph):
    """The first constant tensor with more than a few bytes."""
    return next(t for t in graph.tensors if model.buffers[t.buffer].data is not None and len(model.buffers[t.buffer].data) > 16)


def operator(model, graph, builtin, inputs, options=None, options_type=0):
    code = schema.OperatorCodeT()
    code.builtinCode, code.deprecatedBuiltinCode, code.version = builtin, min(builtin, 127), 1
    model.operatorCodes.append(code)
    op = schema.OperatorT()
    op.opcodeIndex, op.inputs, op.outputs = len(model.operatorCodes) - 1, np.array(inputs, np.int32), graph.outputs
    op.builtinOptions, op.builtinOptionsType = options, options_type
    graph.operators = [op]


def constant(model, graph, values):
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(np.array(values, "<i4").tobytes(), np.uint8)
    model.buffers.append(buffer)
    tensor = schema.TensorT()
    tensor.shape, tensor.type, tensor.buffer, tensor.name = np.array([len(values)], np.int32), schema.TensorType.INT32, len(model.buffers) - 1, "constant"
    graph.tensors.append(tensor)
    return len(graph.tensors) - 1


def set_shape(shape):
    def change(model, graph):
        weight(model, graph).shape = np.array(shape, np.int32)

    return change


def set_attribute(get, name, value):
    def change(model, graph):
        setattr(get(model, graph), name, value)

    return change


def shape_operator(builtin):
    def change(model, graph):
        operator(model, graph, builtin, [graph.inputs[0], constant(model, graph, [1 << 30, 1 << 30])])

    return change


def fill(model, graph):
    operator(model, graph, schema.BuiltinOperator.FILL, [constant(model, graph, [1 << 30, 1 << 30]), constant(model, graph, [0])])


def loop(model, graph):
    """A subgraph that is its own loop's body."""
    options = schema.WhileOptionsT()
    options.condSubgraphIndex = options.bodySubgraphIndex = 0
    operator(model, graph, schema.BuiltinOperator.WHILE, graph.inputs, options, schema.BuiltinOptions.WhileOptions)


def custom(name):
    def change(model, graph):
        operator(model, graph, schema.BuiltinOperator.CUSTOM, graph.inputs)
        model.operatorCodes[-1].customCode = name

    return change


def tensor(graph, name, shape, buffer=0, kind=schema.TensorType.FLOAT32):
    t = schema.TensorT()
    t.shape, t.type, t.buffer, t.name = np.array(shape, np.int32), kind, buffer, name
    graph.tensors.append(t)
    return len(graph.tensors) - 1


def wide(builtin, shape):
    """An operator with 30,000 operands."""
    def change(model, graph):
        result = tensor(graph, "result", shape)
        operator(model, graph, builtin, [graph.inputs[0]] * 30_000)
        graph.operators[0].outputs = graph.outputs = np.array([result], np.int32)

    return change


def repeated(name, count):
    def change(model, graph):
        setattr(graph, name, np.array(list(getattr(graph, name)) * count, np.int32))

    return change


def shared(kind, size):
    """A sum of 100 weights with the same data."""
    def change(model, graph):
        buffer = schema.BufferT()
        buffer.data = np.zeros(100_000 * size, np.uint8)
        model.buffers.append(buffer)
        codes = []
        for builtin in schema.BuiltinOperator.ADD, schema.BuiltinOperator.DEQUANTIZE:
            operator(model, graph, builtin, [])
            codes.append(len(model.operatorCodes) - 1)
        graph.operators, last = [], graph.inputs[0]

        def add(code, inputs, output):
            op = schema.OperatorT()
            op.opcodeIndex, op.inputs, op.outputs = codes[code], np.array(inputs, np.int32), np.array([output], np.int32)
            graph.operators.append(op)
            return output

        for i in range(100):
            weight = tensor(graph, f"w{i}", [100_000], len(model.buffers) - 1, kind)
            if kind != schema.TensorType.FLOAT32:
                weight = add(1, [weight], tensor(graph, f"d{i}", [100_000]))
            last = add(0, [last, weight], tensor(graph, f"s{i}", [1, 4, 4, 100_000]))
        graph.outputs = np.array([last], np.int32)

    return change


def four_bits(model, graph):
    t = weight(model, graph)
    t.type, t.shape = schema.TensorType.INT4, np.array([1 << 15, 1 << 15], np.int32)
    t.quantization = schema.QuantizationParametersT()
    t.quantization.scale, t.quantization.zeroPoint = np.ones(1, np.float32), np.zeros(1, np.int64)


def swap(model, graph):
    graph.operators.reverse()


def cycle(model, graph):
    graph.operators[0].inputs = np.array([graph.outputs[0], *graph.operators[0].inputs[1:]], np.int32)


SIZE = "memory|byte|element|size|large|limit|shape|dimension|overflow|buffer"
CHANGES = {
    "shape": (set_shape([1 << 30, 1 << 30]), "a weight's shape is a bomb", SIZE),
    "overflow": (set_shape([1 << 30, 1 << 30, 1 << 30]), "a weight's size overflows", SIZE),
    "negative": (set_shape([-2, -3, -3, -1]), "a negative shape", SIZE),
    "buffer": (set_attribute(weight, "buffer", 1 << 30), "a buffer that is not there", "buffer"),
    "offset": (lambda m, g: [setattr(m.buffers[weight(m, g).buffer], "offset", 1 << 60), setattr(m.buffers[weight(m, g).buffer], "size", 1 << 50)], "data past the file's end", "buffer|byte|offset|end"),
    "type": (set_attribute(weight, "type", 99), "an unknown type", "type|99"),
    "operand": (set_attribute(lambda m, g: g.operators[0], "inputs", np.array([1 << 30, -5, 1], np.int32)), "an operand that is not there", "tensor|operand|input"),
    "result": (set_attribute(lambda m, g: g.operators[0], "outputs", np.array([1 << 30], np.int32)), "a result that is not there", "tensor|result|output"),
    "operator": (set_attribute(lambda m, g: g.operators[0], "opcodeIndex", 1 << 30), "an operator that is not there", "oper|code"),
    "output": (set_attribute(lambda m, g: g, "outputs", np.array([-1], np.int32)), "an output that is not there", "output|tensor"),
    "order": (swap, "operators in reverse order", "order|before|tensor|computed|later"),
    "cycle": (cycle, "a cycle", "cycle|order|before|tensor|computed|later"),
    "reshape": (shape_operator(schema.BuiltinOperator.RESHAPE), "a shape is a bomb", SIZE + "|RESHAPE"),
    "broadcast": (shape_operator(schema.BuiltinOperator.BROADCAST_TO), "a shape is a bomb", SIZE + "|BROADCAST"),
    "tile": (shape_operator(schema.BuiltinOperator.TILE), "a shape is a bomb", SIZE + "|TILE"),
    "fill": (fill, "a shape is a bomb", SIZE + "|FILL"),
    "loop": (loop, "a loop that is its own body", "WHILE"),
    "wide-sum": (wide(schema.BuiltinOperator.ADD_N, [1, 4, 4, 1]), "thousands of operands", "more than .* ops"),
    "wide-pack": (wide(schema.BuiltinOperator.PACK, [30_000, 1, 4, 4, 1]), "thousands of operands", "more than .* ops"),
    "same-inputs": (repeated("inputs", 20_000), "an input thousands of times", "inputs and outputs"),
    "same-outputs": (repeated("outputs", 20_000), "an output thousands of times", "inputs and outputs"),
    "some-outputs": (repeated("outputs", 3000), "an output 3,000 times", None),
    "shared-floats": (shared(schema.TensorType.FLOAT32, 4), "weights that share data", "memory"),
    "shared-halves": (shared(schema.TensorType.FLOAT16, 2), "weights that share data", "memory"),
    "four-bits": (four_bits, "a shape is a bomb for numbers of half a byte", SIZE),
    "custom": (custom("Evil"), "an operator of a plug-in", "Evil|CUSTOM"),
    "flex": (custom("FlexReadFile"), "an operator that opens a file", "ReadFile|CUSTOM"),
    "escape": (custom("\x1b]0;owned\x07"), "a name controls the terminal", "owned|CUSTOM"),
}


def cases():
    global CONTENT
    CONTENT = network()
    for name, (change, rule, error) in CHANGES.items():
        yield f"{name}.tflite", changed(change), rule, {"error": error} if error else {}
    small = changed(lambda model, graph: None)
    for name, at, value in (("root", 0, 0xFFFFFFF0), ("root-itself", 0, 0), ("root-header", 0, 4)):
        yield f"{name}.tflite", value.to_bytes(4, "little") + small[4:], "the root table is elsewhere", {"error": "."}
    root = int.from_bytes(small[:4], "little")
    yield "vtable.tflite", small[:root] + (0x7FFFFFF0).to_bytes(4, "little") + small[root + 4 :], "a table's layout is elsewhere", {"error": "."}
    yield "cut.tflite", small[: len(small) // 2], "cut short", {"error": "."}
