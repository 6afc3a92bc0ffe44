"""Writes optimizer/testdata/optimizers.json: the weights after each of six steps of Keras' optimizers, and the optimizers' variables at the
end; and optimizer/schedule/testdata/schedules.json: the learning rates of Keras' schedules.

Run with the packages of requirements.txt:  python internal/golden/optimizers.py
"""

import json
import os
import pathlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras
import numpy as np

from formula import formula, rounded

OUT = pathlib.Path(__file__).resolve().parents[2] / "optimizer"

O = keras.optimizers
S = O.schedules
MATRICES = [("bias", (2,)), ("kernel", (2, 3))]
SHAPES = [("bias", (2,)), ("tall/kernel", (3, 2)), ("wide/kernel", (2, 3)), ("conv/kernel", (2, 1, 3))]
SHARED = [
    dict(weight_decay=0.02, clipnorm=0.5),
    dict(global_clipnorm=0.5, use_ema=True, ema_momentum=0.7),
    dict(clipvalue=0.25, gradient_accumulation_steps=2, weight_decay=0.1),
    dict(use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=2, gradient_accumulation_steps=2, loss_scale_factor=4.0),
    dict(learning_rate=S.PiecewiseConstantDecay([1, 3], [0.2, 0.1, 0.05]), weight_decay=0.05),
]


class Case:
    """An optimizer, with what is not in its config: names excluded from weight decay, and the step whose gradients are infinite."""

    def __init__(self, optimizer, exclude=None, infinite=None, shapes=MATRICES):
        self.optimizer, self.exclude, self.infinite, self.shapes = optimizer, exclude, infinite, shapes


CASES = [
    O.SGD(),
    O.SGD(0.1, momentum=0.9),
    O.SGD(0.1, momentum=0.9, nesterov=True),
    O.SGD(0.1, nesterov=True),
    O.SGD(0.1, weight_decay=0.02),
    O.SGD(0.1, momentum=0.9, weight_decay=0.02),
    O.SGD(0.1, clipnorm=0.5),
    O.SGD(0.1, global_clipnorm=0.5),
    O.SGD(0.1, global_clipnorm=50.0),
    O.SGD(0.1, clipvalue=0.25),
    O.SGD(0.1, use_ema=True, ema_momentum=0.9, ema_overwrite_frequency=3),
    O.SGD(S.CosineDecay(0.01, 4, warmup_target=0.2, warmup_steps=2), momentum=0.9),
    Case(O.SGD(0.1, momentum=0.9, weight_decay=0.5), exclude=["bias", "gamma"]),
    O.RMSprop(),
    O.RMSprop(0.01, momentum=0.9, centered=True),
    O.RMSprop(0.01, rho=0.5, epsilon=0.01, weight_decay=0.1, clipnorm=1.0),
    O.RMSprop(0.01, centered=True),
    O.Adam(),
    O.Adam(0.01, beta_1=0.5, beta_2=0.9, epsilon=0.001),
    O.Adam(0.01, amsgrad=True, weight_decay=0.004),
    O.Adam(0.01, clipvalue=0.1),
    O.AdamW(),
    O.AdamW(0.1, weight_decay=0.1, amsgrad=True),
    Case(O.AdamW(0.1, weight_decay=0.5), exclude=["^b"]),
    O.Adamax(),
    O.Adamax(0.1, beta_1=0.5, beta_2=0.7, epsilon=0.01),
    O.Nadam(),
    O.Nadam(0.1, beta_1=0.5, beta_2=0.7, epsilon=0.01),
    O.Adagrad(),
    O.Adagrad(0.1, initial_accumulator_value=0.5, epsilon=0.01),
    O.Adadelta(),
    O.Adadelta(1.0, rho=0.5, epsilon=0.01),
    O.Lion(),
    O.Lion(0.1, beta_1=0.5, beta_2=0.7),
    O.Ftrl(),
    O.Ftrl(0.1, learning_rate_power=-0.3, initial_accumulator_value=0.5, l1_regularization_strength=0.1, l2_regularization_strength=0.2,
           l2_shrinkage_regularization_strength=0.05, beta=0.3),
    O.Ftrl(0.1, l1_regularization_strength=10.0),
    Case(O.Lamb(), shapes=SHAPES),
    O.Lamb(0.1, beta_1=0.5, beta_2=0.7, epsilon=0.01),
    Case(O.Adafactor(), shapes=SHAPES),
    Case(O.Adafactor(0.5, beta_2_decay=-0.5, epsilon_1=0.001, epsilon_2=0.1, clip_threshold=0.5, relative_step=False), shapes=SHAPES),
    Case(O.Muon(), shapes=SHAPES),
    Case(O.Muon(0.1, exclude_layers=["wide"], nesterov=False, rms_rate=None, adam_lr_ratio=0.5, weight_decay=None, momentum=0.5), shapes=SHAPES),
    Case(O.Muon(0.1, ns_steps=2, muon_a=3.0, muon_b=-4.0, muon_c=1.5, adam_weight_decay=None, adam_beta_1=0.5, adam_beta_2=0.7, epsilon=0.01),
         shapes=SHAPES),
    O.ScheduleFreeAdamW(),
    O.ScheduleFreeAdamW(0.1, beta_1=0.5, beta_2=0.7, epsilon=0.01, warmup_steps=4),
    Case(O.LossScaleOptimizer(O.Adam(0.1), initial_scale=8.0, dynamic_growth_steps=2), infinite=3),
    Case(O.LossScaleOptimizer(O.SGD(S.ExponentialDecay(0.1, 2, 0.5), momentum=0.9, gradient_accumulation_steps=2, use_ema=True, weight_decay=0.1),
                              dynamic_growth_steps=2), infinite=1),
]
for class_ in [O.SGD, O.RMSprop, O.Adam, O.AdamW, O.Adamax, O.Nadam, O.Adagrad, O.Adadelta, O.Lion, O.Ftrl, O.Lamb, O.Adafactor, O.Muon, O.ScheduleFreeAdamW]:
    for args in SHARED:
        args = {"learning_rate": 0.1, **args}
        if class_ in (O.SGD, O.RMSprop):
            args["momentum"] = 0.5
        CASES.append(Case(class_(**args), shapes=SHAPES[:3] if class_ in (O.Adafactor, O.Muon) else MATRICES))

SCHEDULES = [
    S.ExponentialDecay(0.1, 10, 0.5),
    S.ExponentialDecay(0.1, 10, 0.5, staircase=True),
    S.PiecewiseConstantDecay([3, 10, 20], [0.1, 0.05, 0.2, 0.01]),
    S.PiecewiseConstantDecay([5], [0.1, 0.01]),
    S.PolynomialDecay(0.1, 10),
    S.PolynomialDecay(0.1, 10, end_learning_rate=0.01, power=2.0),
    S.PolynomialDecay(0.1, 10, end_learning_rate=0.0, power=0.5, cycle=True),
    S.InverseTimeDecay(0.1, 10, 0.5),
    S.InverseTimeDecay(0.1, 10, 0.5, staircase=True),
    S.CosineDecay(0.1, 20),
    S.CosineDecay(0.1, 20, alpha=0.1),
    S.CosineDecay(0.0, 20, alpha=0.1, warmup_target=0.2, warmup_steps=5),
    S.CosineDecay(0.01, 20, warmup_target=0.2),
    S.CosineDecayRestarts(0.1, 5),
    S.CosineDecayRestarts(0.1, 5, t_mul=1.0, m_mul=0.9, alpha=0.1),
    S.CosineDecayRestarts(0.1, 5, t_mul=1.5, m_mul=0.5),
]


def write(path, rows):
    path.parent.mkdir(exist_ok=True)
    path.write_text("[\n" + ",\n".join(json.dumps(o, separators=(",", ":")) for o in rows) + "\n]\n")


def variable(i, path, shape):
    scope, _, name = path.rpartition("/")
    with keras.name_scope(scope or "dense"):
        return keras.Variable(formula(1 + i, -2, 2, shape), name=name)


def run(case):
    if not isinstance(case, Case):
        case = Case(case)
    optimizer = case.optimizer
    config = keras.optimizers.serialize(optimizer)["config"]
    weights = [variable(i, *s) for i, s in enumerate(case.shapes)]
    if case.exclude:
        optimizer.exclude_from_weight_decay(var_names=case.exclude)
    optimizer.build(weights)
    steps = []
    for step in range(6):
        grads = [formula(10 + 4 * step + i, -1, 1, s) for i, (_, s) in enumerate(case.shapes)]
        if step == case.infinite:
            grads[0][1] = np.inf
        optimizer.apply([keras.ops.convert_to_tensor(g) for g in grads])
        steps.append(sum([rounded(w) for w in weights], []))
    out = {
        "class": type(optimizer).__name__,
        "config": config,
        "paths": [w.path for w in weights],
        "shapes": [s for _, s in case.shapes],
        "steps": steps,
        "variables": [rounded(v) for v in optimizer.variables],
        "names": [v.path.split("/")[-1] for v in optimizer.variables],
    }
    if case.exclude:
        out["exclude"] = case.exclude
    if case.infinite is not None:
        out["infinite"] = case.infinite
    return out


def main():
    write(OUT / "testdata" / "optimizers.json", [run(c) for c in CASES])
    write(OUT / "schedule" / "testdata" / "schedules.json", [
        {"class": type(s).__name__, "config": s.get_config(), "rates": [float("%.9g" % float(s(step))) for step in range(41)]} for s in SCHEDULES
    ])


main()
