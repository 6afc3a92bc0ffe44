"""Measures a training step of the tutorial's network in Keras, in ms: keras_step.py BATCH THREADS"""

import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import clock
import network

batch, threads = map(int, sys.argv[1:])
network.threads(threads)
clock.report({"step": network.step(network.tutorial(), batch, warm=5, steps=30)})
