"""Writes report/testdata: scikit-learn's classification reports and threshold curves, Keras' CSVLogger files and pandas' CSV of predictions.

Run with the packages of requirements.txt:  python internal/golden/report.py
"""

import json
import os
import pathlib
import warnings

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras
import numpy as np
import pandas
from sklearn import metrics

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT = ROOT / "report" / "testdata"
HISTORY = ROOT / "internal" / "historycsv" / "testdata"


def classification(classes, truth, predicted):
    labels = list(range(len(classes)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        args = dict(labels=labels, target_names=classes)
        return {
            "classes": classes,
            "truth": [int(v) for v in truth],
            "predicted": [int(v) for v in predicted],
            "confusion": metrics.confusion_matrix(truth, predicted, labels=labels).tolist(),
            "report": metrics.classification_report(truth, predicted, output_dict=True, **args),
            "text": metrics.classification_report(truth, predicted, **args),
        }


def classifications():
    rng = np.random.RandomState(0)
    cases = {}
    truth = rng.randint(0, 2, 500)
    predicted = np.where(rng.uniform(size=500) < 0.8, truth, 1 - truth)
    cases["two"] = classification(["cat", "dog"], truth, predicted)
    truth = rng.choice(5, 200, p=[0.5, 0.2, 0.2, 0.05, 0.05])
    predicted = np.where(rng.uniform(size=200) < 0.6, truth, rng.randint(0, 5, 200))
    names = ["a class with a long name", "b", "été", "d", "e"]
    cases["five"] = classification(names, truth, predicted)
    # The class c is never predicted, d is never the target, and e is neither.
    names = ["a", "b", "c", "d", "e"]
    cases["undefined"] = classification(names, [0, 0, 1, 1, 2, 0], [0, 1, 1, 3, 0, 0])
    cases["one"] = classification(["a", "b"], [0], [1])
    cases["perfect"] = classification(["a", "b"], [0, 1, 1], [0, 1, 1])
    cases["large"] = classification(
        ["x", "y"], np.arange(2_000_000) % 2, (np.arange(2_000_000) % 3) % 2
    )
    del cases["large"]["truth"], cases["large"]["predicted"]  # the test computes them
    (OUT / "classification.json").write_text(
        "{\n" + ",\n".join(
            json.dumps(k) + ": {\n" + ",\n".join(
                json.dumps(n) + ": " + json.dumps(v, ensure_ascii=False, separators=(",", ":"))
                for n, v in case.items()
            ) + "\n}"
            for k, case in cases.items()
        ) + "\n}\n"
    )


def thresholds():
    """Scores of one class against all others, with ties; an example is positive where the label is 1."""
    rng = np.random.RandomState(1)
    out = {}
    for name, n, rate, digits in [("ties", 60, 0.4, 1), ("many", 300, 0.1, 7), ("few", 5, 0.5, 2), ("perfect", 20, 0.5, 7)]:
        labels = (rng.uniform(size=n) < rate).astype(int)
        labels[:2] = [0, 1]
        scores = np.round(np.clip(labels * (9 if name == "perfect" else 0.3) + rng.uniform(size=n), 0, 10) / 10, digits).astype("float32")
        fpr, tpr, roc = metrics.roc_curve(labels, scores, drop_intermediate=False)
        precision, recall, _ = metrics.precision_recall_curve(labels, scores)
        out[name] = {
            "scores": [float(f"{v:.9g}") for v in scores.tolist()], "labels": labels.tolist(), "thresholds": [float(f"{v:.9g}") for v in roc[1:].tolist()],
            "fpr": fpr[1:].tolist(), "tpr": tpr[1:].tolist(), "precision": precision[:-1][::-1].tolist(), "recall": recall[:-1][::-1].tolist(),
            "auc": float(metrics.roc_auc_score(labels, scores)), "average_precision": float(metrics.average_precision_score(labels, scores)),
        }
    (OUT / "thresholds.json").write_text("{\n" + ",\n".join(json.dumps(k) + ": " + json.dumps(v) for k, v in out.items()) + "\n}\n")


def history():
    logs = [
        {"val_loss": 0.5, "loss": float(np.float32(0.7)), "accuracy": 1.0, "val_accuracy": 0.0},
        {"val_loss": 1e-5, "loss": float("nan"), "accuracy": 1e16, "val_accuracy": 1e-4},
        {"val_loss": float("inf"), "loss": -float("inf"), "accuracy": 1 / 3, "val_accuracy": 2.5},
    ]

    def write(name, epochs, **options):
        logger = keras.callbacks.CSVLogger(str(HISTORY / name), **options)
        logger.on_train_begin()
        for epoch, values in epochs:
            logger.on_epoch_end(epoch, values)
        logger.on_train_end()

    (HISTORY / "history.csv").unlink(missing_ok=True)
    write("history.csv", enumerate(logs))
    training = [{k: v for k, v in l.items() if k[:3] != "val"} for l in logs]
    # Only every second epoch is validated, and the first is not.
    write("history-sparse.csv", enumerate([training[0], logs[1], training[2]]))
    write("history-semicolon.csv", enumerate(logs), separator=";")
    vectors = [np.array([0.1, 1, 1e-5], "float32"), np.array([np.nan, 0.49999994, 1e6], "float32")]
    write("history-vector.csv", enumerate({"loss": 0.25, "f1": v} for v in vectors))
    (HISTORY / "history-append.csv").unlink(missing_ok=True)
    write("history-append.csv", enumerate(logs[:2]), append=True)
    write("history-append.csv", [(2, logs[2])], append=True)


def predictions():
    p = np.array([[0.75, 0.25], [1e-5, 0.99999], [0.1, 0.9], [1, 0]], "float32")
    frame = pandas.DataFrame(
        {
            "filename": ["cat.0.jpg", "dog, 1.jpg", 'a "b".jpg', "été/x.jpg"],
            "category": ["cat", "dog", "dog", "cat"],
            "predicted": ["cat", "dog", "dog", "cat"],
            "cat": p[:, 0],
            "dog": p[:, 1],
        }
    )
    frame.to_csv(OUT / "predictions.csv", index=False)


OUT.mkdir(parents=True, exist_ok=True)
HISTORY.mkdir(parents=True, exist_ok=True)
classifications()
thresholds()
history()
predictions()
