"""Golden values of data.Images: batches of the real flow_from_dataframe over ten small images.

Writes data/testdata/images/*.png, labels.csv and data/testdata/flow.json, which holds every step-th value of each batch.

    python -m venv venv && venv/bin/pip install -r internal/golden/requirements.txt
    venv/bin/python internal/golden/flow.py
"""

import contextlib
import io
import json
import os
import pathlib
import warnings

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import pandas as pd
from keras.src.legacy.preprocessing.image import ImageDataGenerator
from PIL import Image

STEP = 7
OUT = pathlib.Path(__file__).parents[2] / "data/testdata"
IMAGES = OUT / "images"
IMAGES.mkdir(parents=True, exist_ok=True)

rows = []
for i in range(10):
    kind = ["dog", "cat", "cat", "bird"][i * 7 % 4]
    h, w = 9 + i % 5, 14 - i % 3
    y, x, c = np.indices((h, w, 3))
    pix = (x * (5 + i) + y * (17 - i) + c * 60 + (x * y * (i + 3)) % 23).astype(np.uint8)
    name = f"{kind}.{i}.png"
    Image.fromarray(pix).save(IMAGES / name, optimize=True)
    rows.append((name, kind))
frame = pd.DataFrame(rows, columns=["filename", "category"])
extra = pd.DataFrame([("gone.0.png", "cat"), ("notes.txt", "dog")], columns=frame.columns)
frame = pd.concat([frame[:4], extra, frame[4:]], ignore_index=True)
frame.to_csv(IMAGES / "labels.csv", index=False)

TUTORIAL = dict(rotation_range=15, rescale=1.0 / 255, shear_range=0.1, zoom_range=0.2, horizontal_flip=True, width_shift_range=0.1, height_shift_range=0.1)


def case(name, generator, epochs=2, **kw):
    printed = io.StringIO()
    with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stdout(printed):
        warnings.simplefilter("always")
        flow = ImageDataGenerator(**generator).flow_from_dataframe(frame, str(IMAGES), x_col="filename", y_col="category", batch_size=4, **kw)
    batches = []
    for _ in range(epochs * len(flow)):
        got = next(flow)
        x, y = got if isinstance(got, tuple) else (got, None)
        b = {"shape": list(x.shape), "x": [float(v) for v in x.ravel()[::STEP]]}
        if y is not None and kw.get("class_mode") != "input":
            b["y"], b["y_shape"] = [float(v) for v in y.ravel()], list(y.shape)
        batches.append(b)
    return {
        "name": name,
        "found": printed.getvalue().strip(),
        "warnings": [str(w.message) for w in caught],
        "files": flow.filenames,
        "classes": list(getattr(flow, "class_indices", {})),
        "steps": len(flow),
        "batches": batches,
    }


small = dict(target_size=(8, 6), seed=42)
cases = [
    case("tutorial", TUTORIAL, target_size=(12, 10), seed=42),
    case("default", {}, epochs=1, seed=1, target_size=(256, 256)),
    case("validation", dict(rescale=1.0 / 255, validation_split=0.35), subset="validation", shuffle=False, **small),
    case("training", dict(rescale=1.0 / 255, validation_split=0.35), subset="training", class_mode="sparse", **small),
    case("binary", {}, classes=["dog", "cat"], class_mode="binary", color_mode="grayscale", **small),
    case("none", dict(vertical_flip=True), class_mode=None, interpolation="bilinear", **small),
    case("input", {}, class_mode="input", color_mode="rgba", **small),
]
for c in cases:
    # A few values of 256x256 images are enough.
    every = 997 if c["name"] == "default" else 1
    c["step"] = STEP * every
    for b in c["batches"]:
        b["x"] = [float(np.float32(v).astype(str)) for v in b["x"][::every]]
(OUT / "flow.json").write_text("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")
