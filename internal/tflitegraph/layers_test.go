package tflitegraph_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lince-ml/lince/format/tflite"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/internal/tflitecheck"
	"github.com/lince-ml/lince/internal/tflitegraph"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// layerCase is a case of layer/testdata/keras: what a layer of real Keras computes.
type layerCase struct {
	Class    string
	Config   map[string]any
	Inputs   [][]int
	Integers int
	Range    *[2]float64
	Call     map[string]any
	Weights  [][]int
	Shape    []int
	Output   []float32
	name     string
}

func layerCases(t *testing.T) []layerCase {
	t.Helper()
	files, err := filepath.Glob("../../layer/testdata/keras/*.json")
	if err != nil || len(files) < 9 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	var all []layerCase
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var cases []layerCase
		if err := json.Unmarshal(text, &cases); err != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			c.name = strings.TrimSuffix(filepath.Base(f), ".json") + "-" + c.Config["name"].(string)
			all = append(all, c)
		}
	}
	return all
}

// graph builds the layer for predictions of batches of any size, with the weights and the inputs of the case.
func (c *layerCase) graph(t *testing.T) (*graph.Graph, *graph.Store, []*tensor.Tensor) {
	t.Helper()
	l, err := layer.Decode(c.Class, c.Config)
	if err != nil {
		t.Fatal(err)
	}
	if c.Call["use_causal_mask"] == true {
		l = l.(layer.CausalMasked).SetCausalMask(true)
	}
	store := graph.NewStore()
	b := graph.NewBuilder(store, false)
	var in []*tensor.Tensor
	var values []*graph.Value
	for i, shape := range c.Inputs {
		salt, lo, hi := 1, -2., 2.
		if i > 0 {
			salt = 50 + i
		}
		if c.Range != nil {
			lo, hi = c.Range[0], c.Range[1]
		}
		if c.Integers > 0 {
			lo, hi = 0, float64(c.Integers)
		}
		x := graphtest.Formula(salt, lo, hi, shape...)
		if c.Integers > 0 {
			for j, v := range x.Float32s() {
				x.Float32s()[j] = float32(math.Floor(float64(v)))
			}
		}
		in = append(in, x)
		values = append(values, b.Input(fmt.Sprintf("x%d", i), tensor.Float32, append([]int{tensor.Unknown}, shape[1:]...)...))
	}
	operand := values[0]
	if _, many := l.(layer.MultiOperand); many {
		operand = graph.List(values...)
	}
	y := l.Build(graphtest.View(b, "it", "layer 1", layer.ConfigOf(l)), operand)
	g, err := b.Finish(graph.Output{Key: "y", Value: y})
	if err != nil {
		t.Fatal(err)
	}
	i := 0
	for _, v := range store.Variables() {
		if v.Path == layer.SeedPath || v.Path == layer.StepPath {
			continue
		}
		lo, hi := -1., 1.
		if strings.HasSuffix(v.Path, "variance") {
			lo, hi = .5, 2
		}
		if v.DType == tensor.Float32 {
			if err := store.Set(v, graphtest.Formula(2+i, lo, hi, c.Weights[i]...)); err != nil {
				t.Fatal(err)
			}
		}
		i++
	}
	store.Initialize(1)
	return g, store, in
}

// inexpressible has the ops that TensorFlow Lite has no operators for, by class or activation function.
var inexpressible = map[string]string{
	"ContrastLimitedAdaptiveHistogramEqualization": "LocalEqualization",
}

// Each layer must be written so that the real interpreter computes what real Keras computes, and be read back.
func TestLayers(t *testing.T) {
	var runs []tflitecheck.Run
	for _, c := range layerCases(t) {
		t.Run(c.name, func(t *testing.T) {
			g, store, in := c.graph(t)
			m, err := tflitegraph.Write(g, store, tflitegraph.WriteOptions{})
			activation, _ := c.Config["activation"].(string)
			for _, key := range []string{c.Class, activation} {
				if o := inexpressible[key]; o != "" {
					if want := "it: " + o + ": TensorFlow Lite has no such operator"; err == nil || err.Error() != want {
						t.Errorf("error %v, want %s", err, want)
					}
					return
				}
			}
			if err != nil {
				t.Fatal(err)
			}
			want := tensor.Of(c.Output, c.Shape...)
			var file bytes.Buffer
			if err := tflite.Write(&file, m); err != nil {
				t.Fatal(err)
			}
			runs = append(runs, tflitecheck.Run{Name: c.name, File: file.Bytes(), In: in, Want: []*tensor.Tensor{want}, Bound: 1e-5})
			again, err := tflite.Read(bytes.NewReader(file.Bytes()), int64(file.Len()))
			if err != nil {
				t.Fatal(err)
			}
			model, r := modelOf(t, again)
			y, err := model.Call(in...)
			if err != nil {
				t.Fatal(err)
			}
			tflitecheck.Near(t, "after reading", y[0], want, 1e-5)
			// Writing what was read gives the same numbers in the same operators.
			m2, err := tflitegraph.Write(r.Graph, r.Store, tflitegraph.WriteOptions{})
			if err != nil {
				t.Fatal(err)
			}
			model2, _ := modelOf(t, m2)
			y2, err := model2.Call(in...)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(y[0].Raw(), y2[0].Raw()) {
				t.Error("reading and writing again changes bits")
			}
		})
	}
	tflitecheck.Interpret(t, runs)
}
