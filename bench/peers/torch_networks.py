"""Networks in PyTorch, layer by layer as keras.applications has them.

torchvision's ResNet-50 differs from Keras': it has its strides in other convolutions, and its
convolutions have no biases. ResNet-50 and MobileNetV2 are therefore written here. The others are torchvision's, with Keras' rates of
dropout. Convolutions of stride 2 are padded equally on both sides here, and unequally in Keras. The shapes are the same. All networks
end with logits, which PyTorch's cross-entropy needs.
"""

import torch
from torch import nn
from torchvision import models

CLASSES = 1000


def conv_norm(channels, filters, kernel, stride=1, groups=1, bias=False, norm=None, activation=None):
    """A convolution, batch normalization, and an activation."""
    layers = [
        nn.Conv2d(channels, filters, kernel, stride, kernel // 2, groups=groups, bias=bias),
        nn.BatchNorm2d(filters, **norm),
    ]
    return nn.Sequential(*layers, *([activation] if activation else []))


class Bottleneck(nn.Module):
    """A block of ResNet-50."""

    def __init__(self, channels, filters, stride, shortcut):
        super().__init__()
        how = dict(bias=True, norm=dict(eps=1.001e-5, momentum=0.01))
        relu = dict(activation=nn.ReLU(inplace=True))
        self.shortcut = conv_norm(channels, 4 * filters, 1, stride, **how) if shortcut else nn.Identity()
        self.body = nn.Sequential(
            conv_norm(channels, filters, 1, stride, **how, **relu),
            conv_norm(filters, filters, 3, **how, **relu),
            conv_norm(filters, 4 * filters, 1, **how),
        )

    def forward(self, x):
        return nn.functional.relu(self.body(x) + self.shortcut(x), inplace=True)


class Inverted(nn.Module):
    """A block of MobileNetV2: an inverted residual."""

    def __init__(self, channels, filters, stride, expansion):
        super().__init__()
        how = dict(norm=dict(eps=1e-3, momentum=0.001))
        relu6 = dict(activation=nn.ReLU6(inplace=True))
        inner = channels * expansion
        layers = [conv_norm(channels, inner, 1, **how, **relu6)] if expansion > 1 else []
        layers += [conv_norm(inner, inner, 3, stride, inner, **how, **relu6), conv_norm(inner, filters, 1, **how)]
        self.body = nn.Sequential(*layers)
        self.residual = channels == filters and stride == 1

    def forward(self, x):
        return x + self.body(x) if self.residual else self.body(x)


def head(channels):
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, CLASSES)]


def resnet50():
    layers = [
        conv_norm(3, 64, 7, 2, bias=True, norm=dict(eps=1.001e-5, momentum=0.01), activation=nn.ReLU(inplace=True)),
        nn.MaxPool2d(3, 2, 1),
    ]
    channels = 64
    for stage, blocks in enumerate([3, 4, 6, 3]):
        filters = 64 << stage
        for block in range(blocks):
            layers.append(Bottleneck(channels, filters, 2 if stage and not block else 1, not block))
            channels = 4 * filters
    return nn.Sequential(*layers, *head(channels))


def mobilenet_v2():
    how = dict(norm=dict(eps=1e-3, momentum=0.001), activation=nn.ReLU6(inplace=True))
    layers, channels = [conv_norm(3, 32, 3, 2, **how)], 32
    stages = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]
    for expansion, filters, blocks, stride in stages:
        for block in range(blocks):
            layers.append(Inverted(channels, filters, 1 if block else stride, expansion))
            channels = filters
    return nn.Sequential(*layers, conv_norm(channels, 1280, 1, **how), *head(1280))


def vgg16():
    """VGG-16 for images of 128x128. torchvision's resizes the features to 7x7, and drops half of them."""
    model = models.vgg16(dropout=0)
    model.avgpool = nn.Identity()
    model.classifier[0] = nn.Linear(512 * 4 * 4, 4096)
    return model


# The numbers of parameters are those of Keras' networks, whose EfficientNet-B0 has 7 more, in its normalization of images.
NETWORKS = {
    "ResNet-50": (resnet50, 25_636_712),
    "MobileNetV2": (mobilenet_v2, 3_538_984),
    "EfficientNet-B0": (models.efficientnet_b0, 5_330_564),
    "VGG-16": (vgg16, 69_151_528),
    "DenseNet-121": (models.densenet121, 8_062_504),
    "MobileNetV3-Small": (models.mobilenet_v3_small, 2_554_968),
    "ConvNeXt-Tiny": (lambda: models.convnext_tiny(stochastic_depth_prob=0), 28_589_128),
}


def network(name):
    """Returns a network with random weights, channels_last."""
    build, parameters = NETWORKS[name]
    torch.manual_seed(1)
    model = build()
    weights = [*model.parameters(), *(b for b in model.buffers() if b.dtype == torch.float32)]
    assert sum(w.numel() for w in weights) == parameters
    return model.to(memory_format=torch.channels_last)


def images(batch, size):
    """Returns random images, channels_last."""
    return torch.rand(batch, 3, size, size).to(memory_format=torch.channels_last)
