"""Five networks other than chains, trained by real Keras.

    python internal/golden/networks.py [FOLDER]

For each network, it writes to FOLDER, if one is given:

    NAME-0.keras, NAME-10.keras, NAME-20.keras  the model before, during and after training
    NAME.json                                   model.to_json(), compiled
    NAME.npz                                    the batches, x0..x19 (or x0_left, ...), y0..y19, and
                                                the predictions of the models of steps 10 and 20 for
                                                the first batch

It also writes the data for tests without Python to testdata/networks: NAME.json with the config, the
losses and metrics of 20 steps, predictions and a sample of the weights, and NAME.txt and
NAME-expanded.txt with the output of model.summary(), without and with nested models expanded. The Go
tests compute the initial weights and the batches by the same formulas as this script.

The script also runs the same training in float64, and prints the largest relative difference of a
loss. This is the effect of rounding alone. It must be far below the tests' bound of 1e-4.
"""

import contextlib
import io
import json
import os
import sys
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import keras
import numpy as np
from formula import rounded
from keras import layers
from training import uniform

SIDE, BATCH, STEPS = 16, 15, 20
TESTDATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "testdata", "networks")


def weights(model):
    """Keras' initial values, except for kernels, which come from the formula with Glorot's range and a salt for each."""
    out = []
    for salt, w in enumerate(model.weights):
        shape = w.shape
        if w.path.split("/")[-1] not in ("kernel", "depthwise_kernel", "pointwise_kernel"):
            out.append((np.ones if w.path.endswith(("gamma", "moving_variance")) else np.zeros)(shape, np.float32))
            continue
        field = int(np.prod(shape[:-2]))
        limit = (6.0 / (field * shape[-2] + field * shape[-1])) ** 0.5
        out.append(((uniform(int(np.prod(shape)), salt + 1) * 2 - 1) * limit).astype(np.float32).reshape(shape))
    return out


def pictures(labels, salt):
    """Noise with stripes 4 pixels wide: horizontal for class 1, vertical for class 0."""
    u = uniform(BATCH * SIDE * SIDE * 3, salt).reshape(BATCH, SIDE, SIDE, 3)
    i = np.arange(SIDE) // 4 % 2
    across = np.broadcast_to(i[:, None, None], (SIDE, SIDE, 3))
    down = np.broadcast_to(i[None, :, None], (SIDE, SIDE, 3))
    stripes = np.where(labels[:, None, None, None] == 1, across, down)
    return (0.75 * u + 0.25 * stripes).astype(np.float32)


def onehot(labels, n=2):
    return np.eye(n, dtype=np.float32)[labels]


def conv_bn_relu(x, filters, strides=1):
    x = layers.Conv2D(filters, 3, strides=strides, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    return layers.Activation("relu")(x)


class Residual:
    """Two residual blocks with BatchNormalization; the second one's residual is a convolution of stride 2."""

    # In the batches of salt 5000, the operand of a ReLU is so close to 0 that rounding decides its sign. float32 sums in another
    # order then differ from float64 by 3e-4 within ten steps.
    name, salt = "residual", 5010

    def make(self):
        x = inputs = keras.Input((SIDE, SIDE, 3), name="image")
        x = conv_bn_relu(x, 8)
        y = conv_bn_relu(x, 8)
        y = layers.Conv2D(8, 3, padding="same", use_bias=False)(y)
        x = layers.ReLU()(layers.Add()([layers.BatchNormalization()(y), x]))
        y = conv_bn_relu(x, 12, strides=2)
        y = layers.Conv2D(12, 3, padding="same", use_bias=False)(y)
        short = layers.BatchNormalization()(layers.Conv2D(12, 1, strides=2, use_bias=False)(x))
        x = layers.ReLU()(layers.Add()([layers.BatchNormalization()(y), short]))
        x = layers.GlobalAveragePooling2D()(x)
        return keras.Model(inputs, layers.Dense(2, activation="softmax")(x), name=self.name)

    def compile(self, model, step):
        model.compile(keras.optimizers.SGD(0.02, momentum=0.9, nesterov=True), "categorical_crossentropy", metrics=["accuracy"])

    def batch(self, step):
        labels = (np.arange(BATCH) + step) % 2
        return pictures(labels, self.salt + step), onehot(labels)


class Branches(Residual):
    """An inception block with four branches and Concatenate, followed by Average and Maximum."""

    name, salt = "branches", 5100

    def make(self):
        x = inputs = keras.Input((SIDE, SIDE, 3), name="image")
        x = layers.Conv2D(6, 3, activation="relu", padding="same")(x)
        a = layers.Conv2D(4, 1, activation="tanh", name="one")(x)
        b = layers.Conv2D(4, 3, padding="same", activation="tanh", name="three")(layers.Conv2D(3, 1, name="reduce")(x))
        c = layers.Conv2D(4, 1, name="pooled")(layers.AveragePooling2D(3, strides=1, padding="same")(x))
        d = layers.ZeroPadding2D(((1, 0), (0, 1)))(layers.Conv2D(2, 2, name="padded")(x))
        x = layers.Concatenate()([a, b, c, d])
        left = layers.Dense(5, activation="sigmoid", name="left")(layers.GlobalAveragePooling2D()(x))
        right = layers.Dense(5, activation="sigmoid", name="right")(layers.GlobalMaxPooling2D()(x))
        x = layers.Concatenate(name="all")([layers.Average()([left, right]), layers.Maximum()([left, right]), layers.Multiply()([left, right])])
        return keras.Model(inputs, layers.Dense(2, activation="softmax")(x), name=self.name)

    def compile(self, model, step):
        model.compile(keras.optimizers.RMSprop(0.001), "categorical_crossentropy", metrics=["categorical_accuracy"])


class Shared(Residual):
    """Two inputs through one body, and a head on their difference that predicts whether they are of the same class."""

    name, salt = "shared", 5200

    def make(self):
        x = inputs = keras.Input((SIDE, SIDE, 3), name="image")
        x = layers.Conv2D(8, 3, strides=2, activation="tanh")(x)
        x = layers.BatchNormalization()(x)
        x = layers.Dense(6, name="features")(layers.Flatten()(x))
        body = keras.Model(inputs, x, name="body")
        a, b = keras.Input((SIDE, SIDE, 3), name="left"), keras.Input((SIDE, SIDE, 3), name="right")
        p, q = body(a), body(b)
        d = layers.Subtract()([p, q])
        x = layers.Concatenate()([layers.Multiply()([d, d]), layers.Dot(axes=(1, 1))([p, q]), layers.Minimum()([p, q])])
        return keras.Model([a, b], layers.Dense(1, activation="sigmoid", name="alike")(x), name=self.name)

    def compile(self, model, step):
        model.compile(keras.optimizers.Adam(0.002), "binary_crossentropy", metrics=["accuracy", "mse"])

    def batch(self, step):
        i = np.arange(BATCH)
        left, alike = (i + step) % 2, i // 2 % 2
        right = np.where(alike == 1, left, 1 - left)
        x = [pictures(left, self.salt + step), pictures(right, self.salt + 50 + step)]
        return x, alike.astype(np.float32).reshape(BATCH, 1)


class Heads(Residual):
    """A classification head and a regression head on one body, with loss weights and metrics for each output."""

    name, salt = "heads", 5300

    def make(self):
        inputs = keras.Input((SIDE, SIDE, 3), name="image")
        x = layers.Rescaling(2.0, offset=-1.0)(inputs)
        x = conv_bn_relu(x, 8, strides=2)
        x = layers.SpatialDropout2D(0.0)(x)
        x = layers.GlobalAveragePooling2D(keepdims=True)(x)
        x = layers.Reshape((8,))(x)
        kind = layers.Softmax(name="kind")(layers.Dense(3)(x))
        size = layers.Dense(2, name="size")(layers.Dense(6, activation="tanh")(x))
        return keras.Model(inputs, [kind, size], name=self.name)

    def compile(self, model, step):
        model.compile(
            keras.optimizers.Adam(0.003),
            loss={"kind": "sparse_categorical_crossentropy", "size": "mean_squared_error"},
            loss_weights={"kind": 1.0, "size": 0.25},
            metrics={"kind": ["accuracy"], "size": ["mae", "mse"]},
        )

    def batch(self, step):
        labels = (np.arange(BATCH) + step) % 2
        size = (uniform(BATCH * 2, self.salt + 50 + step) + labels.repeat(2)).astype(np.float32).reshape(BATCH, 2)
        kind = np.where(np.arange(BATCH) % 5 == 0, 2, labels).astype(np.float32)
        return pictures(labels, self.salt + step), {"kind": kind, "size": size}


class Frozen(Residual):
    """A frozen Sequential with BatchNormalization and a new head, trained for 10 steps; then unfrozen except for
    its first layer, and compiled again."""

    name, salt = "frozen", 5400

    def make(self):
        body = keras.Sequential(
            [
                keras.Input((SIDE, SIDE, 3)),
                layers.Conv2D(6, 3, strides=2, use_bias=False, name="stem"),
                layers.BatchNormalization(),
                layers.Activation("relu"),
                layers.DepthwiseConv2D(3, padding="same", use_bias=False),
                layers.BatchNormalization(),
                layers.ReLU(6.0),
            ],
            name="body",
        )
        body.trainable = False
        inputs = keras.Input((SIDE, SIDE, 3), name="image")
        x = layers.GlobalAveragePooling2D()(body(inputs, training=False))
        x = layers.Dense(8, activation="tanh")(x)
        return keras.Model(inputs, layers.Dense(2)(x), name=self.name)

    def compile(self, model, step):
        if step:
            body = model.get_layer("body")
            # A loaded Sequential has trainable=True, independent of the file, and setting a value that is already set
            # does not change its layers.
            body.trainable = False
            body.trainable = True
            body.get_layer("stem").trainable = False
        model.compile(
            keras.optimizers.RMSprop(0.002) if step == 0 else keras.optimizers.Adam(0.0005),
            keras.losses.CategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )


NETWORKS = [Residual(), Branches(), Shared(), Heads(), Frozen()]


def named(network, model, step):
    """The batch of a step; dicts by name if there are several inputs or outputs."""
    x, y = network.batch(step)
    return dict(zip([i.name for i in model.inputs], x)) if isinstance(x, list) else x, y


def step(network, model, i):
    """One step of training, and its logs."""
    if i == 10 and network.name == "frozen":
        network.compile(model, i)
    log = model.train_on_batch(*named(network, model, i), return_dict=True)
    model.reset_metrics()
    return {k: float(f"{float(v):.9g}") for k, v in log.items()}


def predict(network, model):
    p = model.predict(named(network, model, 0)[0], verbose=0)
    return [rounded(v) for v in (p if isinstance(p, list) else [p])]


def sample(model):
    """Some of the weights, as one list."""
    flat = np.concatenate([w.ravel() for w in model.get_weights()])
    return [float(f"{v:.9g}") for v in flat[::37].astype(np.float64)]


def summary(model, **options):
    """The output of model.summary() in a terminal of 80 columns."""
    os.environ["COLUMNS"] = "80"
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        model.summary(**options)
    return printed.getvalue()


EXPANDED = {"expand_nested": True, "show_trainable": True}


def make(network, dtype="float32"):
    keras.utils.clear_session()
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)
    return network.make()


def train(network, folder=None, dtype="float32"):
    """Trains 20 steps. Writes files if there is a folder."""
    model = make(network, dtype)
    model.set_weights(weights(model))
    network.compile(model, 0)
    out = {"config": json.loads(model.to_json()), "logs": []}
    batches = {}
    for i in range(STEPS + 1):
        if i % 10 == 0 and folder:
            model.save(os.path.join(folder, f"{network.name}-{i}.keras"))
        if i % 10 == 0 and i > 0:
            out[f"predictions{i}"] = predict(network, model)
        if i < STEPS:
            for key, v in zip("xy", named(network, model, i)):
                for part, a in (v.items() if isinstance(v, dict) else [("", v)]):
                    batches[f"{key}{i}" + (f"_{part}" if part else "")] = a
            out["logs"].append(step(network, model, i))
    out["weights"] = sample(model)
    if folder:
        with open(os.path.join(folder, network.name + ".json"), "w") as f:
            json.dump(out["config"], f)
        for k in ("predictions10", "predictions20"):
            for i, p in enumerate(out[k]):
                batches[k + ("" if len(out[k]) == 1 else f"_{i}")] = np.float32(p)
        np.savez(os.path.join(folder, network.name + ".npz"), **batches)
    return out


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else None
    if folder:
        os.makedirs(folder, exist_ok=True)
    os.makedirs(TESTDATA, exist_ok=True)
    for network in NETWORKS:
        start = time.time()
        model = make(network)
        for suffix, options in (("", {}), ("-expanded", EXPANDED)):
            with open(os.path.join(TESTDATA, network.name + suffix + ".txt"), "w", encoding="utf-8") as f:
                f.write(summary(model, **options))
        out = train(network, folder)
        exact = train(network, dtype="float64")
        apart = max(abs(a[k] - b[k]) / abs(b[k]) for a, b in zip(out["logs"], exact["logs"]) for k in a if k.endswith("loss"))
        losses = [log["loss"] for log in out["logs"]]
        print(f"{network.name}: loss {losses[0]:.4f} to {losses[-1]:.4f}, float64 differs by {apart:.1e}, {time.time() - start:.0f} s", flush=True)
        with open(os.path.join(TESTDATA, network.name + ".json"), "w") as f:
            json.dump({"name": network.name, "salt": network.salt, **out}, f, separators=(",", ":"))
            f.write("\n")


if __name__ == "__main__":
    main()
