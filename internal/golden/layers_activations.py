"""The cases of layers.py for activation functions and their layers."""

from keras import layers as L

WIDE = {"range": (-4, 4)}
CASES = [
    (L.Activation(name), (3, 6), WIDE)
    for name in [
        "celu", "elu", "exponential", "gelu", "glu", "hard_shrink", "hard_sigmoid", "hard_silu", "hard_swish", "hard_tanh", "leaky_relu", "log_sigmoid",
        "log_softmax", "mish", "selu", "soft_shrink", "softplus", "softsign", "sparse_plus", "sparse_sigmoid", "sparsemax", "squareplus", "swish",
        "tanh_shrink",
    ]
] + [
    (L.Activation("glu"), (2, 3, 2, 4), WIDE),
    (L.Activation("log_softmax"), (2, 3, 4), {"range": (-50, 50)}),
    (L.Activation("sparsemax"), (2, 3, 4)),
    (L.Dense(4, activation="glu"), (3, 5)),
    (L.Dense(3, activation="gelu"), (3, 5)),
    (L.Conv2D(2, 3, activation="hard_silu"), (2, 5, 4, 3)),
    (L.Softmax(axis=1), (2, 3, 4)),
    (L.Softmax(axis=-2), (2, 3, 2, 4)),
    (L.ELU(), (3, 6), WIDE),
    (L.ELU(0.5), (2, 3, 4, 3)),
    (L.Dense(3, activation=L.ELU(-0.25)), (3, 5)),
]
