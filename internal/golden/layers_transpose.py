"""The cases of layers.py for transposed convolutions."""

from keras import layers as L

IMAGES = (2, 3, 4, 3)
STEPS = (2, 5, 3)
CASES = [
    (L.Conv2DTranspose(2, 2, strides=2, activation="relu"), IMAGES),
    (L.Conv2DTranspose(2, 3, strides=2, padding="same"), IMAGES),
    (L.Conv2DTranspose(2, 3), IMAGES),
    (L.Conv2DTranspose(2, (3, 2), padding="same", use_bias=False), IMAGES),
    (L.Conv2DTranspose(2, (2, 1), strides=(3, 2)), IMAGES),
    (L.Conv2DTranspose(2, 1, strides=2, padding="same"), IMAGES),
    (L.Conv2DTranspose(2, 3, strides=(2, 1), padding="same", output_padding=(1, 0), activation="tanh"), IMAGES),
    (L.Conv2DTranspose(2, 3, strides=3, padding="same", output_padding=1), IMAGES),
    (L.Conv2DTranspose(2, (2, 3), strides=2, output_padding=0), IMAGES),
    (L.Conv2DTranspose(2, (4, 3), strides=3, output_padding=(2, 1)), IMAGES),
    (L.Conv2DTranspose(2, 2, kernel_regularizer="l2", bias_regularizer="l1", activity_regularizer="l2", bias_constraint="non_neg"), IMAGES),
    (L.Conv1DTranspose(2, 2, kernel_regularizer="l1", activity_regularizer="l2", kernel_constraint="unit_norm"), STEPS),
    (L.Conv1DTranspose(2, 2, strides=2, activation="relu"), STEPS),
    (L.Conv1DTranspose(2, 3, strides=2, padding="same"), STEPS),
    (L.Conv1DTranspose(2, 4, use_bias=False), STEPS),
    (L.Conv1DTranspose(2, 3, strides=3, output_padding=1, activation="sigmoid"), STEPS),
    (L.Conv1DTranspose(2, 3, strides=2, padding="same", output_padding=0), STEPS),
]
