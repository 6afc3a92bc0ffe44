"""Writes optimizer/testdata/optimizers.json: the weights after each of four steps of Keras' optimizers, and the optimizers' variables at the
end.

Run with the packages of requirements.txt:  python internal/golden/optimizers.py
"""

import json
import os
import pathlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras
import numpy as np

from formula import formula, rounded

OUT = pathlib.Path(__file__).resolve().parents[2] / "optimizer" / "testdata" / "optimizers.json"

O = keras.optimizers
CASES = [
    O.SGD(),
    O.SGD(0.1, momentum=0.9),
    O.SGD(0.1, momentum=0.9, nesterov=True),
    O.SGD(0.1, nesterov=True),
    O.SGD(0.1, weight_decay=0.02),
    O.SGD(0.1, clipnorm=0.5),
    O.SGD(0.1, global_clipnorm=0.5),
    O.SGD(0.1, global_clipnorm=50.0),
    O.SGD(0.1, clipvalue=0.25),
    O.RMSprop(),
    O.RMSprop(0.01, momentum=0.9, centered=True),
    O.RMSprop(0.01, rho=0.5, epsilon=0.01, weight_decay=0.1, clipnorm=1.0),
    O.RMSprop(0.01, centered=True),
    O.Adam(),
    O.Adam(0.01, beta_1=0.5, beta_2=0.9, epsilon=0.001),
    O.Adam(0.01, amsgrad=True, weight_decay=0.004),
    O.Adam(0.01, clipvalue=0.1),
]
SHAPES = [(2,), (2, 3)]


def main():
    out = []
    for optimizer in CASES:
        config = optimizer.get_config()
        weights = [keras.Variable(formula(1 + i, -2, 2, s)) for i, s in enumerate(SHAPES)]
        optimizer.build(weights)
        steps = []
        for step in range(4):
            grads = [formula(10 + 2 * step + i, -1, 1, s) for i, s in enumerate(SHAPES)]
            optimizer.apply([keras.ops.convert_to_tensor(g) for g in grads])
            steps.append(sum([rounded(w) for w in weights], []))
        out.append(
            {
                "class": type(optimizer).__name__,
                "config": config,
                "steps": steps,
                "variables": [rounded(v) for v in optimizer.variables],
                "names": [v.path.split("/")[-1] for v in optimizer.variables],
            }
        )
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text("[\n" + ",\n".join(json.dumps(o, separators=(",", ":")) for o in out) + "\n]\n")


main()
