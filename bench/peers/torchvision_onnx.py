"""Writes a network of torchvision as an ONNX file: torchvision_onnx.py NETWORK FILE"""

import sys
import warnings

import torch
from torchvision import models

SIZE = 224

NETWORKS = {
    "ResNet-50": models.resnet50,
    "MobileNetV2": models.mobilenet_v2,
    "EfficientNet-B0": models.efficientnet_b0,
    "VGG-16": models.vgg16,
    "DenseNet-121": models.densenet121,
    "MobileNetV3-Small": models.mobilenet_v3_small,
    "ConvNeXt-Tiny": models.convnext_tiny,
}


def write(name, path):
    """Writes a network, with random weights and a softmax, as an ONNX file of any batch size."""
    torch.manual_seed(1)
    model = torch.nn.Sequential(NETWORKS[name](weights=None), torch.nn.Softmax(1)).eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter without further dependencies is deprecated
        torch.onnx.export(
            model,
            (torch.rand(1, 3, SIZE, SIZE),),
            path,
            input_names=["x"],
            output_names=["y"],
            dynamic_axes={"x": {0: "batch"}, "y": {0: "batch"}},
            dynamo=False,
        )


if __name__ == "__main__":
    write(*sys.argv[1:])
