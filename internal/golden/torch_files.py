"""Small files written by torch.save, for format/torch. expected.json lists their content.

    python internal/golden/torch_files.py

It needs PyTorch 2.15, which is not in requirements.txt: the tests use the files that it wrote.
"""

import json
import os
from collections import OrderedDict

import numpy as np
import torch
from torch import nn

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "format", "torch", "testdata")
os.makedirs(OUT, exist_ok=True)


def ramp(*shape, dtype=torch.float32):
    n = int(np.prod(shape, dtype=int))
    return torch.arange(n).reshape(shape).to(dtype)


def types():
    names = "float32 float64 float16 bfloat16 int64 int32 int16 int8 uint8 uint16 uint32 uint64".split()
    out = {n: ramp(2, 3, dtype=getattr(torch, n)) for n in names}
    out["bool"] = torch.tensor([True, False, True])
    out["scalar"] = torch.tensor(1.5)
    out["empty"] = torch.zeros(0, 3)
    return out


def strides():
    base = ramp(4, 6)
    return OrderedDict([
        ("base", base),
        ("transposed", base.t()),
        ("slice", base[1:3, 2:5]),
        ("steps", base[::2, 1::3]),
        ("permuted", ramp(2, 3, 4).permute(2, 0, 1)),
        ("expanded", ramp(3, 1).expand(3, 4)),
        ("channels_last", ramp(2, 3, 2, 2).to(memory_format=torch.channels_last)),
        ("row", base[2]),
        ("number", base[3, 5]),
    ])


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, bias=False)
        self.bn = nn.BatchNorm2d(4)
        self.fc = nn.Linear(4, 2)

    def forward(self, x):
        return self.fc(self.bn(self.conv(x)).mean((2, 3)))


def net():
    m = Net()
    with torch.no_grad():
        for i, v in enumerate(m.state_dict().values()):
            v.copy_(ramp(*v.shape) * 0.5 + i)
    return m


def main():
    m = net()
    opt = torch.optim.SGD(m.parameters(), 0.1, momentum=0.9)
    m(ramp(2, 3, 5, 5)).sum().backward()
    opt.step()
    checkpoint = {
        "epoch": 3, "arch": "net", "best_acc1": torch.tensor(0.75), "score": np.float64(0.5), "args": {"lr": 0.1, "sizes": [1, 2], "none": None},
        "state_dict": OrderedDict(("module." + k, v) for k, v in m.state_dict().items()), "optimizer": opt.state_dict(),
    }
    save = {
        "types": types(), "strides": strides(), "net": m.state_dict(), "checkpoint": checkpoint,
        "nested": {"ema": {"a": ramp(1)}, "model": {"state_dict": {"model.w": ramp(2), "model.b": nn.Parameter(ramp(1))}}},
    }
    expected = {}
    for name, value in save.items():
        for form, new in ("zip", True), ("old", False):
            torch.save(value, os.path.join(OUT, f"{name}-{form}.pth"), _use_new_zipfile_serialization=new)
    torch.save(m.state_dict(), os.path.join(OUT, "protocol4-zip.pth"), pickle_protocol=4)
    torch.save(m.state_dict(), os.path.join(OUT, "protocol4-old.pth"), pickle_protocol=4, _use_new_zipfile_serialization=False)
    save["protocol4"] = m.state_dict()
    torch.save(m, os.path.join(OUT, "model-zip.pth"))
    torch.save(ramp(2), os.path.join(OUT, "tensor-zip.pth"))
    for name, value in save.items():
        from_ = {"checkpoint": "state_dict", "nested": "model/state_dict"}.get(name, "")
        for k in filter(None, from_.split("/")):
            value = value[k]
        prefix = {"checkpoint": "module.", "nested": "model."}.get(name, "")
        expected[name] = {
            "from": from_, "prefix": prefix,
            "tensors": [{"name": k[len(prefix):], "dtype": str(v.dtype)[6:], "shape": list(v.shape), "values": v.detach().double().flatten().tolist()} for k, v in value.items()],
        }
    with open(os.path.join(OUT, "expected.json"), "w") as f:
        json.dump(expected, f, separators=(",", ":"))


main()
