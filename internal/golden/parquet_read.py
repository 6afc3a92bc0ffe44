"""Compares Parquet files with .json files of the same names, which have their columns, by pyarrow and by pandas.

Run by the tests of internal/parquet and internal/cli:  python internal/golden/parquet_read.py FOLDER
"""

import json
import pathlib
import sys

import numpy as np
import pandas
import pyarrow.parquet

files = sorted(pathlib.Path(sys.argv[1]).glob("*.parquet"))
assert files, "no files"
for path in files:
    want = json.loads(path.with_suffix(".json").read_text())
    file = pyarrow.parquet.ParquetFile(path)
    table = file.read()
    table.validate(full=True)
    frame = pandas.read_parquet(path)
    assert table.column_names == list(frame.columns) == list(want), (path, table.column_names)
    for name, values in want.items():
        field = table.schema.field(name)
        assert not field.nullable, (path, field)
        if values and isinstance(values[0], str) or str(field.type) == "string":
            assert str(field.type) == "string" and table[name].to_pylist() == values and list(frame[name]) == values, (path, name)
            continue
        assert str(field.type) == "float", (path, field)
        np.testing.assert_array_equal(table[name].to_numpy(), np.array(values, "float32"))
        np.testing.assert_array_equal(frame[name].to_numpy(), np.array(values, "float32"))
    assert file.metadata.num_row_groups == -(-len(table) // 65536), (path, file.metadata)
    print(path.name, table.num_rows, "rows,", table.num_columns, "columns")
