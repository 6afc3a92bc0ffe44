"""Writes torchvision's MobileNetV2 and an image to a new folder: onnx_start_files.py FOLDER"""

import os
import sys

import numpy as np
from PIL import Image

import torchvision_onnx

folder = sys.argv[1]
os.mkdir(folder)
torchvision_onnx.write("MobileNetV2", os.path.join(folder, "network.onnx"))
Image.fromarray(np.random.default_rng(1).integers(256, size=(375, 500, 3), dtype=np.uint8)).save(os.path.join(folder, "image.jpg"))
