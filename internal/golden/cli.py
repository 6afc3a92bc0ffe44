"""Networks as real Keras' model.to_json() writes them, for the tests of `lince train --model FILE.json`."""
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
from keras import layers

OUT = os.path.join(os.path.dirname(__file__), "..", "cli", "testdata")


def write(name, size, channels, units, activation, **compile):
    keras.utils.clear_session()
    m = keras.Sequential([
        layers.Input(shape=(size, size, channels)),
        layers.Conv2D(4, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(units, activation=activation),
    ])
    if compile:
        m.compile(**compile)
    with open(os.path.join(OUT, name), "w") as f:
        f.write(m.to_json(indent=1) + "\n")


os.makedirs(OUT, exist_ok=True)
write("two.json", 12, 3, 2, "softmax")
write("three.json", 12, 3, 3, "softmax")
write("binary.json", 12, 3, 1, "sigmoid")
write("grayscale.json", 12, 1, 2, "softmax")
write("sparse.json", 12, 3, 2, "softmax", optimizer=keras.optimizers.Adam(0.01), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
