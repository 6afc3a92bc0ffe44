"""A server with ONNX Runtime behind FastAPI and uvicorn, as a peer of lince serve in docs/serving.md:

    serve_peer.py MODEL.onnx SIZE PORT [WORKERS [THREADS]]

WORKERS processes (1) accept connections from the same socket, as with uvicorn --workers, and ONNX Runtime has THREADS threads in each (0, its default, is one per core).
It classifies the image in a request's body: decoded and resized (nearest) by Pillow, scaled to 0..1. It needs fastapi, uvicorn[standard], onnxruntime, pillow and numpy.
"""
import io
import os
import signal
import socket
import sys

import numpy
import onnxruntime
import uvicorn
from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from PIL import Image

path, size, port = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
workers = int(sys.argv[4]) if len(sys.argv) > 4 else 1
listener = socket.create_server(("127.0.0.1", port), backlog=2048)
children = []
for _ in range(workers - 1):
    child = os.fork()
    if child == 0:
        children = []
        break
    children.append(child)
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = int(sys.argv[5]) if len(sys.argv) > 5 else 0
session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
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


uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False)).run(sockets=[listener])
for child in children:
    os.kill(child, signal.SIGTERM)
