"""Writes regularizer/testdata/regularizers.json and constraint/testdata/constraints.json: Keras' penalties with their gradients, and
its constrained weights.

Run with the packages of requirements.txt:  python internal/golden/penalties.py
"""

import json
import os
import pathlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import tensorflow as tf
from keras import constraints as C
from keras import regularizers as R

from formula import formula, rounded

ROOT = pathlib.Path(__file__).resolve().parents[2]

# (regularizer, shape)
REGULARIZERS = [
    (R.L1(), (3, 4)),
    (R.L1(0.25), (2, 3, 2, 2)),
    (R.L1(0.0), (3,)),
    (R.L2(), (3, 4)),
    (R.L2(0.5), (2, 3, 2, 2)),
    (R.L1L2(), (3, 4)),
    (R.L1L2(l1=0.125), (3, 4)),
    (R.L1L2(l2=0.125), (3, 4)),
    (R.L1L2(l1=0.01, l2=0.125), (5,)),
    (R.OrthogonalRegularizer(), (3, 4)),
    (R.OrthogonalRegularizer(0.5, "columns"), (3, 4)),
    (R.OrthogonalRegularizer(2.0, mode="rows"), (2, 5)),
] + [(R.get(name), (3, 4)) for name in ("l1", "l2", "L1L2", "orthogonal_regularizer")]

# (constraint, shape, range of the weight)
CONSTRAINTS = [
    (C.MaxNorm(), (3, 4), (-2, 2)),
    (C.MaxNorm(1, axis=[0, 1, 2]), (2, 3, 2, 3), (-1, 1)),
    (C.MaxNorm(0.5, axis=-1), (3, 4), (-0.5, 0.5)),
    (C.MaxNorm(1.5, axis=None), (3, 4), (-1, 1)),
    (C.MinMaxNorm(), (3, 4), (-2, 2)),
    (C.MinMaxNorm(min_value=0.5, max_value=0.75, rate=0.25, axis=1), (4, 3), (-1, 1)),
    (C.MinMaxNorm(min_value=1.0, max_value=1.0, axis=[0, -1]), (2, 3, 2), (-1, 1)),
    (C.NonNeg(), (3, 4), (-1, 1)),
    (C.UnitNorm(), (3, 4), (-2, 2)),
    (C.UnitNorm(axis=[0, 1, 2]), (2, 3, 2, 3), (-1, 1)),
    (C.UnitNorm(axis=1), (3, 2), (0, 0)),
] + [(C.get(name), (3, 4), (-2, 2)) for name in ("max_norm", "min_max_norm", "non_neg", "unit_norm")]


def penalty(regularizer, shape):
    x = tf.constant(formula(1, -1, 1, shape))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = regularizer(x)
    gradient = tape.gradient(y, x)
    return {
        "class": type(regularizer).__name__,
        "config": regularizer.get_config(),
        "shape": shape,
        "penalty": rounded(y)[0],
        "gradient": rounded(tf.zeros_like(x) if gradient is None else gradient),
    }


def projection(constraint, shape, span):
    return {
        "class": type(constraint).__name__,
        "config": constraint.get_config(),
        "shape": shape,
        "range": span,
        "projected": rounded(constraint(tf.constant(formula(1, *span, shape)))),
    }


def write(path, rows):
    path.parent.mkdir(exist_ok=True)
    path.write_text("[\n" + ",\n".join(json.dumps(r, separators=(",", ":")) for r in rows) + "\n]\n")


write(ROOT / "regularizer" / "testdata" / "regularizers.json", [penalty(*c) for c in REGULARIZERS])
write(ROOT / "constraint" / "testdata" / "constraints.json", [projection(*c) for c in CONSTRAINTS])
