package lince

import (
	"bytes"
	"strings"
	"testing"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/internal/tutorial"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/metric"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/tensor"
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
	if p.Packed == 0 || a.Packed != 0 || a.Scratch == 0 {
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

// TestMemoryBudget trains with less and less memory. The weights must have the same bits.
func TestMemoryBudget(t *testing.T) {
	const batch, side = 4, 48
	images, labels := tensor.New(tensor.Float32, 2*batch, side, side, 3), tensor.New(tensor.Float32, 2*batch, 5)
	for i := range images.Float32s() {
		images.Float32s()[i] = float32(i%251)/125 - 1
	}
	for i := range 2 * batch {
		labels.Float32s()[5*i+i%5] = 1
	}
	// train returns the weights, and the memory that a step took.
	train := func(budget int) ([]*tensor.Tensor, Memory, error) {
		in := Input(layer.Input{Shape: []int{side, side, 3}})
		x := in
		for i, filters := range []int{8, 16, 16, 24} {
			short := x.Then(layer.Conv2D{Filters: filters, Kernel: layer.Size{1, 1}}, layer.BatchNormalization{})
			x = x.Then(
				layer.Conv2D{Filters: filters, Kernel: layer.Size{3, 3}, Padding: layer.Same}, layer.BatchNormalization{}, layer.ReLU6,
				layer.DepthwiseConv2D{Kernel: layer.Size{3, 3}, Padding: layer.Same, NoBias: true}, layer.BatchNormalization{}, layer.SiLU,
			)
			x = Apply(layer.Add{}, x, short).Then(layer.ReLU, layer.Dropout{Rate: .2})
			if i == 1 {
				x = x.Then(layer.MaxPool2D{}, layer.LayerNormalization{})
			}
		}
		x = x.Then(layer.Conv2D{Filters: 8, Kernel: layer.Size{3, 3}, Activation: layer.ReLU}, layer.MaxPool2D{}, layer.Flatten{}, layer.Dense{Units: 5, Activation: layer.Softmax})
		m := must(Options{Seed: 5, Threads: 2}.Functional(in, x))
		if err := m.Compile(CompileOptions{Optimizer: optimizer.SGD{Momentum: .9}, Loss: loss.CategoricalCrossentropy{}}); err != nil {
			t.Fatal(err)
		}
		ds := must(data.Tensors(images, labels, data.TensorOptions{BatchSize: batch}))
		_, err := m.Fit(t.Context(), ds, FitOptions{Epochs: 2, Verbose: Silent, MemoryBudget: budget})
		return m.Weights(), must(m.TrainingMemory(batch)), err
	}
	want, most, err := train(0)
	if err != nil {
		t.Fatal(err)
	}
	full := most.Sum() - most.Batches
	arena := func(m Memory) int { return m.Activations + m.Gradients + m.Workspace + m.Gaps }
	lowest := arena(most)
	for i := 1; i < 12; i++ {
		budget := full - i*arena(most)/16
		got, used, err := train(budget)
		if err != nil {
			if !strings.Contains(err.Error(), "results twice; the limit is") {
				t.Fatal(err)
			}
			break
		}
		if used.Sum()-used.Batches > budget {
			t.Errorf("of a budget of %d bytes, %d are used", budget, used.Sum()-used.Batches)
		}
		lowest = min(lowest, arena(used))
		for j, w := range want {
			if !bytes.Equal(w.Raw(), got[j].Raw()) {
				t.Fatalf("with %d of %d bytes, weight %d differs", arena(used), arena(most), j)
			}
		}
	}
	if lowest > arena(most)*6/10 {
		t.Errorf("a step takes at least %d of %d bytes", lowest, arena(most))
	}
	if _, _, err := train(1 << 10); err == nil || !strings.Contains(err.Error(), "MemoryBudget is 0 MiB, but the variables") {
		t.Errorf("error is %v", err)
	}
}
