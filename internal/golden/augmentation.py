"""Writes layer/testdata/augmentation.json: what Keras' augmentation layers do in training, with the random numbers that they drew.

The numbers are TensorFlow's, so that the Go tests take them from the file. They stand in the order of the method random of the layer in
package layer.

Run with the packages of requirements.txt:  python internal/golden/augmentation.py
"""

import json
import os
import pathlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras
import numpy as np
import tensorflow as tf
from keras import layers as L

from formula import formula, rounded

keras.utils.set_random_seed(1)  # so that the layers below have the same seeds each time

OUT = pathlib.Path(__file__).resolve().parents[2] / "layer" / "testdata" / "augmentation.json"

IMAGES = (3, 6, 5, 3)
PIXELS, UNIT = (0, 255), (0, 1)
# Each row: the layer, the shape of the images and the range of their numbers.
CASES = [
    (L.RandomFlip(), IMAGES, PIXELS),
    (L.RandomFlip("horizontal"), IMAGES, PIXELS),
    (L.RandomFlip("vertical"), (4, 3, 5, 1), PIXELS),
    (L.RandomRotation(0.3), IMAGES, PIXELS),
    (L.RandomRotation((0.1, 0.2), fill_mode="constant", fill_value=9), IMAGES, PIXELS),
    (L.RandomRotation(1.0, fill_mode="wrap"), IMAGES, PIXELS),
    (L.RandomRotation(0.5, fill_mode="nearest", interpolation="nearest"), IMAGES, PIXELS),
    (L.RandomZoom(0.3), IMAGES, PIXELS),
    (L.RandomZoom((0.3, 0.9), (-0.5, -0.2), fill_mode="constant"), IMAGES, PIXELS),
    (L.RandomZoom(1.0, 1.0, fill_mode="wrap", interpolation="nearest"), IMAGES, PIXELS),
    (L.RandomTranslation(0.4, 0.3), IMAGES, PIXELS),
    (L.RandomTranslation(1.0, (-1.0, -0.5), fill_mode="reflect"), IMAGES, PIXELS),
    (L.RandomTranslation(0.9, 0.9, fill_mode="wrap"), IMAGES, PIXELS),
    (L.RandomTranslation((0.1, 0.2), 0.5, fill_mode="constant", fill_value=-3), IMAGES, PIXELS),
    (L.RandomTranslation(1.0, 1.0), (3, 4, 1, 2), PIXELS),
    (L.RandomShear(0.5, 0.3), IMAGES, PIXELS),
    (L.RandomShear((0.1, 0.9), fill_mode="nearest", interpolation="nearest"), IMAGES, PIXELS),
    (L.RandomPerspective(0.7), (3, 5, 6, 2), PIXELS),
    (L.RandomPerspective(1.0, 0.6, interpolation="nearest", fill_value=5), IMAGES, PIXELS),
    (L.RandomContrast(0.9), IMAGES, PIXELS),
    (L.RandomContrast((0.8, 0.9), value_range=UNIT), IMAGES, UNIT),
    (L.RandomBrightness(0.5), IMAGES, PIXELS),
    (L.RandomBrightness((-0.8, -0.2), value_range=(-1, 1)), IMAGES, (-1, 1)),
    (L.RandomColorDegeneration(0.8), IMAGES, PIXELS),
    (L.RandomColorDegeneration(0.8), (2, 3, 4, 1), PIXELS),
    (L.RandomGrayscale(0.5), (4, 3, 4, 3), PIXELS),
    (L.RandomHue(1.0), IMAGES, PIXELS),
    (L.RandomHue((0.2, 0.4), value_range=UNIT), IMAGES, UNIT),
    (L.RandomSaturation((0.1, 0.9)), IMAGES, PIXELS),
    (L.RandomSaturation((0.6, 0.95), value_range=UNIT), IMAGES, UNIT),
    (L.RandomInvert(0.7), (4, 3, 4, 3), PIXELS),
    (L.RandomInvert(value_range=(-1, 1)), IMAGES, (-1, 1)),
    (L.RandomPosterization(8), (4, 3, 4, 3), PIXELS),
    (L.RandomPosterization((2, 2), value_range=UNIT), IMAGES, UNIT),
    (L.Solarization(0.5, 0.9), IMAGES, PIXELS),
    (L.Solarization(threshold_factor=(0.2, 0.7), value_range=UNIT), IMAGES, UNIT),
    (L.AutoContrast(), IMAGES, (30, 170)),
    (L.AutoContrast(value_range=UNIT), IMAGES, (0.3, 0.7)),
    (L.AutoContrast(), (2, 3, 4, 2), (7, 7)),
    (L.Equalization(), IMAGES, (60, 130)),
    (L.Equalization(bins=16, value_range=UNIT), IMAGES, (0.2, 0.9)),
    (L.Equalization(), (2, 3, 4, 2), (7, 7)),
    (L.ContrastLimitedAdaptiveHistogramEqualization(tile_grid_size=(2, 3)), (2, 9, 11, 3), (60, 130)),
    (L.ContrastLimitedAdaptiveHistogramEqualization(tile_grid_size=(1, 4), clip_limit=0, value_range=UNIT), (2, 6, 8, 1), UNIT),
    (L.RandomSharpness(1.0), IMAGES, PIXELS),
    (L.RandomSharpness((0.1, 0.3), value_range=UNIT), (2, 4, 5, 2), UNIT),
    (L.RandomGaussianBlur(), (4, 5, 4, 3), PIXELS),
    (L.RandomGaussianBlur(0.8, kernel_size=(3, 5), sigma=(0.5, 0.9), value_range=(20, 200)), (4, 6, 7, 2), PIXELS),
    (L.RandomElasticTransform(), (2, 12, 15, 1), PIXELS),
    (L.RandomElasticTransform(1.0, (0.9, 1.0)), (1, 24, 21, 1), PIXELS),
    (L.RandomElasticTransform(1.0, (0.9, 1.0), fill_mode="wrap", interpolation="nearest"), (1, 24, 21, 1), PIXELS),
    (L.RandomElasticTransform(0.8, 1.0, fill_mode="constant", fill_value=100, value_range=(20, 200)), (2, 12, 15, 1), PIXELS),
    (L.RandomElasticTransform(1.0, (0.9, 1.0), fill_mode="nearest"), (1, 24, 21, 1), PIXELS),
    (L.MixUp(), (4, 3, 4, 2), PIXELS),
    (L.CutMix(), (3, 5, 6, 2), PIXELS),
    (L.RandomErasing(0.8), (3, 5, 4, 3), PIXELS),
    (L.RandomErasing(scale=(0.2, 0.9), fill_value=300), (4, 7, 6, 1), PIXELS),
    (L.RandomErasing(scale=(0.2, 0.9), fill_value=(0.1, 0.5, 0.9), value_range=UNIT), (2, 4, 5, 3), UNIT),
    (L.RandomCrop(3, 4), IMAGES, PIXELS),
    (L.RandomCrop(6, 4), IMAGES, PIXELS),
    (L.RandomCrop(9, 4), IMAGES, PIXELS),
    (L.RandomCrop(8, 12), IMAGES, PIXELS),
    (L.RandomCrop(6, 5), IMAGES, PIXELS),
    (L.RandomCrop(12, 3), IMAGES, PIXELS),
    (L.RandomColorJitter(), (2, 3, 4, 3), PIXELS),
    (L.RandomColorJitter(brightness_factor=0.3, contrast_factor=0.5, saturation_factor=(0.3, 0.7), hue_factor=0.4), IMAGES, PIXELS),
    (L.RandomColorJitter(value_range=UNIT, contrast_factor=(0.5, 0.9)), IMAGES, UNIT),
    (L.RandAugment(num_ops=3), (2, 6, 5, 3), PIXELS),
    (L.AugMix(), (2, 6, 5, 3), PIXELS),
    (L.AugMix(num_chains=2, chain_depth=4, all_ops=False, value_range=UNIT), (2, 6, 5, 3), UNIT),
]

POLICY = [
    "random_shear", "random_translation", "random_rotation", "random_brightness", "random_color_degeneration", "random_contrast",
    "random_sharpness", "random_posterization", "solarization", "auto_contrast", "equalization",
]  # fmt: skip


def each(v):
    """A number for each image."""
    return np.asarray(v, "float32").reshape(-1, 1, 1, 1)


def scalar(v):
    return np.asarray(v, "float32").reshape(())


def numbers(layer, t):
    """The random numbers of a transformation."""
    match type(layer).__name__:
        case "RandomFlip":
            return [each(t["flips"])]
        case "RandomRotation":
            return [each(t["angle"])]
        case "RandomZoom":
            return [each(t["height_zoom"]), each(t["width_zoom"])]
        case "RandomTranslation":
            return [each(t["translations"][:, 1]), each(t["translations"][:, 0])]
        case "RandomShear":
            return [each(t["shear_factor"][:, 0]), each(t["shear_factor"][:, 1])]
        case "RandomPerspective":
            return [each(t["apply_perspective"]), np.asarray(t["end_points"])]
        case "RandomContrast":
            return [each(t["contrast_factor"])]
        case "RandomBrightness":
            return [each(t["rgb_delta"])]
        case "RandomColorDegeneration" | "RandomHue" | "RandomSaturation" | "RandomSharpness":
            return [each(t["factor"])]
        case "RandomGrayscale":
            return [each(t)]
        case "RandomInvert":
            return [each(t["apply_inversion"])]
        case "RandomPosterization":
            return [each(t["shift_factor"])]
        case "Solarization":
            return [each(t["additions"]), each(t["thresholds"])]
        case "AutoContrast" | "Equalization" | "ContrastLimitedAdaptiveHistogramEqualization":
            return []
        case "RandomGaussianBlur":
            return [each(t["should_apply_blur"]), scalar(t["blur_factor"][0]), scalar(t["blur_factor"][1])]
        case "RandomElasticTransform":
            return [each(t["apply_transform"]), scalar(t["distortion_factor"])]
        case "MixUp":
            return [each(t["mix_weight"]), np.asarray(t["permutation_order"], "int32")]
        case "CutMix":
            return [*layer.corners, np.asarray(t["permutation_order"], "int32")]
        case "RandomErasing":
            fill = [np.asarray(t["fill_value"])] if layer.fill_value is None else []
            return [each(t["apply_erasing"]), *layer.corners, *fill]
        case "RandomCrop":
            return [scalar(v) for v in t]
        case "RandAugment":
            rest = [v for k in POLICY for v in numbers(getattr(layer, k), t["transforms"][k])]
            return [scalar(i) for i in t["layer_idxes"]] + rest
        case "AugMix":
            chain = [v for c in t["chain_transforms"] for o in c for v in numbers(getattr(layer, o["layer_name"]), o["transformation"])]
            return [scalar(t["weight_sample"]), *[scalar(w) for w in t["chain_mixing_weights"]], *chain]
    raise ValueError(layer)


def watch(layer):
    """Keeps what a layer draws, but does not return."""
    layer.drawn = []
    if hasattr(layer, "_generate_batch_mask"):
        mask = layer._generate_batch_mask

        def generate(shape, corners):
            layer.corners = [each(c) for c in corners]
            return mask(shape, corners)

        layer._generate_batch_mask = generate
    for name in ["random_brightness", "random_contrast", "random_saturation", "random_hue"]:
        if type(layer).__name__ == "RandomColorJitter" and getattr(layer, name) is not None:
            step = getattr(layer, name)

            def get(*a, step=step, draw=step.get_random_transformation, **k):
                t = draw(*a, **k)
                layer.drawn.extend(numbers(step, t))
                return t

            step.get_random_transformation = get


def main():
    normal = tf.random.stateless_normal
    noise = []

    def keep(*a, **k):
        noise.append(normal(*a, **k))
        return noise[-1]

    tf.random.stateless_normal = keep
    rows = []
    for i, (layer, shape, (lo, hi)) in enumerate(CASES):
        keras.utils.set_random_seed(100 + i)
        watch(layer)
        x = tf.constant(formula(1, lo, hi, shape))
        t = layer.get_random_transformation(x, training=True)
        row = {"class": type(layer).__name__, "config": layer.get_config(), "shape": shape, "range": (lo, hi)}
        noise.clear()
        y = np.asarray(layer.transform_images(x, t, training=True))
        n = layer.drawn if row["class"] == "RandomColorJitter" else numbers(layer, t)
        if row["class"] == "RandomElasticTransform":
            assert np.array_equal(noise[0], noise[1])
            n.append(np.asarray(noise[0])[..., None])
        if row["class"] == "RandomCrop" and not (shape[1] > layer.height and shape[2] > layer.width):
            n = []
        if row["class"] == "AugMix":
            row["chains"] = [[POLICY.index(o["layer_name"]) for o in c] for c in t["chain_transforms"]]
        row["numbers"] = [{"shape": v.shape, "integers": v.dtype == np.int32, "values": rounded(v)} for v in n]
        row |= {"result": y.shape, "output": [float(f"{v:.7g}") for v in rounded(y)]}
        rows.append(row)
    OUT.write_text("[\n" + ",\n".join(json.dumps(r, separators=(",", ":")) for r in rows) + "\n]\n")


main()
