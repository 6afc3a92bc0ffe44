package lince

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince/constraint"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/optimizer/schedule"
	"github.com/lince-ml/lince/tensor"
)

func TestAverages(t *testing.T) {
	m, x, y := classifier(t, optimizer.SGD{LearningRate: .1, UseEMA: true, EMAMomentum: new(.5)})
	steps(t, m, 3, x, y)
	weights := allWeights(m)
	for range 2 {
		if err := m.SwapAverages(); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(allWeights(m), weights) {
		t.Error("two swaps change the weights")
	}
	if err := m.SwapAverages(); err != nil {
		t.Fatal(err)
	}
	averages := allWeights(m)
	if slices.Equal(averages, weights) {
		t.Error("the averages are the weights")
	}
	if err := m.SwapAverages(); err != nil {
		t.Fatal(err)
	}
	if err := m.ApplyAverages(); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(allWeights(m), averages) {
		t.Error("the weights are not the averages")
	}
	plain, _, _ := classifier(t, optimizer.SGD{})
	for _, err := range []error{plain.SwapAverages(), plain.ApplyAverages()} {
		if err == nil || err.Error() != "the optimizer keeps no averages of the weights; set its UseEMA" {
			t.Error(err)
		}
	}
}

// A model that is compiled but not trained keeps its weights, though its averages are still 0.
func TestAveragesBeforeTraining(t *testing.T) {
	m, x, y := classifier(t, optimizer.SGD{UseEMA: true})
	before := m.Weights()
	fit(t, m, must(data.Tensors(x, y, data.TensorOptions{BatchSize: 5})), FitOptions{Epochs: 1, InitialEpoch: 1})
	unchanged(t, m, before)
}

func TestScheduledLearningRate(t *testing.T) {
	s := schedule.PiecewiseConstantDecay{Boundaries: []int{1, 2}, Values: []float64{.5, .25, .125}}
	for _, o := range []optimizer.Optimizer{optimizer.SGD{Schedule: s}, optimizer.LossScaleOptimizer{Inner: optimizer.SGD{Schedule: s}}} {
		m, x, y := classifier(t, o)
		var rates []float64
		for range 4 {
			rates = append(rates, must(m.LearningRate()))
			steps(t, m, 1, x, y)
		}
		if want := []float64{.5, .5, .25, .125}; !slices.Equal(rates, want) {
			t.Errorf("rates are %v, want %v", rates, want)
		}
		if err := m.SetLearningRate(.1); err == nil || !strings.Contains(err.Error(), "computed by the schedule PiecewiseConstantDecay") {
			t.Error(err)
		}
	}
	m, x, y := classifier(t, optimizer.LossScaleOptimizer{Inner: optimizer.SGD{LearningRate: .5}})
	steps(t, m, 1, x, y)
	if rate := must(m.LearningRate()); rate != .5 {
		t.Errorf("the rate is %v, want 0.5", rate)
	}
	if err := m.SetLearningRate(.25); err != nil {
		t.Fatal(err)
	}
	again := must(on(1).Read(bytes.NewReader(bytesOf(t, m)), int64(len(bytesOf(t, m)))))
	c, _ := again.Compiled()
	if rate := must(again.LearningRate()); rate != .25 || c.Optimizer.(optimizer.LossScaleOptimizer).Inner.(optimizer.SGD).LearningRate != .25 {
		t.Errorf("the rate of the file is %v, compiled as %+v, want 0.25", rate, c.Optimizer)
	}
}

// ExcludeFromWeightDecay, which Keras' config does not have, is kept in lince's part of a file.
func TestExclusionsAreSaved(t *testing.T) {
	for _, o := range []optimizer.Optimizer{
		optimizer.AdamW{ExcludeFromWeightDecay: []string{"bias", "gamma"}},
		optimizer.LossScaleOptimizer{Inner: optimizer.Adam{ExcludeFromWeightDecay: []string{"bias", "gamma"}}},
	} {
		m, x, y := classifier(t, o)
		steps(t, m, 1, x, y)
		file := bytesOf(t, m)
		again := must(on(1).Read(bytes.NewReader(file), int64(len(file))))
		c, ok := again.Compiled()
		if got := optimizer.Excluded(c.Optimizer); !ok || !slices.Equal(got, []string{"bias", "gamma"}) {
			t.Errorf("%T: excluded are %v, want bias and gamma", o, got)
		}
		if !bytes.Equal(bytesOf(t, again), file) {
			t.Errorf("%T: the file changes when it is saved again", o)
		}
	}
}

// A model that is compiled but not trained has no slots in its file, as in Keras; loading it resets the slots.
func TestUntrainedOptimizer(t *testing.T) {
	for name, o := range optimizersOf() {
		m, x, y := classifier(t, o)
		file := bytesOf(t, m)
		again := must(on(1).Read(bytes.NewReader(file), int64(len(file))))
		if errs := again.Unknown(); errs != nil {
			t.Errorf("%s: %v", name, errs)
			continue
		}
		steps(t, m, 3, x, y)
		steps(t, again, 3, x, y)
		if !slices.Equal(allWeights(m), allWeights(again)) {
			t.Errorf("%s: the weights differ after the file", name)
		}
	}
}

// z of ScheduleFreeAdamW is the weight before the first step, also if a constraint changes the weight in steps that only
// accumulate gradients.
func TestScheduleFreeStart(t *testing.T) {
	m := must(on(4).Sequential(layer.Input{Shape: []int{5}}, layer.Dense{Name: "dense", Units: 3, KernelConstraint: constraint.UnitNorm{}}))
	err := m.Compile(CompileOptions{Optimizer: optimizer.ScheduleFreeAdamW{GradientAccumulationSteps: 3}, Loss: loss.MeanSquaredError{}})
	if err != nil {
		t.Fatal(err)
	}
	want := slices.Clone(m.Weights()[0].Float32s())
	for i := range 3 {
		must(m.TrainOnBatch(data.Batch{X: tensor.New(tensor.Float32, 2, 5), Y: tensor.New(tensor.Float32, 2, 3)}, BatchOptions{}))
		if got := m.store.Lookup("optimizer/dense/kernel_momentum").Value().Float32s(); !slices.Equal(got, want) { // the gradient is 0
			t.Fatalf("after step %d, z is %v, want %v", i+1, got, want)
		}
	}
	if got := m.Weights()[0].Float32s(); slices.Equal(got, want) {
		t.Error("the constraint changed nothing")
	}
}
