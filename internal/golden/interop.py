"""Real Keras reads and writes .keras files for the root package's *interop_test.go.

open FOLDER...  load lince.keras, with warnings as errors; write its predictions for x, its weights and
                the loss after two more steps; save it again as keras.keras
make FOLDER     write models that Keras made and trained, and their predictions for x
networks FOLDER train the networks of networks.py; write NAME-0.keras, NAME-10.keras, NAME-20.keras, and
                NAME.result.json, which has the content of testdata/networks/NAME.json
resume FOLDER... load each NAME.keras (a network of networks.py after 10 steps) and NAME.json (its
                to_json()), with warnings as errors; write its predictions for the first batch and the
                logs of 10 more steps to NAME.result.json, and the model after these steps to NAME.again.keras
policies FOLDER write models with other dtype policies, with a regularizer and a constraint, and with a
                fixed batch size: NAME.keras, and in NAME.predictions the predictions for x of a float32
                model with the same weights
forms FOLDER    write a model with two outputs, compiled in all the ways that Keras has: NAME.keras, and
                in result.json what evaluate returns for each
evaluate FOLDER load each *.keras in the folder (lince's files of the same models), with warnings as
                errors; write what evaluate returns for each to result.json
summaries FOLDER write nested models: NAME.keras, and the output of summary() in NAME.txt and
                NAME-expanded.txt
legacy FOLDER   load each NAME.h5, with warnings as errors; write its predictions for x to NAME.predictions, and
                what its compile options are to result.json
predict FOLDER  load NAME.keras or NAME.h5, with warnings as errors; write its predictions for x in NAME.npz to
                NAME.predictions, and to_json() to NAME.json
optimizers FOLDER load each NAME.keras (a network that lince trained), with warnings as errors; write NAME.first, its weights
                after two more steps with x and y, save it as NAME.again.keras, and write NAME.second, its weights
                after two further steps; load it again and write NAME.fitted, its weights after fit

Arrays are raw little-endian float32. The Go tests know their shapes.
"""
import json
import os
import sys
import warnings

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import keras
import numpy as np
from keras import layers


def floats(folder, name, shape=None):
    a = np.fromfile(os.path.join(folder, name), "<f4")
    return a if shape is None else a.reshape(shape)


def write(folder, name, *arrays):
    with open(os.path.join(folder, name), "wb") as f:
        for a in arrays:
            f.write(np.ascontiguousarray(a, "<f4").tobytes())


def open_(folder):
    x = floats(folder, "x", (12, 6, 6, 1))
    y = floats(folder, "y", (12, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        m = keras.models.load_model(os.path.join(folder, "lince.keras"))
    write(folder, "predictions", m.predict(x, verbose=0))
    before = m.evaluate(x, y, verbose=0, return_dict=True)
    iterations = int(m.optimizer.iterations.numpy())
    for _ in range(2):
        m.train_on_batch(x, y)
    write(folder, "weights", *m.get_weights())
    m.save(os.path.join(folder, "keras.keras"))
    with open(os.path.join(folder, "result.json"), "w") as f:
        json.dump({
            "before": before, "iterations": iterations,
            "after": m.evaluate(x, y, verbose=0, return_dict=True),
            "json": m.to_json(), "layers": [l.name for l in m.layers],
        }, f)


def make(folder):
    keras.utils.set_random_seed(3)
    rng = np.random.default_rng(3)
    x = rng.random((12, 6, 6, 1), np.float32)
    onehot = np.eye(2, dtype=np.float32)[np.arange(12) % 2]
    number = (np.arange(12) % 2).astype(np.float32)
    write(folder, "x", x)
    write(folder, "onehot", onehot)
    write(folder, "number", number)

    def features():
        return [
            layers.Conv2D(3, (3, 2), activation="relu", padding="same", name="first"),
            layers.AveragePooling2D((2, 2), strides=(1, 2), padding="same"),
            layers.Conv2D(2, 2, dilation_rate=2, use_bias=False, kernel_initializer="he_normal"),
            layers.Activation("tanh"),
            layers.Flatten(),
            layers.Dense(4, activation="relu", trainable=False),
        ]

    made = {}

    def model(name, m, y, *, fit=True, **compile):
        m.compile(**compile)
        if fit:
            m.fit(x, y, batch_size=5, epochs=2, verbose=0)
        m.save(os.path.join(folder, name + ".keras"))
        write(folder, name + ".predictions", m.predict(x, verbose=0))
        made[name] = m.evaluate(x, y, verbose=0, return_dict=True)
        for _ in range(2):
            m.train_on_batch(x, y)
        write(folder, name + ".weights", *m.get_weights())

    model("rmsprop", keras.Sequential([keras.Input((6, 6, 1)), *features(), layers.Dense(2, activation="softmax")]), onehot,
          optimizer="rmsprop", loss="categorical_crossentropy", metrics=["accuracy"])
    model("adam", keras.Sequential([keras.Input((6, 6, 1)), *features(), layers.Dense(2, activation="softmax")], name="mine"), number,
          optimizer=keras.optimizers.Adam(.01), loss=keras.losses.SparseCategoricalCrossentropy(), metrics=["acc", keras.metrics.SparseCategoricalAccuracy()])
    model("sgd", keras.Sequential([keras.Input((6, 6, 1)), *features(), layers.Dense(1, activation="sigmoid")]), number,
          optimizer=keras.optimizers.SGD(.05, momentum=.9, nesterov=True), loss=keras.losses.binary_crossentropy, weighted_metrics=["accuracy"])
    model("untrained", keras.Sequential([keras.Input((6, 6, 1)), *features(), layers.Dense(2)]), onehot, fit=False,
          optimizer=keras.optimizers.RMSprop(.01, momentum=.5, centered=True, clipnorm=1.0), loss="mse")
    inputs = keras.Input((6, 6, 1))
    outputs = inputs
    for l in [*features(), layers.Dropout(0.0), layers.Dense(2, activation="softmax")]:
        outputs = l(outputs)
    model("functional", keras.Model(inputs, outputs), onehot,
          optimizer="adam", loss=keras.losses.CategoricalCrossentropy(label_smoothing=.1), metrics=["categorical_accuracy"])
    model("mobile", keras.Sequential([
        keras.Input((6, 6, 1)), layers.Conv2D(4, 1, use_bias=False), layers.ReLU(6.0),
        layers.DepthwiseConv2D(3, strides=2, padding="same", depth_multiplier=2, activation="relu6"),
        layers.Conv2D(4, 2, groups=2, padding="same"), layers.SeparableConv2D(3, 2, depth_multiplier=2, activation="tanh"),
        layers.Flatten(), layers.Dense(2, activation="softmax"),
    ]), onehot, optimizer=keras.optimizers.SGD(.05, momentum=.9), loss="categorical_crossentropy", metrics=["accuracy"])
    with open(os.path.join(folder, "result.json"), "w") as f:
        json.dump(made, f)


def networks_(folder):
    import networks

    for network in networks.NETWORKS:
        with open(os.path.join(folder, network.name + ".result.json"), "w") as f:
            json.dump(networks.train(network, folder), f)


def resume(folder):
    import networks

    for network in networks.NETWORKS:
        path = os.path.join(folder, network.name)
        if not os.path.exists(path + ".keras"):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            model = keras.models.load_model(path + ".keras")
            again = keras.models.model_from_json(open(path + ".json").read())
        out = {"config": json.loads(model.to_json()), "from_json": json.loads(again.to_json()), "iterations": int(model.optimizer.iterations.numpy())}
        out["predictions10"] = networks.predict(network, model)
        out["logs"] = [networks.step(network, model, i) for i in range(10, networks.STEPS)]
        out["predictions20"] = networks.predict(network, model)
        out["weights"] = networks.sample(model)
        model.save(path + ".again.keras")
        with open(path + ".result.json", "w") as f:
            json.dump(out, f)


def policies(folder):
    x = np.random.default_rng(3).random((4, 6, 6, 1), np.float32)
    onehot = np.eye(2, dtype=np.float32)[np.arange(4) % 2]
    write(folder, "x", x)

    def network(batch=None, **kwargs):
        image = keras.Input((6, 6, 1), batch_size=batch)
        y = layers.Conv2D(3, 3, activation="relu", **kwargs)(image)
        y = layers.BatchNormalization()(y)
        y = layers.GlobalAveragePooling2D()(y)
        return keras.Model(image, layers.Dense(2, activation="softmax", dtype="float32")(y))

    def save(name, model):
        keras.config.set_dtype_policy("float32")
        twin = network()
        twin.set_weights([w.astype("float32") for w in model.get_weights()])
        model.save(os.path.join(folder, name + ".keras"))
        write(folder, name + ".predictions", twin.predict(x, verbose=0))

    for policy in ("mixed_float16", "mixed_bfloat16", "float16", "bfloat16"):
        keras.utils.clear_session()
        keras.utils.set_random_seed(5)
        keras.config.set_dtype_policy(policy)
        model = network()
        model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
        model.fit(x, onehot, verbose=0)
        save(policy, model)
    others = {
        "regularizer": {"kernel_regularizer": keras.regularizers.L2(0.01), "activity_regularizer": "l1"},
        "constraint": {"bias_constraint": keras.constraints.NonNeg(), "kernel_constraint": keras.constraints.MaxNorm(2, axis=[0, 1, 2])},
        "batch": {"batch": 4},
    }
    for name, kwargs in others.items():
        keras.utils.clear_session()
        keras.utils.set_random_seed(5)
        model = network(**kwargs)
        model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
        model.fit(x, onehot, verbose=0)
        save(name, model)


def two_heads():
    image = keras.Input((6, 6, 1), name="image")
    y = layers.Conv2D(3, 3, activation="tanh")(image)
    y = layers.GlobalAveragePooling2D()(y)
    return keras.Model(image, [layers.Dense(2, activation="sigmoid", name="a")(y), layers.Dense(2, activation="sigmoid", name="b")(y)])


def examples():
    rng = np.random.default_rng(3)
    x = rng.random((12, 6, 6, 1), np.float32)
    i = np.arange(12)
    a = np.eye(2, dtype=np.float32)[i % 2]
    b = np.eye(2, dtype=np.float32)[i // 3 % 2]
    return x, a, b


FORMS = {
    "string": {"loss": "binary_crossentropy"},
    "object": {"loss": keras.losses.BinaryCrossentropy(label_smoothing=0.1)},
    "list": {"loss": ["mse", keras.losses.BinaryCrossentropy()], "loss_weights": [0.25, 2.0], "metrics": [["mae"], ["accuracy", "mse"]]},
    "dict": {
        "loss": {"a": "mse", "b": "binary_crossentropy"}, "loss_weights": {"a": 0.25, "b": 2.0},
        "metrics": {"a": ["mae", keras.metrics.BinaryAccuracy(name="right")], "b": "accuracy"},
    },
    "some": {"loss": {"a": None, "b": "binary_crossentropy"}, "metrics": {"b": ["accuracy"]}},
    "none": {"loss": [None, "mse"]},
    "flat": {"loss": ["mse", "mse"], "metrics": ["mae", "accuracy"]},
    "weighted": {"loss": {"a": "mse", "b": "mse"}, "weighted_metrics": {"b": ["mae"]}, "metrics": {"a": [keras.metrics.MeanSquaredError(name="square")]}},
}


def forms(folder):
    x, a, b = examples()
    for name, array in {"x": x, "a": a, "b": b}.items():
        write(folder, name, array)
    told = {}
    for name, form in FORMS.items():
        keras.utils.set_random_seed(5)
        model = two_heads()
        model.compile("adam", **form)
        # train_on_batch and evaluate need all targets as a dict or list of the outputs.
        targets = {"a": a, "b": b} if isinstance(form["loss"], dict) else [a, b]
        model.fit(x, targets, verbose=0)
        told[name] = model.evaluate(x, targets, verbose=0, return_dict=True)
        model.save(os.path.join(folder, name + ".keras"))
    with open(os.path.join(folder, "result.json"), "w") as f:
        json.dump(told, f)


def evaluate(folder):
    x, a, b = examples()
    told = {}
    for name in FORMS:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            model = keras.models.load_model(os.path.join(folder, name + ".keras"))
        told[name] = model.evaluate(x, [a, b], verbose=0, return_dict=True)
    with open(os.path.join(folder, "result.json"), "w") as f:
        json.dump(told, f)


def summaries(folder):
    import networks

    def save(name, model):
        for suffix, options in (("", {}), ("-expanded", networks.EXPANDED)):
            with open(os.path.join(folder, name + suffix + ".txt"), "w", encoding="utf-8") as f:
                f.write(networks.summary(model, **options))
        model.save(os.path.join(folder, name + ".keras"))
        keras.utils.clear_session()

    # A frozen Sequential in a Functional with two outputs that is called twice, and a Sequential that is called twice.
    image = keras.Input((8, 8, 3), name="inner_input")
    features = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(4, 3), layers.BatchNormalization()], name="features")
    features.trainable = False
    y = features(image)
    body = keras.Model(image, [layers.GlobalAveragePooling2D()(y), layers.Conv2D(2, 1)(y)], name="body")
    a, b = keras.Input((8, 8, 3), name="a"), keras.Input((8, 8, 3), name="b")
    (p, _), (q, r) = body(a), body(b)
    head = keras.Sequential([keras.Input((4,)), layers.Dense(4), layers.Dropout(0.5)], name="head")
    save("pair", keras.Model([a, b], [layers.Add()([head(p), head(q)]), layers.Flatten()(r)], name="pair"))

    # Layers that consist of others, and one whose Python class has another name.
    a = keras.Input((7,), name="a")
    y = layers.Embedding(5, 4)(a)
    y = layers.LayerNormalization(axis=(1, 2))(layers.MultiHeadAttention(2, 3)(y, y))
    y = layers.PReLU(shared_axes=[1])(layers.GroupQueryAttention(3, 4, 2)(y, y))
    y = layers.GroupNormalization(2)(layers.Conv1DTranspose(4, 3, strides=2)(y))
    y = layers.Attention(use_scale=True)([y, layers.SpectralNormalization(layers.Dense(4))(y)])
    save("attention", keras.Model(a, layers.EinsumDense("abc,cd->abd", (15, 3), bias_axes="d")(y), name="attention"))

    # A layer that is called three times, an input that is an output, models nested three deep.
    a = keras.Input((6,), name="a")
    dense = layers.Dense(6, activation="relu")
    y = layers.Add()([dense(a), dense(dense(a))])
    inner = keras.Sequential([keras.Input((6,)), layers.Dense(3, name="a_name_that_is_longer_than_the_column_it_has")], name="inner")
    middle = keras.Sequential([keras.Input((6,)), inner, layers.BatchNormalization()], name="middle")
    save("deep", keras.Model(a, [layers.Concatenate()([middle(y), a]), y], name="deep"))

    save("chain", keras.Sequential([keras.Input((6,)), keras.Sequential([keras.Input((6,)), layers.Dense(3)]), layers.Dense(2, trainable=False)]))

    # Trained, with the optimizer's parameters.
    model = keras.Sequential([keras.Input((6,)), layers.Dense(3), layers.BatchNormalization(), layers.Dense(2)], name="trained")
    model.compile("adam", "mse")
    model.fit(np.zeros((2, 6), "float32"), np.zeros((2, 2), "float32"), verbose=0)
    save("trained", model)


def predict(folder):
    for file in sorted(os.listdir(folder)):
        name, ext = os.path.splitext(file)
        if ext not in (".keras", ".h5"):
            continue
        # In .h5 files, Keras finds these classes only if it is told.
        from keras.src.applications import convnext, inception_resnet_v2

        own = {"LayerScale": convnext.LayerScale, "CustomScaleLayer": inception_resnet_v2.CustomScaleLayer} if ext == ".h5" else None
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            model = keras.models.load_model(os.path.join(folder, file), custom_objects=own)
        with np.load(os.path.join(folder, name + ".npz")) as z:
            write(folder, name + ".predictions", model.predict(z["x"], verbose=0))
        with open(os.path.join(folder, name + ".json"), "w") as f:
            f.write(model.to_json())


def legacy(folder):
    x = floats(folder, "x", (12, 6, 6, 1))
    result = {}
    for file in sorted(f for f in os.listdir(folder) if f.endswith(".h5")):
        name = file.removesuffix(".h5")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            model = keras.models.load_model(os.path.join(folder, file))
        write(folder, name + ".predictions", model.predict(x, verbose=0))
        config = model.get_compile_config()
        result[name] = {
            "optimizer": type(model.optimizer).__name__, "rate": float(model.optimizer.learning_rate),
            "smoothing": config["loss"]["config"]["label_smoothing"],
            "metrics": [m if isinstance(m, str) else m["config"]["name"] for m in config["metrics"]],
            "trainable": len(model.trainable_weights),
        }
    with open(os.path.join(folder, "result.json"), "w") as f:
        json.dump(result, f)


def optimizers(folder):
    x, y = floats(folder, "x", (12, 5)), floats(folder, "y", (12, 3))
    for file in sorted(f for f in os.listdir(folder) if f.endswith(".keras")):
        path, name = os.path.join(folder, file), file.removesuffix(".keras")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            model = keras.models.load_model(path)
        model.run_eagerly = True  # faster for a few steps
        for part in ("first", "second"):
            for _ in range(2):
                model.train_on_batch(x, y)
            write(folder, name + "." + part, *model.get_weights())
            if part == "first":
                model.save(os.path.join(folder, name + ".again.keras"))
        model = keras.models.load_model(path)
        model.run_eagerly = True
        model.fit(x, y, batch_size=5, epochs=2, shuffle=False, verbose=0)
        write(folder, name + ".fitted", *model.get_weights())


MODES = {
    "open": open_, "make": make, "networks": networks_, "resume": resume, "policies": policies, "forms": forms,
    "evaluate": evaluate, "summaries": summaries, "predict": predict, "legacy": legacy, "optimizers": optimizers,
}

if __name__ == "__main__":
    for folder in sys.argv[2:]:
        MODES[sys.argv[1]](folder)
