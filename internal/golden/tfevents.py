"""Writes format/tfevents/testdata: events that tf.summary wrote, and the numbers they were made of.

Run with the packages of requirements.txt:  python internal/golden/tfevents.py
"""

import json
import os
import tempfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

OUT = os.path.join(os.path.dirname(__file__), "..", "..", "format", "tfevents", "testdata")

HISTOGRAMS = {
    "one value": [0.25],
    "equal": [-1.5] * 7,
    "two": [0.0, 1.0],
    "ramp": [i / 10 for i in range(-20, 41)],
    "normal": np.random.RandomState(1).randn(200).astype("f").tolist(),
}
SCALARS = {"epoch_loss": 0.6931472, "batch_accuracy": 1 / 3, "zero": 0.0, "group/name": -1e20}


def write():
    os.makedirs(OUT, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        w = tf.summary.create_file_writer(folder)
        with w.as_default():
            for step, (tag, v) in enumerate(SCALARS.items()):
                tf.summary.scalar(tag, v, step=step)
            for step, (tag, v) in enumerate(HISTOGRAMS.items()):
                tf.summary.histogram(tag, np.array(v, "f"), step=100 + step)
            tf.summary.image("image", np.zeros((2, 3, 4, 3), "f"), step=7)
            metadata = tf.compat.v1.SummaryMetadata()
            metadata.plugin_data.plugin_name = "graph_keras_model"
            metadata.plugin_data.content = b"1"
            tf.summary.write("keras", tf.constant('{"a": 1}', tf.string), step=0, metadata=metadata)
        w.close()
        (name,) = os.listdir(folder)
        with open(os.path.join(folder, name), "rb") as f, open(os.path.join(OUT, "values.tfevents"), "wb") as to:
            to.write(f.read())
    with open(os.path.join(OUT, "values.json"), "w") as f:
        json.dump({"scalars": SCALARS, "histograms": HISTOGRAMS}, f, indent=1)
        f.write("\n")


write()
