"""Small .keras files saved by real Keras, for format/keras. expected.json lists their content, and names.json lists the names that Keras
derives from its classes.

    python internal/golden/keras_format.py

The .keras files contain the time at which they were saved. expected.json and names.json are the same in every run.
"""

import inspect
import io
import json
import os
import zipfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import h5py
import keras
import numpy as np
from keras import layers
from keras.src.saving.saving_lib import _get_unique_name
from keras.src.utils.naming import to_snake_case

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "format", "keras", "testdata")
os.makedirs(OUT, exist_ok=True)


def ramp(shape, scale=0.01):
    n = int(np.prod(shape, dtype=int))
    return ((np.arange(n) * 7 % 101 - 50) * scale).astype("f4").reshape(shape)


def train(model, steps=2):
    """Sets weights by a formula and trains some steps on inputs by a formula."""
    model.set_weights([ramp(w.shape) ** (2 if "variance" in w.path else 1) for w in model.weights])
    x = ramp((4,) + model.input_shape[1:], 0.02)
    y = np.eye(2, dtype="f4")[[0, 1, 1, 0]]
    for _ in range(steps):
        model.train_on_batch(x, y)
    return model


def sequential(optimizer):
    keras.utils.clear_session()
    model = keras.Sequential([
        keras.Input((8, 8, 3)),
        layers.Conv2D(3, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(2, 2),
        layers.Dropout(0.25),
        layers.Flatten(),
        layers.Dense(2, activation="softmax"),
    ])
    model.compile(optimizer, "categorical_crossentropy", metrics=["accuracy"])
    return train(model)


def nested():
    keras.utils.clear_session()
    image = keras.Input((6, 6, 1), name="image")
    inner = keras.Sequential([keras.Input((6, 6, 1)), layers.Conv2D(2, 3), layers.BatchNormalization(), layers.ReLU()], name="inner")
    x = layers.Add()([inner(image), layers.Conv2D(2, 3, name="shortcut")(image)])
    x = layers.GlobalAveragePooling2D()(x)
    model = keras.Model(image, layers.Dense(2, activation="softmax")(x))
    model.compile(keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9), momentum=0.9), "categorical_crossentropy")
    return train(model)


MODELS = {
    "rmsprop": lambda: sequential("rmsprop"),
    "adam": lambda: sequential("adam"),
    "nested": nested,
}


def weights(file):
    """All variables that h5py finds, and the names of their groups."""
    out = {}

    def visit(name, o):
        if isinstance(o, h5py.Group) and name.split("/")[-1] == "vars":
            out[name[:-4].rstrip("/")] = {
                "name": o.attrs.get("name", ""),
                "vars": [
                    {"dtype": o[str(i)].dtype.name, "shape": list(o[str(i)].shape), "values": [float(v) for v in np.ravel(o[str(i)][()])]}
                    for i in range(len(o))
                ],
            }

    file.visititems(visit)
    return out


def main():
    expected = {}
    for name, make in MODELS.items():
        keras.utils.set_random_seed(1)  # for Dropout
        model = make()
        path = os.path.join(OUT, name + ".keras")
        model.save(path)
        with zipfile.ZipFile(path) as z:
            metadata = json.loads(z.read("metadata.json"))
            with h5py.File(io.BytesIO(z.read("model.weights.h5"))) as f:
                stored = weights(f)
        expected[name] = {
            "keras_version": metadata["keras_version"],
            "weights": stored,
            # What the model reports, not the file.
            "classes": [type(layer).__name__ for layer in model.layers],
            "layer_weights": [[np.ravel(w).tolist() for w in layer.get_weights()] for layer in model.layers],
            "iterations": int(model.optimizer.iterations),
            "learning_rate": None if name == "nested" else float(model.optimizer.learning_rate),
            "slots": [np.ravel(v).tolist() for v in model.optimizer.variables if v.ndim > 0],
        }
    with open(os.path.join(OUT, "expected.json"), "w") as f:
        json.dump(expected, f, indent=None, separators=(",", ":"))

    classes = {}
    for module in (layers, keras.optimizers):
        for name, c in inspect.getmembers(module, inspect.isclass):
            classes[c.__name__] = to_snake_case(c.__name__)
    order = ["Conv2D", "MaxPooling2D", "Conv2D", "ReLU", "Conv2D", "Dense", "MaxPooling2D"]
    used = {}
    unique = [_get_unique_name(to_snake_case(c), used) for c in order]
    floats = [0.0, 1.0, -2.0, 0.5, 1e-7, 1e-4, 9.9e-5, 0.0010000000474974513, 1e15, 1e16, 1.5e300, -1e-300, 0.1 + 0.2, 123456789.0]
    with open(os.path.join(OUT, "names.json"), "w") as f:
        json.dump({
            "snake_case": classes,
            "order": order,
            "unique": unique,
            "floats": [json.dumps(v) for v in floats],
            "dumps": json.dumps({"a": [1, 2.0, {"b:,": "x, y: \"z\\"}], "c": None, "d": {}}),
        }, f, indent=1)


main()
