"""Cases of the normalization layers."""

from keras import constraints as C
from keras import layers as L
from keras import regularizers as R

IMAGES = (2, 3, 4, 6)
CASES = [
    (L.LayerNormalization(), IMAGES),
    (L.LayerNormalization(epsilon=0.1, center=False), (3, 32)),
    (L.LayerNormalization(scale=False), (3, 5)),
    (L.LayerNormalization(scale=False, center=False), (2, 3, 5)),
    (L.LayerNormalization(axis=[1, 2, 3]), (2, 2, 3, 4)),
    (L.LayerNormalization(axis=[-1, 1]), (2, 2, 3, 4)),
    (L.LayerNormalization(axis=2), (2, 2, 3, 4)),
    (L.RMSNormalization(), IMAGES),
    (L.RMSNormalization(axis=[1, 2], epsilon=0.1), (2, 3, 4)),
    (L.UnitNormalization(), (3, 5)),
    (L.UnitNormalization(axis=[1, 3]), (2, 3, 4, 2)),
    (L.GroupNormalization(3), IMAGES),
    (L.GroupNormalization(-1, epsilon=0.01, center=False), (2, 2, 3, 4)),
    (L.GroupNormalization(1, scale=False), (2, 3, 4)),
    (L.GroupNormalization(2, axis=1), (2, 4, 3, 2)),
    (L.GroupNormalization(2, axis=-2), (2, 3, 4, 2)),
    (L.GroupNormalization(2), (3, 6)),
    (L.LayerNormalization(gamma_regularizer="l2", beta_regularizer=R.L1(0.1), gamma_constraint="non_neg", beta_constraint=C.MaxNorm(0.5)), (3, 5)),
    (L.GroupNormalization(2, gamma_regularizer="l2", beta_regularizer=R.L1(0.1), gamma_constraint="non_neg", beta_constraint=C.MaxNorm(0.5)), (3, 6)),
    (L.BatchNormalization(axis=1), (2, 3, 2, 4)),
    (L.BatchNormalization(axis=-2, center=False), (2, 2, 3, 4)),
    (L.SpectralNormalization(L.Dense(3, name="inner")), (3, 5)),
    (L.SpectralNormalization(L.Conv2D(3, 2, activation="tanh"), power_iterations=3), (2, 3, 4, 2)),
    (L.SpectralNormalization(L.Embedding(4, 3, name="table")), (2, 3), {"integers": 4}),
]
