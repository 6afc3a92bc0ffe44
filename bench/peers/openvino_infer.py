"""Measures a network's predictions in OpenVINO, in float32: openvino_infer.py NETWORK BATCH THREADS"""

import sys

import openvino

import clock
import onnx_networks

name, batch, threads = sys.argv[1], *map(int, sys.argv[2:])
file, x = onnx_networks.network(name, batch)
core = openvino.Core()
compiled = core.compile_model(
    core.read_model(file),
    "CPU",
    {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads},
)
request = compiled.create_infer_request()
clock.report({"predict": clock.milliseconds(lambda: request.infer({0: x}, share_inputs=True, share_outputs=True))})
