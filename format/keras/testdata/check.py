"""Opens a .keras file with real Keras and prints what it finds as JSON; then goes on
training, saves the model again and looks into both files. Any warning is an error. Then
compares pairs of files: of each the first was saved by Keras, the second is lince's copy.

    python check.py FILE AGAIN [ORIGINAL COPY]...
"""

import json
import os
import sys
import warnings
import zipfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import h5py
import keras
import numpy as np

path, again, *pairs = sys.argv[1:]
warnings.simplefilter("error")
# NumPy 2 complains about TensorFlow's tensors, which is no matter of ours.
warnings.filterwarnings("ignore", message=".*__array__.*")
warnings.filterwarnings("ignore", message=".*np.object.*")

model = keras.models.load_model(path)
out = {
    "name": model.name,
    "layers": [layer.name for layer in model.layers],
    "weights": [np.ravel(w).tolist() for w in model.get_weights()],
    "optimizer": type(model.optimizer).__name__,
    "iterations": int(model.optimizer.iterations),
    "learning_rate": float(model.optimizer.learning_rate),
    "slots": [np.ravel(v).tolist() for v in model.optimizer.variables[2:]],
}
x = (np.arange(4 * 8 * 8 * 3) % 17 / 17).astype("f4").reshape(4, 8, 8, 3)
out["prediction"] = np.ravel(model.predict(x, verbose=0)).tolist()
model.fit(x, np.eye(2, dtype="f4")[[0, 1, 0, 1]], batch_size=2, epochs=1, verbose=0)
out["iterations_after"] = int(model.optimizer.iterations)
model.save(again)
with zipfile.ZipFile(path) as z:
    out["damaged"] = z.testzip()
    out["members"] = z.namelist()
    out["metadata"] = json.loads(z.read("metadata.json"))
with zipfile.ZipFile(again) as z:
    out["metadata_again"] = json.loads(z.read("metadata.json"))

# The weights alone: a .weights.h5, loaded into the same model.
weights = again + ".weights.h5"
with zipfile.ZipFile(path) as z, open(weights, "wb") as f:
    f.write(z.read("model.weights.h5"))
model.load_weights(weights)
out["weights_reloaded"] = all(np.array_equal(a, np.ravel(b)) for a, b in zip(
    [np.float32(w) for w in out["weights"]], model.get_weights()))

# bfloat16 as Keras itself reads it.
from keras.src.saving.saving_lib import H5IOStore

with h5py.File(weights, "a") as f:
    out["appended"] = sorted(f)
store = H5IOStore(weights, mode="r")
out["extra_layer"] = [[str(store.get("layers/extra")[k].dtype), np.float64(store.get("layers/extra")[k]).ravel().tolist()] for k in ("0", "1", "2")]
store.close()

def same(a, b):
    a, b = keras.models.load_model(a), keras.models.load_model(b)
    x = np.linspace(-1, 1, 2 * int(np.prod(a.input_shape[1:]))).astype("f4").reshape((2,) + a.input_shape[1:])
    pairs = list(zip(a.weights + a.optimizer.variables, b.weights + b.optimizer.variables, strict=True))
    return len(pairs) > 8 and all(np.array_equal(v, w) for v, w in pairs) and np.array_equal(a.predict(x, verbose=0), b.predict(x, verbose=0))


out["copies"] = [same(a, b) for a, b in zip(pairs[::2], pairs[1::2])]

keras.saving.KerasFileEditor(path)  # prints a summary
print("RESULT " + json.dumps(out))
