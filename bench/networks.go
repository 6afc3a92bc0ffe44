package main

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/internal/machine"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/zoo"
)

// Images are trainedSize x trainedSize in training, and predictedSize x predictedSize in inference.
const (
	trainedSize   = 128
	predictedSize = 224
)

// application builds a network of keras.applications for images of size x size and the 1000 classes of ImageNet, with
// random weights. Its arguments are NETWORK BATCH. peers/keras_networks.py and peers/torch_networks.py build the same networks.
func application(args []string, size, threads int) (m *lince.Model, batch int, err error) {
	network, err := zoo.Find(args[0])
	if err != nil {
		return nil, 0, err
	}
	if batch, err = strconv.Atoi(args[1]); err != nil {
		return nil, 0, err
	}
	m, err = network.New(zoo.Options{InputShape: []int{size, size, 3}, Model: lince.Options{Threads: threads}})
	return m, batch, err
}

// applicationStep measures training steps. Its arguments are WHAT NETWORK BATCH [BUDGET]. If WHAT is ms, it measures the time of
// a step. If WHAT is MiB, it measures the peak memory of the process. BUDGET is the FitOptions.MemoryBudget in MiB.
func applicationStep(args []string, threads int) (values, error) {
	m, batch, err := application(args[1:], trainedSize, threads)
	if err != nil {
		return nil, err
	}
	err = m.Compile(lince.CompileOptions{Optimizer: optimizer.SGD{Momentum: .9}, Loss: loss.CategoricalCrossentropy{}})
	if err != nil {
		return nil, err
	}
	var budget int
	if len(args) > 3 {
		if budget, err = strconv.Atoi(args[3]); err != nil {
			return nil, err
		}
	}
	ms, err := trainSteps(m, batch, 2, 10, lince.FitOptions{MemoryBudget: budget << 20})
	if err != nil || args[0] == "ms" {
		return values{"step": ms}, err
	}
	peak, ok := machine.PeakMemory(nil)
	if !ok {
		return nil, errors.New("this system does not report the peak memory of a process")
	}
	return values{"whole process": float64(peak) / (1 << 20)}, nil
}

// applicationPrediction measures PredictBatch. Its arguments are NETWORK BATCH.
func applicationPrediction(args []string, threads int) (values, error) {
	m, batch, err := application(args, predictedSize, threads)
	if err != nil {
		return nil, err
	}
	return predict(m, batch)
}

// savedPrediction measures PredictBatch of a network that was saved as a .keras file and opened again. Its arguments are
// NETWORK BATCH.
func savedPrediction(args []string, threads int) (values, error) {
	m, batch, err := application(args, predictedSize, threads)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "lince-bench-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }() // temporary
	path := filepath.Join(dir, "network.keras")
	if err := m.Save(path); err != nil {
		return nil, err
	}
	if m, err = (lince.Options{Threads: threads}).Open(path); err != nil {
		return nil, err
	}
	return predict(m, batch)
}

// flops returns the number of operations of a network's convolutions and dense layers in a forward
// pass of one image. all is that of all layers; first is that of the first layer, whose input needs no
// gradient.
func flops(m *lince.Model) (all, first float64) {
	for _, l := range m.Layers() {
		if l.Class() != "Conv2D" && l.Class() != "DepthwiseConv2D" && l.Class() != "Dense" {
			continue
		}
		kernel, y := l.Variables()[0].Shape(), l.Output().Shape()
		f := 2 * float64(kernel.Elements())
		if len(y) == 4 {
			f *= float64(y[1] * y[2])
		}
		if all += f; first == 0 {
			first = f
		}
	}
	return all, first
}

// applicationWork returns the work of a prediction, or of a training step, which has a forward pass
// and two gradients. Its arguments are NETWORK BATCH.
func applicationWork(args []string, size int, training bool) (work, error) {
	m, batch, err := application(args, size, 1)
	if err != nil {
		return work{}, err
	}
	all, first := flops(m)
	if training {
		all = 3*all - first
	}
	return work{flops: float64(batch) * all}, nil
}

func applicationStepWork(args []string) (map[string]work, error) {
	if args[0] != "ms" {
		return nil, nil
	}
	w, err := applicationWork(args[1:], trainedSize, true)
	return map[string]work{"step": w}, err
}

func applicationPredictionWork(args []string) (map[string]work, error) {
	w, err := applicationWork(args, predictedSize, false)
	return map[string]work{"predict": w}, err
}
