package data

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince/data/augment"
	"github.com/lince-ml/lince/tensor"
)

func TestMap(t *testing.T) {
	x := tensor.Of([]float32{0, 1, 2, 3, 4, 5, 6}, 7, 1)
	y := tensor.Of([]float32{0, 10, 20, 30, 40, 50, 60}, 7)
	ds, err := Tensors(x, y, TensorOptions{BatchSize: 3, NoShuffle: true})
	if err != nil {
		t.Fatal(err)
	}
	m, err := Map(ds, func(b Batch, epoch, step int) (Batch, error) {
		n := b.X.Shape()[0]
		wide := tensor.New(tensor.Float32, n, 2)
		for i, v := range b.X.Float32s() {
			copy(wide.Float32s()[2*i:], []float32{v, float32(100*epoch + 10*step)})
		}
		for i := range b.Y.Float32s() {
			b.Y.Float32s()[i] /= 10 // in place
		}
		return Batch{X: wide, Y: b.Y}, nil
	}, MapOptions{X: tensor.Shape{tensor.Unknown, 2}, Name: "wide"})
	if err != nil {
		t.Fatal(err)
	}
	if sx, sy := m.Spec(); !slices.Equal(sx, tensor.Shape{tensor.Unknown, 2}) || !slices.Equal(sy, tensor.Shape{tensor.Unknown}) || m.Len() != 7 || m.Steps() != 3 {
		t.Error(sx, sy, m.Len(), m.Steps())
	}
	got := copies(t, m, 2, 1)
	if len(got) != 2 || !slices.Equal(got[0].X.Float32s(), []float32{3, 210, 4, 210, 5, 210}) || !slices.Equal(got[1].X.Float32s(), []float32{6, 220}) ||
		!slices.Equal(got[0].Y.Float32s(), []float32{3, 4, 5}) || !slices.Equal(got[1].Index, []int{6}) {
		t.Errorf("%v", got)
	}
	if !slices.Equal(y.Float32s(), []float32{0, 10, 20, 30, 40, 50, 60}) {
		t.Errorf("the arrays have changed: %v", y.Float32s())
	}
	other, err := Map(ds, m.f, MapOptions{X: m.x, Name: "other"})
	if err != nil {
		t.Fatal(err)
	}
	if m.Fingerprint() == ds.Fingerprint() || m.Fingerprint() == other.Fingerprint() {
		t.Error("the fingerprint does not depend on the name")
	}
}

// TestMapOfImages checks that a mapped Flow is still labeled and prepared, and keeps its batches' steps.
func TestMapOfImages(t *testing.T) {
	f := images(t, open(t, "testdata/images", OpenOptions{}), ImageOptions{TargetSize: [2]int{4, 4}, BatchSize: 3, Augment: augment.Tutorial(), Seed: 1})
	var steps []int
	m, err := Map(f, func(b Batch, _, step int) (Batch, error) {
		steps = append(steps, step)
		return b, nil
	}, MapOptions{})
	if err != nil {
		t.Fatal(err)
	}
	m.Prepare(t.Context(), 1, 2)
	if err := sameBatches(copies(t, f, 1, 2), copies(t, m, 1, 2)); err != nil {
		t.Error(err)
	}
	if !slices.Equal(steps, []int{2, 3}) || !slices.Equal(m.Classes(), f.Classes()) {
		t.Error(steps, m.Classes())
	}
	if _, ok := any(m).(Preprocessed); ok {
		t.Error("a mapped dataset claims that steps describe its preprocessing")
	}
}

func TestMapRefuses(t *testing.T) {
	x := tensor.New(tensor.Float32, 2, 3)
	ds, err := Tensors(x, nil, TensorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Map(nil, nil, MapOptions{}); err == nil {
		t.Error("no error for nil")
	}
	broken := errors.New("broken")
	for _, c := range []struct {
		f    func(Batch, int, int) (Batch, error)
		want string
	}{
		{func(Batch, int, int) (Batch, error) { return Batch{}, broken }, "epoch 0, step 0: broken"},
		{func(b Batch, _, _ int) (Batch, error) { return Batch{X: b.X.Reshape(3, 2)}, nil }, "X has shape (3, 2)"},
		{func(b Batch, _, _ int) (Batch, error) { return Batch{X: b.X, Y: b.X}, nil }, "Y has shape (2, 3), want nil"},
		{func(Batch, int, int) (Batch, error) { return Batch{}, nil }, "X is nil"},
	} {
		m, err := Map(ds, c.f, MapOptions{})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for b, err := range m.Batches(t.Context(), 0, 0) {
			n++
			if err == nil || !strings.Contains(err.Error(), c.want) || b.X != nil {
				t.Errorf("%v; want %q", err, c.want)
			}
		}
		if n != 1 {
			t.Errorf("%d results", n)
		}
	}
	named, err := NamedTensors(map[string]*tensor.Tensor{"a": x}, map[string]*tensor.Tensor{"b": x}, TensorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := Map(named, func(b Batch, _, _ int) (Batch, error) { delete(b.Targets, "b"); return b, nil }, MapOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range m.Batches(t.Context(), 0, 0) {
		if err == nil || !strings.Contains(err.Error(), "target b is nil") {
			t.Error(err)
		}
	}
}
