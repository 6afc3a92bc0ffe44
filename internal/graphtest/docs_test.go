package graphtest_test

import (
	"flag"
	"fmt"
	"go/ast"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince/constraint"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/internal/config"
	"github.com/lince-ml/lince/internal/testenv"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/metric"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/optimizer/schedule"
	"github.com/lince-ml/lince/regularizer"
	"github.com/lince-ml/lince/tensor"
)

var update = flag.Bool("update", false, "write docs/keras.md")

const docs = `# Keras names in Go

This page has two parts. The first translates the names of Keras, and of the libraries that scripts use with it, to Go. The second lists
the classes that lince supports, with their arguments. Search the page for the name in Python.

The page is generated from the tables in internal/graphtest and the tags of the Go structs. After a change, run
` + "`go test ./internal/graphtest -run Docs -update`" + `.

**Names:** [models and training](#models-and-training), [layers, losses and other classes](#layers-losses-and-other-classes),
[callbacks](#callbacks), [images and data](#images-and-data), [utilities](#utilities), [other libraries](#other-libraries).

**Arguments:** [activations](#activations), [layers](#layers), [initializers](#initializers), [losses](#losses), [metrics](#metrics),
[optimizers](#optimizers), [schedules](#optimizersschedules), [regularizers](#regularizers), [constraints](#constraints).

- A Go name has the form ` + "`package.Symbol`" + ` or ` + "`package.Type.Member`" + `. In a module that uses lince, ` + "`go doc`" + ` accepts it:
  ` + "`go doc callback.EarlyStopping`" + `. The root package ` + "`github.com/lince-ml/lince`" + ` is ` + "`lince`" + `.
  The import path of another package is ` + "`github.com/lince-ml/lince/`" + ` and its folder: PACKAGES.
- An argument in Python is a field in Go: of the class, or of an options struct such as ` + "`lince.FitOptions`" + `. The zero value means Keras'
  default.
- *not there* means that lince cannot do it. If the name is a class, the error for a file with this class gives the same reason.
- *not needed* means that a Go program works without it.
`

const arguments = `
# Arguments

The second part lists the arguments of the classes that lince supports. The documentation of the Go types has the formulas, shapes and
errors.

- The first column is the name in Keras, and ` + "`argument`" + ` is the name of the argument there. In a row without a field, lince supports
  only the given value of the argument.
- An empty default means that the field must be set. The default ` + "`none`" + ` is Keras' None: a nil pointer or slice, or 0 for a number.
- The column ` + "`values`" + ` gives the range of the field. The documentation of the Go type says if lince supports only part of this range: for
  example, ` + "`BatchNormalization`" + ` supports only the last axis.
- For a field that is inverted in Go, such as ` + "`NoBias`" + `, the column ` + "`default`" + ` is that of the Keras argument: ` + "`use_bias=True`" + ` is the
  zero value of ` + "`NoBias`" + `.
- Every layer also has the fields ` + "`Name`, `Frozen` and `DType`: Keras' `name`, `trainable` (inverted) and `dtype`" + `. The tables omit them, except
  the ` + "`DType`" + ` of Input, which is the type of the data. Input, SpatialDropout1D, SpatialDropout2D and Pipeline have no ` + "`Frozen`" + `, and
  Pipeline no ` + "`DType`" + `. The default name is automatic.
- ` + "`DType`" + ` is a dtype policy. lince computes in float32 under every policy. A model with another policy can predict, but it cannot be
  trained or saved yet.
- A regularizer or a constraint is the name of a class, with its default arguments, or an object with arguments. In Keras every layer takes
  ` + "`activity_regularizer`" + `; in lince, those whose table lists it do. For another layer, add the layer ` + "`ActivityRegularization`" + ` after it. A file that
  gives such a layer an ` + "`activity_regularizer`" + ` can be opened for prediction, but the model cannot be trained.

## Activations

| keras.activations | Go | formula |
|---|---|---|
`

// values describes the valid values of types that config.Describe does not know.
var values = map[reflect.Type]string{
	reflect.TypeFor[layer.Activation]():        "an activation function or a layer without weights",
	reflect.TypeFor[layer.Axis]():              "a dimension after the batch; negative ones count from the last",
	reflect.TypeFor[layer.Dims]():              "a shape, including the batch",
	reflect.TypeFor[layer.Numbers]():           "a number, or one for each feature",
	reflect.TypeFor[layer.Padding]():           "valid, same",
	reflect.TypeFor[layer.Pads]():              "integers from 0 to 16777216 for top, bottom, left and right",
	reflect.TypeFor[*layer.Ends]():             "2 integers from 0 to 16777216",
	reflect.TypeFor[*layer.Size]():             "2 integers from 0 to 16777216",
	reflect.TypeFor[*layer.Pads]():             "integers from 0 to 16777216 for top, bottom, left and right",
	reflect.TypeFor[initializer.Initializer](): "an initializer",
	reflect.TypeFor[optimizer.Optimizer]():     "an optimizer",
	reflect.TypeFor[schedule.Schedule]():       "a learning rate schedule",
	reflect.TypeFor[loss.Factors]():            "a number, or one for each class",
	reflect.TypeFor[loss.Reduction]():          "sum_over_batch_size, sum, mean_with_sample_weight, mean, none",
	reflect.TypeFor[metric.Aggregation]():      "uniform_average, variance_weighted_average, none (null in Keras)",
	reflect.TypeFor[metric.Average]():          "micro, macro, weighted, or empty for Keras' None",
	reflect.TypeFor[metric.Curve]():            "ROC, PR, PRGAIN",
	reflect.TypeFor[metric.Summation]():        "interpolation, majoring, minoring",
	reflect.TypeFor[metric.Thresholds]():       "numbers from 0 to 1",
	reflect.TypeFor[regularizer.Regularizer](): "a regularizer",
	reflect.TypeFor[constraint.Constraint]():   "a constraint",
	reflect.TypeFor[constraint.Axis]():         "a dimension of the weight, or several; negative ones count from the last",
	reflect.TypeFor[string]():                  "a string",
	reflect.TypeFor[tensor.DType]():            "a number type",
	reflect.TypeFor[layer.Factor]():            "a number, or the ends of a range",
	reflect.TypeFor[layer.Range]():             "two numbers, the smaller first",
	reflect.TypeFor[layer.Layers]():            "layers without weights",
}

// packageList lists the folders of the packages that the page names.
func packageList() string {
	var dirs []string
	for _, dir := range packageDirs[:slices.Index(packageDirs, "math/rand")] {
		dirs = append(dirs, "`"+dir+"`")
	}
	return strings.Join(dirs, ", ")
}

// TestDocs checks that docs/keras.md is up to date.
func TestDocs(t *testing.T) {
	var b strings.Builder
	b.WriteString(strings.Replace(docs, "PACKAGES", packageList(), 1))
	b.WriteString(names(t))
	b.WriteString(arguments)
	specs(declarations(t, "layer"), func(s *ast.ValueSpec, doc string) {
		if typ, ok := s.Type.(*ast.Ident); ok && typ.Name == "Function" {
			name := strings.Trim(s.Values[0].(*ast.BasicLit).Value, `"`)
			_, formula, _ := strings.Cut(doc, "\n\t")
			fmt.Fprintf(&b, "| %s | `layer.%s` | `%s` |\n", name, s.Names[0].Name, strings.TrimSpace(formula))
		}
	})
	last := ""
	seen := map[string]bool{}
	for _, d := range defaults {
		if seen[d.module+classOf(d.module, d.value)] {
			continue
		}
		seen[d.module+classOf(d.module, d.value)] = true
		if d.module != last {
			fmt.Fprintf(&b, "\n## %s\n\n| keras.%s | Go | field | argument | default | values |\n|---|---|---|---|---|---|\n",
				strings.ToUpper(d.module[:1])+d.module[1:], d.module)
			last = d.module
		}
		for _, r := range rowsOf(d.module, d.value) {
			class, typ := classOf(d.module, d.value), "`"+reflect.TypeOf(d.value).String()+"`"
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
		t.Error("docs/keras.md is out of date: run go test ./internal/graphtest -run Docs -update")
	}
}

// rowsOf lists the arguments of a class, without the common ones of layers. A class without
// arguments has one empty row.
func rowsOf(module string, v any) []config.Row {
	rows := config.Describe(v)
	if module == "layers" {
		rows = slices.DeleteFunc(rows, func(r config.Row) bool {
			return r.Field == "Name" || r.Field == "Frozen" || r.Field == "DType" && classOf(module, v) != "InputLayer"
		})
	}
	for i, r := range rows {
		if f, ok := reflect.TypeOf(v).FieldByName(r.Field); ok && values[f.Type] != "" && !strings.Contains(f.Tag.Get("keras"), "oneof=") {
			rows[i].Want = values[f.Type]
		}
	}
	if classOf(module, v) == "InputLayer" {
		rows = append([]config.Row{{Field: "Shape, Batch", Key: "batch_shape", Want: "the shape of an example, and the size of a batch"}}, rows...)
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
