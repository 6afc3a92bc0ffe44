"""The cases of layers.py for layers of sequences."""

from keras import layers as L

STEPS = (2, 7, 4)
SMALL = (2, 4, 3)
CASES = [
    (L.Conv1D(3, 3), STEPS),
    (L.Conv1D(3, 2, strides=2, activation="relu", padding="same"), STEPS),
    (L.Conv1D(2, 3, padding="causal"), STEPS),
    (L.Conv1D(2, 3, padding="causal", dilation_rate=2, use_bias=False), STEPS),
    (L.Conv1D(2, 4, padding="causal", strides=3), STEPS),
    (L.Conv1D(2, 3, dilation_rate=2, padding="same", activation="tanh"), STEPS),
    (L.Conv1D(4, 3, groups=2), STEPS),
    (L.Conv1D(2, 3, kernel_regularizer="l2", bias_regularizer="l1", activity_regularizer="l2", kernel_constraint="max_norm"), STEPS),
    (L.DepthwiseConv1D(3), STEPS),
    (L.DepthwiseConv1D(2, depthwise_regularizer="l2", bias_regularizer="l1", activity_regularizer="l1", depthwise_constraint="non_neg"), STEPS),
    (L.SeparableConv1D(2, 3, depthwise_regularizer="l1", pointwise_regularizer="l2", activity_regularizer="l2", bias_constraint="non_neg"), STEPS),
    (L.DepthwiseConv1D(3, strides=2, padding="same", depth_multiplier=2, activation="relu"), STEPS),
    (L.DepthwiseConv1D(2, dilation_rate=3, use_bias=False), STEPS),
    (L.SeparableConv1D(3, 3), STEPS),
    (L.SeparableConv1D(2, 3, strides=2, padding="same", depth_multiplier=2, activation="tanh"), STEPS),
    (L.SeparableConv1D(2, 2, dilation_rate=2, use_bias=False), STEPS),
    (L.MaxPooling1D(), STEPS),
    (L.MaxPooling1D(3, strides=1, padding="same"), STEPS),
    (L.AveragePooling1D(2), STEPS),
    (L.AveragePooling1D(3, strides=2, padding="same"), STEPS),
    (L.GlobalAveragePooling1D(), STEPS),
    (L.GlobalAveragePooling1D(keepdims=True), STEPS),
    (L.GlobalMaxPooling1D(), STEPS),
    (L.GlobalMaxPooling1D(keepdims=True), STEPS),
    (L.AdaptiveAveragePooling1D(3), STEPS),
    (L.AdaptiveMaxPooling1D(4), STEPS),
    (L.UpSampling1D(), SMALL),
    (L.UpSampling1D(3), SMALL),
    (L.ZeroPadding1D(), SMALL),
    (L.ZeroPadding1D((0, 2)), SMALL),
    (L.Cropping1D(), SMALL),
    (L.Cropping1D((2, 0)), SMALL),
    (L.SpatialDropout1D(0.5, seed=1), (2, 3, 12)),
]
