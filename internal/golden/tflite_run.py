"""The real interpreter runs TensorFlow Lite models.

    python internal/golden/tflite_run.py FOLDER

reads runs.json from the folder: [{"name", "inputs": [{"shape", "dtype"}]}]. For each it loads NAME.tflite, checks that its signature can
be found, resizes its inputs, and runs it on NAME.in0, NAME.in1, ... It writes the outputs to NAME.out0, NAME.out1, ..., and to results.json for
each name the shapes of the outputs and the names in the signature, or the error. Arrays are raw and little-endian.
"""

import json
import os
import sys
import warnings

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import numpy as np
import tensorflow as tf


def run(folder, row):
    path = os.path.join(folder, row["name"])
    # Some cases have operators that XNNPACK, which is the default, does not have; the interpreter then uses its own.
    interpreter = tf.lite.Interpreter(model_path=path + ".tflite", num_threads=1)
    signatures = interpreter.get_signature_list()
    arrays = [np.fromfile(f"{path}.in{i}", x["dtype"]).reshape(x["shape"]) for i, x in enumerate(row["inputs"])]
    details = interpreter.get_input_details()
    assert len(details) == len(arrays), (len(details), len(arrays))
    for d, x in zip(details, arrays):
        assert list(d["shape_signature"])[0] in (-1, x.shape[0]), d["shape_signature"]
        interpreter.resize_tensor_input(d["index"], x.shape, strict=True)
    interpreter.allocate_tensors()
    for d, x in zip(details, arrays):
        interpreter.set_tensor(d["index"], x)
    interpreter.invoke()
    shapes = []
    for i, d in enumerate(interpreter.get_output_details()):
        y = interpreter.get_tensor(d["index"])
        np.ascontiguousarray(y).tofile(f"{path}.out{i}")
        shapes.append(list(y.shape))
    return {"shapes": shapes, "signature": signatures["serving_default"], "operators": sorted({o["op_name"] for o in interpreter._get_ops_details()})}


def main():
    folder = sys.argv[1]
    warnings.simplefilter("ignore")
    with open(os.path.join(folder, "runs.json")) as f:
        rows = json.load(f)
    results = {}
    for row in rows:
        try:
            results[row["name"]] = run(folder, row)
        except Exception as e:  # the test reports it
            results[row["name"]] = {"error": f"{type(e).__name__}: {e}"}
    with open(os.path.join(folder, "results.json"), "w") as f:
        json.dump(results, f)


main()
