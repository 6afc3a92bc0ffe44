"""State dicts of torchvision and timm with random weights, for TestWeightsFiles of package zoo.

    python internal/golden/zoo_torch.py FOLDER [NETWORK...]

It needs torchvision 0.29, timm 1.0 and safetensors, which are not in requirements.txt. It writes FOLDER/NETWORK/NAME.pth or .safetensors, where NETWORK is the
function of package zoo and NAME is the library's name, and the same with .npz: x, an image with pixels from 0 to 255, and y, the logits for it after the
library's normalization.
"""

import os
import sys

import numpy as np
import timm
import torch
import torchvision
from safetensors.torch import save_file

IMAGENET = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
HALF = ([0.5] * 3, [0.5] * 3)

# network of package zoo, library, name, side, mean and deviation
NETWORKS = [
    ("VGG16", "torchvision", "vgg16", 224, IMAGENET),  # its average pool keeps this size only
    ("ResNet50", "torchvision", "resnet50", 65, IMAGENET),
    ("ResNet50", "timm", "resnet50", 64, IMAGENET),
    ("ResNet101", "torchvision", "resnet101", 64, IMAGENET),
    ("MobileNetV2", "torchvision", "mobilenet_v2", 65, IMAGENET),
    ("MobileNetV2", "timm", "mobilenetv2_100", 64, IMAGENET),
    ("MobileNetV3Small", "torchvision", "mobilenet_v3_small", 65, IMAGENET),
    ("MobileNetV3Large", "torchvision", "mobilenet_v3_large", 64, IMAGENET),
    ("DenseNet121", "torchvision", "densenet121", 64, IMAGENET),
    ("DenseNet121", "timm", "densenet121", 64, IMAGENET),
    ("ConvNeXtTiny", "torchvision", "convnext_tiny", 64, IMAGENET),
    ("ConvNeXtTiny", "timm", "convnext_tiny", 64, IMAGENET),
    ("EfficientNetB0", "torchvision", "efficientnet_b0", 65, IMAGENET),
    ("EfficientNetB0", "timm", "tf_efficientnet_b0", 65, IMAGENET),
    ("EfficientNetB0", "timm", "efficientnet_b0", 65, IMAGENET),
    ("EfficientNetB1", "torchvision", "efficientnet_b1", 64, IMAGENET),
    ("EfficientNetB2", "timm", "tf_efficientnet_b2", 64, IMAGENET),
    ("EfficientNetB5", "torchvision", "efficientnet_b5", 64, IMAGENET),
    ("EfficientNetV2B0", "timm", "tf_efficientnetv2_b0", 64, IMAGENET),
    ("EfficientNetV2B3", "timm", "tf_efficientnetv2_b3", 64, IMAGENET),
    ("EfficientNetV2S", "torchvision", "efficientnet_v2_s", 64, IMAGENET),
    ("EfficientNetV2S", "timm", "tf_efficientnetv2_s", 64, HALF),
    ("InceptionV3", "torchvision", "inception_v3", 107, HALF),
    ("InceptionV3", "timm", "inception_v3", 107, HALF),
]


def make(library, name):
    torch.manual_seed(7)
    if library == "timm":
        model = timm.create_model(name, num_classes=7)
    else:
        options = {"init_weights": False} if name == "inception_v3" else {}
        model = torchvision.models.get_model(name, weights=None, num_classes=7, **options)
    rng = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for key, v in model.state_dict().items():
            if v.dtype == torch.float32:
                low, high = (0.5, 1.5) if key.endswith("running_var") else (-1, 1) if v.dim() == 1 else (-((3 / v[0].numel()) ** 0.5), (3 / v[0].numel()) ** 0.5)
                if key.endswith(("layer_scale", "gamma")):
                    low, high = -0.3, 0.3
                v.copy_(torch.rand(v.shape, generator=rng) * (high - low) + low)
    return model.eval()


def main():
    folder, wanted = sys.argv[1], sys.argv[2:]
    for network, library, name, side, (mean, deviation) in NETWORKS:
        if wanted and network not in wanted:
            continue
        os.makedirs(os.path.join(folder, network), exist_ok=True)
        model = make(library, name)
        x = np.random.default_rng(1).uniform(0, 255, (1, side, side, 3)).astype(np.float32)
        t = (torch.tensor(x) / 255 - torch.tensor(mean)) / torch.tensor(deviation)
        with torch.no_grad():
            y = model(t.permute(0, 3, 1, 2).contiguous()).numpy()
        assert np.isfinite(y).all() and y.std() > 0
        # timm's files are .safetensors, whose names are sorted.
        path = os.path.join(folder, network, name + (".safetensors" if library == "timm" else ".pth"))
        if library == "timm":
            save_file({k: v.contiguous() for k, v in model.state_dict().items()}, path)
        else:
            torch.save(model.state_dict(), path)
        np.savez(path + ".npz", x=x, y=y)
        print(path, y.std(), flush=True)


main()
