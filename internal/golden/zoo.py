"""What keras.applications makes, for package zoo.

    python internal/golden/zoo.py [NAME...]      all networks by default

writes zoo/testdata/keras/NAME.json.gz for each function: for several sets of arguments, the model's name, its number of parameters and its layers,
one a line: name, class, shape of the output, number of parameters, and the layers that feed it, if it is not the one before. An operation
that is not a layer is written as a call, such as multiply(add(conv)). Where outputs is set, it also writes some of the model's outputs for an input and
weights by formula.
"""

import gzip
import json
import os
import sys
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import keras
import numpy as np
from formula import rounded
from keras import applications
from training import uniform

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "zoo", "testdata", "keras")

LOGITS = {"classes": 7, "classifier_activation": None}


def cases(side, *more):
    """The cases of a network whose smallest image is about side pixels, and more: pairs of arguments, and whether outputs are compared."""
    return [
        ({}, False),
        ({"include_top": False}, False),
        ({"input_shape": [side, side, 3], **LOGITS}, True),
        ({"input_shape": [side, side + 9, 1], "include_top": False, "pooling": "max"}, True),
        *more,
    ]


def few(side):
    return [({}, False), ({"input_shape": [side, side, 3], "include_top": False, "pooling": "avg"}, True)]


# Of a family, the first network has all cases. The others differ in numbers only.
NETWORKS = {
    "VGG16": cases(32, ({"input_shape": [33, 32, 3], "classes": 3}, True), ({"include_top": False, "pooling": "avg", "input_shape": [None, None, 3]}, False)),
    "VGG19": cases(32),
    "ResNet50": cases(64, ({"include_top": False, "pooling": "avg", "input_shape": [32, 33, 3]}, True)),
    "ResNet101": few(64),
    "ResNet152": few(64),
    "ResNet50V2": cases(64, ({"include_top": False, "pooling": "avg", "input_shape": [32, 33, 3]}, True)),
    "ResNet101V2": few(64),
    "ResNet152V2": few(64),
    "MobileNet": cases(
        64,
        ({"input_shape": [33, 64, 3], "alpha": 0.25, "depth_multiplier": 2, "dropout": 0.3, "classes": 5}, True),
        ({"input_shape": [128, 128, 3], "alpha": 1.3}, False),
        ({"include_top": False, "pooling": "avg", "alpha": 0.75, "input_shape": [None, 160, 3]}, False),
    ),
    "MobileNetV2": cases(
        64,
        ({"input_shape": [33, 64, 3], "alpha": 0.35, "classes": 5}, True),
        ({"input_shape": [96, 96, 3], "alpha": 1.4}, False),
        ({"include_top": False, "pooling": "avg", "alpha": 0.75, "input_shape": [None, 160, 3]}, False),
    ),
    "MobileNetV3Small": cases(
        64,
        ({"input_shape": [33, 64, 3], "alpha": 0.75, "minimalistic": True, "include_preprocessing": False, "classes": 5}, True),
        ({"input_shape": [64, 65, 3], "alpha": 1.5, "dropout_rate": 0.0, "classes": 5}, True),
        ({"include_top": False, "pooling": "avg", "minimalistic": True}, False),
    ),
    "MobileNetV3Large": cases(64, ({"input_shape": [33, 64, 3], "alpha": 0.75, "minimalistic": True, **LOGITS}, True)),
    "Xception": cases(71, ({"include_top": False, "pooling": "avg", "input_shape": [75, 71, 3]}, True)),
    "DenseNet121": cases(32, ({"input_shape": [65, 47, 3], "include_top": False}, True), ({"include_top": False, "pooling": "avg", "input_shape": [None, 100, 3]}, False)),
    "DenseNet169": few(32),
    "DenseNet201": few(32),
    "InceptionV3": cases(75, ({"input_shape": [107, 96, 3], "include_top": False}, True), ({"include_top": False, "pooling": "avg", "input_shape": [None, 100, 3]}, False)),
    "InceptionResNetV2": few(75),
    "NASNetMobile": cases(32, ({"input_shape": [65, 47, 3], "include_top": False}, True)),
    "NASNetLarge": few(32),
    "EfficientNetB0": cases(32, ({"input_shape": [65, 47, 3], "include_top": False}, True), ({"include_top": False, "pooling": "avg", "input_shape": [None, 100, 3]}, False)),
    **{f"EfficientNetB{i}": few(32) for i in range(1, 8)},
    "EfficientNetV2B0": cases(
        32,
        ({"input_shape": [65, 47, 3], "include_top": False}, True),
        ({"input_shape": [33, 32, 3], "include_top": False, "pooling": "avg", "include_preprocessing": False}, True),
        ({"include_top": False, "pooling": "avg", "input_shape": [None, 100, 3]}, False),
    ),
    "ConvNeXtTiny": cases(
        32,
        ({"input_shape": [65, 47, 3], "include_top": False}, True),
        ({"input_shape": [33, 32, 3], "include_top": False, "pooling": "avg", "include_preprocessing": False}, True),
        ({"include_top": False, "pooling": "avg", "input_shape": [None, 100, 3]}, False),
    ),
    **{f"ConvNeXt{v}": few(32) for v in ("Small", "Base", "Large", "XLarge")},
    **{f"EfficientNetV2{v}": few(32) for v in ("B1", "B2", "B3", "S", "M", "L")},
}

# The variance of a kernel's weights is a gain/3 of what keeps that of a linear layer's result. He's is 6. It is less for networks that amplify differences, rounding
# among them, and more for those whose outputs hardly depend on the input. The first that gives usable outputs is taken.
GAINS = (6, 4.5, 5.2, 5.6, 4.9, 3.6, 7.5, 9, 3)
FIRST = {"ResNet152": 4.5, "MobileNetV2": 4.5}
# How much a relative change of the input by NOISE may change the outputs.
NOISE, MOST = 1e-6, 4e-6


def call(tensor):
    """The layer or operation that made a tensor."""
    op = tensor._keras_history.operation
    if isinstance(op, keras.layers.Layer):
        return op.name
    return f"{op.name}({','.join(call(x) for x in op._inbound_nodes[0].input_tensors)})"


def layers(model):
    lines, before = [], ""
    for layer in model.layers:
        inputs = ",".join(call(x) for x in layer._inbound_nodes[0].input_tensors)
        shape = "x".join(str(n or "?") for n in layer.output.shape[1:])
        line = f"{layer.name} {type(layer).__name__} {shape} {layer.count_params()}"
        lines.append(line if inputs == before else f"{line} {inputs}")
        before = layer.name
    return lines


def limits(layer, variable, gain):
    """The range of a weight that keeps results of the order of 1."""
    name = variable.path.split("/")[-1]
    if name in ("gamma", "moving_variance", "variance"):
        return 0.7, 1.3
    if len(variable.shape) < 2:
        return -0.2, 0.2
    fan = int(np.prod(variable.shape[:-1]))
    if name == "depthwise_kernel" or isinstance(layer, keras.layers.DepthwiseConv2D):
        fan = int(np.prod(variable.shape[:2]))
    limit = (gain / fan) ** 0.5
    return -limit, limit


def weight(salt, low, high, shape):
    """The hash of training.py: the sums of a convolution over numbers of formula.py hardly depend on the input."""
    return (low + (high - low) * uniform(int(np.prod(shape)), salt)).astype(np.float32).reshape(shape)


def set_weights(model, gain):
    salt = 0
    for layer in model.layers:
        for v in layer.weights:
            if v.dtype == "float32":  # Normalization has a count
                v.assign(weight(salt, *limits(layer, v, gain), v.shape))
            salt += 1
        if isinstance(layer, keras.layers.Normalization) and layer.weights:
            layer.finalize_state()  # makes it use the new mean and variance


def outputs(model, shape, salt, noise=0):
    x = weight(salt, 0, 1, (2, *shape))
    x *= 1 + np.float32(noise) * weight(3000, -1, 1, x.shape)
    if any(type(layer).__name__ in ("Rescaling", "Normalization") for layer in model.layers):  # prepares pixels
        x *= np.float32(255)
    y = model(x, training=False).numpy().reshape(-1)
    return y[:: max(1, y.size // 64)]


def zeros(self, shape, dtype=None):
    return keras.ops.zeros(shape, dtype)


def make(name, arguments):
    # Drawing weights that are then replaced would take most of the time.
    keras.initializers.VarianceScaling.__call__ = zeros
    keras.utils.clear_session()
    shape = arguments.get("input_shape")
    if shape is not None:
        arguments = {**arguments, "input_shape": tuple(shape)}
    return getattr(applications, name)(weights=None, **arguments)


def main():
    os.makedirs(OUT, exist_ok=True)
    for name in sys.argv[1:] or NETWORKS:
        start, list_ = time.time(), []
        for arguments, compare in NETWORKS[name]:
            model = make(name, arguments)
            case = {"arguments": arguments, "name": model.name, "parameters": model.count_params(), "layers": layers(model)}
            if compare:
                for gain in (FIRST.get(name, GAINS[0]), *GAINS[1:]):
                    set_weights(model, gain)
                    y = outputs(model, arguments["input_shape"], 1000)
                    size, depends = np.abs(y).max(), np.abs(y - outputs(model, arguments["input_shape"], 2000)).max()
                    amplified = np.abs(y - outputs(model, arguments["input_shape"], 1000, NOISE)).max()
                    if size < 1e4 and depends > 2e-3 * size and amplified < MOST * size:
                        break
                else:
                    raise AssertionError(f"{name} {arguments}: no gain gives usable outputs")
                case["gain"] = gain
                print(f"  {arguments}: gain {gain}, largest {size:.3g}, differs by {depends:.3g} for another input, by {amplified:.3g} for noise", flush=True)
                case["outputs"] = rounded(y)
            list_.append(case)
        with open(os.path.join(OUT, name + ".json.gz"), "wb") as f, gzip.GzipFile("", "wb", 9, f, mtime=0) as z:
            z.write(json.dumps(list_, separators=(",", ":")).encode())
        print(f"{name}: {os.path.getsize(f.name)} bytes, {time.time() - start:.0f} s", flush=True)


main()
