"""Layouts of public Keras files that no version writes by itself, made from the files of testdata/ages with h5py, for
testdata/ages/layouts.zip.

    python internal/golden/old_layouts.py [FOLDER]

    names.h5          Keras 2.0: weights under names with other numbers than their layers', as a second model in one session gets them
    vgg.h5, vgg-weights.h5  Keras 2.0: all names of weights unlike the layers' (block1_W_1:0)
    slash.h5          Keras 2.2: the model's name holds a slash
    string.h5         Keras 2.2: the JSON of the model stands inside a JSON string
    string.json       the same of a model.json. The other NAME.json are the networks alone, as Keras writes them
    variable.h5       Keras 2.0: lists of names are strings of variable length, as newer h5py rewrites them
    fixed.h5          Keras 2.2: the JSON, the version and the backend are strings of fixed length
    windows.keras     Keras 2.13 on Windows: backslashes in the names of groups
    value_range.keras Keras 3.5: RandomFlip with an argument that means nothing at prediction, and that later versions refuse
    long.h5           Keras 3: layers' names of 4,000 bytes, so that the attribute layer_names is cut into several
    expected.json     as in the files of ages.py

Predictions are those of the files that these are made from, but long.h5's, which real Keras writes and runs.
"""

import io
import json
import os
import sys
import tempfile
import zipfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import h5py
import keras
import numpy as np
from formula import formula, rounded

AGES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "testdata", "ages")
OUT = sys.argv[1] if len(sys.argv) > 1 else AGES


def member(version, name):
    with zipfile.ZipFile(os.path.join(AGES, version + ".zip")) as z:
        return z.read(name)


def copied(folder, name, version, original):
    """The open copy of a file of testdata/ages."""
    path = os.path.join(folder, name)
    with open(path, "wb") as f:
        f.write(member(version, original))
    return h5py.File(path, "r+")


def weight_groups(f):
    root = f["model_weights"] if "model_weights" in f else f
    for name in root.attrs["layer_names"]:
        group = root[name.decode()]
        names = [w.decode() for w in group.attrs["weight_names"]]
        if names:
            yield group, names


def rename(group, names, new):
    """Moves the weights; the names keep their order."""
    values = [group[n][()] for n in names]
    for n in {n.split("/")[0] for n in names}:
        del group[n]
    for n, v in zip(new, values):
        group[n] = v
    group.attrs["weight_names"] = np.array([n.encode() for n in new])


def names(folder):
    with copied(folder, "names.h5", "2.0", "branches.h5") as f:
        for group, old in weight_groups(f):
            layer = group.name.rsplit("/", 1)[-1]
            rename(group, old, [layer + "_1/" + n.rsplit("/", 1)[-1] for n in old])
    return "2.0", "branches"


def vgg(folder):
    for kind in "-weights", "":
        with copied(folder, f"vgg{kind}.h5", "2.0", f"cnn{kind}.h5") as f:
            for i, (group, old) in enumerate(weight_groups(f)):
                parts = [n.rsplit("/", 1)[-1].split(":")[0] for n in old]
                rename(group, old, [f"block{i + 1}_{ {'kernel': 'W', 'bias': 'b'}.get(part, part)}_1:0" for part in parts])
    return "2.0", "cnn"


def slash(folder):
    with copied(folder, "slash.h5", "2.2", "branches.h5") as f:
        config = json.loads(f.attrs["model_config"])
        config["config"]["name"] = "classifiers/branches"
        f.attrs["model_config"] = json.dumps(config).encode()
    return "2.2", "branches"


def string(folder):
    with copied(folder, "string.h5", "2.2", "cnn.h5") as f:
        f.attrs["model_config"] = json.dumps(f.attrs["model_config"]).encode()
    with open(os.path.join(folder, "string.json"), "w") as f:
        json.dump(member("2.2", "cnn.json").decode(), f)
    return "2.2", "cnn"


def variable(folder):
    def rewrite(o):
        for name, value in o.attrs.items():
            if isinstance(value, np.ndarray) and value.dtype.kind == "S":
                o.attrs[name] = [v.decode() for v in value]

    with copied(folder, "variable.h5", "2.0", "nested.h5") as f:
        rewrite(f)
        f.visititems(lambda name, o: rewrite(o))
    return "2.0", "nested"


def fixed(folder):
    with copied(folder, "fixed.h5", "2.2", "nested.h5") as f:
        for o in f, f["model_weights"]:
            for name, value in o.attrs.items():
                if isinstance(value, str):
                    o.attrs[name] = np.bytes_(value.encode())
    return "2.2", "nested"


def rewrite_keras(folder, name, original, change):
    """Copies a .keras file; change gets its members."""
    with zipfile.ZipFile(io.BytesIO(member(*original))) as z:
        members = {n: z.read(n) for n in z.namelist()}
    change(members)
    with zipfile.ZipFile(os.path.join(folder, name), "w") as z:
        for n, content in members.items():
            z.writestr(zipfile.ZipInfo(n), content)


def windows(folder):
    """Keras 2.13 joined the path of a group with os.path.join."""

    def change(members):
        buffer = io.BytesIO()
        with h5py.File(io.BytesIO(members["model.weights.h5"]), "r") as old, h5py.File(buffer, "w") as new:
            def copy(name, o):
                if not isinstance(o, h5py.Dataset):
                    return
                parts = name.split("/")
                if parts[-2] == "vars":
                    new["\\".join(parts[:-2]) + "/vars/" + parts[-1]] = o[()]

            old.visititems(copy)
        members["model.weights.h5"] = buffer.getvalue()

    rewrite_keras(folder, "windows.keras", ("2.13", "branches.keras"), change)
    return "2.13", "branches"


def value_range(folder):
    def change(members):
        config = json.loads(members["config.json"])
        for layer in config["config"]["layers"]:
            if layer["class_name"] == "RandomFlip":
                layer["config"]["value_range"] = [0, 255]
        members["config.json"] = json.dumps(config).encode()

    rewrite_keras(folder, "value_range.keras", ("3.3", "cnn.keras"), change)
    return "3.3", "cnn"


def long(folder):
    keras.utils.clear_session()
    layers = [keras.Input((8, 8, 3)), keras.layers.Conv2D(2, 3, name="conv")]
    layers += [keras.layers.Activation("tanh", name=f"tanh_{i}_" + "x" * 4000) for i in range(18)]
    layers += [keras.layers.Flatten(), keras.layers.Dense(3, name="dense" + "x" * 4000)]
    model = keras.Sequential(layers)
    model.set_weights([formula(i, -0.5, 0.5, w.shape) for i, w in enumerate(model.weights)])
    model.save(os.path.join(folder, "long.h5"))
    with open(os.path.join(folder, "long.json"), "w") as f:
        f.write(model.to_json() + "\n")
    x = formula(100, 0, 1, (4, 8, 8, 3))
    return {
        "layers": [layer.name for layer in model.layers], "input": {"salt": 100, "low": 0, "high": 1, "shape": list(x.shape)},
        "predictions": rounded(model.predict(x, verbose=0)),
    }


def main():
    expected = {}
    with tempfile.TemporaryDirectory() as folder:
        for make in (names, vgg, slash, string, variable, fixed, windows, value_range, long):
            result = make(folder)
            if isinstance(result, tuple):
                version, name = result
                result = json.loads(member(version, "expected.json"))[name]
                result["made_from"] = f"{version}/{name}"
                network = os.path.join(folder, make.__name__ + ".json")
                if not os.path.exists(network):
                    with open(network, "wb") as f:
                        f.write(member(version, name + ".json"))
            expected[make.__name__] = result
        with open(os.path.join(folder, "expected.json"), "w") as f:
            json.dump(expected, f, indent=1)
            f.write("\n")
        with zipfile.ZipFile(os.path.join(OUT, "layouts.zip"), "w", zipfile.ZIP_DEFLATED, compresslevel=9) as z:
            for name in sorted(os.listdir(folder)):
                with open(os.path.join(folder, name), "rb") as f:
                    z.writestr(zipfile.ZipInfo(name), f.read(), zipfile.ZIP_DEFLATED)


main()
