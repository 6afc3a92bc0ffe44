"""Calls a server with tritonclient.grpc, for serve/grpc/grpc_test.go:

    serve_grpc.py HOST:PORT IMAGE EXPECTED

EXPECTED is JSON: the outputs of the model "pets" for IMAGE and for zeros, and the most probable label. The packages are those of serve_requirements.txt.
"""
import json
import queue
import sys

import numpy
import tritonclient.grpc
from tritonclient.utils import InferenceServerException

address, path, expected = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
image = open(path, "rb").read()
outputs = numpy.array([expected["outputs"]], numpy.float32)
zeros = numpy.array([expected["zeros"]], numpy.float32)
headers = {"authorization": "Bearer secret"}


def equal(what, got, want):
    if got != want:
        sys.exit(f"{what}: got {got}, want {want}")


def same(what, got, want):
    if got is None or got.dtype != want.dtype or got.shape != want.shape or not (got == want).all():
        sys.exit(f"{what}: got {got}, want {want}")


def fails(what, code, call):
    try:
        call()
    except InferenceServerException as err:
        equal(what, err.status(), "StatusCode." + code)
    else:
        sys.exit(f"{what} is no error")


client = tritonclient.grpc.InferenceServerClient(address)
assert client.is_server_live() and client.is_server_ready()
assert client.is_model_ready("pets", headers=headers) and client.is_model_ready("pets", "1", headers=headers) and not client.is_model_ready("none", headers=headers)
fails("no token", "UNAUTHENTICATED", client.get_server_metadata)
equal("server metadata", client.get_server_metadata(headers=headers).name, "lince")
meta = client.get_model_metadata("pets", "1", headers=headers, as_json=True)
equal("metadata", (meta["inputs"], meta["outputs"][0]["name"]), ([{"name": "in", "datatype": "FP32", "shape": ["-1", "8", "8", "3"]}], "out"))
config = client.get_model_config("pets", headers=headers).config
equal("config", (config.input[0].name, config.input[0].data_type, list(config.output[0].dims), config.HasField("dynamic_batching")), ("in", 11, [2], True))
tensor = tritonclient.grpc.InferInput("in", [1, 8, 8, 3], "FP32")
tensor.set_data_from_numpy(numpy.zeros([1, 8, 8, 3], numpy.float32))
for outs in [None, [tritonclient.grpc.InferRequestedOutput("out")]]:
    for compression in [None, "gzip"]:
        answer = client.infer("pets", [tensor], outputs=outs, headers=headers, request_id="7", compression_algorithm=compression, client_timeout=10, timeout=10_000_000)
        same("infer", answer.as_numpy("out"), zeros)
        equal("id", answer.get_response().id, "7")
photos = tritonclient.grpc.InferInput("image", [2, 1], "BYTES")
photos.set_data_from_numpy(numpy.array([[image], [image]], dtype=numpy.object_))
same("infer of images", client.infer("pets", [photos], headers=headers).as_numpy("out"), numpy.repeat(outputs, 2, axis=0))
for row in client.infer("pets", [photos], outputs=[tritonclient.grpc.InferRequestedOutput("out", class_count=2)], headers=headers).as_numpy("out"):
    equal("classification", row[0].decode().split(":")[2], expected["label"])
answers = queue.Queue()
for _ in range(16):
    client.async_infer("pets", [tensor], lambda result, error: answers.put((result, error)), headers=headers)
for _ in range(16):
    result, error = answers.get(timeout=10)
    equal("async_infer", error, None)
    same("async_infer", result.as_numpy("out"), zeros)
wrong = tritonclient.grpc.InferInput("none", [1], "FP32")
wrong.set_data_from_numpy(numpy.zeros([1], numpy.float32))
fails("a wrong input", "INVALID_ARGUMENT", lambda: client.infer("pets", [wrong], headers=headers))
fails("a model that is not there", "NOT_FOUND", lambda: client.infer("none", [tensor], headers=headers))
stats = client.get_inference_statistics("pets", headers=headers).model_stats[0]
assert stats.inference_stats.success.count > 20 and stats.inference_count > 20 and stats.execution_count > 0 and stats.batch_stats, stats
equal("statistics", [m.name for m in client.get_inference_statistics(headers=headers).model_stats], ["pets", "file"])
equal("index", [(m.name, m.state) for m in client.get_model_repository_index(headers=headers).models], [("pets", "READY"), ("file", "READY")])
client.unload_model("file", headers=headers)
assert not client.is_model_ready("file", headers=headers)
client.load_model("file", headers=headers)
assert client.is_model_ready("file", headers=headers)
client.close()
