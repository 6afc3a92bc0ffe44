package graphtest_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince/internal/config"
	"github.com/lince-ml/lince/internal/testenv"
)

var update = flag.Bool("update", false, "rewrite docs/keras.md")

const docs = `# Keras' classes in lince

Go's names beside Keras': what each field is called there, what its zero value stands for, and what it can be. The tags of the
structs say so; this page is generated from them (` + "`go test ./internal/graphtest -run Docs -update`" + `).

- Every layer but Input and SpatialDropout2D has ` + "`Name`, `Frozen` and `DType`, which are Keras' `name`, `trainable` (inverted) and `dtype`" + `. An empty name is an
  automatic one. ` + "`DType`" + ` is a policy; the engine computes in float32.
- A field that shows no default must be set. A default of none is null in Keras (a nil pointer, or zero).
- Regularizers and constraints are passed over where a model is opened for prediction, and refused for training.
- A row without a field is an argument for which lince has one value.
`

// TestDocs expects docs/keras.md to agree with the structs.
func TestDocs(t *testing.T) {
	var b strings.Builder
	b.WriteString(docs)
	last := ""
	seen := map[string]bool{}
	for _, d := range defaults {
		if seen[d.module+d.value.Class()] {
			continue
		}
		seen[d.module+d.value.Class()] = true
		if d.module != last {
			fmt.Fprintf(&b, "\n## %s\n\n| keras.%s | Go | field | argument | default | values |\n|---|---|---|---|---|---|\n",
				strings.ToUpper(d.module[:1])+d.module[1:], d.module)
			last = d.module
		}
		for i, r := range rowsOf(d.module, d.value) {
			class, typ := "", ""
			if i == 0 {
				class, typ = d.value.Class(), "`"+reflect.TypeOf(d.value).String()+"`"
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", class, typ, code(r.Field), code(r.Key), code(r.Default), r.Want)
		}
	}
	path := filepath.Join(testenv.Root(t), "docs", "keras.md")
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != b.String() {
		t.Error("docs/keras.md does not agree with the structs: run go test ./internal/graphtest -run Docs -update")
	}
}

// rowsOf returns the fields of a class except those that all layers have. A class without fields has one empty row.
func rowsOf(module string, v configured) []config.Row {
	rows := config.Describe(v)
	if module == "layers" {
		rows = slices.DeleteFunc(rows, func(r config.Row) bool {
			return r.Field == "Name" || r.Field == "Frozen" || r.Field == "DType" && v.Class() != "InputLayer"
		})
	}
	if v.Class() == "InputLayer" {
		rows = append([]config.Row{{Field: "Shape, Batch", Key: "batch_shape", Want: "sizes of an example, and of a batch"}}, rows...)
	}
	if len(rows) == 0 {
		rows = []config.Row{{}}
	}
	return rows
}

func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}
