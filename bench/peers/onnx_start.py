"""Measures the seconds from the start of Python to the end of the first prediction in ONNX Runtime: onnx_start.py FOLDER THREADS

onnx_start_files.py has written the network and the image in the folder.
"""

import os
import sys
import time

import numpy as np
import onnxruntime
from PIL import Image

SIZE = 224

folder, threads = sys.argv[1], int(sys.argv[2])
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = threads
session = onnxruntime.InferenceSession(os.path.join(folder, "network.onnx"), options, providers=["CPUExecutionProvider"])
image = Image.open(os.path.join(folder, "image.jpg")).convert("RGB").resize((SIZE, SIZE), Image.Resampling.NEAREST)
x = np.asarray(image, np.float32).transpose(2, 0, 1)[None] / 255
session.run(None, {"x": x})
seconds = time.time() - float(os.environ["BENCH_STARTED"])

import clock  # noqa: E402  here, because its imports are no part of a prediction

clock.report({"first prediction": seconds})
