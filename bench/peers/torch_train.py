"""Measures training steps of a network in PyTorch: torch_train.py WHAT NETWORK BATCH THREADS

If WHAT is ms, it measures the time of a step, with and without torch.compile, and reports the faster. If WHAT is MiB, it
measures the peak memory of the process, without torch.compile, whose compiler needs memory of its own.
"""

import resource
import statistics
import sys
import time

import torch

import clock
import torch_networks

WARM, STEPS, SIZE = 2, 10, 128

what, name, batch, threads = *sys.argv[1:3], *map(int, sys.argv[3:])
torch.set_num_threads(threads)
x = torch_networks.images(batch, SIZE)
y = torch.arange(batch) % torch_networks.CLASSES


def milliseconds(prepare):
    """Returns the median time of a step of the network that prepare returns."""
    network = torch_networks.network(name).train()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, fused=True)
    model = prepare(network)
    times = []
    for step in range(WARM + STEPS):
        start = time.perf_counter()
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        loss.item()
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times[WARM:])


eager = milliseconds(lambda network: network)
if what == "MiB":
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10  # the unit of ru_maxrss
    clock.report({"whole process": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit})
else:
    compiled = milliseconds(torch.compile)
    print(f"without torch.compile: {eager:.1f} ms, with it: {compiled:.1f} ms")
    clock.report({"step": min(eager, compiled)})
