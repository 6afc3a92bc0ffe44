"""Calls a server with the real clients, for serve/clients_test.go:

    serve_clients.py URL IMAGE EXPECTED

EXPECTED is JSON: the labels of the model "pets" with their scores for IMAGE, most probable first, the model's outputs in the order of its classes, the name of
its input and output, and its outputs for zeros. The packages are those of serve_requirements.txt.
"""
import asyncio
import base64
import json
import os
import sys

os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"

import kserve
import numpy
import requests
import tritonclient.http
from huggingface_hub import InferenceClient

url, path, expected = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
image = open(path, "rb").read()
top = [(c["label"], c["score"]) for c in expected["labels"]]
outputs = numpy.array([expected["outputs"]], numpy.float32)
zeros = numpy.array([expected["zeros"]], numpy.float32)


def equal(what, got, want):
    if got != want:
        sys.exit(f"{what}: got {got}, want {want}")


def same(what, got, want):
    if got is None or got.dtype != want.dtype or got.shape != want.shape or not (got == want).all():
        sys.exit(f"{what}: got {got}, want {want}")


def close(got):
    """Rounds scores to float32, as the model computes them."""
    return [(label, float(numpy.float32(score))) for label, score in got]


top = close(top)

# huggingface_hub: image files as they are, and in base64 with parameters.
for model in [url, url + "/v1/models/pets:classify-image"]:
    client = InferenceClient(model=model, token="secret")
    equal("image_classification", close([(c.label, c.score) for c in client.image_classification(path)]), top)
    equal("image_classification of bytes", close([(c.label, c.score) for c in client.image_classification(image)]), top)
    equal("image_classification with top_k", close([(c.label, c.score) for c in client.image_classification(image, top_k=1)]), top[:1])

# tritonclient: the Open Inference Protocol.
headers = {"Authorization": "Bearer secret"}
client = tritonclient.http.InferenceServerClient(url.removeprefix("http://"), concurrency=4)
assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("pets", headers=dict(headers))
equal("server metadata", client.get_server_metadata(headers=dict(headers))["name"], "lince")
meta = client.get_model_metadata("pets", "1", headers=dict(headers))
equal("metadata", (meta["inputs"][0]["datatype"], meta["inputs"][0]["shape"], meta["inputs"][0]["name"], meta["outputs"][0]["name"]), ("FP32", [-1, 8, 8, 3], expected["input"], expected["output"]))
equal("config", client.get_model_config("pets", headers=dict(headers))["input"][0]["data_type"], "TYPE_FP32")
for binary in [True, False]:
    tensor = tritonclient.http.InferInput(expected["input"], [1, 8, 8, 3], "FP32")
    tensor.set_data_from_numpy(numpy.zeros([1, 8, 8, 3], numpy.float32), binary_data=binary)
    for outs in [None, [tritonclient.http.InferRequestedOutput(expected["output"], binary_data=binary)]]:
        for compression in [None, "gzip", "deflate"]:
            answer = client.infer("pets", [tensor], outputs=outs, headers=dict(headers), request_id="7", request_compression_algorithm=compression, response_compression_algorithm="gzip", timeout=10_000_000)
            same("infer", answer.as_numpy(expected["output"]), zeros)
            equal("id", answer.get_response()["id"], "7")
photos = tritonclient.http.InferInput("image", [2, 1], "BYTES")
photos.set_data_from_numpy(numpy.array([[image], [image]], dtype=numpy.object_), binary_data=True)
same("infer of images", client.infer("pets", [photos], headers=dict(headers)).as_numpy(expected["output"]), numpy.repeat(outputs, 2, axis=0))
classes = [tritonclient.http.InferRequestedOutput(expected["output"], class_count=2)]
for row in client.infer("pets", [photos], outputs=classes, headers=dict(headers)).as_numpy(expected["output"]):
    got = [c.decode().split(":") for c in row]
    equal("classification", close([(name, float(value)) for value, index, name in got]), top)
calls = [client.async_infer("pets", [tensor], headers=dict(headers)) for _ in range(16)]
for call in calls:
    same("async_infer", call.get_result().as_numpy(expected["output"]), zeros)
for body, message in [(tritonclient.http.InferInput("none", [1], "FP32"), "no input")]:
    body.set_data_from_numpy(numpy.zeros([1], numpy.float32))
    try:
        client.infer("pets", [body], headers=dict(headers))
        sys.exit("a wrong input is no error")
    except tritonclient.utils.InferenceServerException as err:
        assert message in err.message(), err
equal("index", [m["name"] for m in client.get_model_repository_index(headers=dict(headers))], ["pets", "file"])
client.unload_model("file", headers=dict(headers))
assert not client.is_model_ready("file", headers=dict(headers))
client.load_model("file", headers=dict(headers))
assert client.is_model_ready("file", headers=dict(headers))
for name, version in [("pets", "1"), ("pets", ""), ("", "")]:
    stats = client.get_inference_statistics(name, version, headers=dict(headers))["model_stats"][0]
    assert stats["name"] == "pets" and stats["inference_stats"]["success"]["count"] > 20 and stats["inference_count"] > 20 and stats["batch_stats"][0]["compute_infer"]["ns"] > 0, stats


# kserve: the Open Inference Protocol, versions 2 and 1.
async def kserve_calls():
    client = kserve.InferenceRESTClient(kserve.RESTConfig(protocol="v2"))
    assert await client.is_server_live(url) and await client.is_server_ready(url) and await client.is_model_ready(url, "pets", headers=headers)
    for binary in [True, False]:
        tensor = kserve.InferInput(expected["input"], [1, 8, 8, 3], "FP32")
        tensor.set_data_from_numpy(numpy.zeros([1, 8, 8, 3], numpy.float32), binary_data=binary)
        output = kserve.protocol.infer_type.RequestedOutput(expected["output"], {"binary_data": binary})
        answer = await client.infer(url, kserve.InferRequest("pets", [tensor], request_id="7", request_outputs=[output]), model_name="pets", headers=dict(headers))
        same("kserve", answer.outputs[0].as_numpy(), zeros)
        equal("kserve id", answer.id, "7")
    photo = kserve.InferInput("image", [1], "BYTES")
    photo.set_data_from_numpy(numpy.array([image], dtype=numpy.object_), binary_data=True)
    answer = await client.infer(url, kserve.InferRequest("pets", [photo]), model_name="pets", headers=dict(headers))
    same("kserve image", answer.outputs[0].as_numpy(), outputs)
    client = kserve.InferenceRESTClient(kserve.RESTConfig(protocol="v1"))
    assert await client.is_model_ready(url, "pets", headers=headers)
    answer = await client.infer(url, {"instances": [{"image": {"b64": text}}]}, model_name="pets", headers=headers)
    same("kserve v1", numpy.array(answer["predictions"], numpy.float32), outputs)


text = base64.b64encode(image).decode()
asyncio.run(kserve_calls())

# The calls in the documentation of TensorFlow Serving, SageMaker, Vertex AI and MLflow.
session = requests.Session()
session.headers = dict(headers)


def post(path, **args):
    answer = session.post(url + path, **args)
    answer.raise_for_status()
    return answer.json()


same("predict", numpy.array(post("/v1/models/pets:predict", json={"instances": [{"b64": text}]})["predictions"], numpy.float32), outputs)
same("predict", numpy.array(post("/v1/models/pets:predict", json={"signature_name": "serving_default", "instances": numpy.zeros([1, 8, 8, 3]).tolist()})["predictions"], numpy.float32), zeros)
same("predict", numpy.array(post("/v1/models/pets/versions/1:predict", json={"inputs": {expected["input"]: numpy.zeros([1, 8, 8, 3]).tolist()}})["outputs"], numpy.float32), zeros)
equal("classify", close([tuple(c) for c in post("/v1/models/pets:classify", json={"examples": [{"image": {"b64": text}}]})["result"][0]]), top)
equal("status", session.get(url + "/v1/models/pets").json()["model_version_status"][0]["state"], "AVAILABLE")
assert "serving_default" in session.get(url + "/v1/models/pets/metadata").json()["metadata"]["signature_def"]["signature_def"]
equal("ping", session.get(url + "/ping").status_code, 200)
equal("invocations", close([(c["label"], c["score"]) for c in post("/invocations", data=image, headers={"Content-Type": "image/png"})]), top)
same("invocations", numpy.array(post("/invocations", json={"dataframe_split": {"columns": ["image"], "data": [[text]]}})["predictions"], numpy.float32), outputs)
same("invocations", numpy.array(post("/invocations", json={"inputs": numpy.zeros([1, 8, 8, 3]).tolist()})["predictions"], numpy.float32), zeros)
equal("vertex", close([(c["label"], c["score"]) for c in post("/predict", json={"instances": [{"b64": text}], "parameters": {"top_k": 2}})["predictions"][0]]), top)
