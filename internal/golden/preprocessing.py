"""Writes data/preprocess/testdata/golden.json: lists of steps in the form of files, small image files, and the results of Pillow and Keras.

    python internal/golden/preprocessing.py      (from the root of the repository; requirements.txt has the versions)

    files   image files, base64
    cases   steps, the file, and shape and SHA-256 of the float32 values (HWC, little endian)
"""
import base64
import hashlib
import io
import json
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
from keras.applications import imagenet_utils
from PIL import Image, ImageOps

OUT = os.path.join("data", "preprocess", "testdata", "golden.json")
FILTERS = {name: getattr(Image.Resampling, name.upper()) for name in ("nearest", "bilinear", "bicubic", "hamming", "box", "lanczos")}


def drawing(h, w, channels):
    rng = np.random.RandomState(h * w)
    y, x = np.mgrid[0:h, 0:w].astype(np.float64)
    a = [127 + 120 * np.sin(x / 3), 255 * y / h, np.where((x - w / 2) ** 2 + (y - h / 2) ** 2 < h * w / 9, 230, 40), 255 * x / w]
    return np.clip(np.stack(a[:channels], -1) + rng.normal(0, 9, (h, w, channels)), 0, 255).astype(np.uint8)


def save(a, **how):
    b = io.BytesIO()
    Image.fromarray(a).save(b, **how)
    return b.getvalue()


def exif(orientation):
    e = Image.Exif()
    e[0x010F] = "a camera"  # the orientation is not the first tag
    e[0x0112] = orientation
    return e


files = {
    "wide.jpg": save(drawing(21, 34, 3), format="JPEG", quality=90),
    "tall.png": save(drawing(37, 18, 3), format="PNG"),
    "alpha.png": save(drawing(15, 19, 4), format="PNG"),
    "gray.jpg": save(drawing(16, 23, 3)[..., 0], format="JPEG", quality=90),
    "none.png": save(drawing(5, 7, 3), format="PNG"),
}
for o in range(1, 9):
    files[f"exif-{o}.jpg"] = save(drawing(5, 8, 3), format="JPEG", quality=95, exif=exif(o))
files["exif-9.jpg"] = save(drawing(5, 8, 3), format="JPEG", quality=95, exif=exif(9))
files["exif-6.png"] = save(drawing(5, 8, 3), format="PNG", exif=exif(6))
files["exif-6-alpha.png"] = save(drawing(5, 8, 4), format="PNG", exif=exif(6))
files["exif-8.webp"] = save(drawing(5, 8, 3), format="WEBP", lossless=True, exif=exif(8))
files["exif-6.tif"] = save(drawing(5, 8, 3), format="TIFF", tiffinfo=exif(6))


# The formulas of torchvision 0.29 for PIL images (transforms/functional.py): _compute_resized_output_size and center_crop.


def short_side(h, w, size):
    short, long = (w, h) if w <= h else (h, w)
    new_short, new_long = size, int(size * long / short)
    new_w, new_h = (new_short, new_long) if w <= h else (new_long, new_short)
    return new_h, new_w


def center_crop(a, crop_h, crop_w):
    h, w = a.shape[:2]
    if crop_w > w or crop_h > h:
        left, top = (crop_w - w) // 2 if crop_w > w else 0, (crop_h - h) // 2 if crop_h > h else 0
        right, bottom = (crop_w - w + 1) // 2 if crop_w > w else 0, (crop_h - h + 1) // 2 if crop_h > h else 0
        a = np.pad(a, ((top, bottom), (left, right), (0, 0)))
        h, w = a.shape[:2]
    top, left = int(round((h - crop_h) / 2.0)), int(round((w - crop_w) / 2.0))
    return a[top : top + crop_h, left : left + crop_w]


def pad_to_aspect_ratio(a, height, width):  # as in keras.ops.image.resize
    h, w = a.shape[:2]
    y, x = (max(h, int(w * height / width)) - h) // 2, (max(w, int(h * width / height)) - w) // 2
    return np.pad(a, ((y, y), (x, x), (0, 0)))


def array(image):
    a = np.asarray(image)
    return a[..., None] if a.ndim == 2 else a


def picture(a):
    return Image.fromarray(a[..., 0] if a.shape[-1] == 1 else a)


def resize(a, s):
    h, w = (s["height"], s["width"]) if "height" in s else short_side(*a.shape[:2], s["short_side"])
    crop, pad = s.get("crop_to_aspect_ratio", False), s.get("pad_to_aspect_ratio", False)
    if s["interpolation"] == "bilinear-tf":
        return np.asarray(keras.ops.image.resize(a[None].astype(np.float32), (h, w), "bilinear", crop_to_aspect_ratio=crop, pad_to_aspect_ratio=pad))[0]
    if crop:
        return keras_load(a, h, w, s["interpolation"])
    if pad:
        a = pad_to_aspect_ratio(a, h, w)
    return array(picture(a).resize((w, h), FILTERS[s["interpolation"]]))


def keras_load(a, h, w, interpolation):
    b = io.BytesIO(save(array(picture(a)), format="PNG"))
    mode = {1: "grayscale", 3: "rgb", 4: "rgba"}[a.shape[-1]]
    return array(keras.utils.load_img(b, color_mode=mode, target_size=(h, w), interpolation=interpolation, keep_aspect_ratio=True))


def run(name, steps):
    image = Image.open(io.BytesIO(files[name]))
    steps = list(steps)
    decode = steps.pop(0) if steps and steps[0]["step"] == "decode" else {"color_mode": "rgb"}
    if decode.get("orient"):
        image = ImageOps.exif_transpose(image)
    a = array(image.convert({"rgb": "RGB", "grayscale": "L", "rgba": "RGBA"}[decode["color_mode"]]))
    for s in steps:
        if s["step"] == "resize":
            a = resize(a, s)
        elif s["step"] == "center_crop":
            a = center_crop(a, s["height"], s["width"])
        else:
            a = np.array(a, np.float32)
            if s["step"] == "bgr":
                a = a[..., ::-1].copy()
            elif s["step"] == "rescale":
                a = np.asarray(keras.layers.Rescaling(s.get("scale", 1.0), s.get("offset", 0.0))(a))
            elif s["step"] == "normalize":  # torchvision's Normalize: tensor.sub_(mean).div_(std)
                a = (a - np.array(s.get("mean", [0]), np.float32)) / np.array(s.get("std", [1]), np.float32)
            elif s["step"] == "preprocess_input":
                a = imagenet_utils.preprocess_input(a, mode=s["mode"], data_format="channels_last")
    return np.ascontiguousarray(a, np.float32)


def decode(mode, **more):
    return dict(step="decode", color_mode=mode, **more)


def sized(h, w, interpolation="nearest", **more):
    return dict(step="resize", height=h, width=w, interpolation=interpolation, **more)


def short(n, interpolation):
    return dict(step="resize", short_side=n, interpolation=interpolation)


def crop(h, w):
    return dict(step="center_crop", height=h, width=w)


lists = [("none.png", [decode("rgb")])]
for name in ("wide.jpg", "tall.png"):
    lists += [(name, [sized(9, 13, i)]) for i in [*FILTERS, "bilinear-tf"]]
    lists += [(name, [sized(9, 13, i, crop_to_aspect_ratio=True)]) for i in ("nearest", "bilinear", "bilinear-tf")]
    lists += [(name, [sized(9, 13, i, pad_to_aspect_ratio=True)]) for i in ("nearest", "bilinear", "bilinear-tf")]
    lists += [(name, [short(n, i), crop(h, w)]) for n, i in ((11, "bilinear"), (12, "nearest"), (50, "bicubic"), (14, "bilinear-tf")) for h, w in ((10, 8), (11, 11), (7, 10), (19, 6), (6, 19), (60, 61))]
    lists += [(name, [short(11, "lanczos")]), (name, [crop(8, 9)]), (name, [crop(40, 39)])]
for mode in ("rgb", "grayscale", "rgba"):
    lists += [(name, [decode(mode), sized(8, 9, i), dict(step="rescale", scale=1 / 255)]) for name in ("wide.jpg", "gray.jpg", "alpha.png") for i in ("nearest", "bilinear")]
for name in files:
    if name.startswith("exif"):
        lists += [(name, []), (name, [decode("rgb", orient=True)])]
lists += [(f"exif-{o}.jpg", [decode("grayscale", orient=True), sized(3, 4)]) for o in (1, 6)]
lists += [("exif-6-alpha.png", [decode("rgba", orient=True)])]
for numbers in (
    [dict(step="preprocess_input", mode="caffe")],
    [dict(step="preprocess_input", mode="tf")],
    [dict(step="preprocess_input", mode="torch")],
    [dict(step="rescale", scale=1 / 255)],
    [dict(step="rescale", scale=1 / 127.5, offset=-1)],
    [dict(step="rescale", offset=-128)],
    [dict(step="bgr")],
    [dict(step="normalize", mean=[120.5], std=[64.25])],
    [dict(step="normalize", mean=[1.5, 2.25, 100.1])],
    [dict(step="rescale", scale=1 / 255), dict(step="bgr"), dict(step="normalize", mean=[0.5, 0.4, 0.3], std=[0.25, 0.27, 0.29])],
):
    lists += [("wide.jpg", [short(16, "bilinear"), crop(14, 14)] + numbers)]
lists += [("gray.jpg", [decode("grayscale"), sized(8, 8), dict(step="preprocess_input", mode="tf")])]

cases = []
for name, steps in lists:
    a = run(name, steps)
    cases.append({"file": name, "steps": steps, "shape": a.shape, "sha256": hashlib.sha256(a.astype("<f4").tobytes()).hexdigest()})
os.makedirs(os.path.dirname(OUT), exist_ok=True)
with open(OUT, "w") as f:
    f.write("{\n\"files\": {\n" + ",\n".join(f"{json.dumps(n)}: {json.dumps(base64.b64encode(b).decode())}" for n, b in files.items()))
    f.write("\n},\n\"cases\": [\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n}\n")
