"""TensorFlow Lite models with a fixed batch size, for internal/tflitegraph.

    python internal/golden/tflite_fixed.py

writes NAME.tflite and NAME.npz to internal/tflitegraph/testdata/fixed. NAME.npz has x, and y, which the real interpreter computes for each batch of x.
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import warnings

import numpy as np
import tensorflow as tf

warnings.simplefilter("ignore")  # the interpreter is deprecated

FOLDER = os.path.join(os.path.dirname(__file__), "..", "tflitegraph", "testdata", "fixed")

rng = np.random.default_rng(5)


def weights(*shape):
    return tf.constant(rng.normal(size=shape).astype(np.float32) / 2)


def conv(x):
    return tf.nn.relu(tf.nn.conv2d(x, weights(3, 3, 2, 4), 2, "SAME") + weights(4))


def attended(x, n):
    y = tf.reshape(conv(x), [n, 9, 4])
    q, k = tf.reshape(tf.matmul(y, weights(4, 4)), [n, 9, 2, 2]), tf.reshape(y, [n, 9, 2, 2])
    s = tf.nn.softmax(tf.matmul(tf.transpose(q, [0, 2, 1, 3]), tf.transpose(k, [0, 2, 3, 1])))
    return tf.reshape(s @ tf.transpose(k, [0, 2, 1, 3]), [n, 36])


def flat(x, n):
    return tf.reshape(x, [n, 72])


# Each has a function of a batch and its size.
MODELS = {
    # The batch is only carried through.
    "classifier": lambda x, n: tf.nn.softmax(tf.matmul(flat(x, n), weights(72, 3))),
    "attention": attended,
    "rows": lambda x, n: tf.reshape(tf.matmul(tf.reshape(x, [n * 36, 2]), weights(2, 3)), [n, 6, 18]),
    "moved": lambda x, n: tf.transpose(tf.nn.softmax(tf.transpose(x, [1, 0, 2, 3])), [1, 0, 3, 2]),
    "pieces": lambda x, n: tf.concat([tf.strided_slice(x, [0, 1, 0, 0], [n, 5, 6, 1]), tf.slice(x, [0, 2, 0, 1], [n, 4, 6, 1])], 3),
    "means": lambda x, n: tf.reduce_mean(x, [1, 2]) - tf.reduce_max(x, [1, 3])[:, :2],
    "columns": lambda x, n: tf.transpose(tf.matmul(weights(3, 72), flat(x, n), transpose_b=True)),
    # The network depends on the batch.
    "mean": lambda x, n: x - tf.reduce_mean(x, 0, keepdims=True),
    "softmax": lambda x, n: tf.transpose(tf.nn.softmax(tf.transpose(flat(x, n)))),
    "products": lambda x, n: tf.matmul(flat(x, n), flat(x, n), transpose_b=True),
    "order": lambda x, n: tf.gather(x, list(range(n))[::-1]),
    "mixed": lambda x, n: tf.reshape(tf.nn.softmax(tf.reshape(x, [6, n * 12])), [n, 72]),
    "joined": lambda x, n: tf.concat([x, x], 0),
    "first": lambda x, n: x * x[:1],
    "sums": lambda x, n: tf.cumsum(x, 0),
    "constant": lambda x, n: x * weights(n, 6, 6, 2),
    "split": lambda x, n: tf.stack(tf.unstack(x)[::-1]),
    "without": lambda x, n: tf.reshape(x, [n * 36, 2]),
}


def main():
    os.makedirs(FOLDER, exist_ok=True)
    for name, f in MODELS.items():
        for n in (1, 4):
            if n == 1 and name in ("order", "constant", "split", "mixed", "sums"):
                continue  # the converter removes the operator, or it means nothing
            module = tf.Module()
            module.call = tf.function(lambda x: f(x, n), input_signature=[tf.TensorSpec([n, 6, 6, 2], tf.float32)])
            content = tf.lite.TFLiteConverter.from_concrete_functions([module.call.get_concrete_function()], module).convert()
            interpreter = tf.lite.Interpreter(model_content=content)
            interpreter.allocate_tensors()
            x = rng.uniform(-2, 2, (8, 6, 6, 2)).astype(np.float32)
            y = []
            for i in range(0, 8, n):
                interpreter.set_tensor(interpreter.get_input_details()[0]["index"], x[i : i + n])
                interpreter.invoke()
                y.append(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]).copy())
            path = os.path.join(FOLDER, f"{name}_{n}")
            with open(path + ".tflite", "wb") as file:
                file.write(content)
            np.savez(path + ".npz", x=x, y=np.concatenate(y))
            ops = [d["op_name"] for d in interpreter._get_ops_details()]
            print(name, n, len(content), *[o for o in ops if o != "DELEGATE"])


if __name__ == "__main__":
    main()
