"""Real Keras on the other side of lince's .keras files (TestKerasOpens, TestOpensKeras).

open FOLDER...  load lince.keras, with warnings as errors; write what it predicts of x, its
                weights and the loss after two more steps, and keras.keras, saved again
make FOLDER     write models that Keras made and trained, and what they predict of x
networks FOLDER train the networks of networks.py: NAME-0.keras, NAME-10.keras, NAME-20.keras, and
                NAME.result.json, which is what testdata/networks has
resume FOLDER   load each NAME.keras, a network of networks.py after 10 steps, with warnings as errors;
                write what it predicts of the first batch, and the logs of 10 more steps, to
                NAME.result.json, and the model after them to NAME.again.keras

Arrays are raw little-endian float32, their shapes known to both sides.
"""
import json
import os
import sys
import warnings

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import keras
import numpy as np
from keras import layers


def floats(folder, name, shape=None):
    a = np.fromfile(os.path.join(folder, name), "<f4")
    return a if shape is None else a.reshape(shape)


def write(folder, name, *arrays):
    with open(os.path.join(folder, name), "wb") as f:
        for a in arrays:
            f.write(np.ascontiguousarray(a, "<f4").tobytes())


def open_(folder):
    x = floats(folder, "x", (12, 6, 6, 1))
    y = floats(folder, "y", (12, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        m = keras.models.load_model(os.path.join(folder, "lince.keras"))
    write(folder, "predictions", m.predict(x, verbose=0))
    before = m.evaluate(x, y, verbose=0, return_dict=True)
    iterations = int(m.optimizer.iterations.numpy())
    for _ in range(2):
        m.train_on_batch(x, y)
    write(folder, "weights", *m.get_weights())
    m.save(os.path.join(folder, "keras.keras"))
    with open(os.path.join(folder, "result.json"), "w") as f:
        json.dump({
            "before": before, "iterations": iterations,
            "after": m.evaluate(x, y, verbose=0, return_dict=True),
            "json": m.to_json(), "layers": [l.name for l in m.layers],
        }, f)


def make(folder):
    keras.utils.set_random_seed(3)
    rng = np.random.default_rng(3)
    x = rng.random((12, 6, 6, 1), np.float32)
    onehot = np.eye(2, dtype=np.float32)[np.arange(12) % 2]
    number = (np.arange(12) % 2).astype(np.float32)
    write(folder, "x", x)
    write(folder, "onehot", onehot)
    write(folder, "number", number)

    def features():
        return [
            layers.Conv2D(3, (3, 2), activation="relu", padding="same", name="first"),
            layers.AveragePooling2D((2, 2), strides=(1, 2), padding="same"),
            layers.Conv2D(2, 2, dilation_rate=2, use_bias=False, kernel_initializer="he_normal"),
            layers.Activation("tanh"),
            layers.Flatten(),
            layers.Dense(4, activation="relu", trainable=False),
        ]

    made = {}

    def model(name, m, y, *, fit=True, **compile):
        m.compile(**compile)
        if fit:
            m.fit(x, y, batch_size=5, epochs=2, verbose=0)
        m.save(os.path.join(folder, name + ".keras"))
        write(folder, name + ".predictions", m.predict(x, verbose=0))
        made[name] = m.evaluate(x, y, verbose=0, return_dict=True)
        for _ in range(2):
            m.train_on_batch(x, y)
        write(folder, name + ".weights", *m.get_weights())

    model("rmsprop", keras.Sequential([keras.Input((6, 6, 1)), *features(), layers.Dense(2, activation="softmax")]), onehot,
          optimizer="rmsprop", loss="categorical_crossentropy", metrics=["accuracy"])
    model("adam", keras.Sequential([keras.Input((6, 6, 1)), *features(), layers.Dense(2, activation="softmax")], name="mine"), number,
          optimizer=keras.optimizers.Adam(.01), loss=keras.losses.SparseCategoricalCrossentropy(), metrics=["acc", keras.metrics.SparseCategoricalAccuracy()])
    model("sgd", keras.Sequential([keras.Input((6, 6, 1)), *features(), layers.Dense(1, activation="sigmoid")]), number,
          optimizer=keras.optimizers.SGD(.05, momentum=.9, nesterov=True), loss=keras.losses.binary_crossentropy, weighted_metrics=["accuracy"])
    model("untrained", keras.Sequential([keras.Input((6, 6, 1)), *features(), layers.Dense(2)]), onehot, fit=False,
          optimizer=keras.optimizers.RMSprop(.01, momentum=.5, centered=True, clipnorm=1.0), loss="mse")
    inputs = keras.Input((6, 6, 1))
    outputs = inputs
    for l in [*features(), layers.Dropout(0.0), layers.Dense(2, activation="softmax")]:
        outputs = l(outputs)
    model("functional", keras.Model(inputs, outputs), onehot,
          optimizer="adam", loss=keras.losses.CategoricalCrossentropy(label_smoothing=.1), metrics=["categorical_accuracy"])
    model("mobile", keras.Sequential([
        keras.Input((6, 6, 1)), layers.Conv2D(4, 1, use_bias=False), layers.ReLU(6.0),
        layers.DepthwiseConv2D(3, strides=2, padding="same", depth_multiplier=2, activation="relu6"),
        layers.Conv2D(4, 2, groups=2, padding="same"), layers.SeparableConv2D(3, 2, depth_multiplier=2, activation="tanh"),
        layers.Flatten(), layers.Dense(2, activation="softmax"),
    ]), onehot, optimizer=keras.optimizers.SGD(.05, momentum=.9), loss="categorical_crossentropy", metrics=["accuracy"])
    with open(os.path.join(folder, "result.json"), "w") as f:
        json.dump(made, f)


def networks_(folder):
    import networks

    for network in networks.NETWORKS:
        with open(os.path.join(folder, network.name + ".result.json"), "w") as f:
            json.dump(networks.train(network, folder), f)


def resume(folder):
    import networks

    for network in networks.NETWORKS:
        path = os.path.join(folder, network.name)
        if not os.path.exists(path + ".keras"):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            model = keras.models.load_model(path + ".keras")
        out = {"layers": [layer.name for layer in model.layers], "iterations": int(model.optimizer.iterations.numpy())}
        out["predictions10"] = networks.predict(network, model)
        out["logs"] = [networks.step(network, model, i) for i in range(10, networks.STEPS)]
        out["predictions20"] = networks.predict(network, model)
        out["weights"] = networks.sample(model)
        model.save(path + ".again.keras")
        with open(path + ".result.json", "w") as f:
            json.dump(out, f)


if __name__ == "__main__":
    for folder in sys.argv[2:]:
        {"open": open_, "make": make, "networks": networks_, "resume": resume}[sys.argv[1]](folder)
