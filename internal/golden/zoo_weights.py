"""Weights-only files of the networks of keras.applications, for TestWeightsFiles of package zoo.

    python internal/golden/zoo_weights.py FOLDER SUFFIX NAME...

SUFFIX is .weights.h5 with Keras 3, and .h5 with the Keras in TensorFlow 2.13, which writes the layout of the files that keras.applications downloads.
For each function NAME, with a classifier and without one, the script writes FOLDER/NAME/top or notop with SUFFIX, and the same with .npz: x, an image with
values from 0 to 255, and y, the prediction. The weights are seeded. Those that begin as 0 or 1 differ from that.
"""

import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import numpy as np
from tensorflow import keras

# With the weights below, the deepest networks amplify rounding: Keras' own predictions for a batch of three and of one differ by 0.002 (EfficientNetV2S) and 0.8
# (EfficientNetV2M) of the largest. Smaller gammas keep what the blocks add small.
DEEP = {"EfficientNetV2S", "EfficientNetV2M", "EfficientNetV2L", "EfficientNetB6", "EfficientNetB7"}

SIDES = {"InceptionV3": 75, "InceptionResNetV2": 75, "Xception": 71}  # others: 64


def make(name, top):
    keras.backend.clear_session()
    side = SIDES.get(name, 64)
    options = {"classes": 10, "classifier_activation": None} if top else {"pooling": "avg"}
    model = getattr(keras.applications, name)(weights=None, include_top=top, input_shape=(side, side, 3), **options)
    rng = np.random.default_rng(7)
    weights = []
    for w, v in zip(model.weights, model.get_weights()):
        if v.ndim == 1:  # of normalizations, and biases
            v = v + rng.uniform(-0.2, 0.2, v.shape).astype(v.dtype) if v.dtype == np.float32 and (v != 1e-6).all() else rng.uniform(0.2, 0.5, v.shape).astype(v.dtype)
        weights.append(v * np.float32(0.6) if name in DEEP and "gamma" in w.name else v)
    model.set_weights(weights)
    return model, rng.uniform(0, 255, (1, side, side, 3)).astype(np.float32)


def main():
    folder, suffix, names = sys.argv[1], sys.argv[2], sys.argv[3:]
    for name in names:
        for top in (True, False):
            model, x = make(name, top)
            os.makedirs(os.path.join(folder, name), exist_ok=True)
            path = os.path.join(folder, name, "top" if top else "notop")
            y = model(x, training=False).numpy()
            assert np.isfinite(y).all() and y.std() > 0, name
            model.save_weights(path + suffix)
            np.savez(path + suffix + ".npz", x=x, y=y)
            print(path + suffix, y.std(), flush=True)


main()
