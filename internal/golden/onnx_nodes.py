"""Writes the tests of the onnx package to a folder: SET/TEST/model.onnx, SET/TEST/test_data_set_0/input_0.pb, output_0.pb and so on.

Usage: onnx_nodes.py FOLDER [--pack FILE.tar.gz REFUSED.txt]

With --pack, it also writes an archive of small tests, a few for each operator, without those that the file lists.
Made with onnx 1.23.2.
"""
import argparse
import collections
import gzip
import io
import os
import shutil
import sys
import tarfile

import numpy as np
import onnx
import onnx.backend.test.case.model as model_cases
import onnx.backend.test.case.node as node_cases
import onnx.backend.test.cmd_tools as tools
from onnx import numpy_helper

out = sys.argv[1]
cases = node_cases.collect_testcases()
model_cases.collect_testcases = lambda *a, **k: cases  # generate_data writes these too, and they need a download
tools.generate_data(argparse.Namespace(output=out))

data = os.path.join(os.path.dirname(onnx.__file__), "backend/test/data")
for name in ("pytorch-converted", "pytorch-operator", "simple"):
    shutil.copytree(os.path.join(data, name), os.path.join(out, name), dirs_exist_ok=True)

# The light networks have outputs only. Their inputs are those of onnx/backend/test/runner.
light = os.path.join(data, "light")
for file in sorted(os.listdir(light)):
    name, ext = os.path.splitext(file)
    if ext != ".onnx":
        continue
    folder = os.path.join(out, "light", name, "test_data_set_0")
    os.makedirs(folder, exist_ok=True)
    model = onnx.load(os.path.join(light, file))
    shutil.copy(os.path.join(light, file), os.path.join(out, "light", name, "model.onnx"))
    shutil.copy(os.path.join(light, name + "_output_0.pb"), os.path.join(folder, "output_0.pb"))
    initializers = {i.name for i in model.graph.initializer}
    inputs = [x for x in model.graph.input if x.name not in initializers]
    for i, x in enumerate(inputs):
        shape = [d.dim_value if d.HasField("dim_value") else 1 for d in x.type.tensor_type.shape.dim]
        n = np.prod(shape)
        value = (np.arange(n).reshape(shape) / n).astype(np.float32)
        with open(os.path.join(folder, f"input_{i}.pb"), "wb") as f:
            f.write(numpy_helper.from_array(value).SerializeToString())


def files(test):
    """The files of a test, by their names in the archive."""
    found = []
    for folder, _, names in os.walk(os.path.join(out, test)):
        if not folder.endswith(test) and not folder.endswith("test_data_set_0"):
            continue
        found += [os.path.relpath(os.path.join(folder, n), out) for n in names]
    return sorted(found)


def size(test):
    return sum(os.path.getsize(os.path.join(out, f)) for f in files(test))


def pack(archive, refused):
    """Writes the smallest tests of each operator: two nodes of its own, or else one graph that has it."""
    with open(refused) as f:
        skip = {line.split("\t")[0] for line in f}
    of = collections.defaultdict(list)
    for s in ("node", "pytorch-operator", "simple"):
        for t in os.listdir(os.path.join(out, s)):
            test = s + "/" + t
            if test in skip:
                continue
            nodes = onnx.load(os.path.join(out, test, "model.onnx")).graph.node
            for op in {n.domain + "." + n.op_type for n in nodes}:
                of[op].append((len(nodes) > 1, size(test), test))
    chosen = set()
    for op, tests in of.items():
        tests.sort()
        chosen.update(t for alone, _, t in tests[:2] if not alone)
        chosen.add(tests[0][2])
    with open(archive, "wb") as f, gzip.GzipFile(filename="", mode="wb", fileobj=f, mtime=0) as z, tarfile.open(fileobj=z, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name in sorted(sum((files(t) for t in chosen), [])):
            with open(os.path.join(out, name), "rb") as g:
                data = g.read()
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    print(len(chosen), "tests of", len(of), "operators,", os.path.getsize(archive), "bytes")


if sys.argv[2:3] == ["--pack"]:
    pack(*sys.argv[3:5])
