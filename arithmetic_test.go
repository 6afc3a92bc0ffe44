package lince_test

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// Plus and Times are operations of Keras: layers do not list them, and files have them.
func TestPlusTimes(t *testing.T) {
	in := lince.Input(layer.Input{Shape: []int{2}})
	m, err := lince.Functional(in, in.Plus(3).Then(layer.ReLULayer{}).Times(.5))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "m.keras")
	if err := m.Save(path); err != nil {
		t.Fatal(err)
	}
	opened, err := lince.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []*lince.Model{m, opened} {
		var names []string
		for _, c := range m.Calls() {
			names = append(names, c.Layer.Name()+" "+c.Layer.Class())
		}
		if got := strings.Join(names, ", "); got != "input_layer InputLayer, add Add, re_lu ReLU, multiply Multiply" || len(m.Layers()) != 2 {
			t.Errorf("got %s", got)
		}
		x := tensor.Of([]float32{-5, 1}, 1, 2)
		y, err := m.PredictBatch(x)
		if err != nil || y.Float32s()[0] != 0 || y.Float32s()[1] != 2 {
			t.Errorf("got %v, %v, want 0 and 2", y, err)
		}
	}
	for _, x := range []*lince.Symbol{in.Plus(math.NaN()), in.Times(math.Inf(1))} {
		if _, err := lince.Functional(in, x); err == nil || !strings.Contains(err.Error(), "x2: ") {
			t.Errorf("error is %v", err)
		}
	}
}
