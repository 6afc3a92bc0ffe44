"""Golden values of data/augment: the numbers and pixels of the real ImageDataGenerator.

Writes data/augment/testdata/golden.json. The Go test computes the input images by the same formula, so only outputs are stored: for each
batch, the SHA-256 of its float32 bytes and every STEP-th value. The bits depend on the machine's BLAS (3x3 products with fused
multiply-add) and C library (sine and cosine). The file was made on Linux, x86-64 with AVX2.

    python -m venv venv && venv/bin/pip install -r internal/golden/requirements.txt
    venv/bin/python internal/golden/augment.py
"""

import base64
import hashlib
import json
import os
import pathlib
import warnings

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
warnings.simplefilter("ignore")

import numpy as np
from keras.src.legacy.preprocessing.image import ImageDataGenerator

STEP = 127

TUTORIAL = dict(
    rotation_range=15,
    rescale=1.0 / 255,
    shear_range=0.1,
    zoom_range=0.2,
    horizontal_flip=True,
    width_shift_range=0.1,
    height_shift_range=0.1,
)
TUTORIAL_SPEC = "rotation=15,rescale=1/255,shear=.1,zoom=.2,hflip,shift=.1"


def halves(x):
    return x / 127.5 - 1


def case(name, spec, *, n=11, h=20, w=30, c=3, batch=3, seed=42, shuffle=True, fit=None, low=0, span=256, **args):
    return dict(name=name, spec=spec, n=n, h=h, w=w, c=c, batch=batch, seed=seed, shuffle=shuffle, fit=fit, low=low, span=span), args


WARP = "rotation=40,shift=.3,shear=20,zoom=.5:1.6,hflip,vflip"
WARP_ARGS = dict(
    rotation_range=40,
    width_shift_range=0.3,
    height_shift_range=0.3,
    shear_range=20,
    zoom_range=[0.5, 1.6],
    horizontal_flip=True,
    vertical_flip=True,
)

CASES = [
    case("none", ""),
    case("tutorial", TUTORIAL_SPEC, **TUTORIAL),
    case("tutorial-odd", TUTORIAL_SPEC, h=33, w=17, seed=7, n=8, batch=4, **TUTORIAL),
    case("tutorial-square", TUTORIAL_SPEC, h=32, w=32, seed=123, n=10, batch=3, **TUTORIAL),
    case("in-order", TUTORIAL_SPEC, shuffle=False, **TUTORIAL),
    case("one-batch", TUTORIAL_SPEC, n=3, batch=5, seed=1, **TUTORIAL),
    case("rotation", "rotation=90", rotation_range=90),
    case("shift-fraction", "wshift=.4,hshift=.25", width_shift_range=0.4, height_shift_range=0.25),
    case("shift-float-pixels", "wshift=4.,hshift=2.5", width_shift_range=4.0, height_shift_range=2.5),
    case("shift-pixels", "shift=5", width_shift_range=5, height_shift_range=5),
    case("shift-list", "wshift=-4/0/7,hshift=.1/.3", width_shift_range=[-4, 0, 7], height_shift_range=[0.1, 0.3]),
    case("shear", "shear=25", shear_range=25),
    case("zoom", "zoom=.5", zoom_range=0.5),
    case("zoom-range", "zoom=.8:1.2", zoom_range=[0.8, 1.2]),
    case("flips", "hflip,vflip", horizontal_flip=True, vertical_flip=True),
    case("channel", "channel=90,hflip,rescale=.01", channel_shift_range=90, horizontal_flip=True, rescale=0.01),
    case("brightness", "brightness=.2:1.8,vflip", brightness_range=[0.2, 1.8], vertical_flip=True),
    case("brightness-outside", "brightness=.5:1.5,rotation=30", low=-60, span=400, brightness_range=(0.5, 1.5), rotation_range=30),
    case("brightness-gray", "brightness=.5:1.5,rotation=30", c=1, brightness_range=(0.5, 1.5), rotation_range=30),
    case("brightness-opacity", "brightness=.5:1.5,rotation=30", c=4, brightness_range=(0.5, 1.5), rotation_range=30),
    case("brightness-cval", "brightness=.5:1.5,rotation=30,fill=constant,cval=300", brightness_range=(0.5, 1.5), rotation_range=30, fill_mode="constant", cval=300),
    case("nearest", WARP + ",fill=nearest", fill_mode="nearest", **WARP_ARGS),
    case("constant", WARP + ",fill=constant,cval=-3.3", fill_mode="constant", cval=-3.3, **WARP_ARGS),
    case("reflect", WARP + ",fill=reflect", fill_mode="reflect", **WARP_ARGS),
    case("wrap", WARP + ",fill=wrap", fill_mode="wrap", **WARP_ARGS),
    case("far-reflect", "shift=100.,fill=reflect", width_shift_range=100.0, height_shift_range=100.0, fill_mode="reflect", n=5),
    case("far-wrap", "shift=100.,fill=wrap", width_shift_range=100.0, height_shift_range=100.0, fill_mode="wrap", n=5),
    case("reflect-pixels", "hshift=17,fill=reflect", h=5, w=2, n=8, height_shift_range=17, fill_mode="reflect"),
    case("narrow", WARP + ",fill=reflect", fill_mode="reflect", h=1, w=9, **WARP_ARGS),
    case("narrow-wrap", WARP + ",fill=wrap", fill_mode="wrap", h=9, w=1, c=1, **WARP_ARGS),
    case("gray", WARP, c=1, **WARP_ARGS),
    case("four-channels", WARP, c=4, **WARP_ARGS),
    case("order0", WARP + ",order=0", interpolation_order=0, **WARP_ARGS),
    case("order0-reflect", WARP + ",order=0,fill=reflect", interpolation_order=0, fill_mode="reflect", **WARP_ARGS),
    case("order2-reflect", WARP + ",order=2,fill=reflect", interpolation_order=2, fill_mode="reflect", **WARP_ARGS),
    case("order3", WARP + ",order=3", interpolation_order=3, **WARP_ARGS),
    case("order3-reflect", WARP + ",order=3,fill=reflect", n=4, interpolation_order=3, fill_mode="reflect", **WARP_ARGS),
    case("order2", WARP + ",order=2", n=4, interpolation_order=2, **WARP_ARGS),
    case("order4-wrap", WARP + ",order=4,fill=wrap", interpolation_order=4, fill_mode="wrap", **WARP_ARGS),
    case("order5-constant", WARP + ",order=5,fill=constant,cval=9", interpolation_order=5, fill_mode="constant", cval=9, **WARP_ARGS),
    case("preprocessing", "rotation=20,rescale=.5,preprocessing", rotation_range=20, rescale=0.5, preprocessing_function=halves),
    case("samplewise-center", "rotation=20,samplewise-center,rescale=1/255,vflip,hflip", rotation_range=20, samplewise_center=True, rescale=1.0 / 255, vertical_flip=True, horizontal_flip=True),
    case("samplewise-std", "samplewise-std,vflip,hflip", samplewise_center=True, samplewise_std_normalization=True, vertical_flip=True, horizontal_flip=True),
    case("samplewise-all", WARP + ",samplewise-std,channel=20,brightness=.5:1.5", samplewise_std_normalization=True, channel_shift_range=20, brightness_range=[0.5, 1.5], **WARP_ARGS),
    case("samplewise-channel", "samplewise-std,channel=20,hflip,vflip", samplewise_std_normalization=True, channel_shift_range=20, horizontal_flip=True, vertical_flip=True),
    case("samplewise-large", "samplewise-std,rotation=15,vflip", h=70, w=61, n=3, batch=2, samplewise_std_normalization=True, rotation_range=15, vertical_flip=True),
    case("samplewise-large-flips", "samplewise-std,vflip,hflip", h=70, w=61, n=3, batch=2, samplewise_std_normalization=True, vertical_flip=True, horizontal_flip=True),
    case("samplewise-large-channel", "samplewise-std,channel=9,vflip,hflip", h=130, w=90, n=2, batch=1, samplewise_std_normalization=True, channel_shift_range=9, vertical_flip=True, horizontal_flip=True),
    case("featurewise-center", "featurewise-center,hflip", fit={}, featurewise_center=True, horizontal_flip=True),
    case("featurewise-std", "featurewise-std,rotation=30,rescale=1/255", fit={}, featurewise_std_normalization=True, rotation_range=30, rescale=1.0 / 255),
    case("featurewise-augmented", "featurewise-std,rotation=30,channel=20,rescale=1/255", fit=dict(augment=True, rounds=2, seed=5), featurewise_std_normalization=True, rotation_range=30, channel_shift_range=20, rescale=1.0 / 255),
    case("zca", "zca,rescale=1/255", n=90, h=4, w=5, c=3, batch=12, fit={}, zca_whitening=True, rescale=1.0 / 255),
    case("zca-wide", "zca,hflip,zca-epsilon=.1", n=11, h=6, w=5, c=1, fit={}, zca_whitening=True, zca_epsilon=0.1, horizontal_flip=True),
]

def images(n, h, w, c, low, span):
    k = np.arange(h * w * c, dtype=np.uint64)
    out = np.empty((n, h, w, c), np.float32)
    for i in range(n):
        noise = ((k + np.uint64(7919 * (i + 1))) * np.uint64(2654435761)) % np.uint64(1 << 32)
        out[i] = ((noise >> np.uint64(16)) % np.uint64(span)).astype(np.float32).reshape(h, w, c) + low
    return out


def number(key, v):
    if v is None:
        return None
    return bool(v) if key.startswith("flip") else float(v)


def run(info, args):
    x = images(info["n"], info["h"], info["w"], info["c"], info["low"], info["span"])
    g = ImageDataGenerator(**args)
    if info["fit"] is not None:
        g.fit(x, **info["fit"])
    drawn = []
    draw = g.get_random_transform

    def record(shape, seed=None):
        t = draw(shape, seed)
        drawn.append(t)
        return t

    g.get_random_transform = record
    rows = np.arange(info["n"])
    flow = g.flow(x, rows, batch_size=info["batch"], shuffle=info["shuffle"], seed=info["seed"])
    batches = []
    for _ in range(2 * len(flow)):
        drawn.clear()
        out, order = next(flow)
        flat = np.ascontiguousarray(out, np.float32).ravel()
        batches.append(
            dict(
                rows=[int(r) for r in order],
                params=[{k: number(k, v) for k, v in t.items()} for t in drawn],
                sha256=hashlib.sha256(flat.tobytes()).hexdigest()[:16],
                sample=base64.b64encode(flat[::STEP].tobytes()).decode(),
            )
        )
    result = dict(info, batches=batches)
    if g.mean is not None:
        result["mean"] = [float(v) for v in np.ravel(g.mean)]
    if g.std is not None:
        result["std"] = [float(v) for v in np.ravel(g.std)]
    return result


if __name__ == "__main__":
    out = pathlib.Path(__file__).parents[2] / "data/augment/testdata/golden.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(run(*c), separators=(",", ":")) for c in CASES]
    out.write_text("[\n" + ",\n".join(lines) + "\n]\n")
    print(out, out.stat().st_size)
