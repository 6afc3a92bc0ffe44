"""The cases of layers.py for the augmentation layers. They return their operand in prediction; augmentation.py has what they compute
in training."""

from keras import layers as L

PIXELS = {"range": (0, 255)}
SMALL = (2, 3, 4, 3)

CASES = [
    (layer, SMALL, PIXELS)
    for layer in [
        L.RandomFlip(),
        L.RandomFlip("vertical", seed=3),
        L.RandomRotation(0.1),
        L.RandomRotation((-0.1, 0.3), fill_mode="constant", fill_value=3, interpolation="nearest", seed=5),
        L.RandomZoom(0.1),
        L.RandomZoom((-0.3, -0.1), (0.1, 0.2), fill_mode="wrap"),
        L.RandomTranslation(0.2, (-0.1, 0.3), fill_mode="nearest"),
        L.RandomShear((0.1, 0.2)),
        L.RandomPerspective(),
        L.RandomPerspective(0.5, 0.3, fill_value=7),
        L.RandomContrast(0.2),
        L.RandomContrast((0.1, 0.7), value_range=(0, 1)),
        L.RandomBrightness(0.2),
        L.RandomBrightness((-0.3, 0.5), value_range=(-1, 1), seed=9),
        L.RandomColorDegeneration(0.5),
        L.RandomGrayscale(),
        L.RandomGrayscale(0.25),
        L.RandomHue(0.3),
        L.RandomSaturation((0.2, 0.8)),
        L.RandomInvert(),
        L.RandomPosterization(5),
        L.RandomPosterization((3, 3)),
        L.Solarization(),
        L.Solarization(0.2, (0.3, 0.6), value_range=(0, 1)),
        L.AutoContrast(),
        L.AutoContrast(value_range=(-1, 300)),
        L.ContrastLimitedAdaptiveHistogramEqualization(tile_grid_size=(2, 3)),
        L.ContrastLimitedAdaptiveHistogramEqualization(value_range=(-10, 260), clip_limit=0, tile_grid_size=(1, 2)),
        L.RandomSharpness(0.7),
        L.RandomGaussianBlur(),
        L.RandomGaussianBlur(0.5, kernel_size=(3, 5), sigma=(0.2, 0.9), seed=2),
        L.RandomElasticTransform(),
        L.RandomElasticTransform(0.5, (0.2, 0.4), fill_mode="wrap", interpolation="nearest"),
        L.MixUp(),
        L.MixUp(0.4, seed=1),
        L.CutMix(),
        L.RandomErasing(),
        L.RandomErasing(0.5, (0.1, 0.2), fill_value=(1, 2, 3)),
        L.RandomColorJitter(),
        L.RandomColorJitter(value_range=(0, 1), brightness_factor=0.1, hue_factor=(0.1, 0.2), seed=4),
        L.RandAugment(),
        L.AugMix(),
        L.AugMix(num_chains=2, chain_depth=1, all_ops=False, seed=8),
        L.Equalization(),
        L.Equalization(value_range=(-1, 1), bins=32),
        L.RandomCrop(2, 3, seed=1),
        L.Pipeline([L.RandomFlip("horizontal"), L.RandomRotation(0.2)]),
    ]
]
