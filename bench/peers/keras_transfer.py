"""Measures transfer learning in Keras as a whole process, in seconds: keras_transfer.py HOW FOLDER THREADS

The body is MobileNetV2, frozen, with the weights in the folder that transfer_files.py has written. A classifier is trained on
it for 5 epochs. If HOW is cached, the body's features of each image are computed once. If HOW is guide, the body is a layer of
the model that is trained, as in Keras' guide https://keras.io/guides/transfer_learning/, but without its random
changes of the images.
"""

import os
import sys
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
from keras import layers

import clock
import network

SIZE, BATCH, EPOCHS = (224, 224), 32, 5

how, folder, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
network.threads(threads)
training, validation = keras.utils.image_dataset_from_directory(
    os.path.join(folder, "photos"), label_mode="categorical", image_size=SIZE, batch_size=BATCH, seed=42, validation_split=0.25, subset="both", verbose=False
)
base = keras.applications.MobileNetV2(weights=None, include_top=False, input_shape=(*SIZE, 3))
base.load_weights(os.path.join(folder, "body.weights.h5"))
base.trainable = False

inputs = keras.Input((*SIZE, 3))
x = layers.Rescaling(1 / 127.5, offset=-1)(inputs)
features = layers.GlobalAveragePooling2D()(base(x, training=False))
head = keras.Sequential([keras.Input(features.shape[1:]), layers.Dropout(0.2), layers.Dense(2, activation="softmax")])

if how == "guide":
    model = keras.Model(inputs, head(features))
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    model.fit(training, epochs=EPOCHS, validation_data=validation, verbose=0)
else:
    body = keras.Model(inputs, features)

    def computed(dataset):
        """Returns the features and labels of a dataset."""
        pairs = [(body.predict_on_batch(images), labels.numpy()) for images, labels in dataset.prefetch(2)]
        return [np.concatenate(arrays) for arrays in zip(*pairs)]

    head.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    head.fit(*computed(training), batch_size=BATCH, epochs=EPOCHS, validation_data=computed(validation), verbose=0)
clock.report({"whole process": time.time() - float(os.environ["BENCH_STARTED"])})
