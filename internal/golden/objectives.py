"""Golden values of training with various losses, weights and metrics: testdata/training/objectives.json.

Small networks, trained by Keras for two epochs of three batches, the last of which is smaller. The Go test computes the
initial weights and the data by the same formulas. The file holds the history, the results of an evaluation, and the final
weights.

    python internal/golden/objectives.py
"""

import json
import os
import pathlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras
import numpy as np

from formula import formula
from training import weights

OUT = pathlib.Path(__file__).resolve().parents[2] / "testdata" / "training" / "objectives.json"
N, BATCH, SIDE, CLASSES = 10, 4, 8, 3

L, K, M = keras.layers, keras.losses, keras.metrics


def segmentation(units, activation):
    """A network that keeps the size of the picture."""
    return keras.Sequential(
        [
            keras.Input((SIDE, SIDE, 3)),
            L.Conv2D(6, 3, padding="same", activation="relu"),
            L.Conv2D(6, 3, padding="same", activation="relu"),
            L.Conv2D(units, 1, activation=activation),
        ]
    )


def classifier(units, activation):
    return keras.Sequential([keras.Input((6,)), L.Dense(8, activation="tanh"), L.Dense(units, activation=activation)])


PIXELS = np.floor(formula(11, 0, CLASSES, (N, SIDE, SIDE)))
MASK = np.floor(formula(12, 0, 2, (N, SIDE, SIDE, 1)))
EACH = formula(13, 0.2, 2, (N,))
OF_PIXELS = formula(14, 0.2, 2, (N, SIDE, SIDE))
LABELS = np.floor(formula(15, 0, CLASSES, (N,)))
NUMBERS = formula(16, -1, 1, (N, CLASSES))
BITS = np.floor(formula(18, 0, 2, (N, 1)))
PAIRS = np.eye(2, dtype=np.float32)[BITS[:, 0].astype(int)]


def one_hot(y):
    return np.eye(CLASSES, dtype=np.float32)[y.astype(int)]


# name: (network, loss, metrics, weighted metrics, targets, example weights)
CASES = {
    "pixels with weights": (
        segmentation(CLASSES, "softmax"), K.SparseCategoricalCrossentropy(),
        ["accuracy"], ["acc", M.MeanIoU(CLASSES, sparse_y_pred=False, dtype="float32", name="iou")], PIXELS, OF_PIXELS,
    ),
    "pixels without weights": (
        segmentation(CLASSES, "softmax"), "sparse_categorical_crossentropy", ["acc"], [M.SparseCategoricalCrossentropy(name="ce")], PIXELS, None,
    ),
    "ignored pixels": (
        segmentation(CLASSES, "softmax"), K.SparseCategoricalCrossentropy(ignore_class=255),
        [M.MeanIoU(CLASSES, sparse_y_pred=False, ignore_class=255, name="iou")], [], np.where(PIXELS == 1, 255, PIXELS), OF_PIXELS,
    ),
    "focal": (
        segmentation(CLASSES, "softmax"), K.CategoricalFocalCrossentropy(alpha=[0.2, 0.5, 0.3]),
        [M.OneHotMeanIoU(CLASSES, name="iou")], ["categorical_accuracy"], one_hot(PIXELS), OF_PIXELS,
    ),
    "dice": (
        segmentation(1, "sigmoid"), K.Dice(), [M.BinaryIoU(name="iou"), "Precision", M.Recall(name="recall"), "AUC"], ["binary_accuracy"], MASK, None,
    ),
    "dice of each example": (segmentation(1, "sigmoid"), K.Dice(axis=[1, 2, 3]), [], [], MASK, EACH),
    "tversky with weights": (segmentation(1, "sigmoid"), K.Tversky(alpha=0.3, beta=0.7), [], [], MASK, EACH),
    "binary focal": (segmentation(1, "sigmoid"), "binary_focal_crossentropy", ["bce"], ["bce"], MASK, OF_PIXELS),
    "vectors": (
        classifier(CLASSES, "softmax"), "categorical_crossentropy",
        [M.F1Score(name="f1"), M.Precision(thresholds=[0.3, 0.5], name="precision"), "AUC"], [M.F1Score(average="macro", name="f1"), "Recall"], one_hot(LABELS), EACH,
    ),
    "sum": (classifier(CLASSES, "linear"), K.MeanSquaredError(reduction="sum"), ["mse", M.R2Score(name="r2")], ["RootMeanSquaredError"], NUMBERS, EACH),
    "none": (classifier(CLASSES, "linear"), K.MeanSquaredError(reduction="none"), [], [], NUMBERS, EACH),
    "mean with weights": (classifier(CLASSES, "linear"), K.LogCosh(reduction="mean_with_sample_weight"), ["cosine_similarity"], [], NUMBERS, EACH),
    # The last layers of classifiers. What "accuracy" is depends on them.
    "two logits": (classifier(2, "linear"), K.CategoricalCrossentropy(from_logits=True), ["accuracy"], [], PAIRS, None),
    "one logit": (classifier(1, "linear"), K.BinaryCrossentropy(from_logits=True), ["accuracy"], [], BITS, None),
    "one sigmoid": (classifier(1, "sigmoid"), "binary_crossentropy", ["accuracy"], [], BITS, None),
    "two sigmoids": (classifier(2, "sigmoid"), "binary_crossentropy", ["accuracy"], [], PAIRS, None),
    "squares of probabilities": (classifier(2, "softmax"), "mse", ["accuracy"], [], PAIRS, None),
    "indexes": (classifier(2, "softmax"), "sparse_categorical_crossentropy", ["accuracy"], [], BITS, None),
}


def plain(v):
    return np.asarray(v, np.float64).tolist()


def main():
    out = {}
    for name, (model, loss, metrics, weighted, y, w) in CASES.items():
        x = formula(17, -1, 1, (N,) + model.input_shape[1:])
        model.compile(keras.optimizers.SGD(0.02, momentum=0.9), loss, metrics=metrics, weighted_metrics=weighted)
        model.set_weights(weights(model))
        data = (x, y.astype(np.float32))
        h = model.fit(*data, sample_weight=w, batch_size=BATCH, epochs=2, shuffle=False, verbose=0)
        e = model.evaluate(*data, sample_weight=w, batch_size=BATCH, verbose=0, return_dict=True)
        out[name] = {
            "history": {k: [plain(x) for x in v] for k, v in h.history.items()},
            "evaluation": {k: plain(v) for k, v in e.items()},
            "weights": [float(f"{v:.8g}") for w in model.get_weights() for v in w.ravel()],
            "compile": model.get_compile_config() and {k: model.get_compile_config()[k] for k in ["loss", "metrics", "weighted_metrics"]},
        }
    OUT.write_text("{\n" + ",\n".join(json.dumps(k) + ":" + json.dumps(v, separators=(",", ":")) for k, v in out.items()) + "\n}\n")


if __name__ == "__main__":
    main()
