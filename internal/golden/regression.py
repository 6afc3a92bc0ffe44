"""Evaluates a model of lince train --task regress with real Keras: regression.py MODEL IMAGES TABLE OUT.json.

OUT.json gets the loss and the metrics of Model.evaluate, R2Score among them, on the images of 12x12 pixels that TABLE lists in the columns
filename and price.
"""
import csv
import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
from PIL import Image

model, images, table, out = sys.argv[1:]
rows = list(csv.DictReader(open(table)))
x = np.stack([np.asarray(Image.open(os.path.join(images, r["filename"])).convert("RGB"), "float32") / 255 for r in rows])
y = np.array([r["price"] for r in rows], "float32")
m = keras.models.load_model(model)
result = m.evaluate(x, y, verbose=0, return_dict=True)
r2 = keras.metrics.R2Score()
r2.update_state(y[:, None], m.predict(x, verbose=0))
result["r2_score"] = float(r2.result())
json.dump(result, open(out, "w"))
