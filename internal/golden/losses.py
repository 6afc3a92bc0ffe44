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
PIXELS = np.array([[[0, 1], [2, 2], [1, 0]], [[1, 1], [0, 2], [2, 0]]])
MASK = np.eye(3)[PIXELS]
BINARY = np.array([[[0, 1], [1, 1], [1, 0]], [[1, 0], [0, 0], [1, 0]]])[..., None]
REGRESSION = [[0.5, 1, -3, 0.25], [2, -1, 0, 1.5], [-0.5, 0.75, 1, -2]]
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
    # masks of images
    (K.CategoricalCrossentropy(label_smoothing=0.1), MASK, (-4, 4, (2, 3, 2, 3)), "softmax"),
    (K.CategoricalCrossentropy(axis=1), np.moveaxis(MASK, -1, 1), (0.05, 1, (2, 3, 3, 2)), "linear"),
    (K.CategoricalCrossentropy(axis=1, from_logits=True), np.moveaxis(MASK, -1, 1), (-4, 4, (2, 3, 3, 2)), "linear"),
    (K.SparseCategoricalCrossentropy(), PIXELS, (-4, 4, (2, 3, 2, 3)), "softmax"),
    (K.SparseCategoricalCrossentropy(ignore_class=1), PIXELS, (-4, 4, (2, 3, 2, 3)), "softmax"),
    (K.SparseCategoricalCrossentropy(ignore_class=255), np.where(PIXELS == 1, 255, PIXELS), (0.05, 1, (2, 3, 2, 3)), "linear"),
    (K.SparseCategoricalCrossentropy(ignore_class=-1, from_logits=True), [-1, 2, 0, -1], (-4, 4, (4, 3)), "linear"),
    (K.BinaryCrossentropy(), BINARY, (-4, 4, (2, 3, 2, 1)), "sigmoid"),
    (K.BinaryCrossentropy(axis=1, label_smoothing=0.2), MASK, (0.05, 0.95, (2, 3, 2, 3)), "linear"),
    (K.BinaryFocalCrossentropy(), BINARY, (0.05, 0.95, (2, 3, 2, 1)), "linear"),
    (K.BinaryFocalCrossentropy(apply_class_balancing=True, alpha=0.3, gamma=1.5), BINARY, (-4, 4, (2, 3, 2, 1)), "sigmoid"),
    (K.BinaryFocalCrossentropy(from_logits=True, label_smoothing=0.1, axis=1), MASK, (-4, 4, (2, 3, 2, 3)), "linear"),
    (K.CategoricalFocalCrossentropy(), MASK, (-4, 4, (2, 3, 2, 3)), "softmax"),
    (K.CategoricalFocalCrossentropy(alpha=[0.2, 0.5, 0.8], gamma=0.5, label_smoothing=0.1), ONE_HOT, (0.05, 1, (4, 3)), "linear"),
    (K.CategoricalFocalCrossentropy(from_logits=True, axis=1), np.moveaxis(MASK, -1, 1), (-4, 4, (2, 3, 3, 2)), "linear"),
    (K.CategoricalGeneralizedCrossEntropy(), CLASSES, (0.05, 1, (4, 3)), "linear"),
    (K.CategoricalGeneralizedCrossEntropy(q=0.7), PIXELS, (-4, 4, (2, 3, 2, 3)), "softmax"),
    (K.Dice(), MASK, (-4, 4, (2, 3, 2, 3)), "softmax"),
    (K.Dice(), BINARY, (-4, 4, (2, 3, 2, 1)), "sigmoid"),
    (K.Dice(axis=[1, 2, 3]), BINARY, (-4, 4, (2, 3, 2, 1)), "sigmoid"),
    (K.Dice(axis=-1), MASK, (0.05, 1, (2, 3, 2, 3)), "linear"),
    (K.Dice(axis=[0, 1, 2]), MASK, (0.05, 1, (2, 3, 2, 3)), "linear"),
    (K.Tversky(), MASK, (-4, 4, (2, 3, 2, 3)), "softmax"),
    (K.Tversky(alpha=0.3, beta=0.7, axis=[1, 2]), MASK, (-4, 4, (2, 3, 2, 3)), "softmax"),
    (K.Tversky(alpha=0, beta=1.5), ONE_HOT, (0.05, 1, (4, 3)), "linear"),
    # regression
    (K.MeanAbsolutePercentageError(), [[0.5, 1], [2, -1]], (-2, 2, (2, 2)), "linear"),
    (K.MeanAbsolutePercentageError(), [0.5, 0, 2], (-2, 2, (3, 1)), "linear"),
    (K.MeanSquaredLogarithmicError(), [[0.5, 1], [2, -1]], (-2, 2, (2, 2)), "linear"),
    (K.Huber(), REGRESSION, (-4, 4, (3, 4)), "linear"),
    (K.Huber(delta=0.3), REGRESSION, (-2, 2, (3, 4)), "linear"),
    (K.LogCosh(), REGRESSION, (-4, 4, (3, 4)), "linear"),
    (K.LogCosh(), [0, 50, -50], (-1, 1, (3, 1)), "linear"),
    (K.Poisson(), [[0, 1, 3, 2]] * 3, (0.1, 4, (3, 4)), "linear"),
    (K.KLDivergence(), [[0.1, 0.2, 0.7], [0, 1, 0]], (-2, 2, (2, 3)), "softmax"),
    (K.CosineSimilarity(), REGRESSION, (-4, 4, (3, 4)), "linear"),
    (K.CosineSimilarity(axis=1), MASK, (-4, 4, (2, 3, 2, 3)), "linear"),
    (K.CosineSimilarity(), [[0, 0, 0], [1, 0, 0]], (-4, 4, (2, 3)), "linear"),
    (K.Hinge(), ONE_HOT, (-2, 2, (4, 3)), "linear"),
    (K.Hinge(), [[-1, 1], [1, -1]], (-2, 2, (2, 2)), "linear"),
    (K.Hinge(), [[0, 1], [1, -1]], (-2, 2, (2, 2)), "linear"),
    (K.SquaredHinge(), [0, 1, 1, 0], (-2, 2, (4, 1)), "linear"),
    (K.CategoricalHinge(), ONE_HOT, (-2, 2, (4, 3)), "linear"),
    (K.CategoricalHinge(), MASK, (-2, 2, (2, 3, 2, 3)), "linear"),
    (K.Circle(), [0, 1, 0, 1, 2], (-1, 1, (5, 3)), "l2"),
    (K.Circle(gamma=8, margin=0.2), [0, 1, 0, 1, 0], (-1, 1, (5, 3)), "l2"),
    (K.Circle(gamma=4, remove_diagonal=False), [[0], [1], [0], [1], [2]], (-1, 1, (5, 3)), "l2"),
    # reductions
    (K.MeanSquaredError(reduction="sum", name="total"), REGRESSION, (-2, 2, (3, 4)), "linear"),
    (K.MeanSquaredError(reduction="mean"), REGRESSION, (-2, 2, (3, 4)), "linear"),
    (K.MeanSquaredError(reduction="none"), REGRESSION, (-2, 2, (3, 4)), "linear"),
    (K.MeanSquaredError(reduction=None), REGRESSION, (-2, 2, (3, 4)), "linear"),
    (K.MeanSquaredError(reduction="mean_with_sample_weight"), REGRESSION, (-2, 2, (3, 4)), "linear"),
    (K.Dice(axis=[1, 2, 3], reduction="mean_with_sample_weight"), BINARY, (-4, 4, (2, 3, 2, 1)), "sigmoid"),
    (K.Dice(reduction="sum"), BINARY, (-4, 4, (2, 3, 2, 1)), "sigmoid"),
    (K.SparseCategoricalCrossentropy(ignore_class=1, reduction="sum"), PIXELS, (-4, 4, (2, 3, 2, 3)), "softmax"),
    (K.SparseCategoricalCrossentropy(ignore_class=1, reduction="none"), PIXELS, (-4, 4, (2, 3, 2, 3)), "softmax"),
    (K.SparseCategoricalCrossentropy(ignore_class=1, reduction="mean_with_sample_weight"), PIXELS, (-4, 4, (2, 3, 2, 3)), "softmax"),
    (K.SparseCategoricalCrossentropy(ignore_class=0), [0, 0], (-4, 4, (2, 3)), "softmax"),
]


def activate(name, x):
    return tf.math.l2_normalize(x, -1) if name == "l2" else keras.activations.get(name)(x)


def extra(loss):
    """The arguments that get_config of these two classes leaves out."""
    return loss._fn_kwargs if isinstance(loss, (K.CosineSimilarity, K.Huber)) else {}


def main():
    out = []
    for loss, labels, (lo, hi, shape), activation in CASES:
        labels = np.array(labels, np.float32)
        x = tf.constant(formula(3, lo, hi, shape))
        each = type(loss)(**{**loss.get_config(), "reduction": None, **extra(loss)})
        values = tf.function(lambda x: each(labels, activate(activation, x)))(x)
        # Keras broadcasts weights at the last dimensions, so they have the shape of the losses.
        weights = tf.constant(formula(4, 0.5, 1.5, tuple(values.shape) or shape[:1]))

        @tf.function  # losses inspect the op that made the predictions only when traced
        def run(x, weights):
            with tf.GradientTape() as tape:
                tape.watch(x)
                total = loss(labels, activate(activation, x), sample_weight=weights)
            return total, tape.gradient(total, x)

        total, gradient = run(x, weights)
        plain, _ = run(x, None)
        out.append(
            {
                "class": type(loss).__name__,
                "config": {**loss.get_config(), **extra(loss)},
                "labels": labels.tolist(),
                "range": [lo, hi],
                "shape": shape,
                "activation": activation,
                "each": rounded(values),
                "sizes": list(values.shape),
                "total": rounded(total),
                "plain": rounded(plain),
                "gradient": rounded(gradient),
            }
        )
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text("[\n" + ",\n".join(json.dumps(o, separators=(",", ":")) for o in out) + "\n]\n")


main()
