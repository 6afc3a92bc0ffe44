"""Configs of models by real Keras, for format/keras: testdata/networks/VERSION-MODEL.json.

    python internal/golden/network_json.py            with the packages of requirements.txt
    python2.15 internal/golden/network_json.py        with tensorflow 2.15, and so on

The configs of Keras 2.15, 3.0 and 3.15 are committed. Those of 2.13 equal 2.15's, and those of 2.16 (tf_keras) differ only in modules. With
3.15, the script also writes testdata/order.json: random Functional graphs and Keras' order of their layers. The files are the same in every
run.
"""

import json
import os
import random
import sys
import tempfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

try:
    import tf_keras as keras
except ImportError:
    import keras

layers = keras.layers
KERAS3 = keras.__version__.startswith("3")
OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "format", "keras", "testdata")


def clear():
    (keras.utils if KERAS3 else keras.backend).clear_session()


def chain():
    return keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(2)])


def first_layer_says():
    """Has input_shape in the first layer."""
    return keras.Sequential([layers.Flatten(input_shape=(4, 3)), layers.Dense(2)])


def built():
    m = keras.Sequential([layers.Dense(3), layers.Dense(2, trainable=False)])
    m.build((None, 7))
    return m


def unbuilt():
    return keras.Sequential([layers.Dense(3)])


def compiled():
    m = chain()
    m.compile("adam", "mse", metrics=["accuracy"])
    return m


def residual():
    x = inputs = keras.Input((8, 8, 2), name="image")
    x = layers.Conv2D(2, 3, padding="same")(x)
    x = layers.BatchNormalization()(x)
    x = layers.Activation("relu")(x)
    x = layers.Add()([x, inputs])
    x = layers.SpatialDropout2D(0.5)(layers.Dropout(0.5)(x))
    return keras.Model(inputs, layers.Dense(2)(layers.Flatten()(x)))


def shared():
    """A shared layer, two inputs, a list of outputs."""
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    dense = layers.Dense(3, name="shared")
    x, y = dense(a), dense(b)
    return keras.Model([a, b], [layers.Concatenate()([x, y]), layers.Subtract()([y, x])])


def nested():
    """Nested models: a Sequential, a frozen one, a shared Functional with two results."""
    inner_in = keras.Input((4,), name="inner_in")
    inner = keras.Model(inner_in, [layers.Dense(3, name="p")(inner_in), layers.Dense(3, name="q")(inner_in)], name="inner")
    body = keras.Sequential([keras.Input((5,)), layers.Dense(4)], name="body")
    body.trainable = False
    late = keras.Sequential([layers.Dense(4)], name="late")
    x, y = keras.Input((5,), name="x"), keras.Input((5,), name="y")
    p, q = inner(body(x))
    r, s = inner(late(y))
    return keras.Model([x, y], [layers.Add()([p, s]), q, r])


def dicts():
    b, a = keras.Input((4,), name="b"), keras.Input((3,), name="a")
    head = layers.Dense(2, name="head")(layers.Concatenate()([b, a]))
    return keras.Model({"b": b, "a": a}, {"z": head, "y": layers.Dense(1, name="other")(b)})


def constants():
    """Arithmetic on tensors, keyword arguments."""
    x = inputs = keras.Input((8, 8, 3), name="image")
    x = x / 127.5 - 1.0
    x = x[..., ::-1]
    x = layers.BatchNormalization()(x, training=False)
    return keras.Model(inputs, x + inputs)


def keywords():
    """Tensors as keyword arguments."""
    x, y = keras.Input((4, 8), name="x"), keras.Input((3, 8), name="y")
    return keras.Model([x, y], layers.MultiHeadAttention(2, 2)(x, value=y, key=y))


def one_in_a_list():
    x = keras.Input((4,), name="x")
    return keras.Model([x], [layers.Dense(2)(x)])


MODELS = [chain, first_layer_says, built, unbuilt, compiled, residual, shared, nested, dicts, constants, keywords, one_in_a_list]


def random_graph(rng):
    """A Functional with merging layers, some of which are called twice, and unused inputs."""
    keras.utils.clear_session()
    inputs = [keras.Input((2,), name=f"in{i}") for i in range(rng.randint(1, 4))]
    used = inputs[: rng.randint(1, len(inputs))]
    tensors = list(used)
    dense = []
    for i in range(rng.randint(3, 18)):
        kind = rng.random()
        if kind < 0.35:
            layer = layers.Dense(2, name=f"dense{i}")
            dense.append(layer)
            tensors.append(layer(rng.choice(tensors)))
        elif kind < 0.55 and dense:
            tensors.append(rng.choice(dense)(rng.choice(tensors)))
        elif kind < 0.65:
            tensors.append(rng.choice(tensors) * 2.0)
        else:
            operands = [rng.choice(tensors) for _ in range(rng.randint(2, 4))]
            tensors.append(layers.Add(name=f"add{i}")(operands))
    outputs = [rng.choice(tensors[len(used):]) for _ in range(rng.randint(1, 3))]
    return keras.Model(inputs, outputs)


def chains():
    """Chains as defined by Keras' summary, and models that are almost chains."""

    def model(make):
        keras.utils.clear_session()
        x = keras.Input((2,), name="x")
        return make(x)

    def shared(x):
        d = layers.Dense(2)
        return keras.Model(x, d(d(x)))

    return [
        model(lambda x: keras.Model(x, layers.Dense(2)(layers.ReLU()(x)))),
        model(lambda x: keras.Model(x, (lambda y: [layers.Dense(2)(y), y])(layers.ReLU()(x)))),
        model(lambda x: keras.Model(x, [x, layers.ReLU()(x)])),
        model(lambda x: keras.Model([x, keras.Input((2,), name="unused")], layers.ReLU()(x))),
        model(lambda x: keras.Model(x, layers.Add()([x, x]))),
        model(lambda x: keras.Model(x, [layers.ReLU()(x), layers.Dense(1)(x)])),
        model(shared),
    ]


def connected(model):
    """Whether the summary has the column "Connected to"."""
    lines = []
    model.summary(print_fn=lines.append, line_length=78)
    return "Connected to" in "".join(lines)


def order(model):
    """Keras' graph, with the operations in the order of creation, and the order of its layers."""
    operations = sorted(model.operations, key=lambda o: o.name)
    rng = random.Random(len(operations))
    rng.shuffle(operations)
    number = {o: i for i, o in enumerate(operations)}
    nodes = {n for ns in model._nodes_by_depth.values() for n in ns}
    kept = {o: [n for n in o._inbound_nodes if n in nodes] for o in operations}

    def call(tensor):
        history = tensor._keras_history
        node = history.operation._inbound_nodes[history.node_index]
        return [number[history.operation], kept[history.operation].index(node)]

    depth = {o: d for d, ops in model._operations_by_depth.items() for o in ops}
    return {
        "names": [o.name for o in operations],
        "operands": [[[call(t) for t in n.input_tensors] for n in kept[o]] for o in operations],
        "inputs": [call(t) for t in model.inputs],
        "outputs": [call(t) for t in model.outputs],
        "order": [number[o] for o in model.operations],
        "depth": [depth[o] for o in operations],
        "connected": connected(model),
        "config": json.loads(model.to_json()),
    }


def paths():
    """The paths of the weights of each model's layers, and the layers' names."""
    import h5py

    out = {}
    for make in MODELS:
        clear()
        if make == unbuilt:
            continue
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "m.weights.h5")
            make().save_weights(path)
            found = {}

            def visit(name, o):
                if name.endswith("/vars") and name.split("/")[-3:-2] == ["layers"]:  # not a part of a layer
                    found[name[:-5]] = o.attrs.get("name", "")

            with h5py.File(path) as f:
                f.visititems(visit)
            out[make.__name__] = found
    return out


def main():
    folder = os.path.join(OUT, "networks")
    os.makedirs(folder, exist_ok=True)
    version = ".".join(keras.__version__.split(".")[:2])
    for make in MODELS:
        clear()
        try:
            text = make().to_json()
        except Exception as e:
            print(version, make.__name__, "cannot be made:", str(e)[:100].replace("\n", " "))
            continue
        with open(os.path.join(folder, f"{version}-{make.__name__}.json"), "w") as f:
            f.write(text + "\n")
    if version == "3.15":
        with open(os.path.join(OUT, "paths.json"), "w") as f:
            json.dump(paths(), f, indent=1)
        rng = random.Random(1)
        graphs = [order(random_graph(rng)) for _ in range(24)] + [order(m) for m in chains()]
        for g in graphs[5:]:
            del g["config"]
        with open(os.path.join(OUT, "order.json"), "w") as f:
            json.dump(graphs, f, separators=(",", ":"))


main()
