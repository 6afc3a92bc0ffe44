"""The .keras and .h5 files of hostile_models.py."""

import io
import json
import stat
import zipfile
import zlib

import h5py
import numpy as np


def dense(**changes):
    config = {"name": "dense", "trainable": True, "units": 2, "activation": "softmax", "use_bias": True, **changes}
    return {"module": "keras.layers", "class_name": "Dense", "config": config, "registered_name": None}


def layer(class_name, module="keras.layers", **config):
    return {"module": module, "class_name": class_name, "config": config, "registered_name": None}


def function(module, name):
    return {"module": module, "class_name": "function", "config": name, "registered_name": "function"}


def sequential(*layers, **more):
    first = layer("InputLayer", batch_shape=[None, 4], dtype="float32", name="input_layer")
    return {"module": "keras", "class_name": "Sequential", "config": {"name": "sequential", "layers": [first, *layers], **more}, "registered_name": None}


# The marshalled code of lambda x: __import__("os").system("touch owned") or x would stand here; what it is does not matter.
BYTECODE = "4wEAAAAAAAAAAAAAAAMAAAATAAAAcxQAAAB0AGQBgwFqAWQCgwFwCnwAUwApA04="
LAMBDA = layer("Lambda", name="lambda", function={"class_name": "__lambda__", "config": {"code": BYTECODE, "defaults": None, "closure": None}})
LAMBDA2 = layer("Lambda", name="lambda", function=[BYTECODE, None, None], function_type="lambda", module="__main__", arguments={})


def weights(f):
    """The weights of dense(), as Keras 3 stores them."""
    g = f.create_group("layers/dense/vars")
    g["0"] = np.ones((4, 2), "f4")
    g["1"] = np.zeros(2, "f4")


def hdf5(fill):
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as f:
        fill(f)
    return buffer.getvalue()


def archive(*members):
    """members are (name or ZipInfo, content[, compression])."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as z:
        for name, content, *compression in members:
            info = name if isinstance(name, zipfile.ZipInfo) else zipfile.ZipInfo(name)
            z.writestr(info, content, *compression)
    return buffer.getvalue()


def keras(config, fill=weights, *more):
    return archive(("config.json", json.dumps(config)), ("model.weights.h5", hdf5(fill)), *more)


def legacy(config, fill=None, training=None):
    def write(f):
        f.attrs["keras_version"] = "2.15.0"
        f.attrs["backend"] = "tensorflow"
        f.attrs["model_config"] = config if isinstance(config, str) else json.dumps(config)
        if training is not None:
            f.attrs["training_config"] = json.dumps(training)
        g = f.create_group("model_weights")
        g.attrs["layer_names"] = np.array([b"dense"])
        (fill or legacy_weights)(g)

    return hdf5(write)


def legacy_weights(g):
    d = g.create_group("dense")
    d.attrs["weight_names"] = np.array([b"dense/kernel:0", b"dense/bias:0"])
    d["dense/kernel:0"] = np.ones((4, 2), "f4")
    d["dense/bias:0"] = np.zeros(2, "f4")


def instead(make, path, rest=weights):
    """The weights, in which make(group, name) makes what stands in the place of one of them."""
    def fill(f):
        rest(f)
        del f[path]
        group, name = path.rsplit("/", 1)
        make(f[group], name)

    return fill


# What can stand in the place of a dataset and leads out of the file, or claims more than there is.
def external_storage(g, name):
    g.create_dataset(name, (4, 2), "f4", external=[("/etc/hostname", 0, 32)])


def external_link(g, name):
    g[name] = h5py.ExternalLink("/etc/hostname", "/x")


def soft_link(g, name):
    g[name] = h5py.SoftLink("/elsewhere")


def virtual(g, name):
    layout = h5py.VirtualLayout((4, 2), "f4")
    layout[:] = h5py.VirtualSource("/etc/hostname", "x", (4, 2))
    g.create_virtual_dataset(name, layout)


def huge(g, name):
    g.create_dataset(name, (1 << 30, 1 << 30), "f4")


def huge_chunked(g, name):
    g.create_dataset(name, (1 << 30, 1 << 30), "f4", chunks=(1 << 10, 1 << 10), fillvalue=1)


def huge_compressed(g, name):
    """A chunk of 64 MB in a few kB, which the dataset refers to as often as its shape says."""
    d = g.create_dataset(name, (1 << 36,), "f4", chunks=(1 << 22,), compression="gzip", compression_opts=9)
    d[: 1 << 22] = 0


def cycle(g, name):
    g[name] = g["/"]


LEADS_OUT = {
    "external-storage": (external_storage, "external"),
    "external-link": (external_link, "link"),
    "soft-link": (soft_link, "link"),
    "virtual": (virtual, "virtual|layout"),
}
CLAIMS = {
    "shape": (huge, "shape|bytes|elements|size|larger|large"),
    "chunked-shape": (huge_chunked, "shape|bytes|elements|size|larger|large|chunk"),
    "compressed-shape": (huge_compressed, "shape|bytes|elements|size|larger|large|chunk"),
    "cycle": (cycle, "group|link|dataset"),
}

SIZE = "units|memory|bytes|elements|weights|shape|size|large"

# Networks that name what a file must not: code, functions by name, paths.
NETWORKS = {
    "lambda": (sequential(LAMBDA), "a Lambda layer carries bytecode", "Lambda"),
    "lambda-safe-mode": (sequential(LAMBDA, safe_mode=False), "safe mode switched off from the file", "Lambda"),
    "lambda-keras2": (sequential(LAMBDA2), "a Lambda layer carries bytecode", "Lambda"),
    "layer-by-module": (sequential(layer("Popen", "subprocess", args=["touch", "owned"])), "the config names any class", "Popen"),
    "layer-is-function": (sequential(function("os", "system")), "the config names any function", "function|want an object"),
    "activation-by-module": (sequential(dense(activation=function("builtins", "exec"))), "the config names any function", "exec|activation"),
    "initializer-by-module": (
        sequential(dense(kernel_initializer=layer("load", "joblib", filename="/etc/hostname"))), "the config names any class", None),
    "vocabulary": (
        sequential(layer("StringLookup", name="lookup", vocabulary="/etc/passwd")), "a vocabulary is a path", "StringLookup"),
    "saved-model": (sequential(layer("TFSMLayer", name="sm", filepath="http://localhost/sm")), "a layer loads another model", "TFSMLayer"),
    "units": (sequential(dense(units=1 << 40)), "a variable's shape is a bomb", SIZE),
    "overflow": (sequential(dense(units=(1 << 62) + 1)), "the size of a variable overflows", SIZE),
    "negative": (sequential(dense(units=-(1 << 62))), "a negative size", "units"),
}
MAY_OPEN = {
    "name-parent": (sequential(dense(name="../../owned")), "a layer's name becomes a path"),
    "name-absolute": (sequential(dense(name="/tmp/owned")), "a layer's name becomes a path"),
    "name-escape": (sequential(dense(name="\x1b]0;owned\x07\u202e")), "a layer's name controls the terminal"),
}
TRAINING = {
    "loss": function("os", "system"),
    "optimizer": layer("Popen", "subprocess", args=["touch", "owned"]),
    "optimizer_config": layer("Popen", "subprocess", args=["touch", "owned"]),
    "metrics": [function("builtins", "exec")],
}


def deep(n):
    """A Sequential in a Sequential in a Sequential ..."""
    head, tail = '{"module":"keras","class_name":"Sequential","registered_name":null,"config":{"name":"s","layers":[', "]}}"
    return head * n + tail * n


def link(name, target):
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info, target


def overlapping():
    """A thousand members in the directory that all are the same bytes of the archive."""
    inner = archive(("assets/0", b"\0" * (1 << 20), zipfile.ZIP_DEFLATED), ("config.json", json.dumps(sequential(dense()))), ("model.weights.h5", hdf5(weights)))
    end = inner.rindex(b"PK\x05\x06")
    directory = inner.index(b"PK\x01\x02")
    next_entry = inner.index(b"PK\x01\x02", directory + 4)
    first = inner[directory:next_entry]
    entries = b"".join(first.replace(b"assets/0", f"assets/{i}".encode()) if i < 10 else entry(first, f"assets/{i}") for i in range(1000))
    entries += inner[next_entry:end]
    tail = bytearray(inner[end:])
    tail[8:10] = tail[10:12] = (1002).to_bytes(2, "little")
    tail[12:16] = len(entries).to_bytes(4, "little")
    return inner[:directory] + entries + bytes(tail)


def entry(first, name):
    e = bytearray(first.replace(b"assets/0", name.encode()))
    e[28:30] = len(name).to_bytes(2, "little")
    return bytes(e)


def zeros(**options):
    """A model with 62 MB of zeros."""
    def fill(f):
        g = f.create_group("layers/dense/vars")
        d = g.create_dataset("0", (1000, 15_500), "f4", **options)
        d[:] = 0
        g["1"] = np.zeros(15_500, "f4")

    return sequential(layer("Reshape", name="reshape", target_shape=[1000]), dense(units=15_500)), fill


def edge_chunks(g, name):
    """200 numbers, each in a chunk of 2 MB."""
    d = g.create_dataset(name, (200, 1), "f4", chunks=(1, 1 << 19), maxshape=(None, None), compression="gzip")
    chunk = zlib.compress(bytes(4 << 19), 9)
    for i in range(200):
        d.id.write_direct_chunk((i, 0), chunk)


def bombs():
    config, fill = zeros(chunks=(1000, 15_500), compression="gzip")
    yield "zeros-chunk.keras", keras(config, fill), "a chunk of 62 MB in 64 kB", {"error": "memory"}
    config, fill = zeros()
    yield "zeros-zip.keras", archive(("config.json", json.dumps(config)), ("model.weights.h5", hdf5(fill), zipfile.ZIP_DEFLATED)), "a zip bomb", {"error": "not plausible"}
    yield "edge-chunks.weights.h5", hdf5(instead(edge_chunks, "layers/dense/vars/0")), "chunks larger than the shape", {"error": "inflate", "weights": True}
    text = archive(("config.json", json.dumps(sequential(dense(activation="a" * 3_000_000))), zipfile.ZIP_DEFLATED), ("model.weights.h5", hdf5(weights)))
    yield "text-bomb.keras", text, "JSON that is compressed well", {"error": "bytes of JSON"}
    yield "name-long.h5", legacy(json.dumps(sequential(dense(activation="a" * 60_000)))), "a name of 60,000 letters", {"error": "activation"}
    classes = [layer(f"Class{i}", name=f"layer_{i}") for i in range(400)]
    yield "many-classes.h5", legacy(json.dumps(sequential(*classes))), "hundreds of unknown classes", {"error": "and 350 more"}


def cases():
    yield from bombs()
    good = json.dumps(sequential(dense()))
    for name, (config, rule, error) in NETWORKS.items():
        options = {"error": error} if error else {}
        yield f"{name}.keras", keras(config), rule, options
        yield f"{name}.h5", legacy(config), rule, options
    for name, (config, rule) in MAY_OPEN.items():
        yield f"{name}.keras", keras(config), rule, {}
        yield f"{name}.h5", legacy(config), rule, {}
    training = sequential(dense())
    training["compile_config"] = TRAINING
    yield "training.keras", keras(training), "the compile config names any function", {}
    yield "training.h5", legacy(sequential(dense()), training=TRAINING), "the compile config names any function", {}

    for name, (make, error) in LEADS_OUT.items():
        yield f"{name}.keras", keras(sequential(dense()), instead(make, "layers/dense/vars/0")), "HDF5 leads out of the file", {"error": error}
        yield f"{name}.h5", legacy(sequential(dense()), instead(make, "dense/dense/kernel:0", legacy_weights)), "HDF5 leads out of the file", {"error": error}
        yield f"{name}.weights.h5", hdf5(instead(make, "layers/dense/vars/0")), "HDF5 leads out of the file", {"error": error, "weights": True}
    for name, (make, error) in CLAIMS.items():
        yield f"{name}.keras", keras(sequential(dense()), instead(make, "layers/dense/vars/0")), "HDF5 claims more than there is", {"error": error}
        yield f"{name}.h5", legacy(sequential(dense()), instead(make, "dense/dense/kernel:0", legacy_weights)), "HDF5 claims more than there is", {"error": error}
        yield f"{name}.weights.h5", hdf5(instead(make, "layers/dense/vars/0")), "HDF5 claims more than there is", {"error": error, "weights": True}

    def outside(g):
        legacy_weights(g)
        g["dense"].attrs["weight_names"] = np.array([b"../../model_weights/dense/dense/kernel:0", b"/etc/hostname"])

    def missing(g):
        legacy_weights(g)
        g.attrs["layer_names"] = np.array([b"../dense"])

    yield "weight-names-outside.h5", legacy(sequential(dense()), outside), "a weight's name is a path", {"error": "kernel|hostname|weight"}
    yield "layer-names-outside.h5", legacy(sequential(dense()), missing), "a layer's name is a path", {"error": r"\.\."}
    yield "deep.h5", legacy(deep(600)), "JSON nested 600 models deep", {"error": "nest|deep|depth|layers"}

    for name, member in {
        "parent": ("../config.json", good), "absolute": ("/etc/config.json", good), "backslash": ("assets\\..\\..\\config.json", good), "drive": ("c:/config.json", good),
    }.items():
        yield f"member-{name}.keras", keras(sequential(dense()), weights, member), "a member's name leads out of the archive", {"error": "path|name"}
    yield "member-link.keras", keras(sequential(dense()), weights, link("assets/x", "/etc/hostname")), "a member is a link", {"error": "link"}
    yield "config-link.keras", archive(link("config.json", "/etc/hostname"), ("model.weights.h5", hdf5(weights))), "a member is a link", {"error": "link"}
    spaces = good + " " * (100 << 20)
    yield "config-bomb.keras", archive(("config.json", spaces, zipfile.ZIP_DEFLATED), ("model.weights.h5", hdf5(weights))), "a zip bomb", {"error": "limit|bytes|size|large"}
    zeros = hdf5(weights) + b"\0" * (100 << 20)
    yield "weights-bomb.keras", archive(("config.json", good), ("model.weights.h5", zeros, zipfile.ZIP_DEFLATED)), "a zip bomb", {"error": "limit|bytes|size|large"}
    yield "overlapping.keras", overlapping(), "members share bytes", {"error": "overlap"}
    yield "deep.keras", archive(("config.json", deep(20_000)), ("model.weights.h5", hdf5(weights))), "JSON nested 20,000 models deep", {"error": "nest|deep|depth|layers"}
