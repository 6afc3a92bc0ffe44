"""Small .keras files by Keras 2, for format/keras and package lince.

    python internal/golden/keras2.py [FOLDER]      with tensorflow 2.13, and with 2.15

writes VERSION-chain.keras, VERSION-nested.keras and others, and their model.to_json() as VERSION-chain.json and so on.
2.13-nested, 2.13-several and 2.15-chain are committed in format/keras/testdata. VERSION.json beside them holds, for each
model, its prediction for an input by the formula of formula.py, and its losses in three more steps. The files contain the time at which
they were saved.
"""

import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import keras
import numpy as np
from formula import formula, rounded
from keras import layers

OUT = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "format", "keras", "testdata")
VERSION = ".".join(keras.__version__.split(".")[:2])


def chain():
    """Has the input shape in the first layer, as in tutorials, and Adam."""
    model = keras.Sequential([
        layers.Conv2D(2, 3, activation="relu", input_shape=(6, 6, 1)),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(2, activation="softmax"),
    ])
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy", "mae"])
    return model


def nested():
    """A Functional with a nested Sequential and a nested Functional, one of which is called twice; SGD, which has
    slots even without momentum."""
    image = keras.Input((6, 6, 1), name="image")
    body = keras.Sequential([keras.Input((6, 6, 1)), layers.Conv2D(2, 3), layers.BatchNormalization(), layers.ReLU()], name="body")
    x = keras.Input((4, 4, 2))
    mixer = keras.Model(x, layers.Conv2D(2, 1)(x), name="mixer")
    y = layers.Add()([mixer(mixer(body(image))), layers.Conv2D(2, 3, name="shortcut")(image)])
    y = layers.GlobalAveragePooling2D()(y)
    model = keras.Model(image, layers.Dense(2, activation="softmax")(y), name="outer")
    model.compile(keras.optimizers.SGD(0.1), "categorical_crossentropy", metrics=["accuracy"])
    return model


def several():
    """Several layers of a class, with and without weights, which Keras 2.13 numbers differently."""
    x = image = keras.Input((6, 6, 1), name="image")
    x = keras.Sequential([keras.Input((6, 6, 1)), layers.Rescaling(2.0)], name="scale")(x)
    for _ in range(2):
        x = layers.Conv2D(2, 2)(x)
        x = layers.BatchNormalization()(x)
        x = layers.ReLU()(x)
    x = keras.Sequential([keras.Input((4, 4, 2)), layers.Conv2D(2, 2), layers.Conv2D(3, 1)], name="head")(x)
    x = layers.GlobalAveragePooling2D()(x)
    model = keras.Model(image, layers.Dense(2, activation="softmax")(layers.Dense(3, activation="tanh")(x)), name="several")
    model.compile(keras.optimizers.RMSprop(0.01), "categorical_crossentropy", metrics=["accuracy"])
    return model


def main():
    expected = {}
    for make in (chain, nested, several):
        keras.backend.clear_session()
        model = make()
        model.set_weights([
            formula(i, 0.5, 1.5, w.shape) if "variance" in w.name or "gamma" in w.name else formula(i, -0.5, 0.5, w.shape)
            for i, w in enumerate(model.weights)
        ])
        x = formula(100, 0, 1, (4, 6, 6, 1))
        y = np.eye(2, dtype=np.float32)[[0, 1, 1, 0]]
        for _ in range(2):
            model.train_on_batch(x, y)
        model.save(os.path.join(OUT, f"{VERSION}-{make.__name__}.keras"))
        with open(os.path.join(OUT, f"{VERSION}-{make.__name__}.json"), "w") as f:
            f.write(model.to_json() + "\n")
        expected[make.__name__] = {
            "predictions": rounded(model.predict(x, verbose=0)),
            "optimizer": [v.name for v in model.optimizer.variables],
        }
        model.reset_metrics()
        losses = []
        for _ in range(3):
            losses.append(float(model.train_on_batch(x, y, return_dict=True)["loss"]))
            model.reset_metrics()
        expected[make.__name__]["losses"] = rounded(losses)
    with open(os.path.join(OUT, VERSION + ".json"), "w") as f:
        json.dump(expected, f, indent=1)
        f.write("\n")


main()
