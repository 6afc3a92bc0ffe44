"""Measures a block of a network in ONNX Runtime, with folded batch normalization: onnx_block.py NAME BATCH THREADS

../block.go has the same blocks.
"""

import sys

import numpy as np
import onnx
from onnx.helper import make_node

import clock
import session


class Block:
    """A graph that is built node by node."""

    def __init__(self):
        self.nodes, self.initializers = [], []

    def add(self, op, inputs, **attributes):
        name = f"n{len(self.nodes)}"
        self.nodes.append(make_node(op, inputs, [name], **attributes))
        return name

    def conv(self, x, channels, filters, kernel, groups=1):
        name = f"conv{len(self.nodes)}"
        self.initializers += [
            session.weights(name + "/kernel", filters, channels // groups, kernel, kernel),
            session.weights(name + "/bias", filters),
        ]
        inputs = [x, name + "/kernel", name + "/bias"]
        return self.add("Conv", inputs, pads=[kernel // 2] * 4, group=groups)

    def relu(self, x):
        return self.add("Relu", [x])

    def relu6(self, x):
        return self.add("Clip", [x, "0", "6"])

    def bottleneck(self):
        h = self.relu(self.conv("x", 256, 64, 1))
        h = self.relu(self.conv(h, 64, 64, 3))
        return self.relu(self.add("Add", [self.conv(h, 64, 256, 1), "x"]))

    def inverted(self):
        self.initializers += [onnx.numpy_helper.from_array(np.array(v, np.float32), str(v)) for v in (0, 6)]
        h = self.relu6(self.conv("x", 32, 192, 1))
        h = self.relu6(self.conv(h, 192, 192, 3, 192))
        return self.add("Add", [self.conv(h, 192, 32, 1), "x"])


BLOCKS = {
    "ResNet-50 bottleneck": (Block.bottleneck, (256, 56, 56)),
    "MobileNetV2 inverted residual": (Block.inverted, (32, 28, 28)),
}
build, shape = BLOCKS[sys.argv[1]]
batch, threads = map(int, sys.argv[2:])
block = Block()
block.nodes.append(make_node("Identity", [build(block)], ["y"]))
ms = session.milliseconds(block.nodes, block.initializers, (batch, *shape), (batch, *shape), threads)
clock.report({"forward": ms})
