"""The cases of layers.py for layers with regularizers and constraints."""

from keras import constraints as C
from keras import layers as L
from keras import regularizers as R

IMAGES = (2, 4, 3, 2)
CASES = [
    (L.Dense(3, kernel_regularizer="l2", bias_regularizer="l1", kernel_constraint=C.MaxNorm(0.5)), (3, 4)),
    (L.Dense(3, activation="tanh", activity_regularizer=R.L1L2(0.01, 0.02), bias_constraint="non_neg"), (3, 4)),
    (L.Dense(2, kernel_regularizer=R.OrthogonalRegularizer(0.5, "columns"), use_bias=False, activity_regularizer="l2"), (2, 3, 4)),
    (L.Conv2D(2, 2, kernel_regularizer=R.L2(0.5), bias_regularizer=R.L1(0.25), activity_regularizer="l1", kernel_constraint=C.UnitNorm(axis=[0, 1, 2]), bias_constraint=C.MaxNorm(0.5)), IMAGES),
    (L.DepthwiseConv2D(2, depthwise_regularizer="l1", bias_regularizer="l2", activity_regularizer=R.L2(0.125), depthwise_constraint=C.MinMaxNorm(0.5, 1, rate=0.5, axis=[0, 1]), bias_constraint="non_neg"), IMAGES),
    (L.SeparableConv2D(2, 2, depthwise_regularizer="l1", pointwise_regularizer=R.L2(0.5), bias_regularizer="l2", activity_regularizer="l1", depthwise_constraint="non_neg", pointwise_constraint=C.UnitNorm(axis=2), bias_constraint=C.MaxNorm(0.25)), IMAGES),
    (L.BatchNormalization(beta_regularizer="l1", gamma_regularizer=R.L2(0.5), beta_constraint="non_neg", gamma_constraint=C.MaxNorm(1, axis=None)), IMAGES),
    (L.ActivityRegularization(), (3, 4)),
    (L.ActivityRegularization(l1=0.5, l2=0.25), IMAGES),
    (L.PReLU(alpha_initializer="ones", alpha_regularizer="l2", alpha_constraint=C.MaxNorm(0.5, axis=-1)), (3, 4)),
    (L.PReLU(shared_axes=[1, 2]), IMAGES),
    (L.PReLU(shared_axes=[2]), (2, 3, 4)),
]
