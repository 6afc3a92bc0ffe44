"""Checks a run's predictions.csv with real Keras, which loads the model, reads the same images with Pillow, and must give the same
probabilities.

    python predictions.py RUN-FOLDER dogs-vs-cats.zip
"""

import csv
import io
import os
import sys
import zipfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
from PIL import Image

BOUND = 1e-5

run, archive = sys.argv[1:]
model = keras.models.load_model(os.path.join(run, "model.keras"))
_, height, width, _ = model.input_shape
rows = list(csv.DictReader(open(os.path.join(run, "predictions.csv"), newline="")))
classes = [name for name in rows[0] if name not in ("filename", "category", "predicted")]

inner = zipfile.ZipFile(io.BytesIO(zipfile.ZipFile(archive).read("train.zip")))
members = {name.rsplit("/", 1)[-1]: name for name in inner.namelist()}


def picture(name):
    image = Image.open(io.BytesIO(inner.read(members[name.rsplit("/", 1)[-1]]))).convert("RGB")
    return np.asarray(image.resize((width, height), Image.Resampling.NEAREST), np.float32) * np.float32(1 / 255)


worst = 0.0
for start in range(0, len(rows), 100):
    part = rows[start : start + 100]
    got = np.array([[float(r[c]) for c in classes] for r in part])
    want = model.predict(np.stack([picture(r["filename"]) for r in part]), verbose=0)
    worst = max(worst, float(np.abs(got - want).max()))
print(f"{len(rows)} predictions, at most {worst:.2g} from Keras'")
sys.exit(worst > BOUND)
