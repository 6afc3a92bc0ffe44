"""Files of Keras before 2.4, for testdata/ages. ages.py describes the kinds of file, and writes those of later versions.

    python internal/golden/ages_old.py FOLDER [PACKAGE]

These versions need a TensorFlow 1, which PyPI has for Python 3.6 and 3.7:

    version  Python  packages                                                                 PACKAGE
    2.0-tf   3.6     tensorflow==1.3.0 "protobuf<3.18" "h5py<3" "numpy<1.17"                  tensorflow.contrib.keras
    1.2      3.7     A; pip install --no-deps keras==1.2.2                                    keras
    2.0      3.7     A; pip install --no-deps keras==2.0.6                                    keras
    2.2      3.7     A; pip install --no-deps keras==2.2.4                                    keras
    2.2-tf   3.7     A                                                                        tensorflow.keras
    2.3      3.7     A; pip install --no-deps keras==2.3.1                                    keras

    A = tensorflow==1.13.1 "protobuf<3.20" "h5py<3" "numpy<1.17" "scipy<1.3" pyyaml keras-applications==1.0.8 keras-preprocessing==1.1.0

cnn is that of ages.py, except that its input is scaled already: its predictions agree with those of later versions. The step
of the others differs between these versions: before 2.3, moving averages are free of the bias of their first values; frozen batch normalization uses the
batch's statistics, so "losses" of nested would be no target for a later version.
"""

import importlib
import json
import os
import sys
import tempfile
import zipfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["KERAS_BACKEND"] = "tensorflow"

import h5py
import numpy as np
from formula import formula, rounded

if len(sys.argv) > 2 and sys.argv[2] == "tensorflow.contrib.keras":
    import tensorflow

    keras = tensorflow.contrib.keras
else:
    keras = importlib.import_module(sys.argv[2] if len(sys.argv) > 2 else "keras")
layers = keras.layers
KERAS1 = getattr(keras, "__version__", "").startswith("1.")
TENSORFLOWS = "tensorflow" in keras.__name__


def conv(filters, size, padding="valid", strides=1, bias=True, l2=None, **kwargs):
    if KERAS1:
        return layers.Convolution2D(
            filters, size, size, border_mode=padding, subsample=(strides, strides), bias=bias,
            W_regularizer=l2 and keras.regularizers.l2(l2), **kwargs)
    return layers.Conv2D(
        filters, size, padding=padding, strides=strides, use_bias=bias, kernel_regularizer=l2 and keras.regularizers.l2(l2), **kwargs)


def separable(filters, size, padding):
    if KERAS1:
        return layers.SeparableConvolution2D(filters, size, size, border_mode=padding)
    return layers.SeparableConv2D(filters, size, padding=padding)


def join(tensors, how):
    if KERAS1:
        return layers.merge(tensors, mode={"add": "sum", "concatenate": "concat"}[how])
    return getattr(layers, how)(tensors)


def cnn():
    model = keras.models.Sequential([
        conv(4, 3, "same", activation="relu", input_shape=(8, 8, 3)),
        layers.BatchNormalization(),
        layers.MaxPooling2D(),
        layers.Dropout(0.25),
        layers.Flatten(),
        layers.Dense(3, activation="softmax"),
    ])
    model.compile("rmsprop", "categorical_crossentropy", metrics=["accuracy"])
    return model


def channels_first():
    """Images are [channels, height, width]; Flatten puts the channels first, too."""
    order = {"dim_ordering": "th"} if KERAS1 else {"data_format": "channels_first"}
    model = keras.models.Sequential([
        conv(4, 3, "same", activation="relu", input_shape=(3, 8, 8), **order),
        layers.BatchNormalization(axis=1),
        layers.MaxPooling2D(**order),
        layers.Flatten(),
        layers.Dense(3, activation="softmax"),
    ])
    model.compile(keras.optimizers.SGD(lr=0.01, decay=1e-6, momentum=0.9, nesterov=True), "categorical_crossentropy", metrics=["accuracy"])
    return model


def branches():
    image = layers.Input((8, 8, 3), name="image")
    x = conv(4, 3, "same", strides=2, bias=False, l2=1e-3)(image)
    x = layers.BatchNormalization()(x)
    x = layers.Activation("relu")(x)
    twice = conv(4, 1, name="twice")
    y = join([twice(x), twice(layers.Activation("tanh")(x))], "add")
    y = layers.ZeroPadding2D((0, 1, 1, 0) if KERAS1 else ((0, 1), (1, 0)))(y)
    y = conv(2, 2, activation="elu")(y)
    z = layers.LeakyReLU(0.1)(separable(2, 2, "same")(x))
    y = join([x, y, z], "concatenate")
    y = layers.GlobalAveragePooling2D()(y)
    y = layers.Dense(3, activation="softmax", name="classes")(y)
    model = keras.models.Model(image, y, name="branches")
    model.compile(keras.optimizers.Adam(lr=0.01), "categorical_crossentropy", metrics=["accuracy"])
    return model


def nested():
    x = layers.Input((8, 8, 3), name="pixels")
    y = conv(4, 3, name="low")(x)
    y = layers.BatchNormalization(name="low_bn")(y)
    y = layers.Activation("relu")(y)
    y = conv(4, 3, name="high")(y)
    y = layers.BatchNormalization(name="high_bn")(y)
    body = keras.models.Model(x, layers.Activation("relu")(y), name="body")
    for layer in body.layers[:3]:
        layer.trainable = False
    image = layers.Input((8, 8, 3), name="image")
    y = layers.GlobalAveragePooling2D()(body(image))
    y = layers.Dense(3, activation="softmax")(layers.Dropout(0.0)(y))
    model = keras.models.Model(image, y, name="transfer")
    model.compile(keras.optimizers.Adam(lr=0.01), "categorical_crossentropy", metrics=["accuracy"])
    return model


def walk(model):
    for layer in model.layers:
        if hasattr(layer, "layers"):
            for inner in walk(layer):
                yield inner
        elif layer.weights:
            yield layer


# The order of a layer's weights in later versions, by the ends of their names in all versions.
ROLES = ["depthwise", "pointwise", "kernel", "_w", "gamma", "beta", "bias", "_b", "mean", "variance", "std"]


def role(weight):
    name = weight.name.lower().split("/")[-1].split(":")[0]
    return min(i for i, part in enumerate(ROLES) if name.endswith(part) or part in name and not part.startswith("_"))


def set_weights(model):
    salt = 0
    for layer in walk(model):
        values = {}
        for w in sorted(layer.weights, key=role):
            shape = keras.backend.int_shape(w)
            positive = ROLES[role(w)] in ("variance", "std", "gamma")
            values[w.name] = formula(salt, 0.5, 1.5, shape) if positive else formula(salt, -0.5, 0.5, shape)
            salt += 1
        layer.set_weights([values[w.name] for w in layer.weights])


def write(folder):
    expected = {}
    target = np.eye(3, dtype=np.float32)[[0, 1, 2, 0]]
    makers = [cnn, branches, nested]
    if not TENSORFLOWS:  # TensorFlow's own Keras has no convolution of this order on a CPU.
        makers.append(channels_first)
    for make in makers:
        keras.backend.clear_session()
        model, name = make(), make.__name__
        low = 0 if name in ("branches", "nested") else -1
        x = formula(100, low, 1, (4, 8, 8, 3))
        if name == "channels_first":
            x = x.transpose(0, 3, 1, 2)
        set_weights(model)
        model.train_on_batch(x, target)
        if name == "cnn":  # The step drew random numbers.
            set_weights(model)
        path = os.path.join(folder, name)
        model.save(path + ".h5")
        model.save_weights(path + "-weights.h5")
        with open(path + ".json", "w") as f:
            f.write(model.to_json() + "\n")
        expected[name] = {
            "layers": [layer.name for layer in model.layers],
            "input": {"salt": 100, "low": low, "high": 1, "shape": [4, 8, 8, 3]},
            "predictions": rounded(model.predict(x)),
        }
        if name in ("branches", "channels_first"):
            expected[name]["target"] = [0, 1, 2, 0]
            expected[name]["losses"] = rounded([model.train_on_batch(x, target)[0] for _ in range(2)])
        with h5py.File(path + ".h5", "r") as f:
            version = f.attrs["keras_version"]
            version = version.decode() if isinstance(version, bytes) else version
    with open(os.path.join(folder, "expected.json"), "w") as f:
        json.dump(dict(expected, keras=version, python=sys.version.split()[0]), f, indent=1)
        f.write("\n")
    return version


def main():
    os.makedirs(sys.argv[1], exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        version = write(folder)
        short = ".".join(version.split(".")[:2]) + ("-tf" if version.endswith("-tf") else "")
        with zipfile.ZipFile(os.path.join(sys.argv[1], short + ".zip"), "w", zipfile.ZIP_DEFLATED) as z:
            for name in sorted(os.listdir(folder)):
                with open(os.path.join(folder, name), "rb") as f:
                    z.writestr(zipfile.ZipInfo(name), f.read(), zipfile.ZIP_DEFLATED)


main()
