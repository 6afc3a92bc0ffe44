"""The tutorial in real Keras, for comparison with lince train: the same rows, network, augmentation, epochs and batch.

    python tutorial.py dogs-vs-cats.zip SEED [FOLDER-TO-UNPACK-TO]
"""

import io
import json
import os
import sys
import tempfile
import time
import zipfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import pandas as pd
from keras import layers
from keras.src.legacy.preprocessing.image import ImageDataGenerator
from sklearn.model_selection import train_test_split

archive, seed = sys.argv[1], int(sys.argv[2])
folder = sys.argv[3] if len(sys.argv) > 3 else tempfile.mkdtemp()
inner = zipfile.ZipFile(io.BytesIO(zipfile.ZipFile(archive).read("train.zip")))
if not os.path.isdir(os.path.join(folder, "train")):
    inner.extractall(folder)
images = os.path.join(folder, "train")
names = sorted(os.listdir(images))
table = pd.DataFrame({"filename": names, "category": [n.split(".")[0] for n in names]})

keras.utils.set_random_seed(seed)
size, batch = (128, 128), 15
model = keras.Sequential(
    [
        keras.Input((*size, 3)),
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
train, test = train_test_split(table, test_size=0.25, random_state=seed)
generator = ImageDataGenerator(
    rotation_range=15, rescale=1.0 / 255, shear_range=0.1, zoom_range=0.2, horizontal_flip=True, width_shift_range=0.1, height_shift_range=0.1
)
flow = dict(directory=images, x_col="filename", y_col="category", target_size=size, class_mode="categorical", batch_size=batch)
training = generator.flow_from_dataframe(train.reset_index(drop=True), seed=seed, **flow)
validation = ImageDataGenerator(rescale=1.0 / 255).flow_from_dataframe(test.reset_index(drop=True), shuffle=False, **flow)


class Times(keras.callbacks.Callback):
    seconds = []

    def on_epoch_begin(self, epoch, logs=None):
        self.start = time.time()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds.append(round(time.time() - self.start, 1))


history = model.fit(training, epochs=3, validation_data=validation, callbacks=[Times()], verbose=2)
print(json.dumps({"seed": seed, "epoch_seconds": Times.seconds, "history": history.history}))
