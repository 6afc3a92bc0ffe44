"""Measures predictions of an ONNX file in ONNX Runtime and in OpenVINO (float32), and reports the faster: onnx_file.py BATCH FILE THREADS"""

import sys

import numpy as np
import onnxruntime
import openvino

import clock

SIZE = 224

batch, path, threads = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
x = np.random.default_rng(1).random((batch, 3, SIZE, SIZE), np.float32)

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = threads
options.add_free_dimension_override_by_name("batch", batch)
session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
times = [clock.milliseconds(lambda: session.run(None, {"x": x}))]
del session  # its threads wait actively

core = openvino.Core()
model = core.read_model(path)
model.reshape(list(x.shape))
settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads}
request = core.compile_model(model, "CPU", settings).create_infer_request()
times.append(clock.milliseconds(lambda: request.infer({0: x}, share_inputs=True, share_outputs=True)))
clock.report({"predict": min(times)})
