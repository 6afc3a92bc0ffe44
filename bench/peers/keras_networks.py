"""ResNet-50 and MobileNetV2 of keras.applications with random weights."""

import keras

NETWORKS = {"ResNet-50": keras.applications.ResNet50, "MobileNetV2": keras.applications.MobileNetV2}


def network(name, size):
    """Returns a network for images of size x size and 1000 classes."""
    return NETWORKS[name](weights=None, input_shape=(size, size, 3))
