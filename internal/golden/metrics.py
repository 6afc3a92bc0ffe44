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

# (metric or its name, kind of targets, shape of the predictions of a batch without its size)
CASES = [
    ("accuracy", "one-hot", (3,)),
    ("acc", "classes", (3,)),
    ("accuracy", "classes of shape (batch, 1)", (3,)),
    ("accuracy", "binary", (1,)),
    ("accuracy", "binary of shape (batch, 1)", (1,)),
    ("accuracy", "one-hot", (2, 3)),
    ("accuracy", "classes", (2, 3)),
    ("categorical_accuracy", "one-hot", (4,)),
    ("sparse_categorical_accuracy", "classes", (4,)),
    ("binary_accuracy", "binary", (1,)),
    (keras.metrics.BinaryAccuracy(threshold=0.3, name="above"), "binary of shape (batch, 1)", (1,)),
    (keras.metrics.BinaryAccuracy(), "one-hot", (3,)),
    ("mse", "one-hot", (3,)),
    ("MAE", "binary", (1,)),
    (keras.metrics.MeanSquaredError(), "one-hot", (2, 3)),
    (keras.metrics.MeanAbsoluteError(name="apart"), "one-hot", (4,)),
]
BATCHES = [5, 4, 1]


def labels(kind, batch, n, shape):
    classes = (formula(7 + batch, 0, shape[-1], (n,) + shape[:-1])).astype(np.int64)
    if kind == "one-hot":
        return np.eye(shape[-1], dtype=np.float32)[classes]
    if kind.startswith("binary"):
        classes = (formula(7 + batch, 0, 2, (n,) + shape[:-1])).astype(np.int64)
    if kind.endswith("(batch, 1)"):
        classes = classes.reshape(n, 1)
    return classes.astype(np.float32)


def main():
    out = []
    for metric, kind, shape in CASES:
        for weighted in [False, True]:
            name = metric if isinstance(metric, str) else None
            results, all_labels = [], []
            made = None
            for batch, n in enumerate(BATCHES):
                y = labels(kind, batch, n, shape)
                p = formula(3 + batch, 0, 1, (n,) + shape)
                if made is None:
                    made = get_metric(name, y, p) if name else type(metric)(**metric.get_config())
                w = formula(5 + batch, 0, 2, (n,)) if weighted else None
                made.update_state(y, p, sample_weight=w)
                results.append(made.result())
                all_labels.append(y.tolist())
            out.append(
                {
                    "name": name,
                    "class": type(made if name else metric).__name__,
                    "config": None if name else metric.get_config(),
                    "labels": all_labels,
                    "shape": shape,
                    "weighted": weighted,
                    "results": rounded(results),
                }
            )
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text("[\n" + ",\n".join(json.dumps(o, separators=(",", ":")) for o in out) + "\n]\n")


main()
