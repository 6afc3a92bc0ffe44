"""Writes report/testdata/multilabel.json: scikit-learn's scores of images with any number of classes.

Run with the packages of requirements.txt:  python internal/golden/multilabel.py
"""

import json
import pathlib
import warnings

import numpy as np
from sklearn import metrics

OUT = pathlib.Path(__file__).resolve().parents[2] / "report" / "testdata"


def case(classes, truth, probabilities, threshold):
    truth, p = np.array(truth), np.array(probabilities, "float32")
    predicted = (p >= threshold).astype(int)
    best, average = [], []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for k in range(len(classes)):
            if not truth[:, k].any():
                best.append([0, 0])
                average.append(0)
                continue
            precision, recall, thresholds = metrics.precision_recall_curve(truth[:, k], p[:, k])
            with np.errstate(invalid="ignore"):
                f1 = np.nan_to_num(2 * precision * recall / (precision + recall))[:-1]
            i = len(f1) - 1 - int(np.argmax(f1[::-1]))  # the highest threshold of the best
            best.append([float(thresholds[i]), float(f1[i])])
            average.append(float(metrics.average_precision_score(truth[:, k], p[:, k])))
        args = dict(target_names=classes, zero_division=0)
        return {
            "classes": classes,
            "targets": [[int(k) for k in np.flatnonzero(row)] for row in truth],
            "probabilities": [[float(v) for v in row] for row in p],
            "threshold": threshold,
            "report": metrics.classification_report(truth, predicted, output_dict=True, **args),
            "text": metrics.classification_report(truth, predicted, **args),
            "best": best,
            "average": average,
            "subset": float(metrics.accuracy_score(truth, predicted)),
            "hamming": float(metrics.hamming_loss(truth, predicted)),
        }


rng = np.random.RandomState(0)
truth = (rng.uniform(size=(60, 4)) < [0.5, 0.3, 0.1, 0.02]).astype(int)
# Probabilities of two digits, so that many are equal.
p = np.round(np.clip(truth * 0.3 + rng.uniform(0, 0.7, truth.shape), 0, 1), 2)
cases = {
    "four": case(["healthy", "rust", "a class with a long name", "été"], truth, p, 0.5),
    "low": case(["a", "b", "c", "d"], truth, p, 0.25),
    "undefined": case(["a", "b", "c"], [[0, 0, 1], [0, 0, 0], [1, 0, 0]], [[0.1, 0.2, 0.3], [0.1, 0.9, 0.4], [0.4, 0.1, 0.2]], 0.5),
}
(OUT / "multilabel.json").write_text(
    "{\n" + ",\n".join(json.dumps(k) + ": " + json.dumps(v, ensure_ascii=False, separators=(",", ":")) for k, v in cases.items()) + "\n}\n"
)
