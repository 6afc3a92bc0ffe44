"""Golden values of data.TrainTestSplit, data.StratifiedKFold and data.StratifiedGroupKFold: the rows and the errors of scikit-learn's functions. Writes split.json, kfold.json and groups.json to data/testdata.

    python -m venv venv && venv/bin/pip install -r internal/golden/requirements.txt
    venv/bin/python internal/golden/split.py
"""

import json
import pathlib
import zlib

import numpy as np
from sklearn.model_selection import GroupShuffleSplit, StratifiedGroupKFold, StratifiedKFold, train_test_split


def labels(n, classes):
    """Classes of unequal size in mixed order; the Go test computes the same."""
    return ["class%d" % (i * i % 7919 % (classes * (classes + 1) // 2) * 2 // (classes + 1)) for i in range(n)]


def digest(rows):
    rows = np.asarray(rows, dtype="<i4")
    return {"n": len(rows), "head": rows[:8].tolist(), "crc": zlib.crc32(rows.tobytes())}


def case(n, test=None, train=None, seed=0, shuffle=True, classes=0, label=None):
    c = {"n": n, "test_size": test or 0, "train_size": train or 0, "seed": seed, "shuffle": shuffle, "classes": classes}
    y = label or (labels(n, classes) if classes else None)
    if label:
        c["labels"] = label
    try:
        a, b = train_test_split(range(n), test_size=test, train_size=train, random_state=seed, shuffle=shuffle, stratify=y)
        c["train"], c["test"] = digest(a), digest(b)
    except ValueError as e:
        c["error"] = str(e)
    return c


cases = [
    case(25000, 0.25, seed=42),
    case(12500, 0.25, seed=42),
    case(10, seed=42),
    case(10, 0.5, 0.2, seed=1),
    case(10, 3, seed=2),
    case(10, 3, 4, seed=3),
    case(10, train=0.7, seed=4),
    case(10, train=6, seed=5),
    case(11, 0.3, shuffle=False),
    case(2, 0.5, seed=7),
    case(997, 0.1, seed=4294967295),
    case(100, 0.29, seed=6),  # .29*100 is 28.999999999999996
    case(100, train=0.29, seed=6),
]
for classes in (2, 3, 5, 13):
    for seed in range(6):
        for test in (0.25, 0.1, 40, 0.333):
            cases.append(case(200 + 17 * seed, test, seed=seed, classes=classes))
cases += [
    case(12500, 0.25, seed=42, classes=2),
    case(1000, 0.2, 0.3, seed=9, classes=7),
    case(60, 30, 12, seed=10, classes=5),
    case(8, 4, seed=0, label=list("aabbccdd")),  # all remainders tie
    case(7, 3, seed=1, label=list("aabbcca")),
    # errors
    case(1, 0.5),
    case(10, 1.5),
    case(10, 10),
    case(10, -1),
    case(10, train=12),
    case(10, 0.6, 0.6),
    case(10, 6, 6),
    case(3, train=0.2),
    case(10, 0.5, shuffle=False, classes=2),
    case(10, 0.5, label=list("aaaabbbbbc")),
    case(10, 2, label=list("aabbccddee")),
    case(10, train=2, label=list("aabbccddee")),
]

out = pathlib.Path(__file__).parents[2] / "data/testdata/split.json"
out.parent.mkdir(exist_ok=True)
out.write_text("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")


def folds(n, splits, seed, classes=0, label=None):
    """The fold of each row of StratifiedKFold."""
    y = label or labels(n, classes)
    of = np.zeros(n, dtype=int)
    for fold, (_, test) in enumerate(StratifiedKFold(splits, shuffle=True, random_state=seed).split(np.zeros(n), y)):
        of[test] = fold
    c = {"n": n, "folds": splits, "seed": seed, "classes": classes, "of": digest(of)}
    if label:
        c["labels"] = label
    return c


kfold = [folds(200 + 17 * seed, splits, seed, classes) for classes in (2, 3, 5) for seed in range(3) for splits in (2, 3, 5, 10)]
kfold += [folds(12500, 5, 42, 2), folds(10, 5, 4294967295, label=list("babbaabbaa"))]
(pathlib.Path(__file__).parents[2] / "data/testdata/kfold.json").write_text("[\n" + ",\n".join(map(json.dumps, kfold)) + "\n]\n")


def groups_of(n, groups):
    """Groups of unequal size in mixed order; the Go test computes the same."""
    return ["g%d" % (i * i % 10007 % (groups * (groups + 1) // 2) * 2 // (groups + 1) if i % 3 else i * 31 % groups) for i in range(n)]


def grouped(n, groups, classes, seed, splits=None, test=None, train=None):
    """The fold of each row of StratifiedGroupKFold, or the rows of GroupShuffleSplit."""
    y, g = labels(n, classes), groups_of(n, groups)
    c = {"n": n, "groups": groups, "classes": classes, "seed": seed}
    if splits:
        of = np.zeros(n, dtype=int)
        for fold, (_, rows) in enumerate(StratifiedGroupKFold(splits, shuffle=True, random_state=seed).split(np.zeros(n), y, g)):
            of[rows] = fold
        return c | {"folds": splits, "of": digest(of)}
    a, b = next(GroupShuffleSplit(1, test_size=test, train_size=train, random_state=seed).split(np.zeros(n), y, g))
    return c | {"test_size": test or 0, "train_size": train or 0, "train": digest(a), "test": digest(b)}


cases = [grouped(300 + 17 * seed, groups, classes, seed, splits) for groups in (12, 60, 150) for classes in (1, 2, 5, 13) for seed in range(2) for splits in (2, 5, 10)]
cases += [grouped(5000, 900, classes, 42, splits) for classes in (40, 200) for splits in (3, 12)]
cases += [grouped(400, groups, 3, seed, test=test, train=train) for groups in (4, 30, 200) for seed in range(3) for test, train in ((0.25, None), (0.4, 0.3), (1, None))]
(pathlib.Path(__file__).parents[2] / "data/testdata/groups.json").write_text("[\n" + ",\n".join(map(json.dumps, cases)) + "\n]\n")
