"""The median milliseconds of a training step of the tutorial's network in Keras: keras_step.py BATCH"""

import os
import statistics
import sys
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
import tensorflow as tf
from keras import layers

WARM, STEPS = 5, 30

batch = int(sys.argv[1])
model = keras.Sequential(
    [
        keras.Input((128, 128, 3)),
        layers.Conv2D(64, (3, 3), activation="relu"),
        layers.MaxPooling2D((2, 2)),
        layers.Conv2D(64, (3, 3), activation="relu"),
        layers.MaxPooling2D((2, 2)),
        layers.Flatten(),
        layers.Dense(64, activation="relu"),
        layers.Dense(2, activation="softmax"),
    ]
)
model.compile("rmsprop", "categorical_crossentropy", metrics=["accuracy"])
x = tf.constant(np.random.rand(batch, 128, 128, 3).astype(np.float32))
y = tf.constant(np.eye(2, dtype=np.float32)[np.arange(batch) % 2])


class Clock(keras.callbacks.Callback):
    times = []

    def on_train_batch_end(self, batch, logs=None):
        now = time.perf_counter()
        if batch >= WARM:
            self.times.append((now - self.last) * 1e3)
        self.last = now


Clock.last = time.perf_counter()
data = tf.data.Dataset.from_tensors((x, y)).repeat(WARM + STEPS)
model.fit(data, epochs=1, verbose=0, callbacks=[Clock()])
print(statistics.median(Clock.times))
