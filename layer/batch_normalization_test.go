package layer_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// TestBatchNormalizationTraining compares results, gradients and moving statistics with Keras',
// step by step. A layer that is applied twice updates its statistics twice.
func TestBatchNormalizationTraining(t *testing.T) {
	var cases []struct {
		Config map[string]any
		Input  []int
		Twice  bool
		Steps  []struct {
			Output    []float32
			Gradients [][]float32 // of the input and the weights
			Moving    [][]float32 // mean, variance
		}
	}
	graphtest.Golden(t, "batch_normalization", &cases)
	for _, c := range cases {
		name := c.Config["name"].(string)
		l, err := layer.Decode("BatchNormalization", c.Config)
		if err != nil {
			t.Fatal(err)
		}
		g := graphtest.Formula(99, -1, 1, c.Input...)
		in := []*tensor.Tensor{tensor.New(tensor.Float32, c.Input...), g}
		m := graphtest.New(t, true, in, func(b *graph.Builder, in []*graph.Value) []*graph.Value {
			y := l.Build(graphtest.View(b, "it", "", layer.ConfigOf(l)), in[0])
			if c.Twice {
				y = b.Add(y, l.Build(graphtest.View(b, "it", "", layer.ConfigOf(l)), b.Offset(b.Scale(in[0], .5), 1)))
			}
			wrt := []*graph.Value{in[0]}
			for _, v := range b.Store().Variables() {
				if v.Trainable() {
					wrt = append(wrt, b.Read(v))
				}
			}
			return append([]*graph.Value{y}, graph.Grad(b, b.Sum(b.Mul(y, in[1])), wrt...)...)
		})
		for i, v := range m.Store.Variables() {
			least := -1.
			if strings.HasSuffix(v.Path, "variance") {
				least = .25
			}
			if err := m.Store.Set(v, graphtest.Formula(2+i, least, 1, v.Shape...)); err != nil {
				t.Fatal(err)
			}
		}
		for s, want := range c.Steps {
			got := m.Run(t, graphtest.Formula(10+s, -2, 3, c.Input...), g)
			step := func(what string) string { return fmt.Sprintf("%s, step %d: %s", name, s, what) }
			// Keras sums in another order, in float32. Its rounding error is a few units in the
			// last place of the sums, but near compares relative to each element.
			near(t, step("result"), got[0].Float32s(), want.Output, 1e-5)
			if len(want.Gradients) != len(got)-1 {
				t.Fatalf("%s: %d gradients, want %d", name, len(got)-1, len(want.Gradients))
			}
			for i, w := range want.Gradients {
				near(t, step(fmt.Sprint("gradient ", i)), got[1+i].Float32s(), w, 2e-5)
			}
			near(t, step("moving mean"), m.Store.Lookup("it/moving_mean").Value().Float32s(), want.Moving[0], 2e-6)
			near(t, step("moving variance"), m.Store.Lookup("it/moving_variance").Value().Float32s(), want.Moving[1], 2e-6)
		}
	}
}
