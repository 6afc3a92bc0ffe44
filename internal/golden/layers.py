"""Writes layer/testdata/layers.json: what Keras' layers compute, and their gradients.

Run with the packages of requirements.txt:  python internal/golden/layers.py
"""

import json
import os
import pathlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras
import tensorflow as tf
from keras import layers as L

from formula import formula, rounded

OUT = pathlib.Path(__file__).resolve().parents[2] / "layer" / "testdata" / "layers.json"

IMAGES = (2, 7, 6, 3)
CASES = [
    (L.Conv2D(4, 3), IMAGES),
    (L.Conv2D(4, 3, activation="relu", padding="same"), IMAGES),
    (L.Conv2D(2, (1, 4), strides=(2, 3), use_bias=False), IMAGES),
    (L.Conv2D(3, (3, 2), strides=2, padding="same", activation="tanh"), IMAGES),
    (L.Conv2D(3, (4, 2), strides=(2, 1), padding="same"), IMAGES),
    (L.Conv2D(2, 3, dilation_rate=2), IMAGES),
    (L.Conv2D(2, (2, 3), dilation_rate=(3, 2), padding="same", activation="sigmoid"), IMAGES),
    (L.Conv2D(2, 5, strides=5, padding="same"), IMAGES),
    (L.Conv2D(6, 3, groups=3, padding="same"), IMAGES),
    (L.Conv2D(4, (2, 3), groups=2, strides=2, activation="relu6"), (2, 7, 6, 4)),
    (L.Conv2D(3, 3, groups=3, dilation_rate=2, use_bias=False), IMAGES),
    (L.DepthwiseConv2D(3), IMAGES),
    (L.DepthwiseConv2D(3, padding="same", activation="relu6"), IMAGES),
    (L.DepthwiseConv2D(3, strides=2, padding="same", use_bias=False), IMAGES),
    (L.DepthwiseConv2D(5, strides=2, padding="same"), IMAGES),
    (L.DepthwiseConv2D((2, 3), depth_multiplier=2), IMAGES),
    (L.DepthwiseConv2D(3, strides=2, depth_multiplier=3, activation="relu"), IMAGES),
    (L.DepthwiseConv2D((2, 3), dilation_rate=(3, 2), padding="same"), IMAGES),
    (L.SeparableConv2D(4, 3), IMAGES),
    (L.SeparableConv2D(2, 3, strides=2, padding="same", depth_multiplier=2, activation="tanh"), IMAGES),
    (L.SeparableConv2D(2, 2, dilation_rate=2, use_bias=False), IMAGES),
    (L.MaxPooling2D(), IMAGES),
    (L.MaxPooling2D((3, 2), strides=(2, 1)), IMAGES),
    (L.MaxPooling2D(2, padding="same"), IMAGES),
    (L.MaxPooling2D(3, strides=1, padding="same"), IMAGES),
    (L.AveragePooling2D(2), IMAGES),
    (L.AveragePooling2D((2, 3), strides=(3, 2)), IMAGES),
    (L.AveragePooling2D(2, padding="same"), IMAGES),
    (L.AveragePooling2D(3, strides=2, padding="same"), IMAGES),
    (L.Flatten(), IMAGES),
    (L.Flatten(), (3, 5)),
    (L.Dense(4), (3, 5)),
    (L.Dense(3, activation="softmax"), (3, 5)),
    (L.Dense(2, use_bias=False, activation="relu"), (3, 4, 5)),
    (L.Dense(2), (2, 3, 2, 4)),
    (L.Dropout(0.5), (3, 5)),
    (L.ReLU(), (3, 5)),
    (L.ReLU(6.0), (3, 5)),
    (L.ReLU(1.5, negative_slope=0.25, threshold=0.5), (3, 5)),
    (L.ReLU(negative_slope=0.5), (3, 5)),
    (L.ReLU(6.0, negative_slope=0.5), (3, 5)),
    (L.ReLU(threshold=1.0), (3, 5)),
    (L.BatchNormalization(), IMAGES),
    (L.BatchNormalization(axis=1, momentum=0.9, epsilon=0.1, scale=False), (3, 5)),
    (L.BatchNormalization(center=False, epsilon=0.0), (3, 4, 5)),
    (L.BatchNormalization(scale=False, center=False), (3, 5)),
] + [
    (L.Activation(name), (3, 5))
    for name in ["linear", "relu", "relu6", "sigmoid", "softmax", "tanh"]
]


def main():
    out = []
    for layer, shape in CASES:
        layer.build(shape)
        layer.set_weights(
            [formula(2 + i, 0.25 if w.name.endswith("variance") else -1, 1, w.shape) for i, w in enumerate(layer.weights)]
        )
        x = tf.constant(formula(1, -2, 2, shape))
        weights = layer.trainable_variables
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x, training=False)
            loss = tf.reduce_sum(y * formula(99, -1, 1, y.shape))
        gradients = tape.gradient(loss, [x, *[w.value for w in weights]])
        out.append(
            {
                "class": type(layer).__name__,
                "config": layer.get_config(),
                "input": shape,
                "weights": [tuple(w.shape) for w in layer.weights],
                "shape": tuple(y.shape),
                "output": rounded(y),
                "gradients": [[float(f"{v:.7g}") for v in rounded(g)] for g in gradients],
            }
        )
    OUT.parent.mkdir(exist_ok=True)
    lines = ",\n".join(json.dumps(o, separators=(",", ":")) for o in out)
    OUT.write_text("[\n" + lines + "\n]\n")


main()
