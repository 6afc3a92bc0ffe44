package layer_test

import (
	"fmt"
	"testing"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/engine"
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

// TestAugmentationOfAnySize builds the layers for images of unknown size, and runs them on two sizes.
func TestAugmentationOfAnySize(t *testing.T) {
	for _, c := range kerasCases(t) {
		if c.family != "augmentation" || c.Class == "RandomCrop" || c.Class == "RandomElasticTransform" {
			continue
		}
		l, err := layer.Decode(c.Class, c.Config)
		if err != nil {
			t.Fatal(err)
		}
		b := graph.NewBuilder(graph.NewStore(), true)
		y := l.Build(b.In("it", "layer 1"), b.Input("x", tensor.Uint8, -1, -1, -1, 3))
		g, err := b.Finish(graph.Output{Key: "y", Value: y})
		if err != nil {
			t.Errorf("%s: %v", c.name(), err)
			continue
		}
		b.Store().Initialize(1)
		e, err := engine.New(engine.Options{Threads: 2})
		if err != nil {
			t.Fatal(err)
		}
		p, err := e.Compile(g, b.Store())
		if err != nil {
			t.Fatal(err)
		}
		for _, shape := range [][]int{{2, 8, 8, 3}, {1, 9, 13, 3}} {
			out := tensor.New(tensor.Float32, shape...)
			if err := p.Run([]*tensor.Tensor{tensor.New(tensor.Uint8, shape...)}, []*tensor.Tensor{out}); err != nil {
				t.Errorf("%s: %v", c.name(), err)
			}
		}
	}
}

// TestPipeline holds that a pipeline is its layers, one after the other, and that errors name the layer.
func TestPipeline(t *testing.T) {
	p := layer.Pipeline{Layers: layer.Layers{layer.Rescaling{Scale: []float64{2}}, layer.Flatten{}}}
	x := graphtest.Formula(1, -1, 1, 2, 3, 2, 1)
	m := graphtest.New(t, true, []*tensor.Tensor{x}, func(b *graph.Builder, in []*graph.Value) []*graph.Value {
		return []*graph.Value{p.Build(b.In("it", "layer 1"), in[0])}
	})
	y := m.Run(t, x)[0]
	if !y.Shape().Equal([]int{2, 6}) {
		t.Errorf("shape %v", y.Shape())
	}
	for i, v := range x.Float32s() {
		if y.Float32s()[i] != 2*v {
			t.Errorf("element %d is %v, want %v", i, y.Float32s()[i], 2*v)
		}
	}
	for want, inner := range map[string]layer.Layer{
		"layer 1, layer 2 (Dense): Units is not set, want an integer from 1 to 16777216":                                            layer.Dense{},
		"layer 1, layer 2 (Dense): has the variable it/1/kernel, but the layers of a Pipeline have none; put it after the pipeline": layer.Dense{Units: 2},
	} {
		b := graph.NewBuilder(graph.NewStore(), true)
		layer.Pipeline{Layers: layer.Layers{layer.Flatten{}, inner}}.Build(b.In("it", "layer 1"), b.Input("x", tensor.Float32, -1, 3))
		if err := b.Err(); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}
