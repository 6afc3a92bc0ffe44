"""Measures the seconds from the start of Python to the end of the first training step: keras_start.py THREADS

The network and the number of images are those of lince train demo:cats-and-dogs. The images are
random, and in memory.
"""

import os
import sys
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
from keras.src.legacy.preprocessing.image import ImageDataGenerator

import clock
import network

network.threads(int(sys.argv[1]))
model = network.tutorial(64)
generator = ImageDataGenerator(**network.AUGMENT)
flow = generator.flow(np.random.rand(1500, 64, 64, 3), np.eye(2)[np.arange(1500) % 2], batch_size=15)


class First(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        clock.report({"first step": time.time() - float(os.environ["BENCH_STARTED"])})
        sys.stdout.flush()
        os._exit(0)


model.fit(flow, verbose=0, callbacks=[First()])
