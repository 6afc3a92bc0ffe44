package lince

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/data/augment"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/metric"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/tensor"
)

// head makes layers after a frozen body whose result is x.
type head func(x *Symbol) *Symbol

var heads = map[string]head{
	"dropout": func(x *Symbol) *Symbol {
		return x.Then(layer.GlobalAveragePool2D{}, layer.Dropout{Rate: .3}, layer.Dense{Units: 2, Activation: layer.Softmax})
	},
	"dense": func(x *Symbol) *Symbol { // its gradient needs the transposed features
		return x.Then(layer.Flatten{}, layer.Dense{Units: 2, Activation: layer.Softmax})
	},
	"convolution": func(x *Symbol) *Symbol {
		return x.Then(layer.Conv2D{Filters: 4, Kernel: layer.Size{3, 3}}, layer.BatchNormalization{}, layer.ReLU, layer.GlobalMaxPool2D{}, layer.Dense{Units: 2, Activation: layer.Softmax})
	},
	"two branches": func(x *Symbol) *Symbol {
		return Apply(layer.Concatenate{}, x.Then(layer.GlobalAveragePool2D{}), x.Then(layer.GlobalMaxPool2D{})).Then(layer.Dense{Units: 2, Activation: layer.Softmax})
	},
}

// frozenModel has a frozen body: a nested model with batch normalization.
func frozenModel(t testing.TB, o Options, top head) *Model {
	t.Helper()
	body := must(o.Sequential(
		layer.Input{Shape: []int{12, 10, 3}}, layer.Rescaling{Scale: []float64{1. / 128}, Offset: []float64{-1}},
		layer.Conv2D{Filters: 6, Kernel: layer.Size{3, 3}, NoBias: true}, layer.BatchNormalization{}, layer.ReLU,
		layer.DepthwiseConv2D{Kernel: layer.Size{3, 3}, Strides: layer.Size{2, 2}, Padding: layer.Same}, layer.BatchNormalization{}, layer.ReLU,
	))
	body.SetTrainable(false)
	in := Input(layer.Input{Shape: []int{12, 10, 3}})
	m := must(o.Functional(in, top(Apply(body, in))))
	compileFrozen(t, m)
	return m
}

func compileFrozen(t testing.TB, m *Model) {
	t.Helper()
	c := CompileOptions{Optimizer: optimizer.Adam{LearningRate: .01}, Loss: loss.SparseCategoricalCrossentropy{}, Metrics: []metric.Metric{metric.Accuracy{}}}
	if err := m.Compile(c); err != nil {
		t.Fatal(err)
	}
}

// TestCacheFeaturesBits holds that kept features give the same weights and logs as features that are computed in each step.
func TestCacheFeaturesBits(t *testing.T) {
	for name, top := range heads {
		for kind, o := range map[string]FitOptions{
			"epochs": {Epochs: 3}, "steps": {Epochs: 4, StepsPerEpoch: 3}, "validation": {Epochs: 2, Validation: colorful(7)},
			"class weights": {Epochs: 2, ClassWeight: map[int]float64{0: 2}},
		} {
			var files [][]byte
			var histories []*History
			for _, kept := range []int{0, 1, 3} {
				m := frozenModel(t, Options{Seed: 3, Threads: 2}, top)
				o.CacheFeatures = kept
				histories = append(histories, fit(t, m, colorful(17), o))
				files = append(files, bytesOf(t, m))
			}
			for i := range files[1:] {
				if !bytes.Equal(files[0], files[i+1]) {
					t.Errorf("%s, %s: kept features give another file", name, kind)
				}
				for j, s := range histories[0].Series {
					if got := histories[i+1].Series[j]; got.Name != s.Name || !slices.Equal(got.Values, s.Values) {
						t.Errorf("%s, %s: %s is %v with kept features, want %v", name, kind, s.Name, got.Values, s.Values)
					}
				}
			}
		}
	}
}

// TestCacheFeaturesRunsBodyOnce holds that the body does not run in the steps, and that the whole model is used afterwards.
func TestCacheFeaturesRunsBodyOnce(t *testing.T) {
	m := frozenModel(t, on(1), heads["dropout"])
	b := must(m.featuresOf(m.compiled.graphs[0], colorful(7), "training", 1))
	defer b.close()
	for _, v := range b.reads {
		if strings.HasPrefix(v.Path, "dense") {
			t.Errorf("the features depend on %s", v.Path)
		}
	}
	// Dropout takes the means over the image, and the means divided by the fraction that it keeps.
	if len(b.reads) != 11 || !slices.Equal(b.sizes, []int{4 * 6, 4 * 6}) {
		t.Errorf("the features depend on %d variables and have %v bytes, want 11 and [24 24]", len(b.reads), b.sizes)
	}
	fit(t, m, colorful(17), FitOptions{Epochs: 2, CacheFeatures: 1})
	if m.compiled.features != nil {
		t.Error("the features are kept after Fit")
	}
	before := must(m.Evaluate(context.Background(), colorful(7), EvaluateOptions{Verbose: Silent}))
	body := m.layers[1].Model()
	weights := body.Weights()
	for _, w := range weights {
		clear(w.Raw())
	}
	if err := body.SetWeights(weights); err != nil {
		t.Fatal(err)
	}
	after := must(m.Evaluate(context.Background(), colorful(7), EvaluateOptions{Verbose: Silent}))
	was, _ := before.Get("loss")
	if is, _ := after.Get("loss"); is == was {
		t.Error("Evaluate does not run the body")
	}
}

// replayed is a dataset whose images are those of the first epochs.
type replayed struct {
	*data.Flow
	variants int
}

func (d replayed) Batches(ctx context.Context, epoch, step int) iter.Seq2[data.Batch, error] {
	return func(yield func(data.Batch, error) bool) {
		images := map[int]*tensor.Tensor{}
		for b, err := range d.Flow.Batches(ctx, epoch%d.variants, 0) {
			if err != nil {
				yield(b, err)
				return
			}
			for i, row := range b.Index {
				images[row] = b.X.Row(i).Clone()
			}
		}
		for b, err := range d.Targets(ctx, epoch, step) {
			if err != nil {
				yield(b, err)
				return
			}
			shape := images[0].Shape().Clone()
			b.X = tensor.New(tensor.Float32, append(tensor.Shape{len(b.Index)}, shape...)...)
			for i, row := range b.Index {
				copy(b.X.Row(i).Raw(), images[row].Raw())
			}
			if !yield(b, nil) {
				return
			}
		}
	}
}

// TestCacheFeaturesVariants holds that an example has the features of epoch e modulo CacheFeatures.
func TestCacheFeaturesVariants(t *testing.T) {
	flow := func() *data.Flow {
		y := tensor.New(tensor.Int32, 17)
		for i := range 17 {
			tensor.Values[int32](y)[i] = int32(i % 2)
		}
		return must(data.ImageTensors(graphtest.Formula(1, 0, 255, 17, 12, 10, 3), y, data.ImageTensorOptions{
			BatchSize: 5, Seed: 4, Augment: augment.Generator{HorizontalFlip: true, RotationRange: 20},
		}))
	}
	for _, k := range []int{1, 2} {
		o := FitOptions{Epochs: 5, CacheFeatures: k, Validation: colorful(6)}
		m := frozenModel(t, Options{Seed: 3, Threads: 2}, heads["dropout"])
		fit(t, m, flow(), o)
		want := frozenModel(t, Options{Seed: 3, Threads: 2}, heads["dropout"])
		o.CacheFeatures = 0
		fit(t, want, replayed{flow(), k}, o)
		if !bytes.Equal(bytesOf(t, m), bytesOf(t, want)) {
			t.Errorf("%d variants: the weights are not those of training on the images of the first %d epochs", k, k)
		}
	}
}

// TestCacheFeaturesResume resumes from checkpoints that were made in the middle of epochs.
func TestCacheFeaturesResume(t *testing.T) {
	o := FitOptions{Epochs: 3, CacheFeatures: 2, Validation: colorful(7)}
	m := frozenModel(t, on(3), heads["dropout"])
	dir := t.TempDir()
	var paths []string
	o.Callbacks = []callback.Callback{callback.Func(func(run callback.Run) (callback.Hooks, error) {
		return callback.Hooks{Checkpoint: func(callback.Moment) error {
			path := filepath.Join(dir, string(rune('a'+len(paths)))+".keras")
			paths = append(paths, path)
			return run.Checkpoint(path)
		}}, nil
	})}
	fit(t, m, colorful(17), o)
	want := bytesOf(t, m)
	if len(paths) < 12 {
		t.Fatalf("%d checkpoints", len(paths))
	}
	o.Callbacks = []callback.Callback{callback.Func(func(callback.Run) (callback.Hooks, error) { return callback.Hooks{}, nil })}
	for i, path := range paths {
		again, state, err := on(3).OpenCheckpoint(path)
		if err != nil {
			t.Fatal(err)
		}
		o.Resume = state
		if i%2 == 1 { // a run may be resumed without kept features, if there is no augmentation
			o.CacheFeatures = 0
		}
		fit(t, again, colorful(17), o)
		if !bytes.Equal(bytesOf(t, again), want) {
			t.Errorf("resumed from %s: another file", path)
		}
	}
}

// TestCacheFeaturesMistakes lists what Fit refuses.
func TestCacheFeaturesMistakes(t *testing.T) {
	unfrozen := frozenModel(t, on(1), heads["dropout"])
	unfrozen.layers[1].SetTrainable(true)
	compileFrozen(t, unfrozen)
	in := Input(layer.Input{Shape: []int{12, 10, 3}})
	body := must(on(1).Sequential(layer.Input{Shape: []int{12, 10, 3}}, layer.Conv2D{Filters: 2, Kernel: layer.Size{3, 3}}))
	body.SetTrainable(false)
	random := must(on(1).Functional(in, in.Then(layer.RandomFlip{}, body, layer.Flatten{}, layer.Dense{Units: 2, Activation: layer.Softmax})))
	compileFrozen(t, random)
	change := callback.Func(func(run callback.Run) (callback.Hooks, error) {
		return callback.Hooks{BatchEnd: func(int, *Logs) error {
			w := run.Weights()
			w[0].Float32s()[0]++
			return run.SetWeights(w)
		}}, nil
	})
	same := callback.Func(func(run callback.Run) (callback.Hooks, error) {
		return callback.Hooks{BatchEnd: func(int, *Logs) error { return run.SetWeights(run.Weights()) }}, nil
	})
	for name, c := range map[string]struct {
		m    *Model
		ds   data.Dataset
		o    FitOptions
		want string
	}{
		"negative":   {frozenModel(t, on(1), heads["dense"]), colorful(6), FitOptions{CacheFeatures: -1}, "CacheFeatures must be at least 0"},
		"dataset":    {frozenModel(t, on(1), heads["dense"]), gaps{colorful(6)}, FitOptions{CacheFeatures: 1}, "needs a data.Indexed"},
		"validation": {frozenModel(t, on(1), heads["dense"]), colorful(6), FitOptions{CacheFeatures: 1, Validation: gaps{colorful(6)}}, "validation data: CacheFeatures needs"},
		"not frozen": {unfrozen, colorful(6), FitOptions{CacheFeatures: 1}, "no value that can be kept"},
		"random":     {random, colorful(6), FitOptions{CacheFeatures: 1}, "no value that can be kept"},
		"changed":    {frozenModel(t, on(1), heads["dense"]), colorful(6), FitOptions{CacheFeatures: 1, Callbacks: []callback.Callback{change}}, "a callback has changed"},
		"not really": {frozenModel(t, on(1), heads["dense"]), colorful(6), FitOptions{CacheFeatures: 1, Callbacks: []callback.Callback{same}}, ""},
	} {
		_, err := c.m.Fit(context.Background(), c.ds, quiet(c.o))
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// TestCacheFeaturesCancelled holds that a cancelled computation of features ends Fit, and shows how far it was.
func TestCacheFeaturesCancelled(t *testing.T) {
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(cause)
	m := frozenModel(t, on(1), heads["dropout"])
	h, err := m.Fit(ctx, colorful(6), quiet(FitOptions{CacheFeatures: 1}))
	if h != nil || !errors.Is(err, cause) || !strings.Contains(err.Error(), "computing training features") {
		t.Errorf("%v, %v", h, err)
	}
	var out strings.Builder
	if _, err := m.Fit(context.Background(), colorful(6), FitOptions{CacheFeatures: 1, Validation: colorful(5), Output: io.MultiWriter(&out), Verbose: Lines}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Computing training features", "Computing validation features", "6/6"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the output has no %q: %s", want, out.String())
		}
	}
}
