"""Writes data/testdata/shards: tar archives as WebDataset's ShardWriter writes them, and samples.json with what WebDataset reads from them.

Run with the packages of requirements.txt:  python internal/golden/webdataset_shards.py
"""
import hashlib
import io
import json
import pathlib

import numpy as np
import webdataset
from PIL import Image

OUT = pathlib.Path(__file__).resolve().parents[2] / "data" / "testdata" / "shards"
OUT.mkdir(parents=True, exist_ok=True)

with webdataset.ShardWriter(str(OUT / "train-%06d.tar"), maxcount=3, verbose=0, mtime=1577836800) as w:
    for i in range(5):
        image = io.BytesIO()
        Image.fromarray(np.full((4, 4, 3), 40 * i, "uint8")).save(image, "PNG")
        sample = {"__key__": f"part{i % 2}/sample{i}", "png": image.getvalue()}
        if i < 3:
            sample["cls"] = i % 2
        else:
            sample["json"] = {"label": i % 2, "id": i}
        w.write(sample)

samples = []
for s in webdataset.WebDataset(str(OUT / "train-{000000..000001}.tar"), shardshuffle=False):
    label = s["cls"] if "cls" in s else str(json.loads(s["json"])["label"])
    label = label.decode() if isinstance(label, bytes) else str(label)
    samples.append({"key": s["__key__"], "label": label, "sha256": hashlib.sha256(s["png"]).hexdigest()})
(OUT / "samples.json").write_text(json.dumps(samples, indent=0) + "\n")
