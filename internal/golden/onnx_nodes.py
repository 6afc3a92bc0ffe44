"""Writes the tests of the onnx package to a folder: SET/TEST/model.onnx, SET/TEST/test_data_set_0/input_0.pb, output_0.pb and so on.

Usage: onnx_nodes.py FOLDER. Made with onnx 1.23.2.
"""
import argparse
import os
import shutil
import sys

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
