"""The networks of torch_networks.py as ONNX files: onnx_networks.py NETWORK BATCH FILE"""

import io
import sys
import warnings

import torch

import torch_networks

SIZE = 224


def network(name, batch):
    """Returns an ONNX file of a network with softmax and folded batch normalization, and a batch for its input x."""
    model = torch.nn.Sequential(torch_networks.network(name), torch.nn.Softmax(1)).eval()
    model = model.to(memory_format=torch.contiguous_format)
    x = torch.rand(batch, 3, SIZE, SIZE)
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter without further dependencies is deprecated
        torch.onnx.export(model, (x,), file, input_names=["x"], output_names=["y"], dynamo=False)
    return file.getvalue(), x.numpy()


if __name__ == "__main__":
    with open(sys.argv[3], "wb") as output:
        output.write(network(sys.argv[1], int(sys.argv[2]))[0])
