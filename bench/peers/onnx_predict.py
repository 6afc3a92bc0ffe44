"""Measures predictions of the tutorial's network in ONNX Runtime: onnx_predict.py BATCH THREADS"""

import sys

from onnx.helper import make_node

import clock
import session

batch, threads = map(int, sys.argv[1:])
nodes = [
    make_node("Conv", ["x", "k1", "b1"], ["c1"]),
    make_node("Relu", ["c1"], ["r1"]),
    make_node("MaxPool", ["r1"], ["p1"], kernel_shape=[2, 2], strides=[2, 2]),
    make_node("Conv", ["p1", "k2", "b2"], ["c2"]),
    make_node("Relu", ["c2"], ["r2"]),
    make_node("MaxPool", ["r2"], ["p2"], kernel_shape=[2, 2], strides=[2, 2]),
    make_node("Flatten", ["p2"], ["f"]),
    make_node("Gemm", ["f", "k3", "b3"], ["d"]),
    make_node("Relu", ["d"], ["r3"]),
    make_node("Gemm", ["r3", "k4", "b4"], ["logits"]),
    make_node("Softmax", ["logits"], ["y"]),
]
shapes = {
    "k1": (64, 3, 3, 3),
    "b1": (64,),
    "k2": (64, 64, 3, 3),
    "b2": (64,),
    "k3": (57600, 64),
    "b3": (64,),
    "k4": (64, 2),
    "b4": (2,),
}
initializers = [session.weights(name, *shape) for name, shape in shapes.items()]
clock.report({"predict": session.milliseconds(nodes, initializers, (batch, 3, 128, 128), (batch, 2), threads)})
