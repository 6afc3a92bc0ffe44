"""Writes internal/summary/testdata: the output of keras.Model.summary().

Run with the packages of requirements.txt:  python internal/golden/summary.py
"""

import io
import os
import pathlib
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras
import numpy as np
from keras import layers

OUT = pathlib.Path(__file__).resolve().parents[1] / "summary" / "testdata"


def capture(name, model, width=80, color=False, **options):
    os.environ["COLUMNS"] = str(width)
    os.environ["TERM"] = "xterm-256color"
    if color:
        os.environ["FORCE_COLOR"] = "1"
    else:
        os.environ.pop("FORCE_COLOR", None)
    old, sys.stdout = sys.stdout, io.StringIO()
    try:
        model.summary(**options)
        text = sys.stdout.getvalue()
    finally:
        sys.stdout = old
    (OUT / name).write_text(text, encoding="utf-8")


def tutorial():
    keras.utils.clear_session()
    return keras.Sequential(
        [
            keras.Input((128, 128, 3)),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(2, activation="softmax"),
        ]
    )


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    model = tutorial()
    capture("tutorial.txt", model)
    for width in (40, 60, 100, 200):
        capture(f"tutorial-{width}.txt", model, width)
    capture("tutorial-color.txt", model, color=True)
    capture("tutorial-40-color.txt", model, 40, color=True)
    capture("tutorial-trainable.txt", model, show_trainable=True)
    model.compile(optimizer="rmsprop", loss="categorical_crossentropy")
    x = np.zeros((2, 128, 128, 3), "float32")
    y = np.eye(2, dtype="float32")
    model.fit(x, y, batch_size=2, verbose=0)
    capture("tutorial-trained.txt", model)
    capture("tutorial-trained-color.txt", model, color=True)

    keras.utils.clear_session()
    model = keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Conv2D(8, 3, name="the_very_first_convolution"),
            layers.BatchNormalization(name="batch_normalization_of_block_one"),
            layers.SpatialDropout2D(0.1, name="a_name_that_no_column_is_wide_enough_for"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(10, name="frozen", trainable=False),
            layers.Dense(1000000, name="répété"),
        ],
        name="long_names_wrap_and_a_batch_normalization_has_parameters_that_are_not_trained",
    )
    capture("long.txt", model)
    capture("long-40.txt", model, 40)
    capture("long-21.txt", model, 21)
    capture("long-color.txt", model, color=True)
    capture("long-trainable.txt", model, show_trainable=True)
    capture("long-trainable-color.txt", model, color=True, show_trainable=True)

    keras.utils.clear_session()
    model = keras.Sequential([layers.Dense(4), layers.Dense(2)], name="unbuilt")
    capture("unbuilt.txt", model)
    capture("empty.txt", keras.Sequential([keras.Input((2,))], name="empty"))

    keras.utils.clear_session()
    a = keras.Input((16,), name="a")
    left = layers.Dense(8)(a)
    right = layers.Dense(8)(a)
    both = layers.Concatenate()([left, right])
    model = keras.Model(a, layers.Dense(3)(layers.Add()([both, both])))
    capture("connected.txt", model)
    capture("connected-120.txt", model, 120)
    capture("connected-color.txt", model, color=True)
    capture("connected-trainable.txt", model, show_trainable=True)
    capture("connected-line-90.txt", model, 120, line_length=90)
    capture("connected-line-100.txt", model, line_length=100)
    capture("connected-positions.txt", model, 120, positions=[0.2, 0.5, 0.7, 1.0])
    capture("connected-positions-trainable.txt", model, 200, line_length=100, positions=[0.4, 0.6, 0.7, 0.9], show_trainable=True)
    capture("connected-short.txt", model, 120, positions=[0.2, 0.4, 0.5, 0.7])

    # Nested models: a Functional with two results that is called twice and contains a frozen Sequential; a Sequential
    # that is called twice; an op.
    keras.utils.clear_session()
    inner_input = keras.Input((8, 8, 3), name="inner_input")
    features = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(4, 3), layers.BatchNormalization()], name="features")
    features.trainable = False
    x = features(inner_input)
    body = keras.Model(inner_input, [layers.GlobalAveragePooling2D()(x), layers.Conv2D(2, 1)(x * 2.0)], name="body")
    a, b = keras.Input((8, 8, 3), name="a"), keras.Input((8, 8, 3), name="b")
    (p, _), (q, r) = body(a / 255.0), body(b)
    head = keras.Sequential([layers.Dense(4), layers.Dropout(0.5)], name="head")
    y = layers.Add()([head(p), head(q)])
    model = keras.Model([a, b], [y, layers.Flatten()(r)], name="pair")
    capture("nested.txt", model)
    capture("nested-120.txt", model, 120)
    capture("nested-expanded.txt", model, 120, expand_nested=True)
    capture("nested-expanded-80.txt", model, expand_nested=True)
    capture("nested-expanded-trainable.txt", model, 120, expand_nested=True, show_trainable=True)
    capture("nested-expanded-trainable-color.txt", model, 120, True, expand_nested=True, show_trainable=True)

    # The same body at the start of a chain, and in a Sequential.
    keras.utils.clear_session()
    a = keras.Input((8, 8, 3), name="a")
    model = keras.Model(a, layers.Dense(2)(layers.Flatten()(features(a))), name="chain")
    capture("nested-chain.txt", model)
    capture("nested-chain-expanded.txt", model, expand_nested=True)
    capture("nested-chain-expanded-color.txt", model, 60, True, expand_nested=True)
    model = keras.Sequential([keras.Input((8, 8, 3)), features, layers.Flatten(), layers.Dense(2)], name="top")
    capture("nested-sequential.txt", model)
    capture("nested-sequential-expanded.txt", model, expand_nested=True, show_trainable=True)
    late = keras.Sequential([layers.Dense(3)], name="late")
    model = keras.Sequential([layers.Flatten(), late, layers.Dense(2)], name="top")
    capture("nested-unbuilt.txt", model)
    capture("nested-unbuilt-expanded.txt", model, expand_nested=True, show_trainable=True)


main()
