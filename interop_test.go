package lince

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/internal/testenv"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/metric"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/tensor"
)

func readFloats(t *testing.T, folder, name string) []float32 {
	t.Helper()
	b := must(os.ReadFile(filepath.Join(folder, name)))
	aligned := tensor.Bytes(len(b))
	copy(aligned, b)
	return tensor.View[float32](aligned)
}

func readResult(t *testing.T, folder string, v any) {
	t.Helper()
	if err := json.Unmarshal(must(os.ReadFile(filepath.Join(folder, "result.json"))), v); err != nil {
		t.Fatal(err)
	}
}

func compare(t *testing.T, what string, got, want []float32, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers, want %d", what, len(got), len(want))
	}
	for i := range got {
		if !near(float64(got[i]), float64(want[i]), tolerance) {
			t.Fatalf("%s: number %d is %v, want %v", what, i, got[i], want[i])
		}
	}
}

func allWeights(m *Model) []float32 {
	var all []float32
	for _, w := range m.Weights() {
		all = append(all, w.Float32s()...)
	}
	return all
}

func compareLogs(t *testing.T, what string, got *Logs, want map[string]float64) {
	t.Helper()
	if got.Len() != len(want) {
		t.Errorf("%s: got %v, want %v", what, got.Map(), want)
	}
	for name, w := range want {
		if v, ok := got.Get(name); !ok || !near(v, w, 2e-5) {
			t.Errorf("%s: %s is %v, want %v", what, name, v, w)
		}
	}
}

// train runs two steps with all of the data.
func train(t *testing.T, m *Model, x, y *tensor.Tensor) {
	t.Helper()
	ds := must(data.Tensors(x, y, data.TensorOptions{BatchSize: 12, NoShuffle: true}))
	fit(t, m, ds, FitOptions{Epochs: 2})
}

// mobile has the layers of MobileNet, for images of 6x6.
func mobile() []layer.Layer {
	return []layer.Layer{
		layer.Input{Shape: []int{6, 6, 1}},
		layer.Conv2D{Filters: 4, Kernel: layer.Size{1, 1}, NoBias: true},
		layer.ReLULayer{MaxValue: new(6.)},
		layer.DepthwiseConv2D{Kernel: layer.Size{3, 3}, Strides: layer.Size{2, 2}, Padding: layer.Same, DepthMultiplier: 2, Activation: layer.ReLU6},
		layer.Conv2D{Filters: 4, Kernel: layer.Size{2, 2}, Groups: 2, Padding: layer.Same},
		layer.SeparableConv2D{Filters: 3, Kernel: layer.Size{2, 2}, DepthMultiplier: 2, Activation: layer.Tanh},
		layer.Flatten{},
		layer.Dense{Units: 2, Activation: layer.Softmax},
	}
}

// Real Keras must open what lince saved without a warning, predict the same, and continue training to the same weights.
// lince must open what Keras saves then.
func TestKerasOpens(t *testing.T) {
	optimizers := map[string]optimizer.Optimizer{
		"rmsprop":  optimizer.RMSprop{},
		"centered": optimizer.RMSprop{LearningRate: .01, Momentum: .5, Centered: true},
		"adam":     optimizer.Adam{LearningRate: .01, AMSGrad: true, ClipValue: .5},
		"sgd":      optimizer.SGD{Momentum: .9, Nesterov: true},
		"plain":    optimizer.SGD{WeightDecay: .01},
		"mobile":   optimizer.SGD{Momentum: .9},
	}
	x, y := bars(12)
	models := map[string]*Model{}
	root := t.TempDir()
	var folders []string
	for name, o := range optimizers {
		layers := small()
		layers[4] = layer.Dropout{} // Keras draws other masks
		if name == "mobile" {
			layers = mobile()
		}
		m := must(Options{Seed: 4}.Sequential(layers...))
		err := m.Compile(CompileOptions{
			Optimizer: o, Loss: loss.CategoricalCrossentropy{LabelSmoothing: .05},
			Metrics: []metric.Metric{metric.Accuracy{}, metric.CategoricalAccuracy{Name: "other"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		fit(t, m, must(data.Tensors(x, y, data.TensorOptions{BatchSize: 5})), FitOptions{Epochs: 2})
		m.Classes = []string{"upright", "level"}
		dir := filepath.Join(root, name)
		for _, err := range []error{
			os.Mkdir(dir, 0o777),
			os.WriteFile(filepath.Join(dir, "x"), x.Raw(), 0o666),
			os.WriteFile(filepath.Join(dir, "y"), y.Raw(), 0o666),
			m.Save(filepath.Join(dir, "lince.keras")),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		models[name] = m
		folders = append(folders, dir)
	}
	testenv.Python(t, "interop.py", append([]string{"open"}, folders...)...)
	all := must(data.Tensors(x, y, data.TensorOptions{NoShuffle: true}))
	for name, m := range models {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(root, name)
			var result struct {
				Before, After map[string]float64
				Iterations    int
				JSON          string
				Layers        []string
			}
			readResult(t, dir, &result)
			if result.Iterations != 6 {
				t.Errorf("Keras finds %d steps, want 6", result.Iterations)
			}
			want := []string{"conv2d", "max_pooling2d", "flatten", "dropout", "dense", "dense_1"}
			if name == "mobile" {
				want = []string{"conv2d", "re_lu", "depthwise_conv2d", "conv2d_1", "separable_conv2d", "flatten", "dense"}
			}
			if !slices.Equal(result.Layers, want) {
				t.Errorf("Keras finds layers %v, want %v", result.Layers, want)
			}
			compare(t, "predictions", must(m.PredictBatch(x)).Float32s(), readFloats(t, dir, "predictions"), 1e-5)
			compareLogs(t, "before", must(m.Evaluate(context.Background(), all, EvaluateOptions{Verbose: Silent})), result.Before)
			train(t, m, x, y)
			compare(t, "weights after two steps", allWeights(m), readFloats(t, dir, "weights"), 2e-5)
			compareLogs(t, "after", must(m.Evaluate(context.Background(), all, EvaluateOptions{Verbose: Silent})), result.After)

			back, err := Open(filepath.Join(dir, "keras.keras"))
			if err != nil {
				t.Fatal(err)
			}
			compare(t, "weights that came back", allWeights(back), readFloats(t, dir, "weights"), 0)
			train(t, m, x, y)
			train(t, back, x, y)
			compare(t, "weights after two more steps", allWeights(back), allWeights(m), 5e-5)
			if _, err := FromJSON([]byte(result.JSON)); err != nil {
				t.Errorf("Keras' model.to_json(): %v", err)
			}
		})
	}
}

// lince must open what real Keras saved, predict the same, and continue training to the same weights.
func TestOpensKeras(t *testing.T) {
	dir := t.TempDir()
	testenv.Python(t, "interop.py", "make", dir)
	var result map[string]map[string]float64
	readResult(t, dir, &result)
	if len(result) != 6 {
		t.Fatalf("Keras made %d models, want 6", len(result))
	}
	x := tensor.Of(readFloats(t, dir, "x"), 12, 6, 6, 1)
	onehot := tensor.Of(readFloats(t, dir, "onehot"), 12, 2)
	number := tensor.Of(readFloats(t, dir, "number"), 12)
	for name, logs := range result {
		t.Run(name, func(t *testing.T) {
			m, err := Open(filepath.Join(dir, name+".keras"))
			if err != nil {
				t.Fatal(err)
			}
			y := onehot
			if name == "adam" || name == "sgd" {
				y = number
			}
			compare(t, "predictions", must(m.PredictBatch(x)).Float32s(), readFloats(t, dir, name+".predictions"), 1e-5)
			all := must(data.Tensors(x, y, data.TensorOptions{NoShuffle: true}))
			compareLogs(t, "metrics", must(m.Evaluate(context.Background(), all, EvaluateOptions{Verbose: Silent})), logs)
			train(t, m, x, y)
			compare(t, "weights after two steps", allWeights(m), readFloats(t, dir, name+".weights"), 5e-5)
		})
	}
}
