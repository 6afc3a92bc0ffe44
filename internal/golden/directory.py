"""Golden values of data.ImageDatasetFromDirectory, of flow_from_directory's subsets, and of data.ImageTensors.

Writes data/testdata/directory/ and data/testdata/directory.json, which holds every STEP-th value of each batch.

    python -m venv venv && venv/bin/pip install -r internal/golden/requirements.txt
    venv/bin/python internal/golden/directory.py
"""

import contextlib
import io
import json
import os
import pathlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
from keras.src.legacy.preprocessing.image import ImageDataGenerator
from keras.utils import image_dataset_from_directory
from PIL import Image

STEP = 5
OUT = pathlib.Path(__file__).parents[2] / "data/testdata"
ROOT = OUT / "directory"

FILES = [
    "cat/b.png", "cat/a.PNG", "cat/sub/a.png", "cat/sub-1/c.bmp", "cat/-x/c.png", "cat/sub/deep/d.png",
    "cat-2/1.png", "cat-2/0.bmp", "cat-2/10.gif",
    "dog/5.png", "dog/4.png", "dog/40.jpeg.png", "dog/2.bmp", "dog/9.png",
    "gray/1.png", "gray/0.png", "gray/2.png",
]


def picture(i, h, w):
    y, x, c = np.indices((h, w, 3))
    return (x * (5 + i) + y * (17 - i) + c * 60 + (x * y * (i + 3)) % 23).astype(np.uint8)


for i, name in enumerate(FILES):
    path = ROOT / name
    path.parent.mkdir(parents=True, exist_ok=True)
    img = Image.fromarray(picture(i, 9 + i % 5, 14 - i * 3 % 8))
    if name == "gray/2.png":  # 16 bits: TensorFlow takes the high byte, and Pillow cuts off at 255
        img = Image.fromarray(np.asarray(img.convert("L")).astype("uint16") * 3 * 17)
    elif name.startswith("gray"):
        img = img.convert("L")
    elif path.suffix == ".gif":
        img = img.convert("P", palette=Image.Palette.ADAPTIVE, colors=16)
    elif name == "dog/9.png":
        img.putalpha(Image.fromarray(picture(3, img.height, img.width)[:, :, 0]))
    elif name == "dog/4.png":
        img = img.convert("P", palette=Image.Palette.ADAPTIVE, colors=16)
    img.save(path)
(ROOT / "empty").mkdir(exist_ok=True)
(ROOT / "empty/notes.txt").write_text("A class without images.\n")
(ROOT / "cat/notes.txt").write_text("Not an image.\n")


def values(v):
    return [float(np.float32(x).astype(str)) for x in np.asarray(v, "float32").ravel()[::STEP]]


def dataset(name, **kw):
    kw = dict(image_size=(8, 6), batch_size=4) | kw
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        got = image_dataset_from_directory(str(ROOT), **kw)
    case = {"name": name, "found": printed.getvalue().strip(), "datasets": []}
    for ds in got if isinstance(got, list) else [got]:
        d = {"files": [os.path.relpath(p, ROOT) for p in ds.file_paths], "classes": ds.class_names or [], "steps": len(ds)}
        if not kw.get("shuffle", True):  # tf.data shuffles each epoch in its own way
            d["batches"] = []
            for b in ds:
                x, y = b if isinstance(b, tuple) else (b, None)
                b = {"shape": list(x.shape), "x": values(x)}
                if y is not None:
                    b |= {"y": [float(v) for v in np.ravel(y)], "y_shape": list(y.shape), "y_type": y.dtype.name}
                d["batches"].append(b)
        case["datasets"].append(d)
    return case


def iterator(name, it, epochs=2):
    batches = []
    for _ in range(epochs * len(it)):
        x, *rest = got if isinstance(got := next(it), tuple) else (got,)
        b = {"shape": list(x.shape), "x": values(x)}
        if rest:
            b |= {"y": [float(v) for v in np.ravel(rest[0])], "y_shape": list(rest[0].shape), "y_type": rest[0].dtype.name}
        if len(rest) > 1:
            b["weights"] = [float(v) for v in rest[1]]
        batches.append(b)
    return {"name": name, "files": getattr(it, "filenames", []), "steps": len(it), "batches": batches}


def directory(name, split, **kw):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        it = ImageDataGenerator(validation_split=split).flow_from_directory(str(ROOT), target_size=(8, 6), batch_size=4, seed=42, **kw)
    return iterator(name, it) | {"found": printed.getvalue().strip()}


def arrays(channels, dtype):
    """The same arrays are made in Go."""
    n, h, w = 11, 7, 9
    v = np.arange(n * h * w * channels)
    x = (v * 37 % 256).reshape(n, h, w, channels).astype(dtype)
    y = (np.arange(n * 2) * 5 % 3).reshape(n, 2).astype("int64")
    return x, y, (np.arange(n) / 4).astype("float32")


TUTORIAL = dict(rotation_range=15, rescale=1.0 / 255, shear_range=0.1, zoom_range=0.2, horizontal_flip=True, width_shift_range=0.1, height_shift_range=0.1)


def flow(name, generator, channels=3, dtype="uint8", targets=True, weighted=False, **kw):
    x, y, weights = arrays(channels, dtype)
    kw = dict(batch_size=4, seed=42) | kw
    if weighted:
        kw["sample_weight"] = weights
    return iterator(name, ImageDataGenerator(**generator).flow(x, y if targets else None, **kw))


split = dict(validation_split=0.4, seed=7)
result = {
    "dataset": [
        dataset("shuffled", seed=1),
        dataset("sorted", shuffle=False),
        dataset("categorical", shuffle=False, label_mode="categorical", crop_to_aspect_ratio=True),
        dataset("binary", shuffle=False, label_mode="binary", class_names=["dog", "cat"], pad_to_aspect_ratio=True, image_size=(9, 16)),
        dataset("padded", shuffle=False, class_names=["cat"], pad_to_aspect_ratio=True, image_size=(11, 7)),
        dataset("cropped", shuffle=False, class_names=["cat"], crop_to_aspect_ratio=True, image_size=(11, 7)),
        dataset("none", shuffle=False, label_mode=None, color_mode="rgb"),
        dataset("unlabeled", seed=3, labels=None),
        dataset("given", shuffle=False, labels=[i * 7 % 3 for i in range(len(FILES))]),
        dataset("given and shuffled", seed=4, labels=[i * 7 % 3 for i in range(len(FILES))]),
        dataset("gray", shuffle=False, class_names=["gray"], color_mode="grayscale"),
        dataset("rgba", shuffle=False, class_names=["gray", "empty"], color_mode="rgba"),
        dataset("training", subset="training", **split),
        dataset("validation", subset="validation", **split),
        dataset("both", subset="both", **split),
        dataset("both sorted", subset="both", shuffle=False, validation_split=0.3),
    ],
    "directory": [
        directory("training", 0.4, subset="training", shuffle=False),
        directory("validation", 0.4, subset="validation"),
    ],
    "flow": [
        flow("tutorial", TUTORIAL),
        flow("plain", {}, channels=2, dtype="float64", shuffle=False, weighted=True),
        flow("validation", dict(vertical_flip=True, validation_split=0.3), dtype="int32", weighted=True, subset="validation"),
        flow("training", dict(zoom_range=0.5, validation_split=0.3), channels=1, dtype="float32", targets=False, subset="training"),
    ],
}
text = "{\n" + ",\n".join(f'"{k}": [\n' + ",\n".join(json.dumps(c) for c in v) + "\n]" for k, v in result.items()) + "\n}\n"
(OUT / "directory.json").write_text(text)
