package layer_test

import (
	"fmt"
	"testing"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// warps lists the classes that interpolate between pixels.
var warps = map[string]bool{
	"RandomRotation": true, "RandomZoom": true, "RandomTranslation": true, "RandomShear": true, "RandomPerspective": true,
	"RandomElasticTransform": true, "RandomCrop": true, "RandAugment": true, "AugMix": true,
}

// TestAugmentationAgainstKeras compares the arithmetic of the augmentation layers with Keras', for random numbers that Keras drew.
func TestAugmentationAgainstKeras(t *testing.T) {
	var cases []struct {
		Class   string
		Config  map[string]any
		Shape   []int
		Range   [2]float64
		Numbers []struct {
			Shape    []int
			Integers bool
			Values   []float32
		}
		Chains [][]int
		Result []int
		Output []float32
	}
	graphtest.Golden(t, "augmentation", &cases)
	for i, c := range cases {
		t.Run(fmt.Sprint(c.Class, i), func(t *testing.T) {
			l, err := layer.Decode(c.Class, c.Config)
			if err != nil {
				t.Fatal(err)
			}
			in := []*tensor.Tensor{graphtest.Formula(1, c.Range[0], c.Range[1], c.Shape...)}
			for _, n := range c.Numbers {
				if n.Integers {
					order := make([]int32, len(n.Values))
					for i, v := range n.Values {
						order[i] = int32(v)
					}
					in = append(in, tensor.Of(order, n.Shape...))
					continue
				}
				in = append(in, tensor.Of(n.Values, n.Shape...))
			}
			m := graphtest.New(t, true, in, func(b *graph.Builder, in []*graph.Value) []*graph.Value {
				return []*graph.Value{layer.Change(b, l, in[0], in[1:], c.Chains)}
			})
			y := m.Run(t, in...)[0]
			if !y.Shape().Equal(c.Result) {
				t.Fatalf("shape %v, want %v", y.Shape(), c.Result)
			}
			// A rounding of a pixel is 6e-8 of the range. Those of a few steps add up, and differences of pixels are small. The
			// coordinates of warps are rounded differently, by up to about 1e-6 pixels, and neighbors differ by up to the range.
			abs := 1e-6 * (c.Range[1] - c.Range[0])
			if warps[c.Class] {
				abs *= 3
			}
			for i, w := range c.Output {
				if got := y.Float32s()[i]; !graphtest.Near(float64(got), float64(w), 2e-6, abs) {
					t.Fatalf("element %d is %v, want %v", i, got, w)
				}
			}
		})
	}
}
