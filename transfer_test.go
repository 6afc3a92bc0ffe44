package lince

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/tensor"
)

// transferBody is a body without classifier.
func transferBody() *Model {
	return must(on(2).Sequential(
		layer.Input{Shape: []int{8, 8, 3}}, layer.Conv2D{Filters: 3, Kernel: layer.Size{3, 3}}, layer.BatchNormalization{}, layer.ReLU,
		layer.Conv2D{Filters: 5, Kernel: layer.Size{3, 3}}, layer.BatchNormalization{}, layer.ReLU,
	))
}

// classesInside returns the classes of the layers, and of those of nested models.
func (m *Model) classesInside() []string {
	var list []string
	for _, l := range m.layers {
		list = append(list, l.Class())
		if inner := l.Model(); inner != nil {
			list = append(list, inner.classesInside()...)
		}
	}
	return list
}

func classNames(m *Model) []string {
	var list []string
	for _, l := range m.Layers() {
		list = append(list, l.Class())
	}
	return list
}

// TestTransfer lists models, and the layers of the models that Transfer makes of them.
func TestTransfer(t *testing.T) {
	x := graphtest.Formula(3, -1, 1, 2, 8, 8, 3)
	for name, c := range map[string]struct {
		m      func() *Model
		layers []string
	}{
		"body": {transferBody, []string{"InputLayer", "Sequential", "GlobalAveragePooling2D", "Dropout", "Dense"}},
		"pooled body": {func() *Model {
			return must(on(1).Sequential(layer.Input{Shape: []int{8, 8, 3}}, layer.Conv2D{Filters: 3, Kernel: layer.Size{3, 3}}, layer.GlobalMaxPool2D{}))
		}, []string{"InputLayer", "Sequential", "Dropout", "Dense"}},
		"nested body": {func() *Model {
			in := Input(layer.Input{Shape: []int{8, 8, 3}})
			return must(on(1).Functional(in, in.Then(transferBody(), layer.GlobalAveragePool2D{}, layer.Dropout{Rate: .5}, layer.Dense{Units: 7}, layer.Activate{Activation: layer.Softmax})))
		}, []string{"InputLayer", "Sequential", "GlobalAveragePooling2D", "Dropout", "Dense"}},
		"flat classifier": {func() *Model {
			return must(Options{Seed: 1, Name: "flat", backend: on(1).backend}.Sequential(layer.Input{Shape: []int{8, 8, 3}}, layer.Conv2D{Filters: 3, Kernel: layer.Size{3, 3}}, layer.Flatten{}, layer.Dense{Units: 6, Activation: layer.ReLU}, layer.Dropout{Rate: .1}, layer.Dense{Units: 7, Activation: layer.Softmax}))
		}, []string{"InputLayer", "Functional", "Dropout", "Dense"}},
		"convolution as classifier": {func() *Model {
			return must(on(1).Sequential(layer.Input{Shape: []int{8, 8, 3}}, layer.Conv2D{Filters: 3, Kernel: layer.Size{3, 3}}, layer.GlobalAveragePool2D{KeepDims: true}, layer.Dropout{Rate: .1},
				layer.Conv2D{Filters: 7, Kernel: layer.Size{1, 1}}, layer.Flatten{}, layer.Activate{Activation: layer.Softmax}))
		}, []string{"InputLayer", "Functional", "GlobalAveragePooling2D", "Dropout", "Dense"}},
		"classifier inside": {func() *Model {
			top := must(on(4).Sequential(layer.Input{Shape: []int{5}}, layer.Dense{Units: 4, Activation: layer.ReLU}, layer.Dense{Units: 3, Activation: layer.Softmax}))
			return must(on(1).Sequential(transferBody(), layer.GlobalAveragePool2D{}, top))
		}, []string{"InputLayer", "Functional", "Dropout", "Dense"}},
		"noise inside": {func() *Model {
			noisy := must(on(2).Sequential(layer.Input{Shape: []int{8, 8, 3}}, layer.Dropout{Rate: .1}, layer.Conv2D{Filters: 3, Kernel: layer.Size{3, 3}}, layer.GaussianNoise{Stddev: 1}, layer.ReLU))
			in := Input(layer.Input{Shape: []int{8, 8, 3}})
			x := in.Then(layer.RandomFlip{}, noisy)
			return must(on(1).Functional(in, Apply(layer.Add{}, x, x.Then(layer.Dropout{Rate: .2})).Then(layer.GlobalAveragePool2D{}, layer.Dense{Units: 7})))
		}, []string{"InputLayer", "Functional", "Add", "GlobalAveragePooling2D", "Dropout", "Dense"}},
	} {
		m := c.m()
		m.Preprocessing = Preprocessing{preprocess.Resize{Height: 8, Width: 8}}
		y, err := m.Transfer(TransferOptions{Classes: 2})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := classNames(y); !slices.Equal(got, c.layers) {
			t.Errorf("%s: the layers are %q, want %q", name, got, c.layers)
		}
		if len(y.Preprocessing) != 1 || y.Classes != nil {
			t.Errorf("%s: preprocessing %v, classes %q", name, y.Preprocessing, y.Classes)
		}
		for _, v := range y.Variables() {
			if head := v.layer == y.layers[len(y.layers)-1]; v.layer.frozen == head {
				t.Errorf("%s: %s is frozen: %v", name, v.Path(), v.layer.frozen)
			}
		}
		if out := must(y.PredictBatch(x)); !slices.Equal(out.Shape(), tensor.Shape{2, 2}) {
			t.Errorf("%s: the output has shape %v", name, out.Shape())
		}
		if slices.Contains(y.Layers()[1].Model().classesInside(), "Dropout") {
			t.Errorf("%s: there is a Dropout in the body", name)
		}
		// The file has the same model.
		again := must(Read(bytes.NewReader(bytesOf(t, y)), int64(len(bytesOf(t, y)))))
		if got := classNames(again); !slices.Equal(got, c.layers) {
			t.Errorf("%s: the layers in the file are %q", name, got)
		}
	}
}

// TestTransferOptions checks the new layers.
func TestTransferOptions(t *testing.T) {
	y := must(transferBody().Transfer(TransferOptions{Classes: 1, Dropout: new(0.)}))
	if got := classNames(y); !slices.Equal(got, []string{"InputLayer", "Sequential", "GlobalAveragePooling2D", "Dense"}) {
		t.Errorf("the layers are %q", got)
	}
	if err := y.Compile(CompileOptions{Loss: loss.BinaryCrossentropy{}}); err != nil { // it wants probabilities
		t.Error(err)
	}
	logits := must(transferBody().Transfer(TransferOptions{Classes: 3, Activation: layer.Linear}))
	if !logits.GivesLogits() {
		t.Error("the activation is not linear")
	}
	in := Input(layer.Input{Shape: []int{4}})
	two := must(on(1).Functional(in, List(in.Then(layer.Dense{Units: 2}), in.Then(layer.Dense{Units: 3}))))
	scalar := must(on(1).Sequential(layer.Input{Shape: []int{4, 4, 4, 2}}, layer.Rescaling{Scale: []float64{2}}))
	for want, c := range map[string]struct {
		m *Model
		o TransferOptions
	}{
		"Classes must be at least 1": {transferBody(), TransferOptions{}},
		"Dropout must be at least 0": {transferBody(), TransferOptions{Classes: 2, Dropout: new(1.)}},
		"the model has 2 outputs":    {two, TransferOptions{Classes: 2}},
		"the features have shape":    {scalar, TransferOptions{Classes: 2}},
	} {
		if _, err := c.m.Transfer(c.o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestUnfreezeTop checks which layers become trainable.
func TestUnfreezeTop(t *testing.T) {
	for fraction, want := range map[float64][]string{0: nil, .5: {"conv2d_1"}, .6: {"conv2d", "conv2d_1"}, 1: {"conv2d", "conv2d_1"}} {
		y := must(transferBody().Transfer(TransferOptions{Classes: 2}))
		n := y.UnfreezeTop(fraction)
		var got []string
		for _, l := range y.Layer("sequential").Model().Layers() {
			if l.Trainable() && len(l.Variables()) > 0 {
				got = append(got, l.Name())
			}
		}
		if n != len(want) || !slices.Equal(got, want) {
			t.Errorf("%v: %q are trainable, want %q", fraction, got, want)
		}
	}
}

// TestUnfreezeFrom checks which layers become trainable, and the mistakes.
func TestUnfreezeFrom(t *testing.T) {
	for from, want := range map[string][]string{"conv2d": {"conv2d", "conv2d_1"}, "batch_normalization": {"conv2d_1"}, "conv2d_1": {"conv2d_1"}} {
		y := must(transferBody().Transfer(TransferOptions{Classes: 2}))
		n, err := y.UnfreezeFrom(from)
		var got []string
		for _, l := range y.Layer("sequential").Model().Layers() {
			if l.Trainable() && len(l.Variables()) > 0 {
				got = append(got, l.Name())
			}
		}
		if err != nil || n != len(want) || !slices.Equal(got, want) {
			t.Errorf("%s: %v, %q are trainable, want %q", from, err, got, want)
		}
	}
	y := must(transferBody().Transfer(TransferOptions{Classes: 2}))
	for from, want := range map[string]string{
		"conv2_1": `there is no layer "conv2_1"; did you mean conv2d_1?`, "block5": `there is no layer "block5"`, "dense": `no layer from "dense" on is frozen`,
	} {
		if n, err := y.UnfreezeFrom(from); n != 0 || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %d, %v, want %q", from, n, err, want)
		}
	}
	for _, v := range y.Variables() {
		if head := v.layer == y.layers[len(y.layers)-1]; v.layer.frozen == head {
			t.Errorf("%s is frozen: %v", v.Path(), v.layer.frozen)
		}
	}
}
