"""Measures a network's predictions in PyTorch, with folded batch normalization: torch_infer.py NETWORK BATCH THREADS"""

import sys

import torch

import clock
import torch_networks

SIZE = 224

name, batch, threads = sys.argv[1], *map(int, sys.argv[2:])
torch.set_num_threads(threads)
model = torch_networks.network(name).eval()
x = torch_networks.images(batch, SIZE)
with torch.inference_mode():
    model = torch.jit.optimize_for_inference(torch.jit.trace(torch.nn.Sequential(model, torch.nn.Softmax(1)).eval(), x))
    clock.report({"predict": clock.milliseconds(lambda: model(x))})
