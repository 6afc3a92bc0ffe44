"""Measures the three products of a dense layer in PyTorch: torch_dense.py UNITS BATCH THREADS

The layer has UNITS inputs and UNITS outputs. The products are x W, dy W^T and x^T dy. PyTorch
uses MKL for them. The script also measures oneDNN, and reports the faster of the two.
"""

import sys

import torch

import clock

units, batch, threads = map(int, sys.argv[1:])
torch.set_num_threads(threads)
torch.set_grad_enabled(False)

x, dy, w = torch.rand(batch, units), torch.rand(batch, units), torch.rand(units, units)
y, dx, dw = torch.empty_like(dy), torch.empty_like(x), torch.empty_like(w)


def onednn(a, b):
    """Returns the product of a and the transpose of b."""
    return torch.ops.mkldnn._linear_pointwise(a, b, None, "none", [], "")


products = {
    "forward": [lambda: torch.mm(x, w, out=y), lambda: onednn(x, w.T)],
    "data": [lambda: torch.mm(dy, w.T, out=dx), lambda: onednn(dy, w)],
    "filter": [lambda: torch.mm(x.T, dy, out=dw), lambda: onednn(x.T, dy.T)],
}
clock.report({name: min(map(clock.milliseconds, ways)) for name, ways in products.items()})
