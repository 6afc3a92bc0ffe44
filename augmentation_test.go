package lince

import (
	"bytes"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/tensor"
)

// augmentedModel is a network that begins with augmentation layers, as in Keras' guides.
func augmentedModel(o Options) (*Model, error) {
	augmentation, err := o.Sequential(
		layer.Input{Shape: []int{12, 10, 3}},
		layer.RandomFlip{Mode: "horizontal"},
		layer.RandomRotation{Factor: layer.Factor{.1}},
		layer.RandomZoom{HeightFactor: layer.Factor{.1}},
	)
	if err != nil {
		return nil, err
	}
	m, err := o.Sequential(
		layer.Input{Shape: []int{12, 10, 3}},
		augmentation,
		layer.RandomContrast{Factor: layer.Factor{.2}},
		layer.Rescaling{Scale: []float64{1. / 255}},
		layer.Conv2D{Filters: 4, Kernel: layer.Size{3, 3}, Activation: layer.ReLU},
		layer.GlobalAveragePool2D{},
		layer.Dropout{Rate: .2},
		layer.Dense{Units: 2, Activation: layer.Softmax},
	)
	if err != nil {
		return nil, err
	}
	return m, m.Compile(CompileOptions{Optimizer: optimizer.Adam{}, Loss: loss.SparseCategoricalCrossentropy{}})
}

// colorful returns n images of 12x10 pixels from 0 to 255, of two classes.
func colorful(n int) data.Dataset {
	x, y := graphtest.Formula(1, 0, 255, n, 12, 10, 3), tensor.New(tensor.Int32, n)
	for i := range n {
		tensor.Values[int32](y)[i] = int32(i % 2)
	}
	return must(data.Tensors(x, y, data.TensorOptions{BatchSize: 5, Seed: 3}))
}

// TestAugmentedThreads holds that a network with augmentation trains to the same bits with any number of threads.
func TestAugmentedThreads(t *testing.T) {
	var first []byte
	for threads := 1; threads <= 5; threads++ {
		m := must(augmentedModel(Options{Seed: 3, Threads: threads}))
		fit(t, m, colorful(17), FitOptions{Epochs: 3})
		file := bytesOf(t, m)
		if first == nil {
			first = file
		}
		if !bytes.Equal(file, first) {
			t.Errorf("%d threads give another file than one", threads)
		}
	}
}

// TestAugmentedPrediction holds that augmentation changes training, and not predictions, and that Keras opens the file and
// predicts the same.
func TestAugmentedPrediction(t *testing.T) {
	m := must(augmentedModel(Options{Seed: 3}))
	x := graphtest.Formula(2, 0, 255, 4, 12, 10, 3)
	want := must(m.PredictBatch(x))
	if again := must(m.PredictBatch(x)); !bytes.Equal(again.Raw(), want.Raw()) {
		t.Error("two predictions differ")
	}
	fit(t, m, colorful(17), FitOptions{})
	want = must(m.PredictBatch(x))
	path := filepath.Join(t.TempDir(), "augmented.keras")
	if err := m.Save(path); err != nil {
		t.Fatal(err)
	}
	if got := must(must(Open(path)).PredictBatch(x)); !bytes.Equal(got.Raw(), want.Raw()) {
		t.Errorf("the opened model predicts %v, want %v", got.Float32s(), want.Float32s())
	}
	var got []float32
	graphtest.Keras(t, `
import json, sys, keras, numpy as np
path, x = json.load(sys.stdin)
m = keras.models.load_model(path)
y = m.predict(np.array(x, "float32").reshape(4, 12, 10, 3), verbose=0)
m.fit(np.zeros((4, 12, 10, 3)), np.zeros(4), verbose=0)
print(json.dumps([float(v) for v in y.reshape(-1)]))
`, []any{path, x.Float32s()}, &got)
	for i, w := range want.Float32s() {
		if math.Abs(float64(got[i]-w)) > 1e-6 {
			t.Errorf("Keras predicts %v, want %v", got, want.Float32s())
			break
		}
	}
}

// TestAugmentationActsInTraining holds that the same images give another loss in each step if the weights stay.
func TestAugmentationActsInTraining(t *testing.T) {
	m := must(Options{Seed: 3}.Sequential(layer.Input{Shape: []int{12, 10, 3}},
		layer.RandomTranslation{HeightFactor: layer.Factor{.2}, WidthFactor: layer.Factor{.2}}, layer.Flatten{}, layer.Dense{Units: 2}))
	if err := m.Compile(CompileOptions{Optimizer: optimizer.SGD{LearningRate: 1e-30}, Loss: loss.MeanSquaredError{}}); err != nil {
		t.Fatal(err)
	}
	x := graphtest.Formula(2, 0, 255, 4, 12, 10, 3)
	h := fit(t, m, must(data.Tensors(x, tensor.New(tensor.Float32, 4, 2), data.TensorOptions{NoShuffle: true})), FitOptions{Epochs: 4})
	losses := h.Series[0].Values
	for i, v := range losses {
		if slices.Contains(losses[:i], v) {
			t.Errorf("losses of 4 steps: %v", losses)
		}
	}
}
