"""Writes layer/testdata/activations.json: Keras' activation functions and their gradients at their kinks, near 0 and far from 0.

Run with the packages of requirements.txt:  python internal/golden/activations.py
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

from formula import rounded

OUT = pathlib.Path(__file__).resolve().parents[2] / "layer" / "testdata" / "activations.json"

POSITIVE = [1e-7, 1e-4, 0.01, 0.5, 1, 2, 3, 6, 20, 80]
POINTS = [-x for x in reversed(POSITIVE)] + [0] + POSITIVE
# These work along the last dimension; layers_activations.py has cases of them.
ALONG = {"glu", "log_softmax", "softmax", "sparsemax"}
OTHERS = {"threshold", "get", "serialize", "deserialize", "swish", "hard_swish"}
NAMES = sorted(name for name in dir(keras.activations) if not name.startswith("_") and name not in ALONG | OTHERS)

rows = []
for name in NAMES:
    x = tf.constant(np.array(POINTS, np.float32))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = keras.activations.get(name)(x)
    rows.append({"name": name, "x": rounded(x), "y": rounded(y), "gradient": rounded(tape.gradient(y, x))})
OUT.write_text("[\n" + ",\n".join(json.dumps(r, separators=(",", ":")) for r in rows) + "\n]\n")
