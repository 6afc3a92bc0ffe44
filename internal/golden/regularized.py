"""Golden values of training with penalties and constraints: testdata/training/regularized.json.

A small network with regularizers of weights and of activities, constraints, example weights and batches of different sizes. The Go test
builds the same network, with the same initial weights and data, by the formula of formula.py.

Run with the packages of requirements.txt:  python internal/golden/regularized.py

    save PATH     saves the network, compiled but not trained
    train PATH    trains the network in a file in the same way, and writes PATH.json
"""

import json
import os
import pathlib
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras
import numpy as np
from keras import constraints as C
from keras import layers as L
from keras import regularizers as R

from formula import formula, rounded

OUT = pathlib.Path(__file__).resolve().parents[2] / "testdata" / "training" / "regularized.json"


def network():
    return keras.Sequential(
        [
            keras.Input((6, 5, 2)),
            L.Conv2D(
                4, 3, activation="tanh", name="conv", kernel_regularizer=R.L2(0.05), kernel_constraint=C.MaxNorm(0.75, axis=[0, 1, 2]),
                bias_constraint="non_neg", activity_regularizer=R.L1(0.01),
            ),
            L.BatchNormalization(name="norm", gamma_regularizer="l2", beta_regularizer=R.L1(0.02), gamma_constraint=C.MinMaxNorm(0.1, 1.5, rate=0.5)),
            L.SeparableConv2D(
                3, 2, name="separable", depthwise_regularizer=R.L1L2(0.01, 0.02), pointwise_regularizer="l2",
                depthwise_constraint=C.UnitNorm(axis=[0, 1]), pointwise_constraint=C.MaxNorm(axis=2),
            ),
            L.Flatten(),
            L.ActivityRegularization(l1=0.002, l2=0.004),
            L.Dense(5, activation="relu", name="hidden", kernel_regularizer=R.OrthogonalRegularizer(0.5, "columns"), bias_regularizer="l1"),
            L.Dense(5, activation="tanh", name="frozen", kernel_regularizer=R.L2(1.0), kernel_constraint="unit_norm", activity_regularizer="l2", trainable=False),
            L.Dense(2, activation="softmax", name="last", kernel_constraint=C.MaxNorm(1)),
        ]
    )


def compiled():
    model = network()
    model.set_weights([formula(10 + i, *((0.5, 1.5) if "variance" in w.path or "gamma" in w.path else (-0.5, 0.5)), w.shape) for i, w in enumerate(model.weights)])
    model.compile(keras.optimizers.SGD(0.05, momentum=0.9), "categorical_crossentropy", metrics=["accuracy"])
    return model


def train(model):
    one_hot = np.eye(2, dtype=np.float32)
    x, y, weights = formula(1, -1, 1, (11, 6, 5, 2)), one_hot[np.arange(11) % 2], formula(2, 0.5, 1.5, (11,))
    validation = formula(3, -1, 1, (7, 6, 5, 2)), one_hot[np.arange(7) % 3 // 2]
    history = model.fit(
        x, y, batch_size=4, epochs=4, sample_weight=weights, shuffle=False, verbose=0, validation_data=validation, validation_batch_size=3,
    ).history
    return {
        "loss": history["loss"],
        "val_loss": history["val_loss"],
        "weights": [rounded(w) for w in model.get_weights()],
        "evaluate": model.evaluate(x, y, batch_size=4, sample_weight=weights, verbose=0)[0],
    }


def main():
    match sys.argv[1:]:
        case []:
            OUT.write_text(json.dumps(train(compiled())) + "\n")
        case ["save", path]:
            compiled().save(path)
        case ["train", path]:
            pathlib.Path(path + ".json").write_text(json.dumps(train(keras.models.load_model(path))))


main()
