"""Writes data/testdata/parquet: tables as pyarrow and pandas write them, and one as Hugging Face's datasets do.

Run with the packages of requirements.txt:  python internal/golden/parquet_tables.py
"""
import io
import json
import pathlib

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

OUT = pathlib.Path(__file__).resolve().parents[2] / "data" / "testdata" / "parquet"
OUT.mkdir(parents=True, exist_ok=True)


def png(k):
    b = io.BytesIO()
    Image.fromarray(np.full((4, 4, 3), 40 * k, "uint8")).save(b, "PNG")
    return b.getvalue()


N = 6
names = [f"img/{i}.png" for i in range(N)]
images = [png(i) for i in range(N)]
classes = ["cat", "dog", None, "cat", "dog", "cat"]

for compression in ["none", "snappy", "gzip", "zstd", "brotli", "lz4"]:
    pq.write_table(pa.table({"filename": names, "category": classes}), OUT / f"{compression}.parquet", compression=compression)
pd.DataFrame({"file": names, "class": pd.Categorical(classes), "split": ["train"] * 4 + ["val"] * 2}).to_parquet(OUT / "pandas.parquet")
pq.write_table(pa.table({"path": names, "price": pa.array([1.5, 2, None, 4, 5.25, 1e9])}), OUT / "numbers.parquet", data_page_version="2.0", use_dictionary=False)
pq.write_table(pa.table({"path": names, "label": [["a", "b"], [], ["b"], None, ["c", "a"], ["c"]]}), OUT / "lists.parquet", row_group_size=2)
pq.write_table(pa.table({"image": pa.array(images), "label": pa.array([0, 1, 0, 1, 0, 1], pa.int8())}), OUT / "bytes.parquet", row_group_size=4)
struct = pa.array([{"bytes": b, "path": p} for b, p in zip(images, ["a.png", "b.png", None, "a.png", "../x.png", "d.png"])], pa.struct([("bytes", pa.binary()), ("path", pa.string())]))
table = pa.table({"image": struct, "label": pa.array([0, 1, 0, 1, -1, 1], pa.int64())})
features = {"image": {"_type": "Image"}, "label": {"names": ["cat", "dog"], "_type": "ClassLabel"}}
pq.write_table(table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})}), OUT / "huggingface.parquet")
