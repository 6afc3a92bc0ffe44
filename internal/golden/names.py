"""Writes internal/graphtest/testdata/names.json: the public names of Keras that docs/keras.md translates.

Run with the packages of requirements.txt:  python internal/golden/names.py
"""

import inspect
import json
import os
import pathlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras
from keras.src.legacy.preprocessing import image as legacy

OUT = pathlib.Path(__file__).resolve().parents[2] / "internal" / "graphtest" / "testdata" / "names.json"

MODULES = [
    "activations", "applications", "applications.imagenet_utils", "callbacks", "constraints", "datasets", "initializers", "layers", "losses",
    "metrics", "mixed_precision", "models", "optimizers", "optimizers.schedules", "preprocessing.image", "regularizers", "saving", "utils",
]
# Keras 2 names that scripts still use, beside those of Keras 3.
OLD = {"Model": ["fit_generator", "evaluate_generator", "predict_generator", "predict_classes"]}


def public(names):
    return sorted(n for n in names if not n.startswith("_"))


def methods(cls, *, but=()):
    return public({n for n, f in inspect.getmembers(cls) if callable(f) or isinstance(f, property)} - set(but))


def arguments(f):
    return [p for p in inspect.signature(f).parameters if p not in ("self", "args", "kwargs")]


def main():
    out = {}
    for m in MODULES:
        module = keras
        for part in m.split("."):
            module = getattr(module, part)
        # A name is left out if it is an alias of another name of the module in upper case or snake case, such as losses.MSE.
        out["keras." + m] = public(n for n in dir(module) if not inspect.ismodule(getattr(module, n)) or m in ("applications", "datasets"))
    layer = methods(keras.layers.Layer)
    out["keras.Model"] = sorted(set(methods(keras.Model)) - set(layer)) + OLD["Model"]
    out["keras.Sequential"] = sorted(set(methods(keras.Sequential)) - set(methods(keras.Model)))
    out["keras.layers.Layer"] = [n for n in layer if not n.startswith(("stateless_", "symbolic_"))]
    for name in ["compile", "fit", "evaluate", "predict", "summary", "save", "load_weights", "train_on_batch"]:
        out["keras.Model." + name] = arguments(getattr(keras.Model, name))
    out["keras.preprocessing.image.ImageDataGenerator"] = arguments(legacy.ImageDataGenerator.__init__) + methods(legacy.ImageDataGenerator)
    out["keras.preprocessing.image.ImageDataGenerator.flow"] = arguments(legacy.ImageDataGenerator.flow)
    out["keras.preprocessing.image.ImageDataGenerator.flow_from_directory"] = arguments(legacy.ImageDataGenerator.flow_from_directory)
    out["keras.preprocessing.image.ImageDataGenerator.flow_from_dataframe"] = arguments(legacy.ImageDataGenerator.flow_from_dataframe)
    out["keras.utils.image_dataset_from_directory"] = arguments(keras.utils.image_dataset_from_directory)
    out["keras.utils.plot_model"] = arguments(keras.utils.plot_model)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(out, indent=1) + "\n")


main()
