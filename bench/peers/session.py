"""Shared by the scripts of ONNX Runtime: the measurement of a graph."""

import numpy as np
import onnx
import onnxruntime
from onnx import helper

import clock

_rng = np.random.default_rng(1)


def weights(name, *shape):
    """Returns an initializer with random values near 0."""
    return onnx.numpy_helper.from_array(_rng.uniform(-0.05, 0.05, shape).astype(np.float32), name)


def milliseconds(nodes, initializers, shape, result, threads):
    """Returns the median time of a graph with an input x and an output y of the given shapes."""
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, result)],
        initializers,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return timed(model.SerializeToString(), _rng.random(shape, np.float32), threads)


def timed(file, x, threads):
    """Returns the median time of an ONNX file for an input x."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    return clock.milliseconds(lambda: session.run(None, {"x": x}))
