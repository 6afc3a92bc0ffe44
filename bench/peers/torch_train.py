"""Measures a training step of a network in PyTorch, in ms: torch_train.py NETWORK BATCH THREADS"""

import statistics
import sys
import time

import torch

import clock
import torch_networks

WARM, STEPS, SIZE = 2, 10, 128

name, batch, threads = sys.argv[1], *map(int, sys.argv[2:])
torch.set_num_threads(threads)
model = torch_networks.network(name).train()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, fused=True)
x = torch_networks.images(batch, SIZE)
y = torch.arange(batch) % torch_networks.CLASSES
times = []
for step in range(WARM + STEPS):
    start = time.perf_counter()
    optimizer.zero_grad()
    loss = torch.nn.functional.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
    loss.item()
    times.append((time.perf_counter() - start) * 1e3)
clock.report({"step": statistics.median(times[WARM:])})
