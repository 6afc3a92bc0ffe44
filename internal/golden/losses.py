"""Writes loss/testdata/losses.json: Keras' losses per example and their gradients.

Run with the packages of requirements.txt:  python internal/golden/losses.py
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

from formula import formula, rounded

OUT = pathlib.Path(__file__).resolve().parents[2] / "loss" / "testdata" / "losses.json"

K = keras.losses
ONE_HOT = [[0, 1, 0], [0, 0, 1], [1, 0, 0], [0, 1, 0]]
CLASSES = [1, 2, 0, 1]
# (loss, targets, predictions: range of the formula and shape, activation applied to them)
CASES = [
    (K.CategoricalCrossentropy(), ONE_HOT, (0.05, 1, (4, 3)), "linear"),
    (K.CategoricalCrossentropy(label_smoothing=0.1), ONE_HOT, (0.05, 1, (4, 3)), "linear"),
    (K.CategoricalCrossentropy(from_logits=True), ONE_HOT, (-4, 4, (4, 3)), "linear"),
    (K.CategoricalCrossentropy(), ONE_HOT, (-4, 4, (4, 3)), "softmax"),
    (K.CategoricalCrossentropy(), ONE_HOT, (-90, 90, (4, 3)), "softmax"),
    (K.CategoricalCrossentropy(label_smoothing=0.2), ONE_HOT, (-4, 4, (4, 3)), "softmax"),
    (K.CategoricalCrossentropy(), ONE_HOT, (-4, 4, (4, 3)), "sigmoid"),
    (K.SparseCategoricalCrossentropy(), CLASSES, (0.05, 1, (4, 3)), "linear"),
    (K.SparseCategoricalCrossentropy(from_logits=True), CLASSES, (-4, 4, (4, 3)), "linear"),
    (K.SparseCategoricalCrossentropy(), CLASSES, (-4, 4, (4, 3)), "softmax"),
    (K.SparseCategoricalCrossentropy(), [[c] for c in CLASSES], (-4, 4, (4, 3)), "softmax"),
    (K.SparseCategoricalCrossentropy(), [[1, 0], [2, 1]], (-4, 4, (2, 2, 3)), "softmax"),
    (K.BinaryCrossentropy(), [[0], [1], [1], [0]], (0.05, 0.95, (4, 1)), "linear"),
    (K.BinaryCrossentropy(), [0, 1, 1, 0], (-4, 4, (4, 1)), "sigmoid"),
    (K.BinaryCrossentropy(), [0, 1, 1, 0], (-150, 150, (4, 1)), "sigmoid"),
    (K.BinaryCrossentropy(label_smoothing=0.1), ONE_HOT, (-4, 4, (4, 3)), "sigmoid"),
    (K.BinaryCrossentropy(), ONE_HOT, (-4, 4, (4, 3)), "softmax"),
    (K.SparseCategoricalCrossentropy(), CLASSES, (-4, 4, (4, 3)), "sigmoid"),
    (K.BinaryCrossentropy(from_logits=True), ONE_HOT, (-4, 4, (4, 3)), "linear"),
    (K.BinaryCrossentropy(from_logits=True), ONE_HOT, (0, 0, (4, 3)), "linear"),
    (K.MeanSquaredError(), [[0.5, 1], [2, -1]], (-2, 2, (2, 2)), "linear"),
    (K.MeanSquaredError(), [0.5, 1, 2], (-2, 2, (3, 1)), "linear"),
    (K.MeanAbsoluteError(), [[0.5, 1], [2, -1]], (-2, 2, (2, 2)), "linear"),
]


def main():
    out = []
    for loss, labels, (lo, hi, shape), activation in CASES:
        labels = np.array(labels, np.float32)
        x = tf.constant(formula(3, lo, hi, shape))
        weights = tf.constant(formula(4, 0.5, 1.5, shape[:-1]))

        @tf.function  # losses inspect the op that made the predictions only when traced
        def run(x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = keras.activations.get(activation)(x)
                total = loss(labels, y, sample_weight=weights)
            return total, tape.gradient(total, x)

        each = type(loss)(**{**loss.get_config(), "reduction": None})
        values = tf.function(lambda x: each(labels, keras.activations.get(activation)(x)))(x)
        total, gradient = run(x)
        out.append(
            {
                "class": type(loss).__name__,
                "config": loss.get_config(),
                "labels": labels.tolist(),
                "range": [lo, hi],
                "shape": shape,
                "activation": activation,
                "each": rounded(values),
                "total": float(total),
                "gradient": rounded(gradient),
            }
        )
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text("[\n" + ",\n".join(json.dumps(o, separators=(",", ":")) for o in out) + "\n]\n")


main()
