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
import numpy as np
import tensorflow as tf
from keras import layers as L

from formula import formula, rounded

OUT = pathlib.Path(__file__).resolve().parents[2] / "layer" / "testdata" / "layers.json"

IMAGES = (2, 7, 6, 3)
SMALL = (2, 3, 4, 3)
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
    (L.Dropout(0.5, noise_shape=(None, 1, 1, 3)), SMALL),
    (L.SpatialDropout2D(0.25), SMALL),
    (L.Dropout(0.5), (3, 5)),
    (L.ReLU(), (3, 5)),
    (L.ReLU(6.0), (3, 5)),
    (L.ReLU(1.5, negative_slope=0.25, threshold=0.5), (3, 5)),
    (L.ReLU(negative_slope=0.5), (3, 5)),
    (L.ReLU(6.0, negative_slope=0.5), (3, 5)),
    (L.ReLU(threshold=1.0), (3, 5)),
    (L.LeakyReLU(), SMALL),
    (L.LeakyReLU(negative_slope=0.1), (3, 5)),
    (L.LeakyReLU(negative_slope=0.0), (3, 5)),
    (L.Dense(3, activation=L.LeakyReLU(0.5)), (3, 5)),
    (L.BatchNormalization(), IMAGES),
    (L.BatchNormalization(axis=1, momentum=0.9, epsilon=0.1, scale=False), (3, 5)),
    (L.BatchNormalization(center=False, epsilon=0.0), (3, 4, 5)),
    (L.BatchNormalization(scale=False, center=False), (3, 5)),
    (L.Dense(3, activation=L.ReLU(1.5, negative_slope=0.25)), (3, 5)),
    (L.Conv2D(2, 3, activation=L.Softmax()), IMAGES),
    (L.Softmax(), (3, 4, 5)),
    (L.GlobalAveragePooling2D(), SMALL),
    (L.GlobalAveragePooling2D(keepdims=True), SMALL),
    (L.GlobalMaxPooling2D(), SMALL),
    (L.GlobalMaxPooling2D(keepdims=True), SMALL),
    (L.ZeroPadding2D(), SMALL),
    (L.ZeroPadding2D((2, 1)), SMALL),
    (L.ZeroPadding2D(((0, 1), (2, 3))), SMALL),
    (L.Reshape((6, 6)), SMALL),
    (L.Reshape((2, -1, 3)), SMALL),
    (L.Rescaling(1 / 127.5, offset=-1), SMALL),
    (L.Rescaling([0.5, 2.0, 3.0], offset=np.array([0.25, 0.0, -1.0])), SMALL),
    (L.Normalization(), SMALL),
    (L.Normalization(axis=None), SMALL),
    (L.Normalization(axis=(3, 1)), SMALL),
    (L.Normalization(invert=True), (3, 5)),
    (L.Normalization(mean=[0.485, 0.456, 0.406], variance=[0.229**2, 0.224**2, 0.225**2]), SMALL),
    (L.Normalization(axis=None, mean=0.5, variance=0.25, invert=True), SMALL),
    (L.Normalization(axis=(1, -1), mean=[1.0, 2.0, 3.0], variance=[0.5, 0.0, 2.0]), SMALL),
    (L.Add(), [SMALL, SMALL, SMALL]),
    (L.Add(), [(2, 3), (2, 4, 5, 3), (2, 1, 5, 1)]),
    (L.Subtract(), [SMALL, SMALL]),
    (L.Subtract(), [(2, 1, 3), (2, 4, 1)]),
    (L.Multiply(), [SMALL, (2, 1, 1, 3)]),
    (L.Multiply(), [(3, 5), (3, 5), (3, 5)]),
    (L.Average(), [(3, 5), (3, 5), (3, 1)]),
    (L.Maximum(), [(3, 5), (3, 5), (3, 4, 5)]),
    (L.Minimum(), [SMALL, SMALL]),
    (L.Concatenate(), [SMALL, (2, 3, 4, 1), (2, 3, 4, 4)]),
    (L.Concatenate(axis=1), [SMALL, (2, 2, 4, 3)]),
    (L.Concatenate(axis=-2), [(3, 2, 5), (3, 1, 5)]),
    (L.Dot(axes=1), [(3, 5), (3, 5)]),
    (L.Dot(axes=-1, normalize=True), [(3, 4, 5), (3, 5)]),
    (L.Dot(axes=(1, 2)), [(2, 3, 5), (2, 4, 3)]),
    (L.Dot(axes=(2, 1), normalize=True), [(2, 3, 4, 5), (2, 4, 6)]),
    (L.Dot(axes=(1, 3)), [(3, 5), (3, 2, 4, 5)]),
] + [
    (L.Activation(name), (3, 5))
    for name in ["linear", "relu", "relu6", "sigmoid", "silu", "softmax", "tanh"]
]


def value(i, w):
    """The value for weight i of a layer: variances are positive, counts stay 0."""
    if "int" in w.dtype:
        return np.zeros(w.shape, w.dtype)
    lo, hi = (0.5, 2) if "variance" in w.name else (-1, 1)
    return formula(2 + i, lo, hi, w.shape)


def plain(v):
    """A config in the form of files, where arrays are objects."""
    return keras.saving.serialize_keras_object(v) if isinstance(v, np.ndarray) else v


def main():
    out = []
    for layer, shape in CASES:
        shapes = shape if isinstance(shape, list) else [shape]
        layer.build(shape)
        layer.set_weights([value(i, w) for i, w in enumerate(layer.weights)])
        if hasattr(layer, "finalize_state"):
            layer.finalize_state()
        xs = [tf.constant(formula(1 if i == 0 else 50 + i, -2, 2, s)) for i, s in enumerate(shapes)]
        weights = layer.trainable_variables
        with tf.GradientTape() as tape:
            tape.watch(xs)
            y = layer(xs if isinstance(shape, list) else xs[0], training=False)
            loss = tf.reduce_sum(y * formula(99, -1, 1, y.shape))
        gradients = tape.gradient(loss, [*xs, *[w.value for w in weights]])
        out.append(
            {
                "class": type(layer).__name__,
                "config": {k: plain(v) for k, v in layer.get_config().items()},
                "inputs": shapes,
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
