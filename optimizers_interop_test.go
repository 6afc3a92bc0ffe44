package lince

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/internal/testenv"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/optimizer/schedule"
	"github.com/lince-ml/lince/tensor"
)

// optimizersOf has each optimizer, and the fields that they share.
func optimizersOf() map[string]optimizer.Optimizer {
	cosine := schedule.CosineDecay{InitialLearningRate: .01, DecaySteps: 20, WarmupTarget: .1, WarmupSteps: 4}
	return map[string]optimizer.Optimizer{
		"sgd":      optimizer.SGD{LearningRate: .1, Momentum: .9, WeightDecay: .01, GlobalClipNorm: 1},
		"rmsprop":  optimizer.RMSprop{Schedule: cosine},
		"adam":     optimizer.Adam{Schedule: cosine, GradientAccumulationSteps: 4},
		"adamw":    optimizer.AdamW{LearningRate: .01, WeightDecay: new(.1)},
		"adadelta": optimizer.Adadelta{LearningRate: 1}, "adafactor": optimizer.Adafactor{LearningRate: .1}, "adagrad": optimizer.Adagrad{LearningRate: .1},
		"adamax": optimizer.Adamax{LearningRate: .01, LossScaleFactor: 8}, "ftrl": optimizer.Ftrl{LearningRate: .1},
		"lamb": optimizer.Lamb{LearningRate: .01}, "lion": optimizer.Lion{LearningRate: .001},
		"muon": optimizer.Muon{LearningRate: .01}, "nadam": optimizer.Nadam{LearningRate: .01},
		"free":          optimizer.ScheduleFreeAdamW{LearningRate: .01, WarmupSteps: 3},
		"scaled":        optimizer.LossScaleOptimizer{Inner: optimizer.Adam{LearningRate: .01}, DynamicGrowthSteps: 4},
		"scaled cosine": optimizer.LossScaleOptimizer{Inner: optimizer.SGD{Schedule: cosine, Momentum: .9}},
		"ema":           optimizer.SGD{LearningRate: .1, UseEMA: true, EMAMomentum: new(.7)},
		"overwritten":   optimizer.AdamW{LearningRate: .01, UseEMA: true, EMAMomentum: new(.7), EMAOverwriteFrequency: 2, GradientAccumulationSteps: 2},
	}
}

// classifier returns a compiled network, and data for it.
func classifier(t *testing.T, o optimizer.Optimizer) (m *Model, x, y *tensor.Tensor) {
	t.Helper()
	m = must(on(4).Sequential(layer.Input{Shape: []int{5}}, layer.Dense{Units: 7, Activation: layer.Tanh}, layer.Dense{Units: 3, Activation: layer.Softmax}))
	if err := m.Compile(CompileOptions{Optimizer: o, Loss: loss.CategoricalCrossentropy{}}); err != nil {
		t.Fatal(err)
	}
	y = tensor.New(tensor.Float32, 12, 3)
	for i := range 12 {
		y.Float32s()[3*i+i%3] = 1
	}
	return m, graphtest.Formula(1, -1, 1, 12, 5), y
}

// steps trains n steps with one batch. Unlike Fit, it does not set the weights to their averages at the end.
func steps(t *testing.T, m *Model, n int, x, y *tensor.Tensor) {
	t.Helper()
	ones := tensor.New(tensor.Float32, x.Shape()[0])
	for i := range ones.Float32s() {
		ones.Float32s()[i] = 1
	}
	for range n {
		if err := m.step(m.compiled.train, []*tensor.Tensor{x, y, ones}, m.compiled.newMeasured()); err != nil {
			t.Fatal(err)
		}
		m.compiled.started = true
	}
}

// Keras continues the training of a file of lince with each optimizer, and lince that of a file of Keras. Fit in Keras
// and in lince ends with the same weights, which are the averages if the optimizer keeps them.
func TestKerasContinuesOptimizers(t *testing.T) {
	dir := t.TempDir()
	models := map[string]*Model{}
	for name, o := range optimizersOf() {
		m, x, y := classifier(t, o)
		steps(t, m, 3, x, y)
		for _, err := range []error{
			os.WriteFile(filepath.Join(dir, "x"), x.Raw(), 0o666),
			os.WriteFile(filepath.Join(dir, "y"), y.Raw(), 0o666),
			m.Save(filepath.Join(dir, name+".keras")),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		models[name] = m
	}
	testenv.Python(t, "interop.py", "optimizers", dir)
	for name, m := range models {
		t.Run(name, func(t *testing.T) {
			_, x, y := classifier(t, optimizer.SGD{})
			const tolerance = 1e-5
			steps(t, m, 2, x, y)
			compare(t, "weights after two steps", allWeights(m), readFloats(t, dir, name+".first"), tolerance)
			back := must(Open(filepath.Join(dir, name+".again.keras")))
			compare(t, "weights that came back", allWeights(back), readFloats(t, dir, name+".first"), 0)
			steps(t, m, 2, x, y)
			steps(t, back, 2, x, y)
			compare(t, "weights after two more steps", allWeights(back), readFloats(t, dir, name+".second"), tolerance)
			compare(t, "weights without the file", allWeights(m), readFloats(t, dir, name+".second"), 2*tolerance)
			fitted := must(Open(filepath.Join(dir, name+".keras")))
			fit(t, fitted, must(data.Tensors(x, y, data.TensorOptions{BatchSize: 5, NoShuffle: true})), FitOptions{Epochs: 2})
			compare(t, "weights after Fit", allWeights(fitted), readFloats(t, dir, name+".fitted"), 2*tolerance)
		})
	}
}
