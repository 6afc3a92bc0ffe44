#!/usr/bin/env bash
# Generates onnxpb/onnx.pb.go from onnx-ml.proto of the onnx package 1.23.2, with the protoc of grpcio-tools 1.85.1 and
# protoc-gen-go 1.36.12. Run it in this folder.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q grpcio-tools==1.85.1
"$work/venv/bin/pip" install -q --no-deps --target "$work/onnx" onnx==1.23.2
GOBIN="$work" go install google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.12
cp "$work/onnx/onnx/onnx-ml.proto" "$work/onnx.proto"
PATH="$work:$PATH" "$work/venv/bin/python" -m grpc_tools.protoc -I "$work" --go_out=onnxpb --go_opt=paths=source_relative \
	--go_opt=Monnx.proto=github.com/lince-ml/lince/format/onnx/onnxpb "$work/onnx.proto"
