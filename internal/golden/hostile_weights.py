"""The safetensors and PyTorch files of hostile_models.py. They have the names of a Dense layer with 4 inputs and 2 units."""

import io
import json
import pickle
import struct
import zipfile

F32 = 4


def safetensors(header, data=b"\0" * 40, length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def tensor(shape, start, end, dtype="F32"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


KERNEL, BIAS = tensor([2, 4], 0, 32), tensor([2], 32, 40)

SAFETENSORS = {
    "overlap": (safetensors({"dense.weight": KERNEL, "dense.bias": tensor([2], 28, 36)}), "tensors overlap", "overlap|hole|offset|byte"),
    "same": (safetensors({"dense.weight": KERNEL, "dense.bias": tensor([8], 0, 32)}), "tensors share bytes", "overlap|hole|offset|byte"),
    "hole": (safetensors({"dense.weight": KERNEL, "dense.bias": tensor([2], 36, 44)}, b"\0" * 44), "a hole", "hole|overlap|offset|byte"),
    "rest": (safetensors({"dense.weight": KERNEL, "dense.bias": BIAS}, b"\0" * 48), "bytes that no tensor has", "byte|hole|end"),
    "past-end": (safetensors({"dense.weight": KERNEL, "dense.bias": tensor([2], 32, 1 << 40)}), "data past the end", "byte|end|offset|shape"),
    "reversed": (safetensors({"dense.weight": KERNEL, "dense.bias": tensor([2], 40, 32)}), "offsets that go back", "offset|byte"),
    "negative": (safetensors({"dense.weight": KERNEL, "dense.bias": tensor([2], -8, 0)}), "negative offsets", "offset|byte|number"),
    "shape": (safetensors({"dense.weight": tensor([1 << 40, 1 << 40], 0, 32), "dense.bias": BIAS}), "a shape is a bomb", "shape|byte|element|large"),
    "overflow": (safetensors({"dense.weight": tensor([1 << 32, 1 << 32, 8], 0, 32), "dense.bias": BIAS}), "a size overflows", "shape|byte|element|large"),
    "negative-shape": (safetensors({"dense.weight": tensor([-2, -4], 0, 32), "dense.bias": BIAS}), "a negative shape", "shape|dimension|number"),
    "dtype": (safetensors({"dense.weight": tensor([2, 4], 0, 32, "F99"), "dense.bias": BIAS}), "an unknown type", "F99|type"),
    "header-huge": (safetensors(b"{}", length=1 << 63), "the header's length is a bomb", "header|no model file"),
    "header-limit": (safetensors(b"{}", length=100_000_001), "a header over the limit", "header|no model file"),
    "header-deep": (safetensors(b'{"a":' * 100_000 + b"}" * 100_000), "deep JSON", "header|deep|nest|JSON|object"),
    "twice": (safetensors(b'{"a":' + json.dumps(KERNEL).encode() + b',"a":' + json.dumps(KERNEL).encode() + b"}", b"\0" * 32), "a name twice", "twice|name|overlap|duplicate"),
    "cut": (safetensors({"dense.weight": KERNEL, "dense.bias": BIAS}, b"\0" * 20), "cut short", "byte|end|offset"),
    "not-json": (safetensors(b"\xff" * 100), "the header is no JSON", "JSON|header|UTF"),
}


class Opcodes:
    """Writes pickles by their opcodes, which Python's pickler would not write."""

    def __init__(self):
        self.b = bytearray(b"\x80\x02")

    def raw(self, b):
        self.b += b
        return self

    def call(self, module, name):
        return self.raw(f"c{module}\n{name}\n".encode())

    def text(self, s):
        s = s.encode()
        return self.raw(b"X" + struct.pack("<I", len(s)) + s)

    def int(self, n):
        if -(1 << 31) <= n < 1 << 31:
            return self.raw(b"J" + struct.pack("<i", n))
        b = n.to_bytes(n.bit_length() // 8 + 1, "little", signed=True)
        return self.raw(b"\x8a" + bytes([len(b)]) + b)

    def tuple(self, *items):
        self.raw(b"(")
        for i in items:
            self.int(i)
        return self.raw(b"t")

    def storage(self, key, numel, legacy=False):
        self.raw(b"(").text("storage").call("torch", "FloatStorage").text(key).text("cpu").int(numel)
        if legacy:
            self.raw(b"N")
        return self.raw(b"tQ")

    def tensor(self, shape, strides, offset=0, key="0", numel=10, legacy=False):
        self.call("torch._utils", "_rebuild_tensor_v2").raw(b"(").storage(key, numel, legacy).int(offset)
        return self.tuple(*shape).tuple(*strides).raw(b"\x89").call("collections", "OrderedDict").raw(b"(tRtR")

    def state(self, **kwargs):
        """A state dict with a kernel and a bias; the arguments are those of the kernel's tensor."""
        legacy = kwargs.get("legacy", False)
        self.raw(b"}(").text("dense.weight").tensor(**{"shape": (2, 4), "strides": (4, 1), **kwargs})
        return self.text("dense.bias").tensor((2,), (1,), 8, legacy=legacy).raw(b"u.")

    def bytes(self):
        return bytes(self.b)


class System:
    def __reduce__(self):
        import os

        return os.system, ("touch owned",)


def doubling(n):
    """A list of two lists of two lists ...: small in a pickle, 2**n values if it is copied out."""
    o = Opcodes().raw(b"](K\x01e")
    for i in range(n):
        o.raw(b"q" + bytes([i]) + b"](h" + bytes([i]) + b"h" + bytes([i]) + b"e")
    return o.raw(b".").bytes()


PICKLES = {
    "system": (lambda legacy: pickle.dumps({"dense.weight": System()}, 2), "a pickle calls os.system", "posix|system|refused"),
    "eval": (lambda legacy: Opcodes().call("builtins", "eval").raw(b"(").text("1").raw(b"tR.").bytes(), "a pickle calls eval", "eval|refused"),
    "getattr": (
        lambda legacy: Opcodes().call("builtins", "getattr").raw(b"(").call("torch", "hub").text("load").raw(b"tR.").bytes(),
        "a pickle walks attributes", "getattr|refused"),
    "torch-load": (lambda legacy: Opcodes().call("torch", "load").raw(b"(").text("/etc/passwd").raw(b"tR.").bytes(), "a pickle loads another file", "load|refused"),
    "instance": (lambda legacy: Opcodes().raw(b"(").text("touch owned").raw(b"ios\nsystem\n.").bytes(), "a pickle makes an instance", "system|refused|not supported"),
    "build": (
        lambda legacy: Opcodes().call("collections", "OrderedDict").raw(b"(tR}(").text("__class__").call("subprocess", "Popen").raw(b"ub.").bytes(),
        "a pickle sets an object's state", "Popen|refused"),
    "expand": (lambda legacy: Opcodes().state(shape=(1 << 30, 1 << 30), strides=(0, 0), legacy=legacy).bytes(), "strides of 0 make a bomb", "shape|stride|byte|element|large"),
    "overflow": (lambda legacy: Opcodes().state(shape=(1 << 62, 8), strides=(0, 0), legacy=legacy).bytes(), "a size overflows", "shape|stride|byte|element|large|number"),
    "shape": (lambda legacy: Opcodes().state(shape=(1 << 30, 1 << 30), strides=(1 << 30, 1), legacy=legacy).bytes(), "a shape is a bomb", "shape|stride|byte|element|storage|large"),
    "negative-stride": (lambda legacy: Opcodes().state(strides=(-4, -1), legacy=legacy).bytes(), "strides before the storage", "stride|storage|element"),
    "negative-offset": (lambda legacy: Opcodes().state(offset=-4, legacy=legacy).bytes(), "an offset before the storage", "offset|storage|element"),
    "past-end": (lambda legacy: Opcodes().state(offset=1000, legacy=legacy).bytes(), "an offset past the storage", "offset|storage|element"),
    "numel": (lambda legacy: Opcodes().state(numel=1 << 50, legacy=legacy).bytes(), "a storage claims more than there is", "storage|byte|element|size"),
    "missing": (lambda legacy: Opcodes().state(key="7", legacy=legacy).bytes(), "a storage that is not there", "storage|7|data"),
    "key-parent": (lambda legacy: Opcodes().state(key="../../../etc/hostname", legacy=legacy).bytes(), "a storage's key is a path", "storage|hostname|data"),
    "long": (lambda legacy: Opcodes().raw(b"\x8b" + struct.pack("<i", 1 << 30)).bytes(), "a number of 1 GiB", "end|EOF|byte|number"),
    "text": (lambda legacy: b"\x80\x04\x8d" + struct.pack("<Q", 1 << 62), "a text of 4 EiB", "end|EOF|byte"),
    "memo": (lambda legacy: Opcodes().raw(b"Nr" + struct.pack("<I", 0xFFFFFFFF) + b".").bytes(), "the last place of the memo", "dict|state|tensor"),
    "doubling": (lambda legacy: doubling(60), "lists of lists that double", "dict|state|tensor"),
    "itself": (lambda legacy: Opcodes().raw(b"}q\x00").text("a").raw(b"h\x00s.").bytes(), "a dict in itself", "dict|state|tensor|itself"),
    "deep": (lambda legacy: Opcodes().raw(b"]" * 200_000 + b"a" * 199_999 + b".").bytes(), "200,000 lists in each other", "dict|state|tensor|deep|nest|operation"),
}

LEGACY = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
STORAGE = b"\0" * 40


def torch_zip(data, *more):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as z:
        for name, content, *compression in (("archive/data.pkl", data), ("archive/version", b"3\n"), ("archive/data/0", STORAGE), *more):
            z.writestr(zipfile.ZipInfo(name), content, *compression)
    return buffer.getvalue()


def torch_legacy(data, keys=("0",), numel=10):
    head = pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2) + pickle.dumps(LEGACY, 2)
    return head + data + pickle.dumps(list(keys), 2) + struct.pack("<q", numel) + STORAGE


def cases():
    for name, (content, rule, error) in SAFETENSORS.items():
        yield f"{name}.safetensors", content, rule, {"weights": True, "error": error}
    for name, (make, rule, error) in PICKLES.items():
        yield f"{name}.pt", torch_zip(make(False)), rule, {"weights": True, "error": error}
        yield f"{name}.pth", torch_legacy(make(True)), rule, {"weights": True, "error": error}
    escape = "\x1b]0;owned\x07\u202e"
    yield "escape.safetensors", safetensors({escape: KERNEL, "dense.bias": BIAS}), "a name controls the terminal", {"weights": True, "error": "owned"}
    for legacy, (name, make) in enumerate((("pt", torch_zip), ("pth", torch_legacy))):
        state = Opcodes().raw(b"}(").text(escape).tensor((2, 4), (4, 1), legacy=bool(legacy)).raw(b"u.").bytes()
        yield f"escape.{name}", make(state), "a name controls the terminal", {"weights": True, "error": "owned"}
        content = make(Opcodes().state(legacy=bool(legacy)).bytes())
        yield f"cut.{name}", content[: len(content) - 30], "cut short", {"weights": True, "error": "."}
    good, old = Opcodes().state().bytes(), Opcodes().state(legacy=True).bytes()
    yield "storage-numel.pth", torch_legacy(old, numel=1 << 60), "a storage claims more than there is", {"weights": True, "error": "storage|byte|element|end|size"}
    yield "storage-negative.pth", torch_legacy(old, numel=-1), "a storage of negative size", {"weights": True, "error": "storage|byte|element|size"}
    yield "storage-keys.pth", torch_legacy(old, keys=["0"] * 10_000), "a storage thousands of times", {"weights": True, "error": "storage|key|end|byte"}
    yield "member-parent.pt", torch_zip(good, ("../archive/data/1", STORAGE)), "a member's name leads out of the archive", {"weights": True, "error": "path|name"}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as z:
        z.writestr(zipfile.ZipInfo("archive/data.pkl"), good[:-1] + b"N0" * (50 << 20) + b".", zipfile.ZIP_DEFLATED)
        z.writestr(zipfile.ZipInfo("archive/version"), "3\n")
        z.writestr(zipfile.ZipInfo("archive/data/0"), STORAGE)
    yield "bomb.pt", buffer.getvalue(), "a zip bomb", {"weights": True, "error": "operation|limit|bytes|compress|size|large"}
