"""The tutorial's network and augmentation in Keras, and the measurement of a training step."""

import statistics
import time

import keras
import numpy as np
import tensorflow as tf
from keras import layers

AUGMENT = dict(
    rotation_range=15,
    rescale=1.0 / 255,
    shear_range=0.1,
    zoom_range=0.2,
    horizontal_flip=True,
    width_shift_range=0.1,
    height_shift_range=0.1,
)


def threads(n):
    """Sets the number of TensorFlow's threads. It must be called before anything else of TensorFlow."""
    tf.config.threading.set_intra_op_parallelism_threads(n)
    tf.config.threading.set_inter_op_parallelism_threads(n)


def tutorial(size=128):
    """Returns the compiled network for images of size x size."""
    model = keras.Sequential(
        [
            keras.Input((size, size, 3)),
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
    return model


def step(model, batch, warm, steps):
    """Returns the median milliseconds of a training step of a compiled model.

    It trains on one batch of random images, and measures steps steps after warm steps.
    """
    (_, *shape), (_, classes) = model.input_shape, model.output_shape
    x = tf.constant(np.random.rand(batch, *shape).astype(np.float32))
    y = tf.constant(np.eye(classes, dtype=np.float32)[np.arange(batch) % classes])

    class Clock(keras.callbacks.Callback):
        times = []

        def on_train_batch_end(self, batch, logs=None):
            now = time.perf_counter()
            if batch >= warm:
                self.times.append((now - self.last) * 1e3)
            self.last = now

    Clock.last = time.perf_counter()
    data = tf.data.Dataset.from_tensors((x, y)).repeat(warm + steps)
    model.fit(data, epochs=1, verbose=0, callbacks=[Clock()])
    return statistics.median(Clock.times)
