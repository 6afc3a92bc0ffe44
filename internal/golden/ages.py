"""Files of ten years of Keras, for testdata/ages; ages_old.py writes those of the versions before 2.4.

    python internal/golden/ages.py [FOLDER [PACKAGE]]

run with each of the versions below, writes FOLDER/VERSION.zip, which has the models below, in the kinds of file that the version
writes:

    NAME.keras         a zip; from Keras 2.11, HDF5. Not preprocess.keras of Keras 2.13 and 2.15, which cannot write the slice;
                       Keras 3.0 has no preprocess at all
    NAME.h5            the whole model; not nested.h5 and teachable.h5 of Keras 3.0, which fails: two weights get one name
    NAME.weights.h5    save_weights; up to Keras 2.11, the legacy layout
    NAME-weights.h5    the legacy layout that Keras 2 writes under such a name
    NAME.json          to_json
    expected.json      for each model its predictions for the input of formula.py that "input" describes. "losses", where no
                       layer draws random numbers, are those of two more training steps with the targets of "target".

All versions set the same weights and train the same step, so their predictions agree. Files contain the time at which they were saved.

    version  Python  packages                                                                 PACKAGE
    2.4      3.8     tensorflow-cpu==2.4.4 "protobuf<3.20"                                    tensorflow.keras
    2.6      3.8     tensorflow-cpu==2.6.5 "keras<2.7" "protobuf<3.20"                        tensorflow.keras
    2.11     3.10    tensorflow-cpu==2.11.1 "numpy<1.24" "protobuf<3.20"                      tensorflow.keras
    2.13     3.11    tensorflow-cpu==2.13.1                                                   keras
    2.15     3.11    tensorflow-cpu==2.15.1                                                   keras
    3.0      3.11    tensorflow-cpu==2.16.2; keras==3.0.5                                     keras
    3.3      3.11    tensorflow-cpu==2.16.2; keras==3.3.3 optree==0.11.0                      keras
    3.15     3.11    internal/golden/requirements.txt                                         keras
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
MAJOR, MINOR = map(int, VERSION.split("."))
# Preprocessing layers were experimental up to 2.5.
preprocessing = layers if hasattr(layers, "RandomFlip") else layers.experimental.preprocessing


def cnn():
    """What tutorials build: augmentation, convolution, batch normalization, dropout, RMSprop."""
    model = keras.Sequential([
        keras.Input((8, 8, 3)),
        preprocessing.RandomFlip("horizontal"),
        preprocessing.Rescaling(2.0, offset=-1.0),
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


def scaled():
    """Arithmetic between the layers: TFOpLambda in Keras 2, ops in Keras 3."""
    image = keras.Input((8, 8, 3), name="image")
    x = keras.applications.mobilenet.preprocess_input(preprocessing.Rescaling(255.0)(image))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3, activation="relu")(x * 2.0 + image))
    return keras.Model(image, layers.Dense(3, activation="softmax")(x), name="scaled")


def preprocess():
    """Arithmetic that takes the channels apart: SlicingOpLambda in Keras 2, GetItem in Keras 3."""
    image = keras.Input((8, 8, 3), name="image")
    x = preprocessing.Rescaling(255.0)(image)
    x = layers.Concatenate()([keras.applications.mobilenet.preprocess_input(x), keras.applications.vgg16.preprocess_input(x)])
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3, activation="relu")(x))
    return keras.Model(image, layers.Dense(3, activation="softmax")(x), name="preprocess")


def teachable():
    """As Teachable Machine builds its models: a Sequential of Sequentials, the first of which has a functional body."""
    x = keras.Input((8, 8, 3), name="pixels")
    y = layers.Conv2D(4, 3, use_bias=False, name="conv")(x)
    y = layers.BatchNormalization(name="conv_bn")(y)
    body = keras.Model(x, layers.ReLU(6.0, name="conv_relu")(y), name="model1")
    features = keras.Sequential([body, layers.GlobalAveragePooling2D(name="pool")], name="sequential_1")
    head = keras.Sequential([layers.Dense(4, activation="relu", name="dense_1"), layers.Dense(3, use_bias=False, activation="softmax", name="dense_2")], name="sequential_3")
    return keras.Sequential([keras.Input((8, 8, 3)), features, head], name="sequential_4")


COMPILED = {"cnn", "branches", "nested"}


def walk(model):
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from walk(layer)
        elif layer.weights:
            yield layer


def set_weights(model, size):
    salt = 0
    for layer in walk(model):
        values = []
        for w in layer.weights:
            positive = "variance" in w.name or "gamma" in w.name
            values.append(formula(salt, 0.5, 1.5, w.shape) if positive else formula(salt, -size, size, w.shape))
            salt += 1
        layer.set_weights(values)


def save(model, path):
    """Writes the kinds of file that differ from each other in this version."""
    name = os.path.basename(path)
    if (MAJOR, MINOR) >= (2, 11) and not (MAJOR == 2 and MINOR > 11 and name == "preprocess"):
        model.save(path + ".keras")
    if not (VERSION == "3.0" and name in ("nested", "teachable")):
        model.save(path + ".h5")
    with open(path + ".json", "w") as f:
        f.write(model.to_json() + "\n")
    if name not in COMPILED:
        return
    model.save_weights(path + ".weights.h5")
    if MAJOR == 2 and MINOR > 11:
        model.save_weights(path + "-weights.h5")


def write(folder):
    expected = {"keras": keras.__version__, "python": sys.version.split()[0]}
    x, y = formula(100, 0, 1, (4, 8, 8, 3)), np.eye(3, dtype=np.float32)[[0, 1, 2, 0]]
    for make in (cnn, branches, nested, scaled, preprocess, teachable):
        if (VERSION, make) == ("3.0", preprocess):
            continue
        keras.backend.clear_session()
        model, name = make(), make.__name__
        random, compiled = name == "cnn", name in COMPILED
        set_weights(model, 0.05 if name == "preprocess" else 0.5)
        if compiled:
            model.train_on_batch(x, y)
        if random:
            set_weights(model, 0.5)
        save(model, os.path.join(folder, name))
        expected[name] = {
            "layers": [layer.name for layer in model.layers],
            "input": {"salt": 100, "low": 0, "high": 1, "shape": list(x.shape)},
            "predictions": rounded(model.predict(x, verbose=0)),
        }
        if compiled and not random:
            losses = []
            for _ in range(2):
                model.reset_metrics()
                losses.append(float(model.train_on_batch(x, y, return_dict=True)["loss"]))
            expected[name]["target"] = [0, 1, 2, 0]
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
