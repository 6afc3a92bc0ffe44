"""A server with ONNX Runtime behind FastAPI and uvicorn, as a peer of lince serve in docs/serving.md:

    serve_peer.py MODEL.onnx SIZE PORT

It classifies the image in a request's body: decoded and resized (nearest) by Pillow, scaled to 0..1. It needs fastapi, uvicorn[standard], onnxruntime, pillow and numpy.
"""
import io
import sys

import numpy
import onnxruntime
import uvicorn
from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from PIL import Image

path, size, port = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
name = session.get_inputs()[0].name
app = FastAPI()


def classify(body):
    image = Image.open(io.BytesIO(body)).convert("RGB").resize((size, size), Image.Resampling.NEAREST)
    x = numpy.asarray(image, numpy.float32)[None] / 255
    scores = session.run(None, {name: x})[0][0]
    return [{"label": str(i), "score": float(scores[i])} for i in numpy.argsort(-scores)[:5]]


@app.post("/")
async def predict(request: Request):
    return await run_in_threadpool(classify, await request.body())


uvicorn.run(app, port=port, log_level="error", access_log=False)
