"""Loads configs of models from stdin, a JSON list of strings, with real Keras, any warning an error;
prints as JSON what to_json() says of them, and where their weights are."""

import json
import os
import sys
import tempfile
import warnings

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import h5py
import keras

warnings.simplefilter("error")
warnings.filterwarnings("ignore", message=".*__array__.*")
warnings.filterwarnings("ignore", message=".*np.object.*")

out = []
for text in json.load(sys.stdin):
    model = keras.models.model_from_json(text)
    names = None
    if model.built:
        names = []
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "m.weights.h5")
            model.save_weights(path)
            with h5py.File(path) as f:
                f.visit(lambda n: names.append(n[:-5]) if n.endswith("/vars") and n.startswith("layers/") else None)
    out.append({"json": model.to_json(), "paths": names and sorted(names)})
print("RESULT " + json.dumps(out))
