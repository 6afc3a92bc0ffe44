"""Models of keras.applications with random weights, saved by real Keras.

    python internal/golden/applications.py FOLDER [NAME...]

writes NAME.keras, NAME.json (model.to_json()), NAME.txt (the output of model.summary()) and NAME.npz. NAME.npz has x, images with
values from 0 to 1, and y, the result of model.predict(x). The weights are seeded. The moving statistics and the scales of BatchNormalization differ
from 0 and 1, so that mistakes in them are visible.
"""

import os
import sys
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import keras
import numpy as np
from keras import applications
from networks import summary

# The side of the input: about the smallest that the model allows.
SIDES = {
    "VGG16": 32,
    "ResNet50": 64,
    "ResNet50V2": 64,
    "MobileNet": 64,
    "MobileNetV2": 64,
    "DenseNet121": 64,
    "InceptionV3": 107,
    "Xception": 71,
    # These need more than the layers of older classifiers: hard swish as arithmetic in the graph, Cropping2D,
    # LayerNormalization, custom layers.
    "MobileNetV3Small": 64,
    "EfficientNetB0": 64,
    "EfficientNetV2B0": 64,
    "ConvNeXtTiny": 64,
    "NASNetMobile": 64,
    "InceptionResNetV2": 107,
}
CLASSES = 10


def make(name, side):
    keras.utils.clear_session()
    keras.utils.set_random_seed(7)
    kwargs = {"weights": None, "classes": CLASSES, "input_shape": (side, side, 3)}
    model = getattr(applications, name)(**kwargs)
    rng = np.random.default_rng(7)
    for layer in walk(model):
        if isinstance(layer, keras.layers.BatchNormalization):
            w = layer.get_weights()
            for i, v in enumerate(layer.weights):
                near = 1.0 if v.path.endswith(("gamma", "moving_variance")) else 0.0
                w[i] = rng.normal(near, 0.1, w[i].shape).astype(np.float32)
            layer.set_weights(w)
    # Scale the logits to a deviation of 1: with initial weights, all classes get nearly the same probability.
    last = [layer for layer in model.layers if layer.weights][-1]
    logits = keras.Model(model.input, last.output if last is not model.layers[-1] else last.input).predict(pictures(side), verbose=0)
    kernel, bias = last.get_weights()
    if last is model.layers[-1]:
        logits = logits @ kernel
    last.set_weights([kernel / logits.std(), rng.normal(0, 0.3, bias.shape).astype(np.float32)])
    return model


def pictures(side):
    return np.random.default_rng(1).random((2, side, side, 3), np.float32)


def walk(model):
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from walk(layer)
        else:
            yield layer


def main():
    folder, names = sys.argv[1], sys.argv[2:]
    os.makedirs(folder, exist_ok=True)
    for name, side in SIDES.items():
        if names and name not in names:
            continue
        start = time.time()
        model = make(name, side)
        path = os.path.join(folder, name)
        with open(path + ".json", "w") as f:
            f.write(model.to_json())
        with open(path + ".txt", "w", encoding="utf-8") as f:
            f.write(summary(model))
        x = pictures(side)
        y = model.predict(x, verbose=0)
        assert np.isfinite(y).all() and y.std() > 0.02, (name, y)
        np.savez(path + ".npz", x=x, y=y)
        model.save(path + ".keras")
        print(f"{name}: {len(model.layers)} layers, {model.count_params():,} parameters, {time.time() - start:.0f} s", flush=True)


main()
