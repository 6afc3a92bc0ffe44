package main

import (
	"context"
	"iter"
	"strconv"
	"time"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/internal/tutorial"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/metric"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/profile"
	"github.com/lince-ml/lince/tensor"
)

// tutorialModel builds the tutorial's network.
func tutorialModel(threads int) (*lince.Model, error) {
	return lince.Options{Threads: threads}.Sequential(tutorial.Layers(tutorial.Side, tutorial.Side, 2)...)
}

// tutorialLayers lists the operations of the tutorial's convolutions and dense layers in a forward
// pass of one image.
var tutorialLayers = []float64{
	2 * 126 * 126 * 64 * 3 * 3 * 3,
	2 * 61 * 61 * 64 * 3 * 3 * 64,
	2 * 57600 * 64,
	2 * 64 * 2,
}

// predictionWork returns the work of PredictBatch. Its argument is BATCH.
func predictionWork(args []string) (map[string]work, error) {
	batch, err := strconv.Atoi(args[0])
	var flops float64
	for _, f := range tutorialLayers {
		flops += f
	}
	return map[string]work{"predict": {flops: float64(batch) * flops}}, err
}

// stepWork returns the work of a training step: a forward pass and two gradients of each layer, except
// for the gradient of the first layer's input. Its argument is BATCH.
func stepWork(args []string) (map[string]work, error) {
	batch, err := strconv.Atoi(args[0])
	flops := -tutorialLayers[0]
	for _, f := range tutorialLayers {
		flops += 3 * f
	}
	return map[string]work{"step": {flops: float64(batch) * flops}}, err
}

// prediction measures PredictBatch of the tutorial's network. Its argument is BATCH.
func prediction(args []string, threads int) (values, error) {
	batch, err := strconv.Atoi(args[0])
	if err != nil {
		return nil, err
	}
	m, err := tutorialModel(threads)
	if err != nil {
		return nil, err
	}
	return predict(m, batch)
}

// predict measures PredictBatch on random images.
func predict(m *lince.Model, batch int) (values, error) {
	shape := m.InputShape()
	shape[0] = batch
	x := random(shape...)
	ms, err := milliseconds(func() error {
		_, err := m.PredictBatch(x)
		return err
	})
	return values{"predict": ms}, err
}

// same is a dataset that repeats one batch.
type same struct {
	data.Batch
	steps int
}

func (s same) Len() int            { return s.X.Shape()[0] * s.steps }
func (s same) Steps() int          { return s.steps }
func (s same) Fingerprint() string { return "same" }
func (s same) Spec() (x, y tensor.Shape) {
	x, y = s.X.Shape().Clone(), s.Y.Shape().Clone()
	x[0], y[0] = tensor.Unknown, tensor.Unknown
	return x, y
}

func (s same) Batches(_ context.Context, _, step int) iter.Seq2[data.Batch, error] {
	return func(yield func(data.Batch, error) bool) {
		for ; step < s.steps && yield(s.Batch, nil); step++ {
		}
	}
}

// trainingStep measures a training step of the tutorial's network. Its argument is BATCH.
func trainingStep(args []string, threads int) (values, error) {
	ms, err := tutorialSteps(args[0], threads, nil)
	return values{"step": ms}, err
}

// tutorialSteps trains the tutorial's network as peers/keras_step.py does, and returns the median
// milliseconds of a step.
func tutorialSteps(size string, threads int, p *profile.Profile) (float64, error) {
	batch, err := strconv.Atoi(size)
	if err != nil {
		return 0, err
	}
	m, err := tutorialModel(threads)
	if err != nil {
		return 0, err
	}
	if err := m.Compile(lince.CompileOptions{Optimizer: optimizer.RMSprop{}, Loss: loss.CategoricalCrossentropy{}, Metrics: []metric.Metric{metric.Accuracy{}}}); err != nil {
		return 0, err
	}
	return trainSteps(m, batch, 5, 30, lince.FitOptions{Profile: p})
}

// trainSteps trains a compiled model on one batch of random images. It runs warm steps to warm up and
// then steps steps, and returns the median milliseconds of the latter. o has further options.
func trainSteps(m *lince.Model, batch, warm, steps int, o lince.FitOptions) (float64, error) {
	shape, classes := m.InputShape(), m.OutputShape()[1]
	shape[0] = batch
	x, y := random(shape...), tensor.New(tensor.Float32, batch, classes)
	for i := range batch {
		y.Float32s()[classes*i+i%classes] = 1
	}
	var times []float64
	last := time.Now()
	clock := callback.Func(func(callback.Run) (callback.Hooks, error) {
		return callback.Hooks{BatchEnd: func(step int, _ *callback.Logs) error {
			now := time.Now()
			if step >= warm {
				times = append(times, now.Sub(last).Seconds()*1e3)
			}
			last = now
			return nil
		}}, nil
	})
	o.Verbose, o.Callbacks = lince.Silent, []callback.Callback{clock}
	if _, err := m.Fit(context.Background(), same{data.Batch{X: x, Y: y}, warm + steps}, o); err != nil {
		return 0, err
	}
	return median(times), nil
}
