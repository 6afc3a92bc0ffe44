"""Networks of keras.applications with random weights."""

import keras

NETWORKS = {
    "ResNet-50": keras.applications.ResNet50,
    "MobileNetV2": keras.applications.MobileNetV2,
    "EfficientNet-B0": keras.applications.EfficientNetB0,
    "VGG-16": keras.applications.VGG16,
    "DenseNet-121": keras.applications.DenseNet121,
    "MobileNetV3-Small": keras.applications.MobileNetV3Small,
    "ConvNeXt-Tiny": keras.applications.ConvNeXtTiny,
}


def network(name, size):
    """Returns a network for images of size x size and 1000 classes."""
    return NETWORKS[name](weights=None, input_shape=(size, size, 3))
