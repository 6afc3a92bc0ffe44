"""Measures the convolutions of a network in PyTorch, channels_last: torch_conv.py NETWORK BATCH THREADS

The shapes are in ../layers.csv. forward, data (the gradient of the input) and filter (the gradient
of the filter) start from plain weights at each call, as in training. The weights of inference
are packed for oneDNN before.
"""

import csv
import pathlib
import sys

import torch

import clock

network, batch, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(threads)
torch.set_grad_enabled(False)
last = torch.channels_last


def directions(h, w, channels, filters, kernel, stride, groups):
    x = torch.rand(batch, channels, h, w).to(memory_format=last)
    k = torch.rand(filters, channels // groups, kernel, kernel).to(memory_format=last)
    steps, pads, ones = [stride] * 2, [kernel // 2] * 2, [1, 1]
    dy = torch.rand_like(torch.nn.functional.conv2d(x, k, None, steps, pads, ones, groups), memory_format=last)
    packed = torch.ops.mkldnn._reorder_convolution_weight(k, pads, steps, ones, groups, list(x.shape))

    def backward(data):
        return torch.ops.aten.convolution_backward(
            dy, x, k, None, steps, pads, ones, False, [0, 0], groups, [data, not data, False]
        )

    return {
        "forward": lambda: torch.nn.functional.conv2d(x, k, None, steps, pads, ones, groups),
        "inference": lambda: torch.ops.mkldnn._convolution_pointwise(
            x, packed, None, pads, steps, ones, groups, "none", [], ""
        ),
        "data": lambda: backward(True),
        "filter": lambda: backward(False),
    }


results = {}
for row in csv.DictReader(open(pathlib.Path(__file__).resolve().parents[1] / "layers.csv")):
    if row.pop("network") != network:
        continue
    layer = row.pop("layer")
    height, width, channels, filters, kernel, stride, groups = map(int, row.values())
    name = f"{layer} {height}x{width}x{channels}->{filters} {kernel}x{kernel}/{stride}"
    for direction, step in directions(height, width, channels, filters, kernel, stride, groups).items():
        results[f"{direction}: {name}"] = clock.milliseconds(step)
clock.report(results)
