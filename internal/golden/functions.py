"""Networks of functions without layers, for testdata/functions: tf.* in Keras 2, keras.ops in Keras 3.

    python internal/golden/functions.py [FOLDER]

run with tensorflow-cpu==2.15.1 and with internal/golden/requirements.txt, writes FOLDER/VERSION.json, which maps names to {"model":
to_json() as an object, "output": the predictions for the input of formula.py with salt 1, from -1 to 1, of shape (2, 6, 6, 4)}.
"""

import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import keras
import tensorflow as tf
from formula import formula, rounded

OUT = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "testdata", "functions")
VERSION = ".".join(keras.__version__.split(".")[:2])
if VERSION.startswith("3"):
    ops = keras.ops
    FUNCTIONS = {
        "resize": lambda x: ops.image.resize(ops.image.resize(x, (9, 4)), (5, 7), interpolation="nearest"),
        "resize_bicubic": lambda x: ops.image.resize(x, (4, 9), interpolation="bicubic", antialias=True),
        "gelu": lambda x: ops.gelu(x) + ops.gelu(x, approximate=False),
        "pad": lambda x: ops.pad(ops.pad(x, [[0, 0], [1, 0], [0, 2], [0, 0]]), [[0, 0], [0, 0], [0, 0], [1, 1]], constant_values=3.0),
        "pools": lambda x: ops.max_pool(x, 3, 1, padding="same") * ops.average_pool(x, (3, 3), padding="same", strides=(1, 1)),
        "split": lambda x: ops.split(x, 2, axis=-1)[1] * ops.split(x, [1, 2], axis=3)[0],
        "normalize": lambda x: ops.normalize(x, axis=2) + ops.normalize(x),
        "matmul": lambda x: ops.matmul(ops.reshape(x, (-1, 6, 24)), ops.reshape(x, (-1, 24, 6))),
        "steps": lambda x: x[:, ::2, 1:-1:3],
        "cast": lambda x: ops.cast(x, "float32") + 1.0,
        "unary": lambda x: ops.sin(x) + ops.cos(x) + ops.floor(x * 3.0) + ops.sign(x) + ops.ceil(x) + ops.log1p(ops.abs(x)) + ops.expm1(x) + ops.rsqrt(x + 2.0) + ops.reciprocal(x + 3.0) + ops.round(x) + ops.softsign(x),
        "min": lambda x: ops.min(x, axis=[1, 2], keepdims=True),
    }
else:
    FUNCTIONS = {
        "resize": lambda x: tf.image.resize(tf.image.resize(x, (9, 4)), (5, 7), method="nearest"),
        "resize_bicubic": lambda x: tf.image.resize(x, (4, 9), method="bicubic", antialias=True),
        "gelu": lambda x: tf.nn.gelu(x) + tf.nn.gelu(x, approximate=True),
        "pad": lambda x: tf.pad(x, [[0, 0], [1, 0], [0, 2], [0, 0]]),
        "pools": lambda x: tf.nn.max_pool2d(x, 3, 1, "SAME") * tf.nn.avg_pool2d(x, [1, 3, 3, 1], [1, 1, 1, 1], "SAME"),
        "split": lambda x: tf.split(x, 2, axis=-1)[1] * tf.split(x, [1, 1, 2], axis=3)[0],
        "normalize": lambda x: tf.math.l2_normalize(x, axis=2) + tf.nn.l2_normalize(x, axis=-1, epsilon=1.0),
        "matmul": lambda x: tf.matmul(tf.reshape(x, (-1, 6, 24)), tf.reshape(x, (-1, 24, 6))),
        "steps": lambda x: x[:, ::2, 1:-1:3],
        "cast": lambda x: tf.cast(x, tf.float32) + 1.0,
        "unary": lambda x: tf.sin(x) + tf.cos(x) + tf.floor(x * 3.0) + tf.sign(x) + tf.math.ceil(x) + tf.math.log1p(tf.abs(x)) + tf.math.rsqrt(x + 2.0) + tf.nn.softsign(x) + tf.nn.softplus(x),
        "activations": lambda x: tf.nn.leaky_relu(x) + tf.nn.leaky_relu(x, 0.1) + tf.nn.elu(x) + tf.nn.selu(x),
        "transpose": lambda x: tf.squeeze(tf.transpose(tf.expand_dims(x, 1), (0, 3, 1, 2, 4)), axis=2),
        "min": lambda x: tf.reduce_min(x, axis=[1, 2], keepdims=True),
    }

x = formula(1, -1.0, 1.0, (2, 6, 6, 4))
out = {}
for name, function in FUNCTIONS.items():
    keras.backend.clear_session()
    image = keras.Input((6, 6, 4), name="image")
    model = keras.Model(image, function(image), name="function")
    out[name] = {"model": json.loads(model.to_json()), "output": rounded(model.predict(x, verbose=0).ravel())}
os.makedirs(OUT, exist_ok=True)
with open(os.path.join(OUT, VERSION + ".json"), "w") as file:
    file.write("{\n" + ",\n".join(json.dumps(name) + ": " + json.dumps(out[name]) for name in out) + "\n}\n")
