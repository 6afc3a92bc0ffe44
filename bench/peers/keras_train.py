"""Measures a training step of a network in Keras, in ms: keras_train.py NETWORK BATCH THREADS"""

import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras

import clock
import keras_networks
import network

SIZE = 128

name, batch, threads = sys.argv[1], *map(int, sys.argv[2:])
network.threads(threads)
model = keras_networks.network(name, SIZE)
model.compile(keras.optimizers.SGD(momentum=0.9), "categorical_crossentropy")
clock.report({"step": network.step(model, batch, warm=2, steps=10)})
