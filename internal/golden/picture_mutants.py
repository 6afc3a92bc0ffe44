"""Writes hashes.json to a folder: the SHA-256 of the RGB pixels of each JPEG file in it by Pillow, or "error" if Pillow refuses the file.

    python internal/golden/picture_mutants.py FOLDER     (data/picture's TestMutantsAsPillow makes the files)
"""
import hashlib
import json
import os
import sys
import warnings

from PIL import Image

warnings.simplefilter("ignore")
folder, out = sys.argv[1], {}
for name in sorted(os.listdir(folder)):
    try:
        out[name] = hashlib.sha256(Image.open(os.path.join(folder, name)).convert("RGB").tobytes()).hexdigest()
    except Exception:
        out[name] = "error"
with open(os.path.join(folder, "hashes.json"), "w") as f:
    json.dump(out, f)
