package data

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince/tensor"
)

func TestFromFunc(t *testing.T) {
	f := func(_ context.Context, epoch, first, end int) (x, y *tensor.Tensor, err error) {
		x, y = tensor.New(tensor.Float32, end-first, 2), tensor.New(tensor.Float32, end-first)
		for i := range end - first {
			x.Float32s()[2*i], y.Float32s()[i] = float32(first+i), float32(epoch)
		}
		return x, y, nil
	}
	o := SequenceOptions{Examples: 7, BatchSize: 3, X: tensor.Shape{tensor.Unknown, 2}, Y: tensor.Shape{tensor.Unknown}, Name: "numbers"}
	s, err := FromFunc(f, o)
	noError(t, err)
	if s.Len() != 7 || s.Steps() != 3 || s.BatchSize() != 3 {
		t.Errorf("%d examples, %d steps of %d", s.Len(), s.Steps(), s.BatchSize())
	}
	var index []int
	for b, err := range s.Batches(t.Context(), 2, 1) {
		noError(t, err)
		index = append(index, b.Index...)
		if b.X.Float32s()[0] != float32(b.Index[0]) || b.Y.Float32s()[0] != 2 {
			t.Errorf("the batch of %v begins with %v, %v", b.Index, b.X.Float32s()[0], b.Y.Float32s()[0])
		}
	}
	if !slices.Equal(index, []int{3, 4, 5, 6}) {
		t.Errorf("from step 1 there are the examples %v", index)
	}
	o.Name = "others"
	other, err := FromFunc(f, o)
	noError(t, err)
	if other.Fingerprint() == s.Fingerprint() {
		t.Error("two names have one fingerprint")
	}

	failing := errors.New("no connection")
	for want, f := range map[string]func(context.Context, int, int, int) (*tensor.Tensor, *tensor.Tensor, error){
		"epoch 0, step 0: no connection": func(context.Context, int, int, int) (*tensor.Tensor, *tensor.Tensor, error) {
			return nil, nil, failing
		},
		"X has shape (3, 1), want (3, 2); set its shape in the options\nY is nil, want the shape (3,)": func(context.Context, int, int, int) (*tensor.Tensor, *tensor.Tensor, error) {
			return tensor.New(tensor.Float32, 3, 1), nil, nil
		},
	} {
		s, err := FromFunc(f, o)
		noError(t, err)
		n := 0
		for _, err := range s.Batches(t.Context(), 0, 0) {
			if n++; err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("the error is %v, want %q", err, want)
			}
		}
		if n != 1 {
			t.Errorf("%d results after an error", n)
		}
	}
	_, err = FromFunc(nil, SequenceOptions{BatchSize: -1, Y: tensor.Shape{3}})
	for _, want := range []string{"the function is nil", "the number of Examples must be at least 1, got 0", "BatchSize must be at least 1, got -1", "X must be the shape", "Y must be the shape"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want %q", err, want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range s.Batches(ctx, 0, 0) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
	}
}
