"""Measures a training step of a small network of one block in PyTorch, in ms: torch_block_step.py BLOCK BATCH THREADS

The networks are those of keras_block_step.py, with logits at the end.
"""

import statistics
import sys
import time

import torch
from torch import nn

import clock

WARM, STEPS = 3, 20


class MobileNetV3(nn.Module):
    """A block of MobileNetV3-Large with squeeze-and-excite."""

    def __init__(self):
        super().__init__()

        def norm(channels):
            return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.001)

        swish = nn.Hardswish(inplace=True)
        self.before = nn.Sequential(
            nn.Conv2d(112, 672, 1, bias=False), norm(672), swish, nn.Conv2d(672, 672, 5, padding=2, groups=672, bias=False), norm(672), swish
        )
        self.scale = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(672, 168, 1), nn.ReLU(inplace=True), nn.Conv2d(168, 672, 1), nn.Hardsigmoid(inplace=True)
        )
        self.after = nn.Sequential(nn.Conv2d(672, 112, 1, bias=False), norm(112))

    def forward(self, x):
        y = self.before(x)
        return x + self.after(y * self.scale(y))


class ConvNeXt(nn.Module):
    """A block of ConvNeXt-Tiny's first stage, as torchvision has it."""

    def __init__(self):
        super().__init__()
        self.depthwise = nn.Conv2d(96, 96, 7, padding=3, groups=96)
        self.rest = nn.Sequential(nn.LayerNorm(96, eps=1e-6), nn.Linear(96, 384), nn.GELU(), nn.Linear(384, 96))
        self.gamma = nn.Parameter(torch.full((96,), 1e-6))

    def forward(self, x):
        y = self.rest(self.depthwise(x).permute(0, 2, 3, 1)) * self.gamma
        return x + y.permute(0, 3, 1, 2)


BLOCKS = {"MobileNetV3": (MobileNetV3, (112, 14, 14)), "ConvNeXt": (ConvNeXt, (96, 32, 32))}

name, batch, threads = sys.argv[1], *map(int, sys.argv[2:])
torch.set_num_threads(threads)
torch.manual_seed(1)
block, (channels, height, width) = BLOCKS[name]
model = nn.Sequential(nn.Conv2d(channels, channels, 1), block(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10))
model = model.to(memory_format=torch.channels_last).train()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, fused=True)
x = torch.rand(batch, channels, height, width).to(memory_format=torch.channels_last)
y = torch.arange(batch) % 10
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
