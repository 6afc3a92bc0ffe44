package lince

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/offheap"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/tensor"
)

// TestPredictChecksMemory: outputs that need more memory than the process can have are an error. Go's runtime would end the program.
func TestPredictChecksMemory(t *testing.T) {
	if offheap.Available() == 0 {
		t.Skip("this system does not say how much memory there is")
	}
	up := layer.UpSampling2D{Size: layer.Size{1 << 17, 1 << 17}}
	m := must(on(1).Sequential(layer.Input{Shape: []int{1, 1, 1}}, up))
	if _, err := m.PredictBatch(tensor.New(tensor.Float32, 64, 1, 1, 1)); err == nil || !strings.Contains(err.Error(), "of memory, but this process can have") {
		t.Errorf("error is %v", err)
	}
}

// TestWeightsCheckMemory: a network whose weights need more memory than the process can have is refused before any of it is allocated.
func TestWeightsCheckMemory(t *testing.T) {
	has := offheap.Available()
	if has == 0 {
		t.Skip("this system does not say how much memory there is")
	}
	// Each layer fits, all together do not, and they are less than the limit of a network.
	const units = 20_000
	layers := []layer.Layer{layer.Input{Shape: []int{units}}}
	for n := 0; n <= has; n += 4 * units * units {
		layers = append(layers, layer.Dense{Units: units})
	}
	_, err := on(1).Sequential(layers...)
	if err == nil || !strings.Contains(err.Error(), "the weights") || !strings.Contains(err.Error(), "GiB") {
		t.Errorf("error is %v", err)
	}
	if has < maxMemory-4*units*units && !strings.Contains(err.Error(), "but this process can have") {
		t.Errorf("error is %v", err)
	}

	text := `{"class_name": "Sequential", "module": "keras", "config": {"name": "s", "layers": [{"class_name": "InputLayer", "module": "keras.layers", "config": {"batch_shape": [null, 20000], "dtype": "float32", "name": "i"}}`
	for i := range len(layers) - 1 {
		text += fmt.Sprintf(`, {"class_name": "Dense", "module": "keras.layers", "config": {"name": "d%d", "units": 20000}}`, i)
	}
	if _, jsonErr := on(1).FromJSON([]byte(text + "]}}")); jsonErr == nil || !strings.Contains(jsonErr.Error(), "the weights") || !strings.Contains(jsonErr.Error(), "GiB") {
		t.Errorf("from JSON: error is %v", jsonErr)
	}
}

// TestStateChecksMemory: the state of an optimizer counts as well.
func TestStateChecksMemory(t *testing.T) {
	has := offheap.Available()
	if has == 0 || has > maxMemory/2 {
		t.Skip("this system does not say how much memory there is, or has more than a network may need")
	}
	m := must(on(1).Sequential(layer.Input{Shape: []int{1}}, layer.Dense{Units: 1}))
	store := graph.NewStore()
	for i := range 3 {
		if _, err := store.Declare(graph.Variable{Path: fmt.Sprintf("optimizer/%d", i), Type: op.Type{DType: tensor.Float32, Shape: tensor.Shape{has / 10, 1}}}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := m.programs(nil, store); err == nil || !strings.Contains(err.Error(), "but this process can have") {
		t.Errorf("error is %v", err)
	}
}

// claimer is a dataset of large examples that counts the batches it makes.
type claimer struct {
	*data.Arrays
	size, made int
}

func (c *claimer) Spec() (x, y tensor.Shape) {
	return tensor.Shape{tensor.Unknown, c.size, c.size, 3}, tensor.Shape{tensor.Unknown, 1024}
}

func (c *claimer) Batches(context.Context, int, int) iter.Seq2[data.Batch, error] {
	return func(yield func(data.Batch, error) bool) {
		c.made++
		yield(data.Batch{}, errors.New("a batch was made"))
	}
}

// TestMemoryIsCheckedBeforeData: a network that needs more memory than the process can have is refused before its inputs are made, which are large, too.
func TestMemoryIsCheckedBeforeData(t *testing.T) {
	if has := offheap.Available(); has == 0 || has > 256<<30 {
		t.Skip("this system does not say how much memory there is, or has more than the network needs")
	}
	const size = 1 << 13 // the result of the convolution takes 256 GiB for an image
	network := func(first ...layer.Layer) *Model {
		layers := append([]layer.Layer{layer.Input{Shape: []int{size, size, 3}}}, first...)
		m := must(Sequential(append(layers, layer.Conv2D{Filters: 1024, Kernel: layer.Size{1, 1}, Activation: layer.Sigmoid}, layer.GlobalAveragePool2D{})...))
		if err := m.Compile(CompileOptions{Loss: loss.MeanSquaredError{}}); err != nil {
			t.Fatal(err)
		}
		return m
	}
	m, early := network(), network(layer.RandomFlip{})
	m.Preprocessing = Preprocessing{preprocess.Resize{Height: size, Width: size}}
	x := &claimer{Arrays: must(data.Tensors(tensor.New(tensor.Float32, 2, 1), tensor.New(tensor.Float32, 2, 1), data.TensorOptions{})), size: size}
	ctx := context.Background()
	for name, run := range map[string]func() error{
		"Predict":       func() error { _, err := m.Predict(ctx, x, PredictOptions{}); return err },
		"Evaluate":      func() error { _, err := m.Evaluate(ctx, x, EvaluateOptions{}); return err },
		"Fit":           func() error { _, err := m.Fit(ctx, x, FitOptions{}); return err },
		"Fit, random":   func() error { _, err := early.Fit(ctx, x, FitOptions{}); return err },
		"ClassifyImage": func() error { _, err := m.ClassifyImage(ctx, []byte("not an image")); return err },
		"Memory.Check":  func() error { return must(m.TrainingMemory(1)).Check() },
	} {
		if err := run(); err == nil || !strings.Contains(err.Error(), "of memory, but this process can have") {
			t.Errorf("%s: error is %v", name, err)
		}
	}
	if x.made > 0 {
		t.Errorf("made %d batches", x.made)
	}
}
