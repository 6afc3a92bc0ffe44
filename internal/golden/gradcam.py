"""Writes testdata/gradcam.json: heat maps of Grad-CAM from tf.GradientTape, as in Keras' example "Grad-CAM class activation visualization".

Run with the packages of requirements.txt:  python internal/golden/gradcam.py

Each case is {"model": to_json() as an object, "layer": the layer of the feature map, "named": whether the layer must be named, "classes", "shape", "maps"}. The weights are those of formula.py: weight i has salt i, from -0.3 to 0.3
(moving variances: from 0.5 to 1.5). The images have salt 100, from 0 to 1.
"""

import json
import os
import pathlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import keras
import tensorflow as tf
from formula import formula, rounded
from keras import layers

OUT = pathlib.Path(__file__).resolve().parents[2] / "testdata" / "gradcam.json"
SHAPE = (12, 10, 3)


def residual():
    x = i = keras.Input(SHAPE)
    x = y = layers.Conv2D(6, 3, activation="relu", name="first")(x)
    y = layers.Conv2D(6, 3, padding="same", use_bias=False)(y)
    y = layers.BatchNormalization()(y)
    x = layers.Activation("relu", name="last")(layers.Add()([x, y]))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(i, layers.Dense(4, activation="softmax")(x)), "last"


def tutorial():
    return keras.Sequential([
        keras.Input(SHAPE),
        layers.Conv2D(5, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Conv2D(7, 3, activation="relu", name="last"),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dense(6, activation="relu"),
        layers.Dense(3, activation="softmax"),
    ]), "last"


def one_unit():
    return keras.Sequential([
        keras.Input(SHAPE),
        layers.Conv2D(4, 3, strides=2, activation="swish", name="last"),
        layers.GlobalAveragePooling2D(),
        layers.Dense(1, activation="sigmoid"),
    ]), "last"


def logits():
    return keras.Sequential([
        keras.Input(SHAPE),
        layers.SeparableConv2D(8, 3, activation="elu", name="last"),
        layers.GlobalMaxPooling2D(),
        layers.Dense(3),
    ]), "last"


def softmax_layer():
    return keras.Sequential([
        keras.Input(SHAPE),
        layers.Conv2D(8, 3, activation="relu", name="last"),
        layers.GlobalAveragePooling2D(),
        layers.Dense(3),
        layers.Softmax(),
    ]), "last"


def squeeze_and_excite():
    i = keras.Input(SHAPE)
    x = layers.Conv2D(6, 3, activation="relu")(i)
    s = layers.GlobalAveragePooling2D(keepdims=True)(x)
    s = layers.Conv2D(6, 1, activation="sigmoid")(s)
    x = layers.Multiply(name="last")([x, s])
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(0.5)(x)
    return keras.Model(i, layers.Dense(3, activation="softmax")(x)), "last"


def inner_layer():
    model, _ = tutorial()
    return model, model.layers[0].name


def grad_cam(model, layer, images, classes):
    """The heat maps, before they are divided by their maxima."""
    last = model.layers[-1]
    softmax = isinstance(last, layers.Softmax)
    between = keras.Model(model.inputs, [model.get_layer(layer).output, last.input if softmax else last.output])
    if not softmax:
        last.activation = None  # as in Keras' example: the score is the value before the softmax
    with tf.GradientTape() as tape:
        features, y = between(images)
        single = y.shape[-1] == 1
        score = tf.add_n([(2 * c - 1) * y[i, 0] if single else y[i, c] for i, c in enumerate(classes)])
    weights = tf.reduce_mean(tape.gradient(score, features), axis=(1, 2), keepdims=True)
    return tf.nn.relu(tf.reduce_sum(features * weights, axis=-1))


cases = {}
for name, make in {
    "residual": residual, "tutorial": tutorial, "one_unit": one_unit, "logits": logits, "softmax_layer": softmax_layer,
    "squeeze_and_excite": squeeze_and_excite, "inner_layer": inner_layer,
}.items():
    keras.backend.clear_session()
    model, layer = make()
    model.set_weights([
        formula(i, *((0.5, 1.5) if "variance" in w.path else (-0.3, 0.3)), w.shape) for i, w in enumerate(model.weights)
    ])
    text = json.loads(model.to_json())
    classes = [1, 0, 1] if model.output_shape[-1] == 1 else [2, 0, 1]
    maps = grad_cam(model, layer, formula(100, 0.0, 1.0, (3, *SHAPE)), classes)
    cases[name] = {
        "model": text, "layer": layer, "named": make is inner_layer, "classes": classes,
        "shape": list(maps.shape), "maps": rounded(maps.numpy().ravel()),
    }
OUT.write_text("{\n" + ",\n".join(json.dumps(name) + ": " + json.dumps(case) for name, case in cases.items()) + "\n}\n")
