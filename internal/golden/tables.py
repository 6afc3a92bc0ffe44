"""Compares the rows of .csv files by pandas with .json files of the same names.

Run by a test of package data:  python internal/golden/tables.py FOLDER
"""

import json
import pathlib
import sys

import pandas

files = sorted(pathlib.Path(sys.argv[1]).glob("*.csv"))
assert files, "no files"
for path in files:
    frame = pandas.read_csv(path).dropna(subset=["category"])
    if frame["category"].dtype == "float64":  # whole numbers with gaps
        frame["category"] = frame["category"].astype("int64")
    got = json.loads(path.with_suffix(".json").read_text())
    want = [[name, str(label)] for name, label in zip(frame["filename"], frame["category"])]
    assert got == want, (path.name, got, want)
