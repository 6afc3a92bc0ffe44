"""Writes data/testdata/parquet: tables as pyarrow and pandas write them, and one as Hugging Face's datasets do.

Run with the packages of requirements.txt:  python internal/golden/parquet_tables.py
"""
import datetime as dt
import decimal
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

# Rows without an image, and a file that has only the paths.
images_of = lambda rows: pa.array(rows, struct.type)
pq.write_table(pa.table({"image": images_of([{"bytes": images[0], "path": None}, {"bytes": None, "path": "x.png"}, None, {"bytes": images[3], "path": None}]), "label": ["a", "b", "a", "b"]}), OUT / "nulls.parquet")
pq.write_table(pa.table({"image": images_of([{"bytes": None, "path": n} for n in names]), "label": classes}), OUT / "paths.parquet")

# All compressions, versions of pages and ways to store values. The bytes hardly compress.
M = 24
rng = np.random.default_rng(1)
table = pa.table({
    "filename": [f"img/{i % N}.png" for i in range(M)],
    "category": [["cat", "dog", None][i % 3] for i in range(M)],
    "noise": [bytes(rng.integers(0, 256, 40, "uint8")) for _ in range(M)],
    "x": rng.random(M),
    "n": pa.array([None if i % 5 == 0 else i * i for i in range(M)], pa.int32()),
    "list": [[f"l{k}" for k in range(i % 4)] for i in range(M)],
})
for compression in ["none", "snappy", "gzip", "zstd", "brotli", "lz4"]:
    for version in "1.0", "2.0":
        for dictionary in True, False:
            pq.write_table(table, OUT / f"{compression}-{version[0]}-{'dictionary' if dictionary else 'plain'}.parquet", compression=compression, data_page_version=version,
                           use_dictionary=dictionary, write_page_checksum=version == "2.0", row_group_size=16)
        if compression in ("none", "zstd"):
            delta = {"filename": "DELTA_BYTE_ARRAY", "category": "DELTA_BYTE_ARRAY", "noise": "DELTA_BYTE_ARRAY", "n": "DELTA_BINARY_PACKED", "x": "BYTE_STREAM_SPLIT", "list.list.element": "DELTA_LENGTH_BYTE_ARRAY"}
            pq.write_table(table, OUT / f"{compression}-{version[0]}-delta.parquet", compression=compression, data_page_version=version,
                           use_dictionary=False, column_encoding=delta, write_page_checksum=version == "2.0", row_group_size=16)

# Texts that share their beginnings, in many blocks of several pages, and timestamps in the old form. delta-plain has the same values in the usual encodings.
texts = [None if i % 7 == 0 else f"{'prefix/' * (i % 5)}{i * i % 1000:0{i % 9}}" for i in range(3000)]
fixed = [f"{i * 37 % 1000:08}".encode() for i in range(3000)]
stamps = pa.array([i * 86_399_999_999_999 - 10**17 for i in range(3000)], pa.timestamp("ns"))
pq.write_table(pa.table({"texts": texts, "fixed": pa.array(fixed, pa.binary(8)), "times": stamps}), OUT / "delta.parquet", use_dictionary=False, data_page_size=4096, compression="zstd",
               column_encoding={"texts": "DELTA_BYTE_ARRAY", "fixed": "DELTA_BYTE_ARRAY"}, use_deprecated_int96_timestamps=True)
pq.write_table(pa.table({"texts": texts, "fixed": pa.array(fixed, pa.binary(8)), "times": stamps}), OUT / "delta-plain.parquet", compression="zstd")

# Folders as Hugging Face has them.
def write(name, rows, image="image", label="label", **extra):
    path = OUT / name
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = {image: images_of([{"bytes": images[i % N], "path": f"{i}.png"} for i in rows]), label: pa.array([i % 2 for i in rows], pa.int64())}
    features = {image: {"_type": "Image"}, label: {"names": ["cat", "dog"], "_type": "ClassLabel"}}
    table = pa.table(columns | {k: [v] * len(rows) for k, v in extra.items()})
    pq.write_table(table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})}), path)

write("parts/data/train-00000-of-00002.parquet", range(0, 4))
write("parts/data/train-00001-of-00002.parquet", range(4, 6))
write("parts/data/validation-00000-of-00001.parquet", range(10, 13))
write("parts/data/test-00000-of-00001.parquet", range(20, 22))
write("converted/default/train/0000.parquet", range(3), "img", "fine_label", filename="/home/x/1.png")
write("converted/default/test/0000.parquet", range(5, 7), "img", "fine_label", filename="/home/x/1.png")
write("cut/train-00000-of-00003.parquet", range(2))
write("cut/train-00002-of-00003.parquet", range(2, 4))
write("cut/unsupervised-00000-of-00001.parquet", range(5, 7))
write("columns/validation-00000-of-00001.parquet", range(2))
write("columns/train-00000-of-00001.parquet", range(2), label="labels")
write("two/a/train-00000-of-00001.parquet", range(2))
write("two/b/train-00000-of-00001.parquet", range(2))
write("unlabeled/train-00000-of-00001.parquet", range(2))
write("unlabeled/test-00000-of-00001.parquet", range(2, 4), label="other")

# Images of several formats, whole and cut at half their bytes. The label is what Pillow says of them.
rng = np.random.default_rng(2)
rows = []
for kind in ["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM"]:
    b = io.BytesIO()
    Image.fromarray(rng.integers(0, 256, (12, 12, 3), "uint8")).save(b, kind)
    for content in b.getvalue(), b.getvalue()[: len(b.getvalue()) // 2]:
        try:
            Image.open(io.BytesIO(content)).convert("RGB")
            label = "whole"
        except Exception:
            label = "damaged"
        rows.append((content, f"{len(rows)}.{kind.lower()}", label))
pq.write_table(pa.table({"image": images_of([{"bytes": b, "path": p} for b, p, _ in rows]), "label": [x for _, _, x in rows]}), OUT / "cut.parquet")

# A column of each type, with the texts that Python has for its values, and columns of bytes without a mark that they are texts.
times = [dt.datetime(2024, 1, 1), dt.datetime(1969, 12, 31, 23, 59, 59, 500000), None, dt.datetime(2024, 2, 29, 12, 30, 1, 20)]
types = {
    "decimal": pa.array([decimal.Decimal(x) for x in ["0.00", "0.25", "-12.50", "9999.99"]], pa.decimal128(6, 2)),
    "decimal_whole": pa.array([decimal.Decimal(x) for x in [0, 1, -1, 123456789]], pa.decimal128(9, 0)),
    "decimal_small": pa.array([decimal.Decimal(x) for x in ["-0.001", "0.010", "0.999"]] + [None], pa.decimal128(4, 3)),
    "decimal_large": pa.array([decimal.Decimal(x) for x in ["1" * 50, "-" + "9" * 40, "0", "7"]], pa.decimal256(60, 0)),
    "half": pa.array(np.array([0.1, -2.5, 65504, 6e-8], "float16")),
    "uint64": pa.array([2**63 + 1, 0, 2**64 - 1, None], pa.uint64()),
    "uint32": pa.array([2**31 + 1, 0, 2**32 - 1, None], pa.uint32()),
    "int8": pa.array([-128, 0, 127, None], pa.int8()),
    "date": pa.array([None if t is None else t.date() for t in times], pa.date32()),
    "seconds": pa.array([None if t is None else t.replace(microsecond=0) for t in times], pa.timestamp("s")),
    "microseconds": pa.array(times, pa.timestamp("us")),
    "nanoseconds": pa.array([1, 1_000_000_000, None, -1], pa.timestamp("ns")),
    "utc": pa.array(times, pa.timestamp("us", "UTC")),
    "clock": pa.array([None if t is None else t.time() for t in times], pa.time64("us")),
    "clock_ms": pa.array([None if t is None else t.time().replace(microsecond=0) for t in times], pa.time32("ms")),
}
texts = {}
for name, column in types.items():
    values = column.to_pylist() if name != "nanoseconds" else [None if pd.isna(x) else x for x in column.to_pandas()]
    texts[name] = ["" if x is None else str(x) for x in values]
texts["half"] = [f"{float(str(x)):g}" for x in types["half"].to_numpy()]
types["texts"] = [json.dumps({name: texts[name][i] for name in types}) for i in range(4)]
pq.write_table(pa.table(types), OUT / "types.parquet")
pq.write_table(pa.table({k: types[k] for k in ["decimal", "decimal_whole", "texts"]}), OUT / "types-integer.parquet", store_decimal_as_integer=True)

text = lambda list: pa.array([x if x is None else x.encode() for x in list], pa.binary())
pq.write_table(pa.table({"filename": text(names), "category": text(classes), "notes": text([None] * N)}), OUT / "unmarked.parquet")
pq.write_table(pa.table({"image": pa.array([None, b"", *images[2:]], pa.binary()), "label": text(["BMW", "P1", "naïve", "cat", "dog", None]), "thumb": pa.array(images)}), OUT / "unmarked-images.parquet")
pq.write_table(pa.table({"jpg": pa.array(images), "cls": [i % 2 for i in range(N)], "__key__": [str(i) for i in range(N)]}), OUT / "webdataset.parquet")
