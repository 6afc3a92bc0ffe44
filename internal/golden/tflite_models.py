"""TensorFlow Lite models that the real converter makes from Keras models, for internal/tflitegraph.

    python internal/golden/tflite_models.py [FOLDER [NAME...]]

writes NAME.tflite and NAME.npz to internal/tflitegraph/testdata. NAME.npz has x, and y0, y1, ..., which the real interpreter computes.
With a folder of models of internal/golden/applications.py, it converts these instead: FOLDER/NAME.keras to FOLDER/NAME.tflite, for all
names or the given ones.
"""

import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import keras
import numpy as np
import tensorflow as tf
from keras import layers

FOLDER = os.path.join(os.path.dirname(__file__), "..", "tflitegraph", "testdata")


def convert(model, change=None):
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if change:
        change(converter)
    return converter.convert()


def run(content, x):
    interpreter = tf.lite.Interpreter(model_content=content)
    index = interpreter.get_input_details()[0]["index"]
    interpreter.resize_tensor_input(index, x.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(index, x)
    interpreter.invoke()
    return [interpreter.get_tensor(o["index"]) for o in interpreter.get_output_details()]


def cnn(x):
    y = layers.Conv2D(4, 3, padding="same", activation="relu")(x)
    y = layers.BatchNormalization()(y)
    y = layers.MaxPooling2D()(y)
    y = layers.DepthwiseConv2D(3, depth_multiplier=2, use_bias=False)(y)
    y = layers.BatchNormalization()(y)
    y = layers.ReLU(6)(y)
    y = layers.AveragePooling2D(2, padding="same")(y)
    y = layers.Conv2D(4, 3, dilation_rate=2, padding="same", groups=2)(y)
    y = layers.Flatten()(y)
    y = layers.Dense(5, activation="tanh")(y)
    return layers.Dense(3, activation="softmax")(y)


def mobile(x):
    """An inverted residual block with squeeze and excitation, hard swish, and explicit padding."""
    y = layers.ZeroPadding2D(((0, 1), (1, 0)))(x)
    y = layers.Conv2D(4, 3, strides=2, use_bias=False)(y)
    y = short = layers.BatchNormalization(scale=False)(y)
    y = layers.Activation("hard_silu")(y)
    y = layers.DepthwiseConv2D(3, padding="same")(y)
    y = layers.Activation("silu")(y)
    s = layers.GlobalAveragePooling2D(keepdims=True)(y)
    s = layers.Conv2D(2, 1, activation="relu")(s)
    s = layers.Conv2D(4, 1, activation="hard_sigmoid")(s)
    y = layers.Multiply()([y, s])
    y = layers.Add()([y, short])
    y = layers.ReLU()(y)
    y = layers.GlobalMaxPooling2D()(y)
    return layers.Dense(1, activation="sigmoid")(y)


def decoder(x):
    """Two outputs with the size of images."""
    a = layers.Conv2D(3, 2, strides=2)(x)
    b = layers.UpSampling2D(interpolation="nearest")(a)
    c = layers.UpSampling2D(interpolation="bilinear")(a)
    d = layers.Conv2DTranspose(2, 3, strides=2, padding="same", activation="relu")(a)
    e = layers.Conv2DTranspose(2, 2, strides=2, padding="valid")(a)
    y = layers.Concatenate()([b, c, d, e, layers.Average()([x, x]), layers.Maximum()([x, layers.Minimum()([x, -x])])])
    y = layers.Cropping2D(1)(y)
    return [layers.PReLU(shared_axes=[1, 2])(y), layers.Permute((3, 1, 2))(layers.Subtract()([y, layers.LeakyReLU()(y)]))]


def attention(x):
    y = layers.Conv2D(8, 4, strides=4)(x)
    y = layers.Reshape((-1, 8))(y)
    n = layers.LayerNormalization(epsilon=1e-6)(y)
    y = layers.Add()([y, layers.MultiHeadAttention(2, 4)(n, n)])
    y = layers.Dense(6, activation="gelu")(layers.LayerNormalization()(y))
    y = layers.UnitNormalization()(y)
    y = layers.Dot((1, 1))([y, y])
    return layers.Softmax(axis=1)(y)


def activations(x):
    y = layers.GlobalAveragePooling2D()(x)
    y = layers.Dense(6)(y)
    names = [
        "celu", "elu", "exponential", "gelu", "hard_sigmoid", "hard_silu", "hard_tanh", "leaky_relu", "log_sigmoid", "log_softmax", "mish",
        "relu", "relu6", "selu", "sigmoid", "silu", "softplus", "softsign", "sparse_plus", "squareplus", "tanh", "tanh_shrink",
    ]
    return [layers.Activation(n)(y) for n in names]


def prepared(x):
    """What stands before a classifier."""
    y = layers.Resizing(10, 9)(x)
    y = layers.Rescaling(1 / 127.5, offset=-1)(y)
    y = layers.Normalization(mean=[0.1, 0.2], variance=[1.5, 0.5])(y)
    y = layers.CenterCrop(6, 6)(y)
    y = layers.Conv2D(3, 3, activation="relu6")(y)
    y = layers.GroupNormalization(3)(y)
    y = layers.Lambda(lambda t: tf.pad(t, [[0, 0], [1, 1], [2, 1], [0, 0]], "REFLECT"))(y)
    y = layers.Lambda(lambda t: t[:, 1:-1, ::2, :])(y)
    y = layers.Lambda(lambda t: tf.cumsum(t, 3) * tf.math.rsqrt(tf.square(t) + 2.0))(y)
    return layers.Flatten()(y)


def functions(x):
    """Operators that Keras' layers do not use."""
    y = layers.GlobalAveragePooling2D(keepdims=True)(x)
    y = layers.Conv2D(8, 1)(y)
    results = [
        lambda t: tf.math.floor(t) + tf.math.ceil(t * 3) + tf.math.round(t * 5) + tf.sign(t) * tf.cos(t) - tf.sin(t),
        lambda t: tf.pow(tf.abs(t) + 0.5, 1.5) / tf.math.squared_difference(t, 3.0),
        lambda t: tf.where(tf.logical_or(t > 0.5, tf.logical_not(tf.logical_and(t < 0.2, t >= -0.2))), t, -2 * t),
        lambda t: tf.where(tf.not_equal(tf.math.floor(t), 0.0), t, tf.zeros_like(t)) + tf.cast(tf.cast(t * 7, tf.int32), tf.float32),
        lambda t: tf.reduce_min(t, axis=-1) + tf.reduce_max(t, axis=[3]) - tf.reduce_sum(t, axis=3),
        lambda t: tf.math.l2_normalize(t, axis=-1),
        lambda t: tf.cumsum(t, 3, exclusive=True) + tf.cumsum(t, 3, reverse=True),
        lambda t: tf.argmax(t, axis=3, output_type=tf.int32),
        lambda t: tf.argmin(t, axis=-1),
        lambda t: tf.one_hot(tf.argmax(t, axis=3), 8, on_value=2.0, off_value=-1.0),
        lambda t: tf.nn.gelu(t, approximate=True) + tf.clip_by_value(t, 0.0, 1.0),
        lambda t: tf.add_n([t, t * t, -t]) // 0.7,
        lambda t: tf.nn.softmax(t * 2.5) + tf.nn.log_softmax(t, axis=-1),
    ]
    return [layers.Lambda(f)(y) for f in results]


def shapes(x):
    """Operators that move elements, and the ways of TensorFlow 1 to resize images."""
    y = layers.Conv2D(4, 1)(x)
    v1 = tf.compat.v1.image
    results = [
        lambda t: tf.nn.depth_to_space(t, 2),
        lambda t: tf.nn.space_to_depth(t, 3),
        lambda t: tf.tile(t[:, 2:4, 5:6], [1, 2, 3, 1]),
        lambda t: tf.gather(t, [3, 0, 2], axis=3),
        lambda t: tf.gather(t, [[1, 0], [11, 5]], axis=1),
        lambda t: tf.split(t, [3, 4, 5], axis=2)[1],
        lambda t: tf.concat(tf.split(t, 2, axis=3)[::-1], 3),
        lambda t: tf.stack(tf.unstack(t, axis=3)[:2], axis=1),
        lambda t: tf.expand_dims(t[:, 3, :, 1:3], 2),
        lambda t: tf.squeeze(t[:, 4:5, ..., tf.newaxis, 2], [1]),
        lambda t: t[:, 1:-2:2, ::3],
        lambda t: tf.pad(t, [[0, 0], [2, 1], [0, 3], [0, 0]], "SYMMETRIC"),
        lambda t: tf.pad(t, [[0, 0], [2, 1], [0, 3], [1, 0]], constant_values=0.5),
        lambda t: v1.resize_bilinear(t, [7, 20], align_corners=True),
        lambda t: v1.resize_bilinear(t, [9, 5]),
        lambda t: v1.resize_nearest_neighbor(t, [7, 20]),
        lambda t: v1.resize_nearest_neighbor(t, [7, 20], align_corners=True),
        lambda t: tf.image.resize(t, [7, 20], method="nearest"),
        lambda t: tf.transpose(tf.reshape(t, [-1, 2, 72, 4]), [0, 3, 1, 2]),
        lambda t: tf.matmul(t[:, 0], t[:, 1], transpose_b=True),
    ]
    return [layers.Lambda(f)(y) for f in results]


def half(converter):
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]


def weights(converter):
    converter.optimizations = [tf.lite.Optimize.DEFAULT]


def integers(converter):
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([images((1, 12, 12, 2))] for _ in range(4))
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]


def images(shape):
    return np.random.default_rng(1).uniform(-2, 2, shape).astype(np.float32)


MODELS = [
    ("cnn", cnn, None),
    ("mobile", mobile, None),
    ("decoder", decoder, None),
    ("attention", attention, None),
    ("activations", activations, None),
    ("prepared", prepared, None),
    ("functions", functions, None),
    ("shapes", shapes, None),
    ("float16", cnn, half),
    ("weights", lambda x: layers.Dense(40, activation="softmax")(layers.Flatten()(x)), weights),
    ("int8", cnn, integers),
]


def small(name, build, change):
    keras.utils.clear_session()
    keras.utils.set_random_seed(7)
    x = keras.Input((12, 12, 2))
    model = keras.Model(x, build(x))
    rng = np.random.default_rng(3)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.set_weights([rng.uniform(0.5, 1.5, w.shape) for w in layer.get_weights()])
    content = convert(model, change)
    values = images(({"int8": 1, "shapes": 2}.get(name, 3), 12, 12, 2))
    with open(os.path.join(FOLDER, name + ".tflite"), "wb") as f:
        f.write(content)
    np.savez(os.path.join(FOLDER, name + ".npz"), x=values, **{f"y{i}": y for i, y in enumerate(run(content, values))})
    print(name, len(content))


def main():
    if len(sys.argv) > 1:
        for name in sorted(os.listdir(sys.argv[1])):
            name, suffix = os.path.splitext(name)
            if suffix == ".keras" and (name in sys.argv[2:] or len(sys.argv) == 2):
                path = os.path.join(sys.argv[1], name)
                with open(path + ".tflite", "wb") as f:
                    f.write(convert(keras.models.load_model(path + ".keras", compile=False)))
        return
    os.makedirs(FOLDER, exist_ok=True)
    for row in MODELS:
        small(*row)


if __name__ == "__main__":
    main()
