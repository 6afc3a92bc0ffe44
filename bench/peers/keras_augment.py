"""Measures how long ImageDataGenerator takes per image of the tutorial's batches, in ms: keras_augment.py THREADS

It reads files, on one core. It keeps no decoded images, so both results measure the same work.
"""

import os
import sys
import tempfile
import time
import zipfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import pandas as pd
from keras.src.legacy.preprocessing.image import ImageDataGenerator
from sklearn.model_selection import train_test_split

import clock
import network

IMAGES = 1500

with tempfile.TemporaryDirectory() as folder:
    archive = zipfile.ZipFile(os.path.join(os.environ["LINCE_SHARED"], "data", "dogs-vs-cats.zip"))
    inner = zipfile.ZipFile(archive.open("train.zip"))
    names = sorted(n for n in inner.namelist() if n.endswith(".jpg"))
    table = pd.DataFrame({"filename": names, "category": [os.path.basename(n).split(".")[0] for n in names]})
    table, _ = train_test_split(table, train_size=IMAGES, random_state=42)
    inner.extractall(folder, table.filename)
    flow = ImageDataGenerator(**network.AUGMENT).flow_from_dataframe(
        table.reset_index(drop=True), folder, x_col="filename", y_col="category", target_size=(128, 128), batch_size=15, seed=42
    )
    results = {}
    for name in ["decoded", "kept"]:
        start = time.perf_counter()
        for _ in range(len(flow)):
            next(flow)
        results[name] = (time.perf_counter() - start) * 1e3 / IMAGES
clock.report(results)
