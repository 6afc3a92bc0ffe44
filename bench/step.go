package main

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"time"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/metric"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/tensor"
)

// measure runs lince's side of a row, and prints the median milliseconds.
func measure(args []string) error {
	if len(args) != 2 || args[0] != "step" {
		return fmt.Errorf("%q is nothing to measure", args)
	}
	batch, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	ms, err := trainingStep(batch)
	if err == nil {
		fmt.Println(ms)
	}
	return err
}

// same is a data set of one batch, again and again.
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

// trainingStep trains the tutorial's network on one batch, and measures the steps after
// the first ones, as peers/keras_step.py does.
func trainingStep(batch int) (float64, error) {
	const warm, steps = 5, 30
	m, err := lince.Sequential(
		layer.Input{Shape: []int{128, 128, 3}},
		layer.Conv2D{Filters: 64, Kernel: layer.Size{3, 3}, Activation: layer.ReLU},
		layer.MaxPool2D{Pool: layer.Size{2, 2}},
		layer.Conv2D{Filters: 64, Kernel: layer.Size{3, 3}, Activation: layer.ReLU},
		layer.MaxPool2D{Pool: layer.Size{2, 2}},
		layer.Flatten{},
		layer.Dense{Units: 64, Activation: layer.ReLU},
		layer.Dense{Units: 2, Activation: layer.Softmax},
	)
	if err != nil {
		return 0, err
	}
	if err := m.Compile(lince.Compile{Optimizer: optimizer.RMSprop{}, Loss: loss.CategoricalCrossentropy{}, Metrics: []metric.Metric{metric.Accuracy{}}}); err != nil {
		return 0, err
	}
	x, y := tensor.New(tensor.Float32, batch, 128, 128, 3), tensor.New(tensor.Float32, batch, 2)
	for i := range x.Float32s() {
		x.Float32s()[i] = float32(i*2654435761>>8&0xffff) / 0x10000
	}
	for i := range batch {
		y.Float32s()[2*i+i%2] = 1
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
	_, err = m.Fit(context.Background(), same{data.Batch{X: x, Y: y}, warm + steps}, lince.Fit{Verbose: lince.Silent, Callbacks: []callback.Callback{clock}})
	return median(times), err
}
