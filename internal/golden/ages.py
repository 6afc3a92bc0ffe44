"""Files of six years of Keras, for testdata/ages.

    python internal/golden/ages.py [FOLDER [PACKAGE]]

run with Keras 2.11, 2.13, 2.15, tf_keras 2.16, Keras 3.0, 3.3 and 3.15, writes FOLDER/VERSION.zip, which has the models below, in
each kind of file that the version writes:

    NAME.keras         Keras 2.11 writes HDF5 under this name, later versions a zip
    NAME.h5            the whole model; not nested.h5 of Keras 3.0, which fails: two of its weights get one name
    NAME.weights.h5    save_weights: Keras 2.11 writes the legacy layout
    NAME-weights.h5    save_weights under a name that Keras 2 takes for the legacy layout, and Keras 3 refuses
    NAME.json          to_json
    expected.json      for each model its predictions for the input of formula.py that "input" describes. "losses", where no
                       layer draws random numbers, are those of two more training steps with the targets of "target".

PACKAGE is keras or tf_keras. All versions set the same weights and train the same step, so their predictions agree. Files contain
the time at which they were saved.

Made with, on Python 3.11 (2.11 on Python 3.10):
    2.11  pip install tensorflow-cpu==2.11.1 "numpy<1.24" "protobuf<3.20"
    2.13  pip install tensorflow-cpu==2.13.1
    2.15  pip install tensorflow-cpu==2.15.1
    2.16  pip install tensorflow-cpu==2.16.2; pip install --no-deps tf_keras==2.16.0
    3.0   pip install tensorflow-cpu==2.16.2; pip install keras==3.0.5
    3.3   pip install tensorflow-cpu==2.16.2; pip install keras==3.3.3 optree==0.11.0
    3.15  pip install -r internal/golden/requirements.txt
"""

import importlib
import json
import os
import sys
import tempfile
import zipfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import numpy as np
from formula import formula, rounded

OUT = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "testdata", "ages")
keras = importlib.import_module(sys.argv[2] if len(sys.argv) > 2 else "keras")
layers = keras.layers
VERSION = ".".join(keras.__version__.split(".")[:2])
KERAS2 = VERSION.startswith("2.")


def cnn():
    """What tutorials build: augmentation, convolution, batch normalization, dropout, RMSprop."""
    model = keras.Sequential([
        keras.Input((8, 8, 3)),
        layers.RandomFlip("horizontal"),
        layers.Rescaling(2.0, offset=-1.0),
        layers.Conv2D(4, 3, padding="same", activation="relu"),
        layers.BatchNormalization(),
        layers.MaxPooling2D(),
        layers.Dropout(0.25),
        layers.Flatten(),
        layers.Dense(3, activation="softmax"),
    ], name="cnn")
    model.compile("rmsprop", "categorical_crossentropy", metrics=["accuracy"])
    return model


def branches():
    """Several layers of a class, branches that meet in Add and Concatenate, a layer that is called twice."""
    image = keras.Input((8, 8, 3), name="image")
    x = layers.Conv2D(4, 3, strides=2, padding="same", use_bias=False, kernel_regularizer=keras.regularizers.L2(1e-3))(image)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU(6.0)(x)
    twice = layers.Conv2D(4, 1, name="twice")
    y = layers.Add()([twice(x), twice(layers.Activation("tanh")(x))])
    y = layers.ZeroPadding2D(((0, 1), (1, 0)))(y)
    y = layers.DepthwiseConv2D(2)(y)
    z = layers.LeakyReLU(0.1)(layers.SeparableConv2D(2, 2, padding="same")(x))
    y = layers.Concatenate()([x, y, z])
    y = layers.GlobalAveragePooling2D()(y)
    y = layers.Dense(3, activation="softmax", name="classes")(y)
    model = keras.Model(image, y, name="branches")
    model.compile(keras.optimizers.Adam(0.01), "categorical_crossentropy", metrics=["accuracy"])
    return model


def nested():
    """Transfer learning: the body is a model of its own whose lower half is frozen."""
    x = keras.Input((8, 8, 3), name="pixels")
    y = layers.Conv2D(4, 3, name="low")(x)
    y = layers.BatchNormalization(name="low_bn")(y)
    y = layers.ReLU()(y)
    y = layers.Conv2D(4, 3, name="high")(y)
    y = layers.BatchNormalization(name="high_bn")(y)
    body = keras.Model(x, layers.ReLU()(y), name="body")
    for layer in body.layers[:3]:
        layer.trainable = False
    image = keras.Input((8, 8, 3), name="image")
    y = layers.GlobalAveragePooling2D()(body(image))
    y = layers.Dense(3, activation="softmax")(layers.Dropout(0.0)(y))
    model = keras.Model(image, y, name="transfer")
    model.compile(keras.optimizers.Adam(0.01), "categorical_crossentropy", metrics=["accuracy"])
    return model


def walk(model):
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from walk(layer)
        elif layer.weights:
            yield layer


def set_weights(model):
    salt = 0
    for layer in walk(model):
        values = []
        for w in layer.weights:
            positive = "variance" in w.name or "gamma" in w.name
            values.append(formula(salt, 0.5, 1.5, w.shape) if positive else formula(salt, -0.5, 0.5, w.shape))
            salt += 1
        layer.set_weights(values)


def write(folder):
    expected = {"keras": keras.__version__, "python": sys.version.split()[0]}
    x, y = formula(100, 0, 1, (4, 8, 8, 3)), np.eye(3, dtype=np.float32)[[0, 1, 2, 0]]
    for make in (cnn, branches, nested):
        keras.backend.clear_session()
        model, name = make(), make.__name__
        set_weights(model)
        model.train_on_batch(x, y)
        random = name == "cnn"
        if random:
            set_weights(model)
        path = os.path.join(folder, name)
        model.save(path + ".keras")
        if (VERSION, name) != ("3.0", "nested"):
            model.save(path + ".h5")
        model.save_weights(path + ".weights.h5")
        if KERAS2:
            model.save_weights(path + "-weights.h5")
        with open(path + ".json", "w") as f:
            f.write(model.to_json() + "\n")
        expected[name] = {
            "layers": [layer.name for layer in model.layers],
            "input": {"salt": 100, "low": 0, "high": 1, "shape": list(x.shape)}, "target": [0, 1, 2, 0],
            "predictions": rounded(model.predict(x, verbose=0)),
        }
        if not random:
            losses = []
            for _ in range(2):
                model.reset_metrics()
                losses.append(float(model.train_on_batch(x, y, return_dict=True)["loss"]))
            expected[name]["losses"] = rounded(losses)
    with open(os.path.join(folder, "expected.json"), "w") as f:
        json.dump(expected, f, indent=1)
        f.write("\n")


def main():
    os.makedirs(OUT, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(os.path.join(OUT, VERSION + ".zip"), "w", zipfile.ZIP_DEFLATED, compresslevel=9) as z:
        write(folder)
        for name in sorted(os.listdir(folder)):
            with open(os.path.join(folder, name), "rb") as f:
                z.writestr(zipfile.ZipInfo(name), f.read(), zipfile.ZIP_DEFLATED)


main()
