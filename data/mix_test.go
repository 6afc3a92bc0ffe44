package data

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince/internal/mt19937"
	"github.com/lince-ml/lince/tensor"
)

// squares returns n images of 4x4 pixels, of which image i has the value i+1, in batches of 5.
func squares(t *testing.T, n int) *Arrays {
	t.Helper()
	x, y := tensor.New(tensor.Float32, n, 4, 4, 1), tensor.New(tensor.Float32, n, 2)
	for i := range n {
		for j := range x.Row(i).Float32s() {
			x.Row(i).Float32s()[j] = float32(i + 1)
		}
		y.Row(i).Float32s()[i%2] = 1
	}
	a, err := Tensors(x, y, TensorOptions{BatchSize: 5, NoShuffle: true})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// values returns the images and targets of an epoch from a step on.
func values(t *testing.T, ds Dataset, epoch, step int) (x, y [][]float32) {
	t.Helper()
	for b, err := range ds.Batches(t.Context(), epoch, step) {
		if err != nil {
			t.Fatal(err)
		}
		x, y = append(x, slices.Clone(b.X.Float32s())), append(y, slices.Clone(b.Y.Float32s()))
	}
	return x, y
}

func same(a, b [][]float32) bool { return slices.EqualFunc(a, b, slices.Equal[[]float32]) }

func TestMixUp(t *testing.T) {
	ds := squares(t, 12)
	m, err := MixUp(ds, MixUpOptions{Alpha: .4, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	x, y := values(t, m, 3, 0)
	plain, _ := values(t, ds, 3, 0)
	changed := 0
	for s := range x {
		n := len(y[s]) / 2
		for i := range n {
			v := x[s][i*16]
			if slices.ContainsFunc(x[s][i*16:(i+1)*16], func(w float32) bool { return w != v }) {
				t.Errorf("step %d, image %d is mixed from several images: %v", s, i, x[s][i*16:(i+1)*16])
			}
			if v < 1 || v > 12 || math.Abs(float64(y[s][2*i]+y[s][2*i+1]-1)) > 1e-6 {
				t.Errorf("step %d, image %d has the value %v and the target %v", s, i, v, y[s][2*i:2*i+2])
			}
			if v != plain[s][i*16] {
				changed++
			}
		}
	}
	if changed < 4 {
		t.Errorf("only %d images were mixed", changed)
	}
	// A batch depends on the seed, the epoch and the step alone, and the dataset is unchanged.
	again, targets := values(t, m, 3, 0)
	if later, laterY := values(t, m, 3, 1); !same(x, again) || !same(y, targets) || !same(x[1:], later) || !same(y[1:], laterY) {
		t.Error("the batches differ when they are made again")
	}
	if other, _ := values(t, m, 4, 0); same(x, other) {
		t.Error("two epochs are mixed alike")
	}
	if now, _ := values(t, ds, 3, 0); !same(now, plain) {
		t.Error("the dataset was changed")
	}
	// Fingerprints differ by the options.
	n, err := MixUp(ds, MixUpOptions{Alpha: .4, Seed: 2})
	if err != nil || n.Fingerprint() == m.Fingerprint() || m.Fingerprint() == ds.Fingerprint() {
		t.Errorf("the fingerprints are equal, or %v", err)
	}
	for _, c := range []struct {
		ds   Dataset
		o    MixUpOptions
		want string
	}{
		{ds, MixUpOptions{Alpha: -1}, "Alpha must be greater than 0"},
		{ds, MixUpOptions{Alpha: math.Inf(1)}, "Alpha must be greater than 0"},
		{nil, MixUpOptions{}, "nil"},
	} {
		if _, err := MixUp(c.ds, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want %q", c.o, err, c.want)
		}
	}
}

// The mean of the beta distribution of a and a is 1/2, and its variance 1/(4(2a+1)).
func TestBeta(t *testing.T) {
	for _, a := range []float64{.001, .2, 1, 3, 50} {
		r := mt19937.New(5)
		const n = 20000
		sum, squares := 0., 0.
		for range n {
			v := beta(r, a)
			if !(v >= 0 && v <= 1) {
				t.Fatalf("a=%v: drew %v", a, v)
			}
			sum += v / n
			squares += (v - .5) * (v - .5) / n
		}
		want := 1 / (4 * (2*a + 1))
		if sd := math.Sqrt(want / n); math.Abs(sum-.5) > 4*sd || math.Abs(squares-want) > .05*want {
			t.Errorf("a=%v: mean %v, variance %v, want 0.5 and %v", a, sum, squares, want)
		}
	}
}

func TestRandomErasing(t *testing.T) {
	ds := squares(t, 12)
	e, err := RandomErasing(ds, RandomErasingOptions{Scale: [2]float64{.25, .5}, FillValue: -3, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	x, y := values(t, e, 2, 0)
	plain, targets := values(t, ds, 2, 0)
	if !same(y, targets) {
		t.Error("the targets were changed")
	}
	for s := range x {
		for i := range len(y[s]) / 2 {
			rows, columns, erased := map[int]bool{}, map[int]bool{}, 0
			for j, v := range x[s][i*16 : (i+1)*16] {
				switch v {
				case -3:
					rows[j/4], columns[j%4] = true, true
					erased++
				case plain[s][i*16+j]:
				default:
					t.Fatalf("step %d, image %d has %v", s, i, v)
				}
			}
			// Of 4 pixels, a side has 2 to 2.83, so 2 or 3.
			if erased != len(rows)*len(columns) || len(rows) < 2 || len(rows) > 3 || len(columns) < 2 || len(columns) > 3 {
				t.Errorf("step %d, image %d: %d pixels in %d rows and %d columns are erased", s, i, erased, len(rows), len(columns))
			}
		}
	}
	again, _ := values(t, e, 2, 0)
	if later, _ := values(t, e, 2, 1); !same(x, again) || !same(x[1:], later) {
		t.Error("the batches differ when they are made again")
	}
	never, err := RandomErasing(ds, RandomErasingOptions{Factor: new(0.)})
	if err != nil {
		t.Fatal(err)
	}
	if v, _ := values(t, never, 2, 0); !same(v, plain) {
		t.Error("with a factor of 0, images were changed")
	}
	flat, err := Tensors(tensor.New(tensor.Float32, 2, 3), tensor.New(tensor.Float32, 2, 2), TensorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		ds   Dataset
		o    RandomErasingOptions
		want string
	}{
		{ds, RandomErasingOptions{Factor: new(2.)}, "Factor must be from 0 to 1"},
		{ds, RandomErasingOptions{Scale: [2]float64{.5, .1}}, "Scale must be a range"},
		{flat, RandomErasingOptions{}, "has no images"},
		{nil, RandomErasingOptions{}, "nil"},
	} {
		if _, err := RandomErasing(c.ds, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want %q", c.o, err, c.want)
		}
	}
}
