package data

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince/internal/mt19937"
	"github.com/lince-ml/lince/tensor"
)

func TestTensors(t *testing.T) {
	x, y := tensor.New(tensor.Float32, 7, 2), tensor.New(tensor.Int32, 7)
	w := make([]float32, 7)
	for i := range 7 {
		x.Float32s()[2*i], x.Float32s()[2*i+1] = float32(i), float32(10*i)
		tensor.Values[int32](y)[i] = int32(i)
		w[i] = float32(i) / 2
	}
	a, err := Tensors(x, y, TensorOptions{BatchSize: 3, Seed: 4, Weights: tensor.Of(w, len(w))})
	if err != nil {
		t.Fatal(err)
	}
	sx, sy := a.Spec()
	if a.Len() != 7 || a.Steps() != 3 || sx.String() != "(None, 2)" || sy.String() != "(None,)" {
		t.Error(a.Len(), a.Steps(), sx, sy)
	}
	for epoch := range 2 {
		var order []int
		for k, b := range copies(t, a, epoch, 0) {
			if want := min(3, 7-3*k); len(b.Index) != want || b.X.Shape()[0] != want || b.Y.Shape()[0] != want || b.Weights.Shape()[0] != want {
				t.Error(b)
			}
			for i, row := range b.Index {
				if b.X.Row(i).Float32s()[1] != float32(10*row) || tensor.Values[int32](b.Y)[i] != int32(row) || b.Weights.Float32s()[i] != w[row] {
					t.Errorf("row %d is %v", row, b.X.Row(i).Float32s())
				}
			}
			order = append(order, b.Index...)
		}
		if want := mt19937.New(4 + uint32(epoch)).Permutation(7); !slices.Equal(order, want) {
			t.Errorf("order %v, want %v", order, want)
		}
		if err := sameBatches(copies(t, a, epoch, 0)[1:], copies(t, a, epoch, 1)); err != nil {
			t.Error(err)
		}
	}
	a, err = Tensors(x, nil, TensorOptions{NoShuffle: true})
	if err != nil {
		t.Fatal(err)
	}
	if b := copies(t, a, 3, 0); len(b) != 1 || b[0].Y != nil || b[0].Weights != nil || !slices.IsSorted(b[0].Index) || !slices.Equal(b[0].X.Float32s(), x.Float32s()) {
		t.Error(b)
	}
	fingerprint := a.Fingerprint()
	x.Float32s()[3]++
	if b, _ := Tensors(x, nil, TensorOptions{NoShuffle: true}); b.Fingerprint() == fingerprint {
		t.Error("other numbers have the same fingerprint")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for b, err := range a.Batches(ctx, 0, 0) {
		if b.X != nil || !errors.Is(err, context.Canceled) {
			t.Error(b, err)
		}
	}
}

func TestTensorsErrors(t *testing.T) {
	x := tensor.New(tensor.Float32, 4, 2)
	for _, c := range []struct {
		x, y *tensor.Tensor
		o    TensorOptions
		want string
	}{
		{nil, nil, TensorOptions{}, "x is nil"},
		{x, tensor.New(tensor.Float32, 3), TensorOptions{}, "x has 4, y has 3"},
		{tensor.New(tensor.Float32, 0, 2), nil, TensorOptions{}, "no examples"},
		{tensor.Scalar(float32(1)), nil, TensorOptions{}, "scalar"},
		{x, nil, TensorOptions{BatchSize: -1}, "batch size is -1"},
		{x, nil, TensorOptions{Weights: tensor.Of([]float32{1}, 1)}, "the weights have shape (1,), want (4,)"},
	} {
		if _, err := Tensors(c.x, c.y, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
}

// TestWeightsOfPixels checks that weights of several dimensions follow the order of the examples.
func TestWeightsOfPixels(t *testing.T) {
	x, w := tensor.New(tensor.Float32, 7, 1), tensor.New(tensor.Float32, 7, 2, 3)
	for i := range 7 {
		x.Float32s()[i] = float32(i)
		for j := range 6 {
			w.Float32s()[6*i+j] = float32(i) + float32(j)/10
		}
	}
	named := map[string]*tensor.Tensor{"x": x}
	for name, make := range map[string]func() (*Arrays, error){
		"one target": func() (*Arrays, error) { return Tensors(x, x, TensorOptions{BatchSize: 3, Seed: 2, Weights: w}) },
		"named": func() (*Arrays, error) {
			return NamedTensors(named, named, TensorOptions{BatchSize: 3, Seed: 2, SampleWeights: map[string]*tensor.Tensor{"x": w}})
		},
	} {
		a, err := make()
		if err != nil {
			t.Fatal(err)
		}
		for b, err := range a.Batches(t.Context(), 0, 0) {
			if err != nil {
				t.Fatal(err)
			}
			got := b.Weights
			if name == "named" {
				got = b.SampleWeights["x"]
			}
			if !got.Shape().Equal(tensor.Shape{len(b.Index), 2, 3}) {
				t.Fatalf("%s: weights %v", name, got.Shape())
			}
			for i, row := range b.Index {
				if v := got.Float32s()[6*i+5]; v != float32(row)+.5 {
					t.Errorf("%s: row %d has the weight %v", name, row, v)
				}
			}
		}
	}
	for want, o := range map[string]TensorOptions{
		"the weights are int32, want float32":                          {Weights: tensor.New(tensor.Int32, 7)},
		"target x: the weights have shape (6, 2), want (7,), or":       {SampleWeights: map[string]*tensor.Tensor{"x": tensor.New(tensor.Float32, 6, 2)}},
		`there are sample weights for the target "y", but the dataset`: {SampleWeights: map[string]*tensor.Tensor{"y": w}},
	} {
		if _, err := NamedTensors(named, named, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
