"""Writes metric/testdata/metrics.json: Keras' metrics after each of three batches.

Run with the packages of requirements.txt:  python internal/golden/metrics.py
"""

import json
import os
import pathlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras
import numpy as np
from keras.src.trainers.compile_utils import get_metric

from formula import formula, rounded

OUT = pathlib.Path(__file__).resolve().parents[2] / "metric" / "testdata" / "metrics.json"

M = keras.metrics
PIXELS = {"weights": "pixels"}
LOGITS = {"range": (-4, 4), **PIXELS}
# (metric or its name, kind of targets, shape of the predictions of a batch without its size, options): the range of the
# formula of the predictions, whether they are rounded down to integers, and which have weights
CASES = [
    ("accuracy", "one-hot", (3,)),
    ("acc", "classes", (3,)),
    ("Accuracy", "classes of shape (batch, 1)", (3,)),
    ("accuracy", "binary", (1,)),
    ("accuracy", "binary of shape (batch, 1)", (1,)),
    ("accuracy", "one-hot", (2, 3)),
    ("accuracy", "classes", (2, 3)),
    ("categorical_accuracy", "one-hot", (4,)),
    ("sparse_categorical_accuracy", "classes", (4,)),
    ("sparse_categorical_accuracy", "classes", (2, 3, 4), PIXELS),
    ("binary_accuracy", "binary", (1,)),
    (M.BinaryAccuracy(threshold=0.3, name="above"), "binary of shape (batch, 1)", (1,)),
    (M.BinaryAccuracy(), "one-hot", (3,)),
    (M.BinaryAccuracy(), "mask", (2, 3, 1), PIXELS),
    ("mse", "one-hot", (3,)),
    ("MAE", "binary", (1,)),
    (M.MeanSquaredError(), "one-hot", (2, 3)),
    (M.MeanSquaredError(), "one-hot", (2, 2, 3), PIXELS),
    (M.MeanAbsoluteError(name="apart"), "one-hot", (4,)),
    (M.Accuracy(), "classes of shape (batch, 1)", (1,), {"range": (0, 3), "floor": True}),
    (M.Accuracy(), "classes of shape (batch, 1)", (1,), {"range": (0, 3)}),
    (M.TopKCategoricalAccuracy(k=2), "one-hot", (7,)),
    ("top_k_categorical_accuracy", "one-hot", (2, 7), PIXELS),
    (M.TopKCategoricalAccuracy(k=2), "one-hot", (7,), {"range": (0, 3), "floor": True}),
    (M.SparseTopKCategoricalAccuracy(k=3), "classes", (7,)),
    (M.SparseTopKCategoricalAccuracy(), "classes", (2, 7)),
    (M.SparseTopKCategoricalAccuracy(k=2, from_sorted_ids=True), "classes", (7,), {"range": (0, 7), "floor": True}),
    ("mape", "one-hot", (3,)),
    (M.MeanAbsolutePercentageError(), "numbers", (3,)),
    ("MSLE", "numbers", (3,)),
    (M.LogCoshError(), "numbers", (3,)),
    (M.Poisson(), "counts", (3,)),
    (M.KLDivergence(), "one-hot", (3,)),
    (M.CosineSimilarity(), "numbers", (2, 3)),
    (M.CosineSimilarity(axis=1), "numbers", (2, 3)),
    ("cosine_similarity", "numbers", (3,)),
    (M.RootMeanSquaredError(), "numbers", (2, 3)),
    ("root_mean_squared_error", "numbers", (1,)),
    (M.R2Score(), "numbers", (3,)),
    (M.R2Score(class_aggregation=None), "numbers", (3,)),
    (M.R2Score(class_aggregation="variance_weighted_average", num_regressors=2), "numbers", (3,)),
    (M.R2Score(num_regressors=7), "numbers", (1,)),
    (M.PearsonCorrelation(), "numbers", (4,)),
    (M.PearsonCorrelation(axis=[1, 2]), "numbers", (2, 3)),
    (M.ConcordanceCorrelation(), "numbers", (4,)),
    (M.ConcordanceCorrelation(axis=-2), "numbers", (3, 2)),
    ("hinge", "binary of shape (batch, 1)", (1,)),
    (M.Hinge(), "numbers", (3,)),
    (M.SquaredHinge(), "one-hot", (3,)),
    (M.CategoricalHinge(), "one-hot", (3,)),
    ("bce", "binary of shape (batch, 1)", (1,)),
    (M.BinaryCrossentropy(from_logits=True, label_smoothing=0.1), "one-hot", (3,), {"range": (-4, 4)}),
    (M.BinaryCrossentropy(), "mask", (2, 3, 1), PIXELS),
    (M.CategoricalCrossentropy(), "one-hot", (3,)),
    (M.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1), "one-hot", (2, 3), LOGITS),
    (M.SparseCategoricalCrossentropy(), "classes", (3,)),
    (M.SparseCategoricalCrossentropy(from_logits=True, ignore_class=1), "classes", (2, 2, 3), LOGITS),
    (M.TruePositives(), "one-hot", (3,)),
    (M.TruePositives(thresholds=[0.2, 0.7]), "one-hot", (3,)),
    (M.TrueNegatives(), "binary", (1,)),
    (M.FalsePositives(thresholds=0.3), "mask", (2, 3, 1), PIXELS),
    (M.FalseNegatives(thresholds=[0, 0.5, 1]), "one-hot", (3,)),
    ("precision", "binary", (1,)),
    (M.Precision(), "one-hot", (3,)),
    (M.Precision(thresholds=[0.2, 0.5, 0.9]), "one-hot", (2, 3), PIXELS),
    (M.Precision(thresholds=[0, 0.25, 0.5, 0.75, 1]), "one-hot", (3,)),
    (M.Precision(top_k=2), "one-hot", (5,)),
    (M.Precision(top_k=2), "one-hot", (5,), {"range": (0, 3), "floor": True}),
    (M.Precision(top_k=2, class_id=1, thresholds=0.4), "one-hot", (5,)),
    ("Recall", "one-hot", (3,)),
    (M.Recall(class_id=2), "one-hot", (3,)),
    (M.Recall(thresholds=[0.1, 0.6], top_k=3), "one-hot", (5,)),
    ("AUC", "binary", (1,)),
    ("auc", "one-hot", (3,)),
    (M.AUC(curve="PR"), "one-hot", (3,)),
    (M.AUC(curve="PR", summation_method="majoring", num_thresholds=7), "mask", (2, 3, 1), PIXELS),
    (M.AUC(curve="PRGAIN", num_thresholds=11), "one-hot", (3,)),
    (M.AUC(summation_method="minoring", num_thresholds=2), "one-hot", (3,)),
    (M.AUC(thresholds=[0.7, 0.1, 0.4]), "one-hot", (3,)),
    (M.AUC(thresholds=[0.25, 0.5, 0.75]), "one-hot", (3,)),
    (M.AUC(from_logits=True, num_thresholds=20), "binary of shape (batch, 1)", (1,), {"range": (-4, 4)}),
    (M.AUC(multi_label=True, num_thresholds=20), "one-hot", (3,)),
    (M.AUC(multi_label=True, num_labels=3, num_thresholds=20, label_weights=[1.0, 0.5, 2.0]), "one-hot", (3,)),
    (M.AUC(multi_label=True, thresholds=[0.3, 0.6], curve="PR"), "one-hot", (3,), {"weights": None}),
    (M.AUC(label_weights=[1.0, 0.5, 2.0], num_thresholds=20), "one-hot", (3,)),
    (M.SensitivityAtSpecificity(0.5), "one-hot", (3,)),
    (M.SensitivityAtSpecificity(0.9, num_thresholds=1), "binary", (1,)),
    (M.SpecificityAtSensitivity(0.4, class_id=1), "one-hot", (3,)),
    (M.PrecisionAtRecall(0.6), "one-hot", (3,)),
    (M.RecallAtPrecision(0.4, num_thresholds=9), "mask", (2, 3, 1), PIXELS),
    (M.RecallAtPrecision(1.0), "one-hot", (3,)),
    ("f1_score", "one-hot", (3,)),
    (M.F1Score(average="macro", threshold=0.4), "one-hot", (3,)),
    (M.F1Score(average="micro"), "one-hot", (3,)),
    (M.FBetaScore(beta=2.0, average="weighted"), "one-hot", (3,)),
    (M.FBetaScore(beta=0.5, threshold=0.3), "one-hot", (3,), {"range": (0, 3), "floor": True}),
    (M.IoU(3, [0, 2]), "classes", (2, 2, 3), {"argmax": True, **PIXELS}),
    (M.IoU(3, [1], ignore_class=0, sparse_y_pred=False, dtype="float32"), "classes", (2, 2, 3), PIXELS),
    (M.MeanIoU(3, sparse_y_pred=False), "classes", (2, 2, 3), PIXELS),
    (M.MeanIoU(2, sparse_y_pred=False), "classes", (3,)),
    (M.MeanIoU(4, sparse_y_pred=False, sparse_y_true=False), "one-hot", (2, 4), PIXELS),
    (M.BinaryIoU(), "mask", (2, 3, 1), PIXELS),
    (M.BinaryIoU([1], threshold=0.3), "binary of shape (batch, 1)", (1,)),
    (M.OneHotIoU(3, [0, 1]), "one-hot", (2, 3), PIXELS),
    (M.OneHotMeanIoU(3), "one-hot", (2, 3), PIXELS),
    (M.OneHotMeanIoU(3, sparse_y_pred=True, ignore_class=2), "one-hot", (2, 3), {"argmax": True, **PIXELS}),
    (M.MeanMetricWrapper(keras.losses.dice, name="dice"), "mask", (2, 3, 1), {"weights": None}),
    (M.MeanMetricWrapper(keras.losses.huber, delta=0.3, name="near"), "numbers", (3,)),
    (M.MeanMetricWrapper(keras.losses.tversky, alpha=0.3, beta=0.7, axis=[1, 2, 3], name="tversky"), "mask", (2, 3, 1)),
]
BATCHES = [5, 4, 1]


def labels(kind, batch, n, shape):
    classes = (formula(7 + batch, 0, shape[-1], (n,) + shape[:-1])).astype(np.int64)
    if kind == "one-hot":
        return np.eye(shape[-1], dtype=np.float32)[classes]
    if kind == "numbers":
        return formula(7 + batch, -1, 1, (n,) + shape)
    if kind == "counts":
        return np.floor(formula(7 + batch, 0, 4, (n,) + shape))
    if kind == "mask":
        return np.floor(formula(7 + batch, 0, 2, (n,) + shape))
    if kind.startswith("binary"):
        classes = (formula(7 + batch, 0, 2, (n,) + shape[:-1])).astype(np.int64)
    if kind.startswith("classes") and shape[-1] == 1:
        classes = (formula(7 + batch, 0, 3, (n,) + shape[:-1])).astype(np.int64)
    if kind.endswith("(batch, 1)"):
        classes = classes.reshape(n, 1)
    return classes.astype(np.float32)


def config(metric):
    """The config for JSON, with the arguments that get_config leaves out."""
    c = metric.get_config()
    if c.get("label_weights") is not None:
        c["label_weights"] = np.array(c["label_weights"]).tolist()
    if isinstance(metric, M.CosineSimilarity):
        c["axis"] = metric._fn_kwargs["axis"]
    return c


def main():
    out = []
    for metric, kind, shape, *more in CASES:
        options = more[0] if more else {}
        lo, hi = options.get("range", (0, 1))
        for weights in [None] + [w for w in [options.get("weights", "examples")] if w]:
            name = metric if isinstance(metric, str) else None
            results, all_labels = [], []
            made = None
            for batch, n in enumerate(BATCHES):
                y = labels(kind, batch, n, shape)
                p = formula(3 + batch, lo, hi, (n,) + shape)
                if options.get("floor"):
                    p = np.floor(p)
                if options.get("argmax"):
                    p = p.argmax(-1).astype(np.float32)
                if made is None:
                    made = get_metric(name, y, p) if name else type(metric).from_config(config(metric))
                w = formula(5 + batch, 0, 2, (n,) + (shape[:-1] if weights == "pixels" else ())) if weights else None
                made.update_state(y, p, sample_weight=w)
                results.append(rounded(made.result()))
                all_labels.append(y.tolist())
            out.append(
                {
                    "name": name,
                    "class": type(made if name else metric).__name__,
                    "config": None if name else config(metric),
                    "labels": all_labels,
                    "shape": shape,
                    "range": [lo, hi],
                    "floor": options.get("floor", False),
                    "argmax": options.get("argmax", False),
                    "weights": weights or "",
                    "results": results,
                }
            )
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text("[\n" + ",\n".join(json.dumps(o, separators=(",", ":")) for o in out) + "\n]\n")


main()
