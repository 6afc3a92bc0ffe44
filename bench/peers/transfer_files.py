"""Writes 2,000 photos in a folder for each class, and random weights of MobileNetV2's body, to a new folder: transfer_files.py FOLDER"""

import os
import sys
import zipfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras

EACH = 1000

folder = sys.argv[1]
archive = zipfile.ZipFile(os.path.join(os.environ["LINCE_SHARED"], "data", "dogs-vs-cats.zip"))
with zipfile.ZipFile(archive.open("train.zip")) as train:
    for category in "cat", "dog":
        os.makedirs(os.path.join(folder, "photos", category))
        for i in range(EACH):
            name = f"{category}.{i}.jpg"
            with open(os.path.join(folder, "photos", category, name), "wb") as file:
                file.write(train.read(f"train/{name}"))
body = keras.applications.MobileNetV2(weights=None, include_top=False, input_shape=(224, 224, 3))
body.save_weights(os.path.join(folder, "body.weights.h5"))
