#!/bin/sh
# Generates the Go code of inference.proto. It needs python3 with grpcio-tools 1.81.1, protoc-gen-go 1.36.12 and protoc-gen-go-grpc 1.6.2:
#   pip install grpcio-tools==1.81.1
#   go install google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.12 google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.2
set -eu
cd "$(dirname "$0")"
"${PYTHON:-python3}" -m grpc_tools.protoc -I. --go_out=. --go_opt=paths=source_relative --go-grpc_out=. --go-grpc_opt=paths=source_relative inference.proto
