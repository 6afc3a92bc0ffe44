"""Five networks of layers beyond the chains of convolutions, trained by real Keras for 20 steps: a U-Net with the Dice loss, a
vision transformer, a block of ConvNeXt, a 1-D convolutional network and an autoencoder.

    python internal/golden/vocabulary.py [FOLDER]
    python internal/golden/vocabulary.py resume FOLDER

resume loads each FOLDER/NAME-lince.keras, a model after 10 steps, trains it for the other 10, and writes the logs to
FOLDER/NAME-lince.json. Without resume:

It writes the data for tests without Python to testdata/vocabulary. If there is a FOLDER, it leaves testdata alone: it writes the same data
to FOLDER/NAME.result.json, and the files of networks.py, NAME-0.keras, NAME-10.keras, NAME-20.keras and NAME.npz, beside them.
"""

import json
import os
import sys
import time
import warnings

import keras
import networks
import numpy as np
from keras import layers
from training import uniform

TESTDATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "testdata", "vocabulary")


def weights(model):
    """Keras' initial values, except for weights of two dimensions or more, which come from the formula with a range of Glorot's kind and
    a salt for each."""
    out = []
    for salt, w in enumerate(model.weights):
        shape = tuple(w.shape)
        if len(shape) < 2 or w.path.endswith("bias"):
            one = w.path.endswith(("gamma", "moving_variance"))
            out.append((np.ones if one else np.zeros)(shape, np.float32))
            continue
        limit = (6.0 / (np.prod(shape[:-1]) + shape[-1])) ** 0.5
        out.append(((uniform(int(np.prod(shape)), salt + 1) * 2 - 1) * limit).astype(np.float32).reshape(shape))
    return out


def sample(model):
    flat = np.concatenate([w.ravel() for w in model.get_weights()])
    return [float(f"{v:.9g}") for v in flat[:: max(37, len(flat) // 200)].astype(np.float64)]


@keras.saving.register_keras_serializable("lince")
class LayerScale(layers.Layer):
    """The layer of the same name in ConvNeXt: a learned factor for each channel."""

    def __init__(self, start=1.0, **kwargs):
        super().__init__(**kwargs)
        self.start = start

    def build(self, shape):
        self.gamma = self.add_weight(shape=(shape[-1],), initializer=keras.initializers.Constant(self.start), name="gamma")

    def call(self, x):
        return x * self.gamma

    def get_config(self):
        return {**super().get_config(), "start": self.start}


def images(side, channels, batch, salt):
    return uniform(batch * side * side * channels, salt).astype(np.float32).reshape(batch, side, side, channels)


class UNet:
    """Two levels, transposed convolutions, the Dice loss on masks of discs."""

    name, salt, batch_size = "unet", 7000, 4

    def make(self):
        def block(x, filters):
            for _ in range(2):
                x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
                x = layers.BatchNormalization()(x)
                # Not relu: among so many operands, some are so close to 0 that rounding decides their sign.
                x = layers.Activation("silu")(x)
            return x

        inputs = keras.Input((64, 64, 3), name="image")
        a = block(inputs, 8)
        b = block(layers.MaxPooling2D()(a), 16)
        x = block(layers.MaxPooling2D()(b), 24)
        x = layers.Conv2DTranspose(16, 2, strides=2, padding="same")(x)
        x = block(layers.Concatenate()([x, b]), 16)
        x = layers.Conv2DTranspose(8, 3, strides=2, padding="same", activation="relu")(x)
        x = block(layers.Concatenate()([x, a]), 8)
        return keras.Model(inputs, layers.Conv2D(1, 1, activation="sigmoid", name="mask")(x), name=self.name)

    def compile(self, model, step):
        # The usual epsilon of 1e-7 makes steps of gradients that are rounding errors alone.
        model.compile(keras.optimizers.Adam(0.001, epsilon=1e-4), keras.losses.Dice(), metrics=[keras.metrics.BinaryIoU([1], name="iou"), "binary_accuracy"])

    def batch(self, step):
        """Noise with a brighter disc, and the disc as the mask."""
        x = images(64, 3, self.batch_size, self.salt + step)
        i = np.arange(64)
        masks = []
        for k in range(self.batch_size):
            row, column, radius = 16 + (7 * k + 5 * step) % 33, 16 + (11 * k + 3 * step) % 33, 6 + (k + step) % 9
            masks.append((i[:, None] - row) ** 2 + (i[None, :] - column) ** 2 <= radius**2)
        y = np.array(masks, np.float32)[..., None]
        return (0.5 * x + 0.5 * y).astype(np.float32), y


class ViT:
    """ViT-tiny: patches of 8x8, 12 blocks of 192 features with 3 heads, and a position embedding of a second input."""

    name, salt, batch_size = "vit", 7100, 6

    def make(self):
        inputs, positions = keras.Input((32, 32, 3), name="image"), keras.Input((16,), name="positions", dtype="int32")
        x = layers.Conv2D(192, 8, strides=8, name="patches")(inputs)
        x = layers.Reshape((16, 192))(x)
        x = layers.Add()([x, layers.Embedding(16, 192, name="position_embedding")(positions)])
        for _ in range(12):
            y = layers.LayerNormalization(epsilon=1e-6)(x)
            y = layers.MultiHeadAttention(num_heads=3, key_dim=64)(y, y)
            x = layers.Add()([x, y])
            y = layers.LayerNormalization(epsilon=1e-6)(x)
            y = layers.Dense(768, activation="gelu")(y)
            y = layers.Dense(192)(y)
            x = layers.Add()([x, y])
        x = layers.LayerNormalization(epsilon=1e-6)(x)
        x = layers.GlobalAveragePooling1D()(x)
        return keras.Model([inputs, positions], layers.Dense(3)(x), name=self.name)

    def compile(self, model, step):
        metrics = ["accuracy"]
        if keras.config.floatx() == "float32":  # TensorFlow's in_top_k takes nothing else
            metrics.append(keras.metrics.SparseTopKCategoricalAccuracy(2, name="top2"))
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        # Not Adam: on TensorFlow, Keras squares the gradients of a repeated index one by one, before it adds them up.
        model.compile(keras.optimizers.SGD(0.003, momentum=0.9, weight_decay=0.05), loss, metrics=metrics)

    def batch(self, step):
        """Noise, brighter in the upper half for class 1 and in the left half for class 2."""
        labels = (np.arange(self.batch_size) + step) % 3
        x = images(32, 3, self.batch_size, self.salt + step)
        x[labels == 1, :16] += 0.25
        x[labels == 2, :, :16] += 0.25
        return [x, np.tile(np.arange(16, dtype=np.int32), (self.batch_size, 1))], labels.astype(np.float32)


class ConvNeXt:
    """A stem and two blocks of ConvNeXt-tiny's first stage, with a custom layer."""

    name, salt, batch_size = "convnext", 7200, 4

    def make(self):
        inputs = keras.Input((32, 32, 3), name="image")
        x = layers.Conv2D(96, 4, strides=4, name="stem")(inputs)
        x = layers.LayerNormalization(epsilon=1e-6)(x)
        for _ in range(2):
            y = layers.DepthwiseConv2D(7, padding="same")(x)
            y = layers.LayerNormalization(epsilon=1e-6)(y)
            y = layers.Dense(384, activation="gelu")(y)
            y = layers.Dense(96)(y)
            y = LayerScale(0.5)(y)
            x = layers.Add()([x, y])
        x = layers.LayerNormalization(epsilon=1e-6)(layers.GlobalAveragePooling2D()(x))
        return keras.Model(inputs, layers.Dense(3, activation="softmax")(x), name=self.name)

    def compile(self, model, step):
        model.compile(
            keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.0, 20, warmup_target=0.01, warmup_steps=5), momentum=0.9),
            keras.losses.CategoricalCrossentropy(label_smoothing=0.1),
            metrics=["accuracy", keras.metrics.AUC(name="auc")],
        )

    def batch(self, step):
        labels = (np.arange(self.batch_size) + step) % 3
        x = images(32, 3, self.batch_size, self.salt + step)
        x[labels == 1, :16] += 0.25
        x[labels == 2, :, :16] += 0.25
        return x, np.eye(3, dtype=np.float32)[labels]


class Signals:
    """A 1-D network: causal, dilated and separable convolutions on two channels."""

    name, salt, batch_size = "signals", 7350, 12

    def make(self):
        inputs = keras.Input((64, 2), name="signal")
        x = layers.GaussianNoise(0.0)(inputs)
        x = layers.Conv1D(8, 5, padding="causal", dilation_rate=2, use_bias=False, kernel_regularizer=keras.regularizers.L2(0.01))(x)
        x = layers.BatchNormalization()(x)
        x = layers.Activation("elu")(x)
        x = layers.MaxPooling1D()(x)
        x = layers.SeparableConv1D(12, 3, padding="same", activation="selu")(x)
        x = layers.SpatialDropout1D(0.0)(x)
        x = layers.Conv1D(12, 3, strides=2, activation="swish", kernel_constraint=keras.constraints.MaxNorm(1.0, axis=[0, 1]))(x)
        x = layers.Concatenate()([layers.GlobalAveragePooling1D()(x), layers.GlobalMaxPooling1D()(x)])
        return keras.Model(inputs, layers.Dense(1, activation="sigmoid")(x), name=self.name)

    def compile(self, model, step):
        model.compile(
            keras.optimizers.Nadam(0.002),
            keras.losses.BinaryFocalCrossentropy(),
            metrics=["accuracy", keras.metrics.Precision(name="precision"), keras.metrics.Recall(name="recall")],
        )

    def batch(self, step):
        """Noise with a wave for class 1."""
        labels = (np.arange(self.batch_size) + step) % 2
        x = uniform(self.batch_size * 128, self.salt + step).astype(np.float32).reshape(self.batch_size, 64, 2)
        wave = np.float32(0.5) * (np.arange(64) % 8 < 4).astype(np.float32)
        x[labels == 1, :, 0] += wave
        return x, labels.astype(np.float32)[:, None]


class Autoencoder:
    """Convolutions to eight numbers, and back by upsampling and transposed convolutions."""

    name, salt, batch_size = "autoencoder", 7400, 8

    def make(self):
        encoder = keras.Sequential(
            [
                keras.Input((16, 16, 3)),
                layers.Conv2D(8, 3, strides=2, padding="same", activation="leaky_relu"),
                layers.Conv2D(8, 3, strides=2, padding="same", activation="gelu"),
                layers.Flatten(),
                layers.Dense(8, name="code"),
            ],
            name="encoder",
        )
        decoder = keras.Sequential(
            [
                keras.Input((8,)),
                layers.Dense(4 * 4 * 8),
                layers.PReLU(),
                layers.Reshape((4, 4, 8)),
                layers.UpSampling2D(interpolation="bilinear"),
                layers.Conv2D(8, 3, padding="same", activation="softplus"),
                layers.Conv2DTranspose(3, 3, strides=2, padding="same", activation="sigmoid"),
            ],
            name="decoder",
        )
        inputs = keras.Input((16, 16, 3), name="image")
        return keras.Model(inputs, decoder(encoder(inputs)), name=self.name)

    def compile(self, model, step):
        model.compile(keras.optimizers.Adam(0.002, clipnorm=1.0, use_ema=True), "mse", metrics=["mae", keras.metrics.RootMeanSquaredError(name="rmse")])

    def batch(self, step):
        x = images(16, 3, self.batch_size, self.salt + step)
        x[:, :8] *= 0.5
        return x, x


NETWORKS = [UNet(), ViT(), ConvNeXt(), Signals(), Autoencoder()]


def resume(folder):
    for network in NETWORKS:
        path = os.path.join(folder, network.name + "-lince")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            model = keras.models.load_model(path + ".keras", custom_objects={"LayerScale": LayerScale})
        logs = [networks.step(network, model, i) for i in range(10, networks.STEPS)]
        with open(path + ".json", "w") as f:
            json.dump(logs, f)


def main():
    networks.weights, networks.sample = weights, sample
    if sys.argv[1:2] == ["resume"]:
        return resume(sys.argv[2])
    folder = sys.argv[1] if len(sys.argv) > 1 else None
    os.makedirs(folder or TESTDATA, exist_ok=True)
    for network in NETWORKS:
        start = time.time()
        out = networks.train(network, folder)
        exact = networks.train(network, dtype="float64")
        apart = max(abs(a[k] - b[k]) / abs(b[k]) for a, b in zip(out["logs"], exact["logs"]) for k in a if k.endswith("loss"))
        for k in ("predictions10", "predictions20"):
            out[k] = [p[:: max(1, len(p) // 200)] for p in out[k]]
        losses = [log["loss"] for log in out["logs"]]
        print(f"{network.name}: loss {losses[0]:.4f} to {losses[-1]:.4f}, float64 differs by {apart:.1e}, {time.time() - start:.0f} s", flush=True)
        result = os.path.join(folder, network.name + ".result.json") if folder else os.path.join(TESTDATA, network.name + ".json")
        with open(result, "w") as f:
            json.dump({"name": network.name, "salt": network.salt, **out}, f, separators=(",", ":"))
            f.write("\n")


if __name__ == "__main__":
    main()
