"""The real libraries run model files that lince wrote.

    python internal/golden/roundtrip.py FOLDER

runs, for each NAME.npz in FOLDER, the files NAME.keras, NAME.h5, NAME.onnx and NAME.tflite that are there: Keras, ONNX Runtime (after
onnx.checker) and TensorFlow Lite's interpreter. NAME.npz has the input x, or x0, x1, ... in the order of the model's inputs, and the expected
output y, or y0, y1, ... It writes FOLDER/roundtrip.json:

    {"NAME.keras": {"difference": the largest |output - expected|, "scale": the largest |expected|},
     "NAME.h5": {"error": why the library did not run it}, ...}

Keras' warnings count as errors, for they say that it did not take all of the file.
"""

import glob
import json
import os
import sys
import traceback
import warnings

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import numpy as np


def run_keras(path, inputs):
    import keras

    keras.utils.clear_session()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = keras.models.load_model(path, compile=path.endswith(".keras"))
    y = model.predict(inputs if len(inputs) > 1 else inputs[0], verbose=0)
    return y if isinstance(y, list) else [y]


def run_onnx(path, inputs):
    import onnx
    import onnxruntime

    onnx.checker.check_model(path, full_check=True)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, dict(zip([i.name for i in session.get_inputs()], inputs, strict=True)))


def run_tflite(path, inputs):
    import tensorflow

    # Without delegates, TensorFlow Lite's own kernels are the reference.
    interpreter = tensorflow.lite.Interpreter(
        path, experimental_op_resolver_type=tensorflow.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
    for detail, x in zip(interpreter.get_input_details(), inputs, strict=True):
        interpreter.resize_tensor_input(detail["index"], x.shape)
    interpreter.allocate_tensors()
    for detail, x in zip(interpreter.get_input_details(), inputs, strict=True):
        interpreter.set_tensor(detail["index"], x)
    interpreter.invoke()
    return [interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()]


LIBRARIES = {".keras": run_keras, ".h5": run_keras, ".onnx": run_onnx, ".tflite": run_tflite}


def arrays(z, letter):
    """x, or x0, x1, ..."""
    names = [letter] if letter in z else sorted((n for n in z if n[0] == letter and n[1:].isdigit()), key=lambda n: int(n[1:]))
    if not names:
        raise ValueError(f"the .npz file has no {letter}")
    return [z[n] for n in names]


def check(run, path, z):
    try:
        got, expected = run(path, arrays(z, "x")), arrays(z, "y")
        if [g.shape for g in got] != [e.shape for e in expected]:
            raise ValueError(f"outputs of shapes {[g.shape for g in got]}, want {[e.shape for e in expected]}")
        difference = max(float(np.abs(g.astype(np.float64) - e).max()) for g, e in zip(got, expected))
        if not np.isfinite(difference):
            raise ValueError("the outputs are not finite")
        return {"difference": difference, "scale": max(float(np.abs(e).max()) for e in expected)}
    except Exception as e:
        last = traceback.extract_tb(e.__traceback__)[-1]
        return {"error": f"{type(e).__name__}: {e} ({os.path.basename(last.filename)}:{last.lineno})"}


def main():
    folder = sys.argv[1]
    results = {}
    for npz in sorted(glob.glob(os.path.join(glob.escape(folder), "*.npz"))):
        with np.load(npz) as z:
            z = dict(z)
        for suffix, run in LIBRARIES.items():
            path = npz.removesuffix(".npz") + suffix
            if os.path.exists(path):
                results[os.path.basename(path)] = check(run, path, z)
    with open(os.path.join(folder, "roundtrip.json"), "w") as f:
        json.dump(results, f, indent=1)
        f.write("\n")


main()
