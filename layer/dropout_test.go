package layer_test

import (
	"math"
	"slices"
	"testing"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

func dropouts(t *testing.T, training bool, seed uint64, x *tensor.Tensor, layers ...layer.Dropout) *graphtest.Model {
	m := graphtest.New(t, training, []*tensor.Tensor{x}, func(b *graph.Builder, in []*graph.Value) []*graph.Value {
		var out []*graph.Value
		for _, l := range layers {
			out = append(out, l.Build(b.In(l.Name, ""), in[0]))
		}
		return out
	})
	for _, v := range m.Store.Variables() {
		fresh := tensor.New(v.DType, v.Shape...)
		if v.Init != nil {
			v.Init.Initialize(fresh, graph.Key(seed, v.Path))
		}
		if err := m.Store.Set(v, fresh); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

func ones(n int) *tensor.Tensor {
	x := tensor.New(tensor.Float32, 1, n)
	for i := range x.Float32s() {
		x.Float32s()[i] = 1
	}
	return x
}

func TestDropoutScales(t *testing.T) {
	const n = 10000
	x := ones(n)
	for _, rate := range []float64{.2, .5, .9, 1} {
		m := dropouts(t, true, 1, x, layer.Dropout{Rate: rate, Name: "a"})
		kept := 0
		for _, v := range m.Run(t, x)[0].Float32s() {
			if v != 0 {
				kept++
				if want := float32(1 / (1 - rate)); v != want {
					t.Fatalf("rate %v: kept %v, want %v", rate, v, want)
				}
			}
		}
		want := n * (1 - rate)
		if math.Abs(float64(kept)-want) > 5*math.Sqrt(want*rate) {
			t.Errorf("rate %v: kept %d of %d", rate, kept, n)
		}
	}
}

func TestDropoutOnlyInTraining(t *testing.T) {
	x := graphtest.Formula(1, -1, 1, 3, 4)
	m := dropouts(t, false, 1, x, layer.Dropout{Rate: .5, Name: "a"})
	if got := m.Run(t, x)[0].Float32s(); !slices.Equal(got, x.Float32s()) {
		t.Errorf("got %v, want %v", got, x.Float32s())
	}
	if n := len(m.Store.Variables()); n != 0 {
		t.Errorf("%d variables", n)
	}
}

func TestDropoutMasks(t *testing.T) {
	x := ones(200)
	a, b, seeded := layer.Dropout{Rate: .5, Name: "a"}, layer.Dropout{Rate: .5, Name: "b"}, layer.Dropout{Rate: .5, Name: "a", Seed: new(7)}
	var all [][]float32
	record := func(seed uint64, steps int, layers ...layer.Dropout) [][]float32 {
		m := dropouts(t, true, seed, x, layers...)
		var masks [][]float32
		for range steps {
			for _, y := range m.Run(t, x) {
				masks = append(masks, y.Float32s())
			}
		}
		if got := tensor.Values[int64](m.Store.Lookup(layer.StepPath).Value())[0]; got != int64(steps) {
			t.Errorf("the step is %d after %d steps", got, steps)
		}
		return masks
	}
	all = append(all, record(1, 3, a, b)...)
	all = append(all, record(2, 3, a, b)...)
	all = append(all, record(1, 2, seeded)...)
	for i := range all {
		for j := range i {
			if slices.Equal(all[i], all[j]) {
				t.Errorf("masks %d and %d are the same", i, j)
			}
		}
	}
	if got := record(1, 3, a, b); !slices.EqualFunc(got, all[:6], slices.Equal) {
		t.Error("the same seed gives different masks")
	}
	if one, two := record(1, 2, seeded), record(2, 2, seeded); !slices.EqualFunc(one, two, slices.Equal) {
		t.Error("masks of a layer with a seed depend on the model's")
	}
}

// TestDropoutResumes resumes training from the variables: the masks continue.
func TestDropoutResumes(t *testing.T) {
	x := ones(100)
	l := layer.Dropout{Rate: .5, Name: "a"}
	one := dropouts(t, true, 5, x, l)
	one.Run(t, x)
	one.Run(t, x)
	two := dropouts(t, true, 6, x, l)
	for _, v := range one.Store.Variables() {
		if err := two.Store.Set(two.Store.Lookup(v.Path), v.Value()); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(one.Run(t, x)[0].Float32s(), two.Run(t, x)[0].Float32s()) {
		t.Error("the masks differ after resuming")
	}
}
