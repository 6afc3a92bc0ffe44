"""Writes report/testdata/calibration.json and testdata/temperature.json: calibration errors by NumPy, log loss by scikit-learn, and the
temperature that minimizes the log loss by SciPy.

Run with the packages of requirements.txt:  python internal/golden/calibration.py
"""

import json
import pathlib

import numpy as np
from scipy import optimize, special
from sklearn import metrics

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINS = 15


def expected(confidence, right):
    """Guo et al. (2017), with the bins of their code: low < confidence <= high."""
    edges = np.linspace(0, 1, BINS + 1)
    bins, ece, mce = [], 0.0, 0.0
    for low, high in zip(edges[:-1], edges[1:]):
        mask = (confidence > low) & (confidence <= high)
        if not mask.any():
            bins.append([0, 0.0, 0.0])
            continue
        p, a = confidence[mask].mean(), right[mask].mean()
        ece += abs(a - p) * mask.mean()
        mce = max(mce, abs(a - p))
        bins.append([int(mask.sum()), p, a])
    return ece, mce, bins


def adaptive(confidence, right):
    order = np.argsort(confidence, kind="stable")
    ece = 0.0
    for part in np.array_split(order, BINS):
        if len(part):
            ece += abs(right[part].mean() - confidence[part].mean()) * len(part) / len(order)
    return ece


def softmax(z, temperature=1.0):
    return special.softmax(z / temperature, axis=1)


def sample(rng, n, k, scale, hot):
    """Logits whose true temperature is hot: targets are drawn from softmax(z / hot)."""
    z = (rng.normal(size=(n, k)) * scale).astype("float32")
    p = softmax(z.astype("float64"), hot)
    targets = (p.cumsum(axis=1) > rng.uniform(size=(n, 1))).argmax(axis=1)
    return z, targets


def cases():
    rng = np.random.RandomState(0)
    yield "two", *sample(rng, 200, 2, 2, 2.5)
    yield "five", *sample(rng, 120, 5, 3, 0.6)
    yield "many", *sample(rng, 60, 37, 4, 1.7)
    yield "calibrated", *sample(rng, 150, 3, 2, 1)
    yield "few", *sample(rng, 10, 2, 1, 1)


def calibration():
    out = {}
    for name, z, targets in cases():
        p = softmax(z.astype("float64")).astype("float32")
        q = p.astype("float64")
        confidence, right = q.max(axis=1), (p.argmax(axis=1) == targets).astype("float64")
        ece, mce, bins = expected(confidence, right)
        loss = metrics.log_loss(targets, q / q.sum(axis=1, keepdims=True), labels=np.arange(z.shape[1]))
        out[name] = {
            "probabilities": [[float(f"{v:.9g}") for v in row] for row in p],
            "targets": targets.tolist(),
            "expected": ece,
            "maximum": mce,
            "adaptive": adaptive(confidence, right),
            "bins": bins,
            "log_loss": loss,
        }
    return out


def temperature():
    out = {}
    for name, z, targets in cases():
        wide = z.astype("float64")

        def loss(log_t):
            return -special.log_softmax(wide / np.exp(log_t), axis=1)[np.arange(len(targets)), targets].mean()

        best = optimize.minimize_scalar(loss, bounds=(-5, 5), method="bounded", options={"xatol": 1e-12})
        t = float(np.exp(best.x))
        out[name] = {
            "logits": [[float(f"{v:.9g}") for v in row] for row in z],
            "targets": targets.tolist(),
            "temperature": t,
            "loss": [float(loss(0)), float(best.fun)],
            "first": softmax(wide, t)[0].tolist(),
        }
    return out


def write(path, all_cases):
    path.parent.mkdir(parents=True, exist_ok=True)
    text = ",\n".join(
        json.dumps(name) + ": {\n" + ",\n".join(json.dumps(k) + ": " + json.dumps(v, separators=(",", ":")) for k, v in case.items()) + "\n}"
        for name, case in all_cases.items()
    )
    path.write_text("{\n" + text + "\n}\n")


write(ROOT / "report" / "testdata" / "calibration.json", calibration())
write(ROOT / "testdata" / "temperature.json", temperature())
