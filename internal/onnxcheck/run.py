"""Checks ONNX models and runs them with ONNX Runtime.

    python run.py JOBS

JOBS is a JSON file with a list of objects: path, the model; inputs, a list of objects with dtype, shape and path, a file of raw
numbers; and outputs, the beginning of the names of the .npy files to which the results are written. It prints a JSON list with an object for
each job: the number of outputs, or an error.
"""

import json
import sys

import numpy as np
import onnx
import onnxruntime


def run(job):
    onnx.checker.check_model(job["path"], full_check=True)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(job["path"], options, providers=["CPUExecutionProvider"])
    if len(session.get_inputs()) != len(job["inputs"]):
        raise ValueError(f"the model has {len(session.get_inputs())} inputs, got {len(job['inputs'])}")
    inputs = {}
    for declared, given in zip(session.get_inputs(), job["inputs"]):
        inputs[declared.name] = np.fromfile(given["path"], given["dtype"]).reshape(given["shape"])
    outputs = session.run(None, inputs)
    for i, y in enumerate(outputs):
        np.save(f"{job['outputs']}{i}.npy", np.asarray(y, order="C"))
    return len(outputs)


def main():
    with open(sys.argv[1]) as f:
        jobs = json.load(f)
    results = []
    for job in jobs:
        try:
            results.append({"outputs": run(job)})
        except Exception as e:  # a model that fails must not hide the others
            results.append({"error": f"{type(e).__name__}: {e}"})
    print(json.dumps(results))


if __name__ == "__main__":
    main()
