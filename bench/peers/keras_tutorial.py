"""Measures the tutorial in Keras on the photos: keras_tutorial.py WHAT BATCH EPOCHS THREADS

If WHAT is seconds, it measures the times of the process and of an epoch. If WHAT is MiB, it measures
the peak memory of the process. The images, network and augmentation are those of lince train dogs-vs-cats.zip. The
environment variable KERAS_SEED sets the seed (default: 42). The losses are printed before the
last line.
"""

import os
import resource
import statistics
import sys
import tempfile
import time
import zipfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import pandas as pd
from keras.src.legacy.preprocessing.image import ImageDataGenerator
from sklearn.model_selection import train_test_split

import clock
import network

what, batch, epochs, threads = sys.argv[1], *map(int, sys.argv[2:])
network.threads(threads)
seed = int(os.environ.get("KERAS_SEED", "42"))
keras.utils.set_random_seed(seed)


class Times(keras.callbacks.Callback):
    seconds = []

    def on_epoch_begin(self, epoch, logs=None):
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds.append(time.perf_counter() - self.start)


with tempfile.TemporaryDirectory() as folder:
    archive = zipfile.ZipFile(os.path.join(os.environ["LINCE_SHARED"], "data", "dogs-vs-cats.zip"))
    zipfile.ZipFile(archive.open("train.zip")).extractall(folder)
    images = os.path.join(folder, "train")
    names = sorted(os.listdir(images))
    table = pd.DataFrame({"filename": names, "category": [n.split(".")[0] for n in names]})
    train, test = train_test_split(table, test_size=0.25, random_state=seed)
    flow = dict(directory=images, x_col="filename", y_col="category", target_size=(128, 128), class_mode="categorical", batch_size=batch)
    training = ImageDataGenerator(**network.AUGMENT).flow_from_dataframe(train.reset_index(drop=True), seed=seed, **flow)
    validation = ImageDataGenerator(rescale=1.0 / 255).flow_from_dataframe(test.reset_index(drop=True), shuffle=False, **flow)
    network.tutorial().fit(training, epochs=epochs, validation_data=validation, callbacks=[Times()], verbose=2)

if what == "MiB":
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10  # the unit of ru_maxrss
    clock.report({"whole process": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit})
else:
    clock.report({"whole process": time.time() - float(os.environ["BENCH_STARTED"]), "an epoch": statistics.median(Times.seconds)})
