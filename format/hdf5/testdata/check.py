"""Reads with h5py what lince wrote, appends to it, and writes another file with chunk
indexes so large that they have all their levels.

    python check.py WRITTEN BIG
"""

import json
import sys

import h5py
import numpy as np

written, big = sys.argv[1:]

with h5py.File(written, "r") as f:
    out = {"types": {}, "names": len(list(f["many"]))}
    for name, d in f["types"].items():
        v = np.asarray(d[()])
        if name == "bfloat16":
            assert d.attrs["dtype"] == "bfloat16"
            v = v.view("u2")
        else:
            assert name not in np.sctypeDict or v.dtype == np.dtype(name), (name, v.dtype)
        out["types"][name] = {
            "shape": list(v.shape),
            "values": [repr(float(x)) if v.dtype.kind == "f" else int(x) for x in v.ravel()],
        }
    a = f["attributes"].attrs
    assert sorted(a) == ["bools", "empty", "fixed", "long", "no texts", "number", "numbers", "text", "texts"], list(a)
    assert a["text"] == "línce" and a["empty"] == "" and a["long"] == "é" * 100000
    assert list(a["texts"]) == ["conv2d", "", "dense"], list(a["texts"])
    assert list(a["no texts"]) == []
    assert list(a["fixed"]) == [b"conv2d/kernel:0", b"b"]
    assert a["number"] == 0.5 and a["numbers"].tolist() == [[1, 2, 3], [4, 5, 6]]
    assert a["bools"].dtype == bool and a["bools"].tolist() == [False, True]
    assert f.attrs["ínfo"] == "root" and f["annotated"].attrs["of"] == "a dataset"
    assert list(f.attrs) == ["ínfo"] and list(f["annotated"].attrs) == ["of"] and not list(f["empty"].attrs)
    assert f["many/layer_17/vars"].attrs["name"] == "name 17"
    f["deep/" * 40 + "er/" + "long name " * 30][()]

with h5py.File(written, "a") as f:
    for name in ("empty", "attributes", "types", "/"):
        for i in range(12):
            f[name].create_group(f"added {i}")
        f[name].attrs["added"] = "línce"
    for i in range(40):
        f[f"many/added/{i}"] = np.float32(i)
    f["annotated"].attrs["also"] = np.arange(100)
    f["types/float32"][0, 0, 0] = 1  # the value that it has

with h5py.File(written, "r") as f:
    assert len(f["attributes"].attrs) == 10 and len(f["annotated"].attrs) == 2
    assert len(f["many"]) == 1001 and f["types/float32"][0, 0, 1] == -2.5

with h5py.File(big, "w", libver="latest") as f:
    v = (np.arange(150_000) % 127).astype("i1")
    # 150,000 chunks: super blocks whose data blocks have pages.
    d = f.create_dataset("extensible", (150_000,), "i1", chunks=(1,), maxshape=(None,))
    for i in range(0, 150_000, 10_000):
        d[i : i + 10_000] = v[i : i + 10_000]
    f.create_dataset("fixed", data=v[:20_000], chunks=(1,))
    f.create_dataset("btree2", data=v[:20_000].reshape(100, 200), chunks=(1, 1), maxshape=(None, None))
with h5py.File(big, "a", libver="earliest") as f:
    f.create_dataset("btree1", data=v[:20_000].reshape(100, 200), chunks=(1, 1))

print(json.dumps(out))
