"""Measures a network's predictions in Keras, as one tf.function: keras_infer.py NETWORK BATCH THREADS"""

import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import tensorflow as tf

import clock
import keras_networks
import network

SIZE = 224

name, batch, threads = sys.argv[1], *map(int, sys.argv[2:])
network.threads(threads)
model = keras_networks.network(name, SIZE)
predict = tf.function(lambda x: model(x, training=False))
x = tf.random.uniform((batch, SIZE, SIZE, 3))
clock.report({"predict": clock.milliseconds(lambda: predict(x).numpy())})
