"""Golden values of training: testdata/training/*.json.

The tutorial's network, small (32x32, 50 steps) and in full size (128x128, 5 steps), trained by Keras. The Go tests compute the initial weights
and the batches by the same formula. The files hold the losses of all steps and a sample of the final weights.

    python internal/golden/training.py [FOLDER]
"""

import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
from keras import layers

BATCH = 15


def uniform(n, salt):
    """n numbers in [0, 1): the upper 24 bits of a hash of the index and the salt."""
    x = np.arange(n, dtype=np.uint64) * 2654435761 + salt * 40503 + 12345
    x = (x ^ (x >> np.uint64(15))) * np.uint64(2246822519) & np.uint64(0xFFFFFFFF)
    x = (x ^ (x >> np.uint64(13))) * np.uint64(3266489917) & np.uint64(0xFFFFFFFF)
    x ^= x >> np.uint64(16)
    return (x >> np.uint64(8)).astype(np.float64) / (1 << 24)


def weights(model):
    """Glorot's range for kernels, like the tutorial's layers, and zero for biases."""
    out = []
    for salt, w in enumerate(model.weights):
        shape = w.shape
        if len(shape) == 1:
            out.append(np.zeros(shape, np.float32))
            continue
        field = int(np.prod(shape[:-2]))
        limit = (6.0 / (field * shape[-2] + field * shape[-1])) ** 0.5
        u = uniform(int(np.prod(shape)), salt + 1)
        out.append(((u * 2 - 1) * limit).astype(np.float32).reshape(shape))
    return out


def batch(step, side, salt):
    """Noise with stripes: horizontal for class 1, vertical for class 0."""
    u = uniform(BATCH * side * side * 3, salt + step).reshape(BATCH, side, side, 3)
    label = (np.arange(BATCH) + step) % 2
    i = np.arange(side) // 4 % 2
    across = np.broadcast_to(i[:, None, None], (side, side, 3))
    down = np.broadcast_to(i[None, :, None], (side, side, 3))
    stripes = np.where(label[:, None, None, None] == 1, across, down)
    faint = 0.08 if side == 32 else 0.25  # so that the small network still learns after 50 steps
    return ((1 - faint) * u + faint * stripes).astype(np.float32), np.eye(2, dtype=np.float32)[label]


def train(side, steps, every, rate, salt):
    model = keras.Sequential(
        [
            keras.Input((side, side, 3)),
            layers.Conv2D(64, (3, 3), activation="relu"),
            layers.MaxPooling2D((2, 2)),
            layers.Conv2D(64, (3, 3), activation="relu"),
            layers.MaxPooling2D((2, 2)),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(2, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.RMSprop(rate), "categorical_crossentropy", metrics=["accuracy"])
    model.set_weights(weights(model))
    losses = []
    for step in range(steps):
        losses.append(float(model.train_on_batch(*batch(step, side, salt), return_dict=True)["loss"]))
        model.reset_metrics()
    flat = np.concatenate([w.ravel() for w in model.get_weights()])
    return {
        "side": side,
        "steps": steps,
        "every": every,
        "rate": rate,
        "salt": salt,
        "losses": losses,
        "weights": [float(f"{v:.9g}") for v in flat[::every].astype(np.float64)],
    }


def main():
    out = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "..", "..", "testdata", "training")
    os.makedirs(out, exist_ok=True)
    # At Keras' default learning rate, the loss of the large network goes from 0.7 to 10 and back in these steps, and
    # rounding differences between processors grow by the same factor.
    # RMSprop makes a full step even for a tiny gradient. If rounding decides whether the operand of a ReLU is just
    # above or just below 0, runs diverge, by tenths of the loss after 50 steps. With most batches this happens to some
    # kernels. With those of salt 4000 it happens to none.
    for name, side, steps, every, rate, salt in ("small", 32, 50, 61, 0.001, 4000), ("whole", 128, 5, 997, 0.0001, 1000):
        with open(os.path.join(out, name + ".json"), "w") as f:
            json.dump(train(side, steps, every, rate, salt), f)
            f.write("\n")


if __name__ == "__main__":
    main()
