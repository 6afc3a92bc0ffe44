package lince

import (
	"strings"
	"testing"

	"github.com/lince-ml/lince/internal/tutorial"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/metric"
	"github.com/lince-ml/lince/optimizer"
)

// TestMemory measures the tutorial's network. What depends on the network alone is known; the rest must grow with the
// batch.
func TestMemory(t *testing.T) {
	m, err := Sequential(tutorial.Layers(tutorial.Side, tutorial.Side, 2)...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.TrainingMemory(15); err == nil || !strings.Contains(err.Error(), "not compiled") {
		t.Errorf("of a model that is not compiled: %v", err)
	}
	if err := m.Compile(CompileOptions{Optimizer: optimizer.Adam{}, Loss: loss.CategoricalCrossentropy{}, Metrics: []metric.Metric{metric.Accuracy{}}}); err != nil {
		t.Fatal(err)
	}
	a, b := must(m.TrainingMemory(15)), must(m.TrainingMemory(30))
	p := must(m.PredictionMemory(15))
	weights := m.CountParams() * 4
	if a.Weights != weights || p.Weights != weights || a.Optimizer != 2*weights+8+4 || a.State != 2*4*4 || a.Backup != a.Weights+a.Optimizer+a.State {
		t.Errorf("of %d bytes of weights, training takes %+v", weights, a)
	}
	const x = 15 * 128 * 128 * 3 * 4
	if a.Batches != 2*3*(x+15*3*4) || p.Batches != 3*x {
		t.Errorf("batches take %d and %d bytes", a.Batches, p.Batches)
	}
	if r := float64(b.Activations) / float64(a.Activations); r < 1.9 || r > 2.1 || p.Activations >= a.Activations || p.Optimizer+p.Gradients+p.Backup != 0 {
		t.Errorf("activations are %d, with twice the batch %d, in prediction %d", a.Activations, b.Activations, p.Activations)
	}
	sum := 0
	for _, part := range a.Parts() {
		if part.Bytes < 0 {
			t.Errorf("%s: %d bytes", part.Name, part.Bytes)
		}
		sum += part.Bytes
	}
	if sum != a.Sum() || a.Batch != 15 {
		t.Errorf("the parts sum up to %d, Sum says %d; the batch is %d", sum, a.Sum(), a.Batch)
	}
	if a.Packed == 0 || a.Scratch == 0 || a.Gradients == 0 {
		t.Errorf("something is missing: %+v", a)
	}
	for _, batch := range []int{0, -1, 1 << 40} {
		if _, err := m.TrainingMemory(batch); err == nil {
			t.Errorf("a batch of %d was measured", batch)
		}
		if _, err := m.PredictionMemory(batch); err == nil {
			t.Errorf("a batch of %d was measured", batch)
		}
	}
	large := must(m.TrainingMemory(100_000)) // more than any machine has
	if large.Sum() < 100<<30 {
		t.Errorf("a batch of 100,000 takes %d bytes", large.Sum())
	}
	any, err := Sequential(layer.Input{Shape: []int{-1, -1, 3}}, layer.Conv2D{Filters: 4, Kernel: layer.Size{3, 3}})
	if err == nil {
		if _, err := any.PredictionMemory(1); err == nil || !strings.Contains(err.Error(), "if all sizes are known") {
			t.Errorf("for images of any size: %v", err)
		}
	}
}

// TestMemoryOfSequences measures a network whose loss has a number for each step.
func TestMemoryOfSequences(t *testing.T) {
	m, err := Sequential(layer.Input{Shape: []int{5, 3}}, layer.Dense{Units: 2})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Compile(CompileOptions{Loss: loss.MeanSquaredError{}, Optimizer: optimizer.SGD{}}); err != nil {
		t.Fatal(err)
	}
	if r, err := m.TrainingMemory(4); err != nil || r.Batches != 2*3*4*4*(5*3+5*2+1) {
		t.Errorf("batches take %d bytes, %v", r.Batches, err)
	}
}
