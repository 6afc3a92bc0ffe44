"""Checks manifests of Kubernetes, for serve/deploy/deploy_test.go:

    serve_manifests.py FILE.yaml

It prints nothing if they are right. KServe's package has no schemas of its resources, so the fields of its classes are compared.
"""
import sys
import warnings

warnings.filterwarnings("ignore")

import kserve
import kubernetes_validate
import yaml

VERSION = "1.37"


def fields(where, value, kind):
    """Checks that a value has only fields of a class of KServe."""
    if kind == "V1Container":
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod"}, "spec": {"containers": [value]}}
        kubernetes_validate.validate(pod, VERSION, strict=True)
    elif kind.startswith("list["):
        if not isinstance(value, list):
            sys.exit(f"{where} is no list")
        for i, element in enumerate(value):
            fields(f"{where}[{i}]", element, kind[len("list["):-1])
    elif hasattr(kserve, kind):
        kind = getattr(kserve, kind)
        kinds = {name: kind.openapi_types[attribute] for attribute, name in kind.attribute_map.items()}
        for name, element in value.items():
            if name not in kinds:
                sys.exit(f"{where} has no field {name}")
            fields(f"{where}.{name}", element, kinds[name])


for doc in yaml.safe_load_all(open(sys.argv[1])):
    if doc["apiVersion"].startswith("serving.kserve.io/"):
        if doc["kind"] != "InferenceService" or doc["apiVersion"] != kserve.constants.KSERVE_V1BETA1:
            sys.exit(f"there is no resource {doc['kind']} of {doc['apiVersion']}")
        fields(doc["metadata"]["name"], doc, "V1beta1InferenceService")
    else:
        kubernetes_validate.validate(doc, VERSION, strict=True)
