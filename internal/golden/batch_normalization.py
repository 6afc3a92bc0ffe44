"""Writes layer/testdata/batch_normalization.json: BatchNormalization in training.

For each layer and step, the file has the result, the gradients of the input and the weights, and the moving statistics after the step. A layer with
"twice" is applied to x and then to x/2 + 1.

Run with the packages of requirements.txt:  python internal/golden/batch_normalization.py
"""

import json
import os
import pathlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import tensorflow as tf
from keras import layers as L

from formula import formula, rounded

OUT = pathlib.Path(__file__).resolve().parents[2] / "layer" / "testdata" / "batch_normalization.json"

CASES = [
    (L.BatchNormalization(), (2, 5, 4, 3), False),
    (L.BatchNormalization(momentum=0.9, epsilon=1e-5), (16, 12), False),
    (L.BatchNormalization(scale=False, momentum=0.5), (3, 7, 4), True),
    (L.BatchNormalization(center=False), (4, 3, 3, 2), False),
    (L.BatchNormalization(center=False, scale=False), (5, 3), False),
    (L.BatchNormalization(), (4, 3, 3, 2), True),
    (L.BatchNormalization(trainable=False), (4, 3, 3, 2), False),
]


def main():
    out = []
    for layer, shape, twice in CASES:
        layer.build(shape)
        layer.set_weights(
            [formula(2 + i, 0.25 if w.name.endswith("variance") else -1, 1, w.shape) for i, w in enumerate(layer.weights)]
        )
        steps = []
        for step in range(3):
            x = tf.constant(formula(10 + step, -2, 3, shape))
            weights = layer.trainable_variables
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = layer(x, training=True)
                if twice:
                    y = y + layer(x / 2 + 1, training=True)
                loss = tf.reduce_sum(y * formula(99, -1, 1, y.shape))
            gradients = tape.gradient(loss, [x, *[w.value for w in weights]])
            steps.append(
                {
                    "output": rounded(y),
                    "gradients": [rounded(g) for g in gradients],
                    "moving": [rounded(layer.moving_mean), rounded(layer.moving_variance)],
                }
            )
        out.append({"config": layer.get_config(), "input": shape, "twice": twice, "steps": steps})
    lines = ",\n".join(json.dumps(o, separators=(",", ":")) for o in out)
    OUT.write_text("[\n" + lines + "\n]\n")


main()
