"""Small PyTorch networks, their state dicts and outputs, for tests of LoadWeights and of package zoo.

    python internal/golden/torch_networks.py [efficientnet_lite_pytorch's folder]

It needs PyTorch 2.15, which is not in requirements.txt: the tests use the files that it wrote to testdata/torch. With the folder of the
PyPI package efficientnet_lite_pytorch 0.1.0, it also writes zoo/testdata/efficientnet_lite.json: outputs for weights by a formula.
"""

import json
import os
import sys

import torch
from formula import formula, rounded
from torch import nn

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
OUT = os.path.join(ROOT, "testdata", "torch")


def set_weights(module):
    """Weights by a formula, whose salt is the position in the state dict."""
    with torch.no_grad():
        for salt, (name, v) in enumerate(module.state_dict().items()):
            if name.endswith("num_batches_tracked"):
                continue
            n = max(v[0].numel(), 1)
            low, high = (0.5, 1.5) if name.endswith("running_var") else (-1, 1) if v.dim() == 1 else (-((3 / n) ** 0.5), (3 / n) ** 0.5)
            v.copy_(torch.tensor(formula(salt, low, high, v.shape)))
    return module.eval()


class Chain(nn.Module):
    """Every kind of module that has a counterpart, and a flattening of channels first."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 6, 3, bias=False), nn.BatchNorm2d(6, eps=1e-3), nn.PReLU(6),
            nn.Conv2d(6, 12, 3, groups=6), nn.GroupNorm(3, 12), nn.ReLU(),
            nn.ConvTranspose2d(12, 4, 2, stride=2), nn.Conv2d(4, 4, 3, groups=2, stride=2),
        )
        self.classifier = nn.Sequential(nn.BatchNorm1d(4 * 3 * 3, eps=1e-3), nn.Dropout(), nn.Linear(4 * 3 * 3, 10), nn.LayerNorm(10), nn.Tanh(), nn.Linear(10, 10), nn.Linear(10, 3))

    def forward(self, x):
        return self.classifier(torch.flatten(self.features(x), 1))


class Block(nn.Module):
    """A bottleneck whose last convolution and shortcut have the same shape, as in ResNet-50."""

    def __init__(self, c, out):
        super().__init__()
        self.conv1 = nn.Conv2d(c, c, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(c, eps=1e-3)
        self.conv2 = nn.Conv2d(c, out, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out, eps=1e-3)
        self.downsample = nn.Sequential(nn.Conv2d(c, out, 1, bias=False), nn.BatchNorm2d(out, eps=1e-3))

    def forward(self, x):
        y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return torch.relu(y + self.downsample(x))


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer1 = Block(3, 5)
        self.layer2 = Block(5, 5)
        self.fc = nn.Linear(5, 2)

    def forward(self, x):
        return self.fc(self.layer2(self.layer1(x)).mean((2, 3)))


def main():
    os.makedirs(OUT, exist_ok=True)
    for name, module in ("chain", Chain()), ("residual", Residual()):
        set_weights(module)
        x = formula(100, -1, 1, (2, 8, 8, 3))
        with torch.no_grad():
            y = module(torch.tensor(x).permute(0, 3, 1, 2))
        torch.save(module.state_dict(), os.path.join(OUT, name + ".pth"))
        with open(os.path.join(OUT, name + ".json"), "w") as f:
            json.dump({"shape": list(y.shape), "outputs": rounded(y.numpy())}, f)


def efficientnet_lite(folder):
    sys.path.insert(0, folder)
    from efficientnet_lite_pytorch import EfficientNet

    out = {}
    for i in range(5):
        module = set_weights(EfficientNet.from_name(f"efficientnet-lite{i}", num_classes=7, image_size=64 + i))
        x = formula(100, -1, 1, (1, 64 + i, 64 + i, 3))
        with torch.no_grad():
            x = torch.tensor(x).permute(0, 3, 1, 2)
            features = module.extract_features(x)
            y = module(x)
        mean = features.mean((0, 2, 3)).numpy()
        out[f"efficientnet-lite{i}"] = {
            "side": 64 + i, "classes": 7, "names": list(module.state_dict()), "logits": rounded(y.numpy()), "features": rounded(mean[::64]),
        }
        if i:
            del out[f"efficientnet-lite{i}"]["names"]
    path = os.path.join(ROOT, "zoo", "testdata")
    os.makedirs(path, exist_ok=True)
    with open(os.path.join(path, "efficientnet_lite.json"), "w") as f:
        json.dump(out, f, separators=(",", ":"))


main()
if sys.argv[1:]:
    efficientnet_lite(sys.argv[1])
