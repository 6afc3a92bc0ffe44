"""Small files written by the safetensors library, for format/safetensors.

    python internal/golden/safetensors_format.py [FILE...]
    python internal/golden/safetensors_format.py --names FILE NAME...

Without arguments, it writes format/safetensors/testdata/*.safetensors and expected.json, which lists what the library reads from
them. With arguments, it checks files that lince wrote: the library must read them, and each tensor NAME of the file must hold
0, 1, 2, ... in its type. With --names, it checks the names of the tensors in FILE.
"""

import json
import os
import sys

import ml_dtypes
import numpy as np
from safetensors import safe_open
from safetensors.numpy import save, save_file

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "format", "safetensors", "testdata")


def arrays():
    out = {}
    for name in ["bool", "uint8", "int8", "int16", "uint16", "float16", "int32", "uint32", "float32", "float64", "int64", "uint64"]:
        out[f"layer/{name}"] = (np.arange(6) % 2 if name == "bool" else np.arange(6)).astype(name).reshape(2, 3)
    out["scalar"] = np.array(1.5, "f4")
    out["empty"] = np.zeros((0, 3), "f4")
    out["halves"] = np.array([0, -0.0, 1, -2.5, 65504, 6e-8, np.inf, -np.inf], "f2")
    out["bfloat16"] = np.arange(6).astype(ml_dtypes.bfloat16)
    return out


def write():
    os.makedirs(OUT, exist_ok=True)
    save_file(arrays(), os.path.join(OUT, "types.safetensors"), {"format": "np", "text": 'quoted "<>&" \n'})
    save_file({"b": np.arange(4, dtype="f4"), "a": np.arange(3, dtype="i8"), "c": np.ones((2, 2), "f4")}, os.path.join(OUT, "plain.safetensors"))
    expected = {}
    for name in ["types", "plain"]:
        with safe_open(os.path.join(OUT, name + ".safetensors"), "np") as f:
            expected[name] = {
                "metadata": f.metadata(),
                "tensors": {k: {"shape": list(v.shape), "values": [str(x) for x in v.astype("f8").ravel()]} for k in f.keys() for v in [f.get_tensor(k)]},
            }
    with open(os.path.join(OUT, "expected.json"), "w") as f:
        json.dump(expected, f, indent=1)
    # A type that numpy does not have.
    raw = save({"x": np.arange(4, dtype="u1")})
    with open(os.path.join(OUT, "float8.safetensors"), "wb") as f:
        n = int.from_bytes(raw[:8], "little")
        header = raw[8 : 8 + n].replace(b'"U8"', b'"F8_E4M3"').rstrip()
        header += b" " * (-len(header) % 8)
        f.write(len(header).to_bytes(8, "little") + header + raw[8 + n :])


def check(path):
    with safe_open(path, "np") as f:
        assert f.metadata() == {"format": "lince", "text": 'quoted "<>&" \n'}, f.metadata()
        for name in f.keys():
            x = f.get_tensor(name).astype("f8").ravel()
            assert (x == np.arange(x.size) % (2 if name == "bool" else 1000)).all(), (name, x)


if sys.argv[1:2] == ["--names"]:
    with safe_open(sys.argv[2], "np") as f:
        assert sorted(f.keys()) == sys.argv[3:], sorted(f.keys())
elif sys.argv[1:]:
    for path in sys.argv[1:]:
        check(path)
else:
    write()
