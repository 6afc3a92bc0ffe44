package lince_test

import (
	"math"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// TestDenseOfImages checks that Dense computes the same for images of unknown size as for those of known size.
func TestDenseOfImages(t *testing.T) {
	var results []*tensor.Tensor
	x := graphtest.Formula(1, -1, 1, 2, 5, 6, 3)
	for _, shape := range [][]int{{5, 6, 3}, {tensor.Unknown, tensor.Unknown, 3}, {tensor.Unknown, 6, 3}} {
		m, err := lince.Sequential(layer.Input{Shape: shape}, layer.Dense{Units: 7, Activation: layer.ReLU, Name: "dense"})
		if err != nil {
			t.Fatal(err)
		}
		y, err := m.PredictBatch(x)
		if err != nil {
			t.Fatal(err)
		}
		results = append(results, y)
	}
	for _, y := range results[1:] {
		if !y.Shape().Equal(results[0].Shape()) {
			t.Fatalf("shape %v, want %v", y.Shape(), results[0].Shape())
		}
		for i, want := range results[0].Float32s() {
			if got := y.Float32s()[i]; math.Abs(float64(got-want)) > 1e-6 {
				t.Fatalf("element %d is %g, want %g", i, got, want)
			}
		}
	}
}
