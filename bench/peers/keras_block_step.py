"""Measures a training step of a small network of one block in Keras, in ms: keras_block_step.py BLOCK BATCH THREADS

The network is a pointwise convolution, the block, global average pooling and a dense layer of 10 classes.
"""

import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
from keras import layers

import clock
import network


class LayerScale(layers.Layer):
    def build(self, shape):
        self.gamma = self.add_weight(shape=(shape[-1],), initializer=keras.initializers.Constant(1e-6), name="gamma")

    def call(self, x):
        return x * self.gamma


def mobilenet_v3(x):
    """A block of MobileNetV3-Large with squeeze-and-excite."""

    def norm(y):
        return layers.BatchNormalization(epsilon=1e-3, momentum=0.999)(y)

    y = layers.Activation("hard_swish")(norm(layers.Conv2D(672, 1, use_bias=False)(x)))
    y = layers.Activation("hard_swish")(norm(layers.DepthwiseConv2D(5, padding="same", use_bias=False)(y)))
    s = layers.GlobalAveragePooling2D(keepdims=True)(y)
    s = layers.Conv2D(168, 1, activation="relu")(s)
    s = layers.Conv2D(672, 1, activation="hard_sigmoid")(s)
    y = norm(layers.Conv2D(112, 1, use_bias=False)(layers.Multiply()([y, s])))
    return layers.Add()([x, y])


def convnext(x):
    """A block of ConvNeXt-Tiny's first stage."""
    y = layers.DepthwiseConv2D(7, padding="same")(x)
    y = layers.LayerNormalization(epsilon=1e-6)(y)
    y = layers.Dense(384, activation="gelu")(y)
    y = layers.Dense(96)(y)
    return layers.Add()([x, LayerScale()(y)])


BLOCKS = {"MobileNetV3": (mobilenet_v3, (14, 14, 112)), "ConvNeXt": (convnext, (32, 32, 96))}

name, batch, threads = sys.argv[1], *map(int, sys.argv[2:])
network.threads(threads)
block, shape = BLOCKS[name]
x = inputs = keras.Input(shape)
x = block(layers.Conv2D(shape[2], 1)(x))
x = layers.Dense(10, activation="softmax")(layers.GlobalAveragePooling2D()(x))
model = keras.Model(inputs, x)
model.compile(keras.optimizers.SGD(momentum=0.9), "categorical_crossentropy")
clock.report({"step": network.step(model, batch, warm=3, steps=20)})
