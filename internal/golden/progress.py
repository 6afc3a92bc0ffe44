"""Writes internal/progress/testdata: the output of Keras' ProgbarLogger with a simulated clock.

Every file is JSON: {"steps", "epochs", "verbose", "events": [[time, kind, argument, logs]], "text"}. Times are in 1/512 second, which
is exact in Python and in Go. text is the output, byte for byte.

Run with the packages of requirements.txt:  python internal/golden/progress.py
"""

import io
import json
import os
import pathlib
import sys
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras

OUT = pathlib.Path(__file__).resolve().parents[1] / "progress" / "testdata"


class Terminal(io.StringIO):
    def isatty(self):
        return True


def run(name, steps, epochs, verbose, events):
    """Replays events (milliseconds since the start, kind, argument, logs)."""
    events = [(round(at * 0.512), *rest) for at, *rest in events]
    now = [1700000000.0]
    real, time.time = time.time, lambda: now[0]
    out, sys.stdout = sys.stdout, Terminal()
    try:
        logger = keras.callbacks.ProgbarLogger()
        logger.set_params({"verbose": verbose, "epochs": epochs, "steps": steps})
        logger.on_train_begin()
        for at, kind, argument, logs in events:
            now[0] = 1700000000.0 + at / 512
            if kind == "epoch":
                logger.on_epoch_begin(argument)
            elif kind == "step":
                logger.on_train_batch_end(argument - 1, logs)
            elif kind == "end":
                logger.on_epoch_end(argument, logs)
            else:
                raise ValueError(kind)
        text = sys.stdout.getvalue()
    finally:
        sys.stdout, time.time = out, real
    record = {
        "steps": steps or 0,
        "epochs": epochs,
        "verbose": verbose,
        "events": [
            [at, kind, argument, [[k, repr(float(v))] for k, v in (logs or {}).items()]]
            for at, kind, argument, logs in events
        ],
        "text": text,
    }
    (OUT / f"{name}.json").write_text(json.dumps(record, indent=0) + "\n")


def training(steps, epochs, first, step, logs, final, sample=1):
    """Epochs with steps: the first step takes `first` ms, the others `step` ms."""
    events, at = [], 0
    for epoch in range(epochs):
        events.append((at, "epoch", epoch, None))
        for i in range(1, steps + 1):
            at += first if i == 1 else step
            if i % sample == 0 or i in (1, 2, steps):
                events.append((at, "step", i, logs(i)))
        at += 700
        events.append((at, "end", epoch, final(epoch)))
    return events


def main():
    OUT.mkdir(parents=True, exist_ok=True)

    def logs(i):
        return {"accuracy": 0.5 + i / 4000, "loss": 0.7 / i}

    def final(epoch):
        return {
            "accuracy": 0.7500123,
            "loss": 6.1e-4,
            "val_accuracy": 1.0,
            "val_loss": 0.001,
        }

    tutorial = training(1250, 2, 1300, 60, logs, final, sample=50)
    run("tutorial-live", 1250, 2, 1, tutorial)
    run("tutorial-lines", 1250, 2, 2, tutorial)
    one = training(7, 1, 30, 3, logs, final)
    run("short-live", 7, 1, 1, one)
    run("short-lines", 7, 1, 2, one)
    single = training(1, 1, 250, 0, logs, final)
    run("single-live", 1, 1, 1, single)
    run("single-lines", 1, 1, 2, single)
    slow = training(3000, 1, 9000, 4100, logs, final, sample=150)
    run("slow-live", 3000, 1, 1, slow)
    run("slow-lines", 3000, 1, 2, slow)
    fast = training(20000, 1, 2, 0.2, logs, final, sample=1000)
    run("fast-live", 20000, 1, 1, fast)
    run("fast-lines", 20000, 1, 2, fast)

    nan, inf = float("nan"), float("inf")

    def odd(i):
        return [
            {"loss": nan, "a": -0.25, "b": -1e-5, "c": 0.0},
            {"loss": inf, "a": 1e-3, "b": 0.0010001, "c": 123456.75},
            {"loss": -inf, "a": 1e30, "b": -2.0, "c": 3},
        ][i % 3]

    strange = training(9, 1, 100, 100, odd, lambda epoch: odd(epoch))
    run("odd-live", 9, 1, 1, strange)
    run("odd-lines", 9, 1, 2, strange)
    run("odd2-lines", 9, 1, 2, training(9, 1, 1, 1, odd, lambda epoch: odd(2)))
    unknown = training(12, 2, 500, 100, logs, final)
    run("unknown-live", None, 2, 1, unknown)
    run("unknown-lines", None, 2, 2, unknown)


main()
