"""Keras' load_weights and save_weights, for the tests of LoadWeights and SaveWeights.

    python internal/golden/weights.py write FOLDER
    python internal/golden/weights.py check FOLDER

"write" saves models in each kind of weights file, loads them into other models as cases.json says, and writes the weights that
these models then have. "check" loads the files that lince wrote into the same models, and compares with lince's arrays.
"""

import json
import os
import sys
import warnings

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import h5py
import keras
import numpy as np
from formula import formula
from keras import layers
from keras.src.legacy.saving import legacy_h5_format

FOLDER = sys.argv[2]


def body(name):
    """A nested model, half frozen."""
    x = inputs = keras.Input((8, 8, 4), name="body_input")
    x = layers.Conv2D(5, 3, name="conv_b", trainable=False)(x)
    x = layers.BatchNormalization(name="bn_b")(x)
    x = layers.DepthwiseConv2D(3, name="depthwise_b")(x)
    return keras.Model(inputs, x, name=name)


def model(top="predictions", classes=3, nested="body", name="net"):
    x = inputs = keras.Input((10, 10, 3), name="image")
    x = layers.Conv2D(4, 3, activation="relu", name="conv_a")(x)
    x = layers.BatchNormalization(name="bn_a")(x)
    if nested:
        x = body(nested)(x)
    else:
        x = layers.Conv2D(5, 3, name="conv_b")(x)
        x = layers.BatchNormalization(name="bn_b")(x)
        x = layers.DepthwiseConv2D(3, name="depthwise_b")(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    if top:
        x = layers.Dense(classes, activation="softmax", name=top)(x)
    return keras.Model(inputs, x, name=name)


def weights(m, at=""):
    """All variables by the names of their layers."""
    out = {}
    for layer in m.layers:
        if isinstance(layer, keras.Model):
            out.update(weights(layer, at + layer.name + "/"))
            continue
        for w in layer.weights:
            out[at + layer.name + "/" + w.name] = w
    return out


def fill(m, salt):
    for i, (name, w) in enumerate(weights(m).items()):
        w.assign(formula(salt + i, 0.5 if "variance" in name else -1, 1, w.shape))
    return m


MODELS = {
    "full": lambda: model(),
    "notop": lambda: model(top=None),
    "other": lambda: model(classes=7),
    "renamed": lambda: model(top="head"),
}

# file, model, by_name, skip_mismatch
CASES = [
    ("full.weights.h5", "full", False, False),
    ("full.weights.h5", "other", False, True),
    ("full.weights.json", "full", False, False),
    ("full-legacy.h5", "full", False, False),
    ("full-legacy.h5", "notop", True, False),
    ("notop-legacy.h5", "full", True, False),
    ("full-legacy.h5", "other", True, True),
    ("full-legacy.h5", "other", False, True),
    ("full-legacy.h5", "renamed", True, False),
    ("full.h5", "full", False, False),
    ("full.h5", "notop", True, False),
    ("full.keras", "full", False, False),
]


def arrays(m):
    return {k: np.asarray(w) for k, w in weights(m).items()}


def write():
    for i, (name, make) in enumerate(MODELS.items()):
        m = fill(make(), 100 * i)
        with open(os.path.join(FOLDER, name + ".json"), "w") as f:
            f.write(m.to_json())
        path = os.path.join(FOLDER, name)
        m.save_weights(path + ".weights.h5")
        m.save_weights(path + ".weights.json", max_shard_size=900 / 1024**3)
        m.save(path + ".h5")
        m.save(path + ".keras")
        with h5py.File(path + "-legacy.h5", "w") as f:
            legacy_h5_format.save_weights_to_hdf5_group(f, m)
    cases = []
    for i, (file, name, by_name, skip) in enumerate(CASES):
        m = fill(MODELS[name](), 1000)
        m.save_weights(os.path.join(FOLDER, "start.weights.h5"))
        options = {"by_name": True} if by_name else {}
        m.load_weights(os.path.join(FOLDER, file), skip_mismatch=skip, **options)
        np.savez(os.path.join(FOLDER, f"case{i}.npz"), **arrays(m))
        os.replace(os.path.join(FOLDER, "start.weights.h5"), os.path.join(FOLDER, f"case{i}-start.weights.h5"))
        cases.append({"file": file, "model": name, "by_name": by_name, "skip": skip})
    with open(os.path.join(FOLDER, "cases.json"), "w") as f:
        json.dump(cases, f)


def check():
    with open(os.path.join(FOLDER, "files.json")) as f:
        files = json.load(f)
    for file, name in files.items():
        m = fill(MODELS[name](), 5000)
        legacy = not file.endswith((".weights.h5", ".keras"))
        m.load_weights(os.path.join(FOLDER, file))
        want = np.load(os.path.join(FOLDER, name + ".npz"))
        got = arrays(m)
        assert sorted(want.files) == sorted(got), (file, want.files, list(got))
        for k in want.files:
            assert (want[k] == got[k]).all(), (file, k)
        if legacy:
            m = fill(MODELS[name](), 6000)
            m.load_weights(os.path.join(FOLDER, file), by_name=True)
            for k, v in arrays(m).items():
                assert (want[k] == v).all(), (file, "by name", k)


warnings.simplefilter("ignore")
if sys.argv[1] == "write":
    write()
else:
    check()
