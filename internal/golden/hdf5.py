"""HDF5 files written by h5py, for format/hdf5: one file for each feature of the format, and expected.json, which holds what h5py reads from
them. HDF5 stores the time in some of the files, so only expected.json is the same in every run.

    python internal/golden/hdf5.py
"""

import json
import os

import h5py
import numpy as np

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "format", "hdf5", "testdata")
os.makedirs(OUT, exist_ok=True)


def ramp(shape, dtype="f4"):
    """Numbers that change if the byte order, the offset or the size is wrong."""
    n = int(np.prod(shape, dtype=int))
    return (np.arange(n) * 7 % 101 - 20).astype(dtype).reshape(shape)


def attributes(o):
    o.attrs["text"] = "línce 🐈"
    o.attrs["empty"] = ""
    o.attrs["texts"] = ["conv2d", "", "max_pooling2d"]
    o.attrs["fixed"] = np.array([b"conv2d/kernel:0", b"b"])
    o.attrs["none"] = []
    o.attrs["int"] = 42
    o.attrs["float"] = 0.5
    o.attrs["floats"] = np.array([[1, 2, 3], [4, 5, 6]], "f4")
    o.attrs["big"] = np.array([1, -2], ">i2")
    o.attrs["bool"] = np.array([True, False])
    o.attrs["null"] = h5py.Empty("f4")


def types(f):
    for t in "f2 f4 f8 >f2 >f4 >f8 i1 i2 i4 i8 >i2 >i4 >i8".split():
        f[t.replace(">", "big-")] = ramp((3, 5), t)
    for t in "u1 u2 u4 u8 >u2 >u4 >u8".split():
        f[t.replace(">", "big-")] = (np.arange(15) * 13 % 250).astype(t).reshape(3, 5)
    f["u2-high"] = np.array([65535, 0, 40000], "u2")
    f["u4-high"] = np.array([2**32 - 1, 1], "u4")
    f["u8-high"] = np.array([2**63 - 1, 7], "u8")
    f["i8-exact"] = np.array([2**53 + 1, -(2**63), 2**63 - 1])
    f["f2-special"] = np.array([0, -0.0, 6e-8, 6.1e-5, 65504, 1 / 3, np.inf, -np.inf], "f2")
    f["bool"] = np.array([[True, False, True]])
    f["scalar"] = np.int64(1234567890123)
    f["scalar-float"] = np.float32(0.001)
    f["zero"] = np.zeros((0, 3), "f4")
    f["zero-inside"] = np.zeros((2, 0, 3), "f4")
    f["one"] = ramp((1,))
    f["rank5"] = ramp((2, 1, 3, 2, 2))
    f["vlen-text"] = ["a", "", "línce"]
    f["fixed-text"] = np.array([b"ab", b"c"])
    bf = f.create_dataset("bfloat16", data=np.array([0x3F80, 0xC040, 0x3EAB], "u2").view("V2"))
    bf.attrs["dtype"] = "bfloat16"
    f["committed-type"] = np.dtype("f4")
    f.create_dataset("of-committed-type", data=ramp((4,)), dtype=f["committed-type"])


def groups(f):
    attributes(f)
    attributes(f.create_group("attributes"))
    attributes(f.create_dataset("annotated", data=ramp((2, 2))))
    f.create_group("empty")
    f["deep/er/and/deeper/0"] = ramp((2,))
    f["línce"] = ramp((3,))
    f["same"] = f["deep/er/and/deeper/0"]  # a hard link


def layouts(f):
    def make(name, shape=(7, 10), **kw):
        f.create_dataset(name, data=ramp(shape, kw.pop("type", "f4")), **kw)

    make("contiguous")
    make("single", chunks=(7, 10))
    make("single-gzip", chunks=(7, 10), compression="gzip")
    make("single-larger", chunks=(8, 16), maxshape=(8, 16))
    make("fixed", chunks=(3, 4))
    make("fixed-gzip", chunks=(3, 4), compression="gzip")
    make("fixed-shuffle", chunks=(3, 4), compression="gzip", shuffle=True)
    make("fixed-fletcher", chunks=(3, 4), fletcher32=True)
    make("fixed-all", chunks=(3, 4), compression="gzip", shuffle=True, fletcher32=True)
    make("fixed-odd", (5, 3), type="i1", chunks=(2, 3), shuffle=True, fletcher32=True)
    make("fixed-max", chunks=(3, 4), maxshape=(20, 30))
    make("fixed-paged", (1500,), type="i1", chunks=(1,), maxshape=(2500,))
    make("extensible", chunks=(2, 3), maxshape=(None, 10))
    make("extensible-second", chunks=(2, 3), maxshape=(7, None))
    make("extensible-max", chunks=(2, 3), maxshape=(9, None))
    make("extensible-middle", (3, 4, 5), chunks=(2, 1, 2), maxshape=(6, None, 5))
    make("extensible-gzip", chunks=(2, 3), maxshape=(None, 10), compression="gzip")
    make("extensible-long", (600,), type="i2", chunks=(1,), maxshape=(None,))
    make("btree2", chunks=(2, 3), maxshape=(None, None))
    make("btree2-gzip", chunks=(2, 3), maxshape=(None, None), compression="gzip", shuffle=True)
    make("btree2-deep", (40, 30), type="i1", chunks=(1, 1), maxshape=(None, None))
    make("big-chunks", (5,), chunks=(2,), type=">f8")
    # Partly written: the rest is the fill value.
    d = f.create_dataset("fill", (7, 10), "f4", chunks=(3, 4), fillvalue=2.5)
    d[4, 5] = 9
    d = f.create_dataset("fill-extensible", (7, 10), "i4", chunks=(1, 2), maxshape=(None, 10), fillvalue=-3)
    d[6, 9] = 9
    f.create_dataset("never-written", (4,), "f4")
    f.create_dataset("never-written-fill", (4,), "f4", fillvalue=1.25)
    f.create_dataset("never-written-chunks", (4,), "f4", chunks=(2,))
    d = f.create_dataset("shrunk", (10,), "f4", chunks=(3,), maxshape=(None,))
    d[:] = ramp((10,))
    d.resize((4,))
    # Compact, early allocation (implicit index) and unfiltered edges need the low-level API.
    space = h5py.h5s.create_simple((3, 4))
    p = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    p.set_layout(h5py.h5d.COMPACT)
    h5py.h5d.create(f.id, b"compact", h5py.h5t.IEEE_F32LE, space, p).write(
        h5py.h5s.ALL, h5py.h5s.ALL, ramp((3, 4)))
    p = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    p.set_chunk((2, 3))
    p.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    h5py.h5d.create(f.id, b"implicit", h5py.h5t.IEEE_F32LE, space, p).write(
        h5py.h5s.ALL, h5py.h5s.ALL, ramp((3, 4)))


def many(f):
    g = f.create_group("groups")
    one = f.create_group("one")
    for i in range(1000):
        g[f"layer_{i}"] = one
    d = f.create_group("datasets")
    for i in range(150):
        d[str(i)] = np.float32(i)
    a = f.create_group("attributes")
    for i in range(40):
        a.attrs[f"a{i}"] = f"value {i}"
    if f.libver[0] != "earliest":  # an attribute that is too large for a message
        f.attrs["huge"] = np.arange(9000, dtype="f8")
    else:
        f.attrs["long"] = "é" * 100000


def refused(f):
    f["a"] = ramp((3,))
    f["soft"] = h5py.SoftLink("/a")
    f["external"] = h5py.ExternalLink("other.h5", "/a")
    f.create_dataset("outside", (3,), "f4", external=[("outside.bin", 0, 12)])
    v = h5py.VirtualLayout((3,), "f4")
    v[:] = h5py.VirtualSource("other.h5", "a", (3,))
    f.create_virtual_dataset("virtual", v)
    f["compound"] = np.zeros(2, [("x", "f4"), ("y", "i4")])
    f["complex"] = np.zeros(2, "c8")
    f["long-double"] = np.zeros(2, "g")
    f["u8-too-large"] = np.array([2**63], "u8")
    f.create_dataset("lzf", data=ramp((100,)), compression="lzf")
    f.create_dataset("vlen-numbers", (2,), h5py.vlen_dtype("i4"))
    f["reference"] = np.array([f["a"].ref], h5py.ref_dtype)
    # Claims 4 TB and stores nothing.
    f.create_dataset("bomb", (1 << 20, 1 << 20), "f4", chunks=(1 << 10, 1 << 10), compression="gzip")
    f.create_dataset("bomb-contiguous", (1 << 20, 1 << 20), "f4")


def plain(v):
    if isinstance(v, h5py.Empty):
        return []
    v = np.asarray(v)
    if v.dtype.kind in "SOU":
        return [x.decode() if isinstance(x, bytes) else x for x in v.ravel().tolist()]
    if v.dtype.kind == "V":
        v = v.view("u2")
    if v.dtype.kind == "f":
        return [repr(float(x)) for x in v.ravel()]
    return [int(x) for x in v.ravel()]


def describe(f):
    out = {}
    met = set()

    def visit(name, o):
        d = {"attrs": {k: plain(v) for k, v in sorted(o.attrs.items())}}
        if isinstance(o, h5py.Dataset):
            d["dtype"] = o.dtype.str if o.dtype.kind != "O" else "text"
            d["shape"] = list(o.shape)
            d["values"] = plain(o[()])
        elif isinstance(o, h5py.Group):
            d["names"] = sorted(o, key=lambda s: s.encode())
        else:
            return
        out[name] = d

    visit("/", f)

    def walk(g, path):
        for name in g:
            o = g[name]
            if o.id.__hash__() in met:  # visited under another name
                continue
            met.add(o.id.__hash__())
            visit(path + "/" + name, o)
            if isinstance(o, h5py.Group):
                walk(o, path + "/" + name)

    walk(f, "")
    return out


def main():
    expected = {}
    for make in (types, groups, layouts, many):
        for libver in ("earliest", "latest"):
            name = f"{make.__name__}-{libver}.h5"
            with h5py.File(os.path.join(OUT, name), "w", libver=(libver, libver if libver == "latest" else "latest")) as f:
                if libver == "earliest":
                    assert f.libver[0] == "earliest"
                make(f)
            with h5py.File(os.path.join(OUT, name)) as f:
                expected[name] = describe(f)
    with h5py.File(os.path.join(OUT, "userblock.h5"), "w", userblock_size=1024) as f:
        groups(f)
    with h5py.File(os.path.join(OUT, "userblock.h5")) as f:
        expected["userblock.h5"] = describe(f)
    with h5py.File(os.path.join(OUT, "superblock2.h5"), "w", libver=("v108", "v108")) as f:
        groups(f)
    with h5py.File(os.path.join(OUT, "superblock2.h5")) as f:
        expected["superblock2.h5"] = describe(f)
    with h5py.File(os.path.join(OUT, "tracked.h5"), "w", track_order=True) as f:
        for i in range(20):
            f[f"d{19 - i}"] = np.float32(i)
            f.attrs[f"a{19 - i}"] = i
    with h5py.File(os.path.join(OUT, "tracked.h5")) as f:
        expected["tracked.h5"] = describe(f)
    with h5py.File(os.path.join(OUT, "refused.h5"), "w") as f:
        refused(f)
    with open(os.path.join(OUT, "expected.json"), "w") as f:
        json.dump(expected, f, separators=(",", ":"), ensure_ascii=False)


main()
