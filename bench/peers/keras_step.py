"""The median milliseconds of a training step of the tutorial's network in Keras: keras_step.py BATCH THREADS"""

import os
import statistics
import sys
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
import tensorflow as tf

import clock
import network

WARM, STEPS = 5, 30

batch, threads = map(int, sys.argv[1:])
network.threads(threads)
model = network.tutorial()
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
clock.report({"step": statistics.median(Clock.times)})
