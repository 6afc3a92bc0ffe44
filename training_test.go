package lince_test

import (
	"context"
	"encoding/json"
	"iter"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/internal/tutorial"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/tensor"
)

// stripes is a dataset of one batch per epoch, as batch() of training.py.
type stripes struct{ side, salt int }

const stripesBatch = 15

func (s stripes) Len() int            { return stripesBatch }
func (s stripes) Steps() int          { return 1 }
func (s stripes) Fingerprint() string { return "stripes" }
func (s stripes) Spec() (x, y tensor.Shape) {
	return tensor.Shape{tensor.Unknown, s.side, s.side, 3}, tensor.Shape{tensor.Unknown, 2}
}

func (s stripes) Batches(_ context.Context, epoch, _ int) iter.Seq2[data.Batch, error] {
	return func(yield func(data.Batch, error) bool) {
		x, y := tensor.New(tensor.Float32, stripesBatch, s.side, s.side, 3), tensor.New(tensor.Float32, stripesBatch, 2)
		u := graphtest.Uniform(x.Len(), uint64(s.salt+epoch))
		faint := 0.25
		if s.side == 32 { // the small network keeps learning for all of its 50 steps
			faint = 0.08
		}
		i := 0
		for n := range stripesBatch {
			label := (n + epoch) % 2
			y.Float32s()[2*n+label] = 1
			for r := range s.side {
				for c := range s.side {
					at := c
					if label == 1 {
						at = r
					}
					for range 3 {
						x.Float32s()[i] = float32(float64((1-faint)*u[i]) + faint*float64(at/4%2))
						i++
					}
				}
			}
		}
		yield(data.Batch{X: x, Y: y}, nil)
	}
}

func (stripes) weights(m *lince.Model) []*tensor.Tensor {
	w := m.Weights()
	for salt, t := range w {
		s := t.Shape()
		if len(s) == 1 {
			clear(t.Float32s())
			continue
		}
		field := s[:len(s)-2].Elements()
		limit := math.Sqrt(6 / float64(field*s[len(s)-2]+field*s[len(s)-1]))
		for i, u := range graphtest.Uniform(t.Len(), uint64(salt+1)) {
			t.Float32s()[i] = float32((u*2 - 1) * limit)
		}
	}
	return w
}

// TestTrainingAsKeras trains the tutorial's network as Keras did, from the same weights and on the same batches. The
// losses of all steps must agree to 1e-4, and the weights at the end to 1e-3 of their norm. Equality is not possible,
// because rounding differs.
//
// If the environment variable LINCE_TRAINING names a folder with new golden files, the test compares those, for the
// first ten steps only. Keras' rounding depends on the processor, and RMSprop makes a full step for a gradient however
// small, so a difference in rounding can grow to any size. The golden files in testdata are of batches on which it does
// not.
func TestTrainingAsKeras(t *testing.T) {
	for _, name := range []string{"small", "whole"} {
		t.Run(name, func(t *testing.T) {
			if name == "whole" && testing.Short() {
				t.Skip("takes seconds")
			}
			folder := filepath.Join("testdata", "training")
			fresh := os.Getenv("LINCE_TRAINING")
			if fresh != "" {
				folder = fresh
			}
			raw, err := os.ReadFile(filepath.Join(folder, name+".json"))
			if err != nil {
				t.Fatal(err)
			}
			var want struct {
				Side, Steps, Every, Salt int
				Rate                     float64
				Losses                   []float64
				Weights                  []float32
			}
			if err := json.Unmarshal(raw, &want); err != nil {
				t.Fatal(err)
			}
			if fresh != "" {
				want.Steps, want.Weights = min(want.Steps, 10), nil
			}
			m, err := lince.Sequential(tutorial.Layers(want.Side, want.Side, 2)...)
			if err != nil {
				t.Fatal(err)
			}
			if err := m.Compile(lince.CompileOptions{Optimizer: optimizer.RMSprop{LearningRate: want.Rate}, Loss: loss.CategoricalCrossentropy{}}); err != nil {
				t.Fatal(err)
			}
			ds := stripes{want.Side, want.Salt}
			if err := m.SetWeights(ds.weights(m)); err != nil {
				t.Fatal(err)
			}
			h, err := m.Fit(t.Context(), ds, lince.FitOptions{Epochs: want.Steps, Verbose: lince.Silent})
			if err != nil {
				t.Fatal(err)
			}
			worst := 0.
			for i, got := range h.Values("loss") {
				d := math.Abs(got-want.Losses[i]) / want.Losses[i]
				worst = max(worst, d)
				if d > 1e-4 {
					t.Errorf("step %d: loss %v, Keras has %v (%.2g apart)", i, got, want.Losses[i], d)
				}
			}
			var flat []float32
			for _, w := range m.Weights() {
				flat = append(flat, w.Float32s()...)
			}
			difference, length := 0., 0.
			for i, w := range want.Weights {
				d := float64(flat[i*want.Every]) - float64(w)
				difference += d * d
				length += float64(w) * float64(w)
			}
			apart := math.Sqrt(difference / max(length, 1e-30))
			if apart > 1e-3 {
				t.Errorf("weights are %.2g of their length apart", apart)
			}
			t.Logf("worst loss %.2g, weights %.2g", worst, apart)
		})
	}
}
