package lince

import (
	"slices"
	"testing"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/data/augment"
	"github.com/lince-ml/lince/data/datasets"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/metric"
	"github.com/lince-ml/lince/tensor"
)

// TestFitForms trains on the forms of data that Keras' functions return: their types and shapes of targets.
func TestFitForms(t *testing.T) {
	directory := func(mode data.LabelMode, names ...string) data.Dataset {
		return must(data.ImageDatasetFromDirectory(t.Context(), "data/testdata/directory", data.DirectoryOptions{
			ImageSize: [2]int{8, 6}, BatchSize: 4, LabelMode: mode, ClassNames: names, PadToAspectRatio: true,
		}))
	}
	mnist := must(datasets.LoadMNIST("data/datasets/testdata/mnist.npz"))
	cifar := must(datasets.LoadCIFAR100("data/datasets/testdata/cifar-100-python.tar.gz", datasets.Coarse))
	gray := mnist.XTrain.Reshape(append(slices.Clone(mnist.XTrain.Shape()), 1)...)
	flow := func(x, y *tensor.Tensor) data.Dataset {
		return must(data.ImageTensors(x, y, data.ImageTensorOptions{BatchSize: 4, Augment: augment.Tutorial()}))
	}
	negate := func(b data.Batch, _, _ int) (data.Batch, error) {
		for i, v := range b.X.Float32s() {
			b.X.Float32s()[i] = 1 - v
		}
		return b, nil
	}
	for name, c := range map[string]struct {
		ds    data.Dataset
		input []int
		units int
		loss  loss.Loss
	}{
		"int":           {directory(data.IntLabels), []int{8, 6, 3}, 5, loss.SparseCategoricalCrossentropy{}},
		"categorical":   {directory(data.CategoricalLabels), []int{8, 6, 3}, 5, loss.CategoricalCrossentropy{}},
		"binary":        {directory(data.BinaryLabels, "dog", "cat"), []int{8, 6, 3}, 1, loss.BinaryCrossentropy{}},
		"flow of uint8": {flow(gray, mnist.YTrain), []int{28, 28, 1}, 10, loss.SparseCategoricalCrossentropy{}},
		"flow of int64": {flow(cifar.XTrain, cifar.YTrain), []int{32, 32, 3}, 20, loss.SparseCategoricalCrossentropy{}},
		"map":           {must(data.Map(flow(cifar.XTrain, cifar.YTrain), negate, data.MapOptions{})), []int{32, 32, 3}, 20, loss.SparseCategoricalCrossentropy{}},
	} {
		activation := layer.Softmax
		if c.units == 1 {
			activation = layer.Sigmoid
		}
		m := must(on(3).Sequential(layer.Input{Shape: c.input}, layer.Rescaling{Scale: layer.Numbers{1. / 255}}, layer.Flatten{}, layer.Dense{Units: c.units, Activation: activation}))
		if err := m.Compile(CompileOptions{Loss: c.loss, Metrics: []metric.Metric{metric.Accuracy{}}}); err != nil {
			t.Fatal(err)
		}
		h, err := m.Fit(t.Context(), c.ds, quiet(FitOptions{Epochs: 2}))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := h.Values("loss"); len(got) != 2 || !(got[1] > 0) {
			t.Errorf("%s: the losses are %v", name, got)
		}
	}
}
