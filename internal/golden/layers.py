"""Writes layer/testdata/keras/*.json: what Keras' layers compute, their gradients, and three steps of training.

The cases stand in the modules layers_*.py beside this script: each has a list CASES, and its results go into a file of its
own. A case is (layer, shape) or (layer, shape, options). The shape includes the batch; for a layer with several operands it is a
list of shapes. The options are:

    integers=n      the operand has integers from 0 to n-1, as float32 unless the layer converts them
    range=(lo, hi)  the operand has numbers from lo to hi; the default is (-2, 2)
    call={...}      arguments of the call

Run with the packages of requirements.txt:  python internal/golden/layers.py [family ...]
"""

import importlib
import inspect
import json
import os
import pathlib
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras
import numpy as np
import tensorflow as tf

from formula import formula, rounded

HERE = pathlib.Path(__file__).resolve().parent
OUT = HERE.parents[1] / "layer" / "testdata" / "keras"
STEPS, RATE = 3, 0.0625


def value(i, w):
    """The value for weight i of a layer: variances are positive, counts stay 0."""
    if "int" in w.dtype:
        return np.zeros(w.shape, w.dtype)
    lo, hi = (0.5, 2) if "variance" in w.name else (-1, 1)
    return formula(2 + i, lo, hi, w.shape)


def plain(v):
    """A config in the form of files, where arrays and layers are objects."""
    if isinstance(v, np.ndarray) or hasattr(v, "get_config"):
        return keras.saving.serialize_keras_object(v)
    return v


def short(x):
    return [float(f"{v:.7g}") for v in rounded(x)]


def operands(shapes, options):
    if n := options.get("integers"):
        return [tf.constant(np.floor(formula(1 + 49 * (i > 0) + i, 0, n, s))) for i, s in enumerate(shapes)]
    lo, hi = options.get("range", (-2, 2))
    return [tf.constant(formula(1 if i == 0 else 50 + i, lo, hi, s)) for i, s in enumerate(shapes)]


def separate(layer):
    """Whether the layer takes its operands as separate arguments, and not as a list."""
    return "query" in inspect.signature(layer.call).parameters


def caller(layer, x, many, options):
    """A function that calls the layer."""
    args = x if separate(layer) else [x if many else x[0]]
    return lambda **kwargs: layer(*args, **kwargs, **options.get("call", {}))


def train(layer, run, start):
    """Three steps of gradient descent on the distance to fixed targets and the layer's penalties, in training mode, with its
    constraints. None for a layer that draws random numbers: its result differs from call to call."""
    call = lambda: run(training=True)
    first = call()
    if not all(np.array_equal(first, call()) for _ in range(20)):  # a coin may fall on the same side twice
        return None
    layer.set_weights(start)
    losses = []
    for _ in range(STEPS):
        with tf.GradientTape() as tape:
            y = call()
            loss = tf.reduce_mean(tf.square(y - formula(98, -1, 1, y.shape)))
            if layer.losses:
                loss += tf.add_n(layer.losses)
        losses.append(float(f"{float(loss):.7g}"))
        weights = layer.trainable_variables
        for w, g in zip(weights, tape.gradient(loss, [w.value for w in weights])):
            if g is not None:
                w.assign(w - RATE * tf.convert_to_tensor(g))
                if w.constraint is not None:
                    w.assign(w.constraint(w))
    return {"losses": losses, "weights": [short(w) for w in layer.weights if "int" not in w.dtype]}


def result(layer, shape, options):
    many = isinstance(shape, list)
    shapes = shape if many else [shape]
    layer.build(*shape) if separate(layer) else layer.build(shape)
    start = [value(i, w) for i, w in enumerate(layer.weights)]
    layer.set_weights(start)
    if hasattr(layer, "finalize_state"):
        layer.finalize_state()
    x = operands(shapes, options)
    run = caller(layer, x, many, options)
    weights = layer.trainable_variables
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = run(training=False)
        loss = tf.reduce_sum(y * formula(99, -1, 1, y.shape))
    gradients = tape.gradient(loss, [*x, *[w.value for w in weights]])
    return {
        "class": keras.saving.serialize_keras_object(layer)["class_name"],
        "config": {k: plain(v) for k, v in layer.get_config().items()},
        "inputs": shapes,
        **options,
        "weights": [tuple(w.shape) for w in layer.weights],
        "shape": tuple(y.shape),
        "output": rounded(y),
        "gradients": [None if g is None else short(tf.convert_to_tensor(g)) for g in gradients],
        "training": train(layer, run, start),
    }


def main():
    OUT.mkdir(exist_ok=True)
    families = sys.argv[1:] or sorted(p.stem.removeprefix("layers_") for p in HERE.glob("layers_*.py"))
    for family in families:
        keras.utils.clear_session()  # automatic names do not depend on the other families
        cases = importlib.import_module("layers_" + family).CASES
        rows = [result(c[0], c[1], c[2] if len(c) > 2 else {}) for c in cases]
        lines = ",\n".join(json.dumps(r, separators=(",", ":")) for r in rows)
        (OUT / (family + ".json")).write_text("[\n" + lines + "\n]\n")


main()
