"""Model files by attackers, for testdata/hostile: each does what made some reader run code, open another file, or take all memory.

    python internal/golden/hostile_models.py

writes models.zip, and models.json, a list with an entry for each file:

    name     of the file in models.zip
    rule     what the file attacks
    weights  true if the file has weights alone, and LoadWeights must read it
    error    a regular expression for the error. Without it, the file may also open: only the bounds count
    links    {name: target}: symbolic links that the test makes beside the file

The cases stand in the modules hostile_keras.py, hostile_onnx.py, hostile_tflite.py and hostile_weights.py. A case of which the fourth part is None is
a file that others refer to. All but virtual.* are the same in every run.
"""

import json
import os
import zipfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import hostile_keras
import hostile_onnx
import hostile_tflite
import hostile_weights

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "testdata", "hostile")


def main():
    os.makedirs(OUT, exist_ok=True)
    entries = []
    with zipfile.ZipFile(os.path.join(OUT, "models.zip"), "w", zipfile.ZIP_DEFLATED, compresslevel=9) as z:
        for module in hostile_keras, hostile_onnx, hostile_tflite, hostile_weights:
            for name, content, rule, options in module.cases():
                assert name not in z.namelist(), name
                z.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
                if options is not None:
                    entries.append({"name": name, "rule": rule, **options})
    with open(os.path.join(OUT, "models.json"), "w") as f:
        json.dump(entries, f, indent=1)
        f.write("\n")


main()
