"""A model trained with SGD without momentum, whose optimizer has no slots, for testdata/plain_sgd.

    python internal/golden/plain_sgd.py [FOLDER]

run with tensorflow-cpu==2.15.1, writes FOLDER/2.15.h5, a Dense layer after two steps.
"""

import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras
import numpy as np

OUT = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "testdata", "plain_sgd")
model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, kernel_initializer="ones", name="d")])
model.compile(keras.optimizers.legacy.SGD(0.125), "mse")
for _ in range(2):
    model.train_on_batch(np.ones((1, 2), np.float32), np.zeros((1, 1), np.float32))
os.makedirs(OUT, exist_ok=True)
model.save(os.path.join(OUT, "2.15.h5"))
print(model.predict(np.ones((1, 2), np.float32), verbose=0))
