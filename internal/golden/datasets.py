"""Small files in the forms of MNIST, Fashion-MNIST and CIFAR, and what keras.datasets reads from them; and files of NumPy and pickle.

Writes data/datasets/testdata/, format/npy/testdata/ and internal/pickle/testdata/. datasets.json has the type, the shape and the CRC-32 of each array.

    python -m venv venv && venv/bin/pip install -r internal/golden/requirements.txt
    venv/bin/python internal/golden/datasets.py
"""

import gzip
import io
import json
import os
import pathlib
import pickle
import struct
import tarfile
import tempfile
import zlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
from keras.src.datasets import cifar, cifar100, fashion_mnist, mnist

ROOT = pathlib.Path(__file__).parents[2]
OUT = ROOT / "data/datasets/testdata"
NPY = ROOT / "format/npy/testdata"
PICKLE = ROOT / "internal/pickle/testdata"
for folder in OUT / "fashion-mnist", NPY, PICKLE:
    folder.mkdir(parents=True, exist_ok=True)


class Python2Pickler(pickle._Pickler):
    """Writes str and bytes as Python 2 wrote str: CIFAR's files come from Python 2."""

    dispatch = pickle._Pickler.dispatch.copy()

    def save_str(self, obj):
        b = obj.encode("latin1") if isinstance(obj, str) else obj
        self.write(pickle.SHORT_BINSTRING + bytes([len(b)]) if len(b) < 256 else pickle.BINSTRING + struct.pack("<i", len(b)))
        self.write(b)
        self.memoize(obj)

    dispatch[str] = dispatch[bytes] = save_str


def python2(obj):
    f = io.BytesIO()
    Python2Pickler(f, protocol=2, fix_imports=True).dump(obj)
    # NumPy's module had another name.
    return f.getvalue().replace(b"numpy._core.multiarray", b"numpy.core.multiarray")


def tar(name, folder, files):
    with gzip.GzipFile(OUT / name, "wb", mtime=0) as z, tarfile.open(fileobj=z, mode="w", format=tarfile.USTAR_FORMAT) as t:
        for base, content in files.items():
            info = tarfile.TarInfo(f"{folder}/{base}")
            info.size = len(content)
            t.addfile(info, io.BytesIO(content))


def images(n, *shape, seed):
    """Patterns that compress well."""
    v = np.indices((n, *shape)).sum(axis=0) * 3 + np.arange(n).reshape(-1, *[1] * len(shape)) * 31
    return ((v + seed) % 256).astype(np.uint8)


def describe(*arrays):
    """x_train, y_train, x_test, y_test"""
    return [{"type": a.dtype.name, "shape": list(a.shape), "crc": zlib.crc32(np.ascontiguousarray(a).tobytes())} for a in arrays]


def unpack(name, where):
    with tarfile.open(OUT / name) as t:
        t.extractall(where, filter="data")


def load_cifar10(where):
    """cifar10.load_data, for batches of any size."""
    batches = [cifar.load_batch(os.path.join(where, f)) for f in [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]]
    x = [b[0].transpose(0, 2, 3, 1) for b in batches]
    y = [np.reshape(np.array(b[1], "uint8"), (-1, 1)) for b in batches]
    return np.concatenate(x[:5]), np.concatenate(y[:5]), x[5], y[5]


result = {}
with tempfile.TemporaryDirectory() as tmp:
    # MNIST
    np.savez_compressed(OUT / "mnist.npz", x_train=images(11, 28, 28, seed=1), y_train=np.arange(11, dtype="uint8") * 7 % 10,
                        x_test=images(4, 28, 28, seed=2), y_test=np.arange(4, dtype="uint8"))
    mnist.get_file = lambda fname, **kw: OUT / "mnist.npz"
    (a, b), (c, d) = mnist.load_data()
    result["mnist"] = describe(a, b, c, d)

    # Fashion-MNIST
    for part, n in ("train", 9), ("t10k", 3):
        for what, array in ("images-idx3", images(n, 28, 28, seed=n)), ("labels-idx1", np.arange(n, dtype="uint8") * 3 % 10):
            head = struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
            (OUT / f"fashion-mnist/{part}-{what}-ubyte.gz").write_bytes(gzip.compress(head + array.tobytes(), mtime=0))
    fashion_mnist.get_file = lambda fname, **kw: OUT / "fashion-mnist" / fname
    (a, b), (c, d) = fashion_mnist.load_data()
    result["fashion_mnist"] = describe(a, b, c, d)

    # CIFAR-10
    names = [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]
    classes = "airplane automobile bird cat deer dog frog horse ship truck".split()
    pickles, binaries = {}, {}
    for i, name in enumerate(names):
        x = images(2 + i % 2, 3, 32, 32, seed=i).reshape(-1, 3072)
        y = [(i * 3 + k * 7) % 10 for k in range(len(x))]
        pickles[name] = python2({"batch_label": name, "labels": y, "data": x, "filenames": [f"{classes[k]}_{i}.png" for k in y]})
        binaries[name + ".bin"] = b"".join(bytes([k]) + v.tobytes() for k, v in zip(y, x))
    tar("cifar-10-python.tar.gz", "cifar-10-batches-py", pickles | {"batches.meta": python2({"num_cases_per_batch": 2, "label_names": classes})})
    tar("cifar-10-binary.tar.gz", "cifar-10-batches-bin", binaries | {"batches.meta.txt": "\n".join(classes + [""]).encode()})
    unpack("cifar-10-python.tar.gz", tmp)
    result["cifar10"] = describe(*load_cifar10(os.path.join(tmp, "cifar-10-batches-py")))

    # CIFAR-100
    fine, coarse = [f"fine_{i:02d}" for i in range(100)], [f"coarse_{i:02d}" for i in range(20)]
    pickles, binaries = {}, {}
    for name, n in ("train", 7), ("test", 3):
        x = images(n, 3, 32, 32, seed=n).reshape(-1, 3072)
        y = [i * 37 % 100 for i in range(n)]
        z = [i // 5 for i in y]
        pickles[name] = python2({"filenames": [f"{fine[i]}.png" for i in y], "batch_label": name, "fine_labels": y, "coarse_labels": z, "data": x})
        binaries[name + ".bin"] = b"".join(bytes([k, l]) + v.tobytes() for k, l, v in zip(z, y, x))
    tar("cifar-100-python.tar.gz", "cifar-100-python", pickles | {"meta": python2({"fine_label_names": fine, "coarse_label_names": coarse})})
    tar("cifar-100-binary.tar.gz", "cifar-100-binary", binaries | {
        "fine_label_names.txt": "\n".join(fine + [""]).encode(), "coarse_label_names.txt": "\n".join(coarse + [""]).encode()})
    unpack("cifar-100-python.tar.gz", tmp)
    cifar100.get_file = lambda fname, **kw: tmp
    for mode in "fine", "coarse":
        (a, b), (c, d) = cifar100.load_data(label_mode=mode)
        result[f"cifar100 {mode}"] = describe(a, b, c, d)
(OUT / "datasets.json").write_text("{\n" + ",\n".join(f'"{k}": {json.dumps(v)}' for k, v in result.items()) + "\n}\n")

# Arrays of NumPy. Each has the values 0, 1, 2 ... modulo 2 for bools.
for dtype in "u1", "i1", "<i2", "<i4", "<i8", "<f4", "<f8", "b1":
    np.save(NPY / f"{np.dtype(dtype).name}.npy", np.arange(6).reshape(2, 3, 1).astype(dtype) if dtype != "b1" else np.arange(6).reshape(2, 3, 1) % 2 == 1)
np.save(NPY / "scalar.npy", np.float32(7))
np.save(NPY / "empty.npy", np.zeros((0, 3), "f4"))
np.save(NPY / "refused_big_endian.npy", np.arange(6, dtype=">i2"))
np.save(NPY / "fortran.npy", np.asfortranarray(np.arange(6.0).reshape(2, 3)))
np.save(NPY / "refused_object.npy", np.array([None, "a"], dtype=object), allow_pickle=True)
np.save(NPY / "refused_struct.npy", np.zeros(2, dtype=[("a", "i4"), ("b", "f4")]))
with open(NPY / "version2.npy", "wb") as f:
    np.lib.format.write_array(f, np.arange(4, dtype="i8"), version=(2, 0))

# Pickles of the same data in all protocols, and as Python 2 wrote them.
shared = [1, 2]
data = {
    "none": None, "yes": True, "no": False, "small": 7, "word": 300, "negative": -5, "big": 1 << 40, "float": 1.5, "text": "h\u00e9llo", "list": [1, "a", [2]],
    "again": [shared, shared], "tuple": (1, 2, 3, 4), "dict": {"k": 3, 5: 6}, "array": np.arange(6, dtype="<i4").reshape(2, 3), "bytes": b"ab\xff", "long": "x" * 300,
    "floats": np.arange(3) / 2,
}
for protocol in range(1, 6):
    (PICKLE / f"protocol{protocol}.pickle").write_bytes(pickle.dumps(data, protocol=protocol))
plain = {k: v for k, v in data.items() if k not in ("array", "floats", "bytes")}
(PICKLE / "protocol0.pickle").write_bytes(pickle.dumps(plain, protocol=0))
(PICKLE / "python2.pickle").write_bytes(python2({k: v for k, v in data.items() if k not in ("text", "yes", "no")}))


class Evil:
    def __reduce__(self):
        return os.system, ("echo this must not run",)


(PICKLE / "refused_call.pickle").write_bytes(pickle.dumps({"a": Evil()}, protocol=2))
(PICKLE / "refused_new.pickle").write_bytes(pickle.dumps(pathlib.PurePosixPath("a"), protocol=4))
