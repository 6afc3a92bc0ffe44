package lince

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/format/onnx"
	"github.com/lince-ml/lince/format/onnx/onnxpb"
	"github.com/lince-ml/lince/internal/onnxcheck"
	"github.com/lince-ml/lince/internal/onnxgraph"
	"github.com/lince-ml/lince/internal/pyrun"
	"github.com/lince-ml/lince/internal/tutorial"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// onnxNetworks are exported to testdata/onnx.
var onnxNetworks = map[string]struct {
	build   func(t *testing.T) *Model
	options ExportOptions
}{
	"tutorial": {func(t *testing.T) *Model {
		m, err := Sequential(tutorial.Layers(tutorial.Side, tutorial.Side, 2)...)
		if err != nil {
			t.Fatal(err)
		}
		m.Classes = []string{"cat", "dog"}
		m.Preprocessing = Preprocessing{preprocess.Resize{Height: tutorial.Side, Width: tutorial.Side}, preprocess.Rescale{Scale: 1. / 255}}
		return m
	}, ExportOptions{}},
	"mobile":                {exportedMobile, ExportOptions{}},
	"mobile_channels_first": {exportedMobile, ExportOptions{ChannelsFirst: true}},
	"transformer":           {exportedTransformer, ExportOptions{}},
	"transformer_opset21":   {exportedTransformer, ExportOptions{Opset: 21}},
	"groups":                {exportedGroups, ExportOptions{}},
	"signals":               {exportedSignals, ExportOptions{}},
	"unet":                  {exportedUNet, ExportOptions{}},
}

// exportedMobile has the blocks of MobileNetV2 and V3: expansion, depthwise convolution with explicit padding, squeeze-and-excite, and a
// residual.
func exportedMobile(t *testing.T) *Model {
	in := Input(layer.Input{Shape: []int{32, 32, 3}, Name: "image"})
	bn := layer.BatchNormalization{}
	x := in.Then(layer.Rescaling{Scale: layer.Numbers{1. / 127.5}, Offset: layer.Numbers{-1}}, layer.Conv2D{Filters: 8, Kernel: layer.Size{3, 3}, Strides: layer.Size{2, 2}, Padding: layer.Same, NoBias: true}, bn, layer.ReLU6)
	y := x.Then(
		layer.Conv2D{Filters: 16, Kernel: layer.Size{1, 1}, NoBias: true}, bn, layer.HardSiLU,
		layer.DepthwiseConv2D{Kernel: layer.Size{3, 3}, Padding: layer.Same, NoBias: true}, bn, layer.HardSiLU,
	)
	s := y.Then(layer.GlobalAveragePool2D{KeepDims: true}, layer.Conv2D{Filters: 4, Kernel: layer.Size{1, 1}, Activation: layer.ReLU}, layer.Conv2D{Filters: 16, Kernel: layer.Size{1, 1}, Activation: layer.HardSigmoid})
	y = Apply(layer.Multiply{}, y, s).Then(layer.Conv2D{Filters: 8, Kernel: layer.Size{1, 1}, NoBias: true}, bn)
	x = Apply(layer.Add{}, x, y)
	x = x.Then(
		layer.ZeroPadding2D{Padding: &layer.Pads{{0, 1}, {0, 1}}}, layer.DepthwiseConv2D{Kernel: layer.Size{3, 3}, Strides: layer.Size{2, 2}, NoBias: true}, bn, layer.ReLU6,
		layer.GlobalAveragePool2D{}, layer.Dropout{Rate: .2}, layer.Dense{Units: 4, Activation: layer.Softmax, Name: "predictions"},
	)
	return functionalOf(t, in, x)
}

// exportedTransformer has a block of a vision transformer.
func exportedTransformer(t *testing.T) *Model {
	in := Input(layer.Input{Shape: []int{32, 32, 3}, Name: "image"})
	x := in.Then(layer.Conv2D{Filters: 24, Kernel: layer.Size{8, 8}, Strides: layer.Size{8, 8}, Name: "patches"}, layer.Reshape{Shape: []int{16, 24}})
	y := x.Then(layer.LayerNormalization{})
	x = Apply(layer.Add{}, x, Apply(layer.MultiHeadAttention{NumHeads: 3, KeyDim: 8}, y, y))
	x = Apply(layer.Add{}, x, x.Then(layer.LayerNormalization{}, layer.Dense{Units: 96, Activation: layer.GELU}, layer.Dense{Units: 24}))
	return functionalOf(t, in, x.Then(layer.LayerNormalization{}, layer.GlobalAveragePool1D{}, layer.Dense{Units: 3}))
}

// exportedUNet has a skip connection, a pool, a transposed convolution and images of any size.
func exportedUNet(t *testing.T) *Model {
	in := Input(layer.Input{Shape: []int{tensor.Unknown, tensor.Unknown, 3}, Name: "image"})
	a := in.Then(layer.Conv2D{Filters: 8, Kernel: layer.Size{3, 3}, Padding: layer.Same, NoBias: true}, layer.BatchNormalization{}, layer.SiLU)
	b := a.Then(layer.MaxPool2D{}, layer.Conv2D{Filters: 16, Kernel: layer.Size{3, 3}, Padding: layer.Same, Activation: layer.ReLU})
	up := b.Then(layer.Conv2DTranspose{Filters: 8, Kernel: layer.Size{2, 2}, Strides: layer.Size{2, 2}, Padding: layer.Same})
	other := b.Then(layer.UpSampling2D{Interpolation: "bilinear"})
	x := Apply(layer.Concatenate{}, up, other, a)
	return functionalOf(t, in, x.Then(layer.Conv2D{Filters: 1, Kernel: layer.Size{1, 1}, Activation: layer.Sigmoid, Name: "mask"}))
}

// exportedGroups has a convolution in groups and GroupNormalization.
func exportedGroups(t *testing.T) *Model {
	in := Input(layer.Input{Shape: []int{16, 16, 4}, Name: "image"})
	x := in.Then(layer.Conv2D{Filters: 8, Kernel: layer.Size{3, 3}, Groups: 2, Padding: layer.Same}, layer.GroupNormalization{Groups: 4}, layer.Mish, layer.Flatten{})
	return functionalOf(t, in, x.Then(layer.Dense{Units: 3, Activation: layer.LogSoftmax}))
}

// exportedSignals has the layers for sequences.
func exportedSignals(t *testing.T) *Model {
	in := Input(layer.Input{Shape: []int{64, 2}, Name: "signal"})
	x := in.Then(
		layer.Conv1D{Filters: 8, Kernel: 5, Padding: layer.Causal, Dilation: 2, NoBias: true}, layer.BatchNormalization{}, layer.ELU, layer.MaxPool1D{},
		layer.SeparableConv1D{Filters: 12, Kernel: 3, Padding: layer.Same, Activation: layer.SiLU},
		layer.Conv1D{Filters: 12, Kernel: 3, Strides: 2, Activation: layer.GELU}, layer.GlobalAveragePool1D{},
	)
	return functionalOf(t, in, x.Then(layer.Dense{Units: 1, Activation: layer.Sigmoid}))
}

func functionalOf(t *testing.T, in, out *Symbol) *Model {
	t.Helper()
	m, err := Functional(in, out)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestONNXText compares the exported networks with testdata/onnx, whose differences show what a change does. Run the test with -update to
// rewrite the files.
func TestONNXText(t *testing.T) {
	for name, c := range onnxNetworks {
		model, err := c.build(t).onnx(c.options)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := onnxgraph.Text(model)
		path := filepath.Join("testdata", "onnx", name+".txt")
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s is not %s; run the test with -update if the change is right. Got:\n%s", name, path, got)
		}
	}
}

// TestONNXBytes checks that equal models give equal files.
func TestONNXBytes(t *testing.T) {
	for name, c := range onnxNetworks {
		var files [2][]byte
		for i := range files {
			path := filepath.Join(t.TempDir(), "model.onnx")
			if err := c.build(t).Export(path, c.options); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			var err error
			if files[i], err = os.ReadFile(path); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(files[0], files[1]) {
			t.Errorf("%s: the files of two equal models differ", name)
		}
	}
}

// TestExportMistakes checks the errors of Export.
func TestExportMistakes(t *testing.T) {
	m := exportedMobile(t)
	dir := t.TempDir()
	for want, c := range map[string]struct {
		path string
		o    ExportOptions
	}{
		`unknown format "h5"`:              {"a.h5", ExportOptions{}},
		`unknown format ""`:                {"a", ExportOptions{}},
		"opset is 9, want one of [17 21]":  {"a.onnx", ExportOptions{Opset: 9}},
		"opset is 18, want one of [17 21]": {"a", ExportOptions{Format: "onnx", Opset: 18}},
		"the model has no preprocessing":   {"a.onnx", ExportOptions{Preprocessing: true}},
	} {
		if err := m.Export(filepath.Join(dir, c.path), c.o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want one with %q", err, want)
		}
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) > 0 {
		t.Errorf("there are %d files, %v", len(list), err)
	}
	if err := new(Model).Export("a.onnx", ExportOptions{}); err == nil || !strings.Contains(err.Error(), "no layers") {
		t.Errorf("error is %v", err)
	}
}

// TestONNXExternal checks the form of models whose weights are too large for one file.
func TestONNXExternal(t *testing.T) {
	m := exportedTransformer(t)
	whole, path := filepath.Join(t.TempDir(), "model.onnx"), filepath.Join(t.TempDir(), "model.onnx")
	if err := m.Export(whole, ExportOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(whole + ".data"); err == nil {
		t.Error("a small model has a second file")
	}
	if err := m.exportONNXUpTo(1000, path, ExportOptions{}); err != nil {
		t.Fatal(err)
	}
	read := func(path string) *onnx.Model {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		model, err := onnx.Read(bytes.NewReader(b), int64(len(b)), func(name string) (io.ReaderAt, int64, error) {
			b, err := os.ReadFile(filepath.Join(filepath.Dir(path), name))
			return bytes.NewReader(b), int64(len(b)), err
		})
		if err != nil {
			t.Fatal(err)
		}
		return model
	}
	a, b := read(whole), read(path)
	external := 0
	for i, w := range a.Graph.Initializer {
		if b.Graph.Initializer[i].GetDataLocation() == onnxpb.TensorProto_EXTERNAL {
			external++
		}
		want, err := a.Tensor(w)
		if err != nil {
			t.Fatal(err)
		}
		got, err := b.Tensor(b.Graph.Initializer[i])
		if err != nil {
			t.Fatal(err)
		}
		if w.GetName() != b.Graph.Initializer[i].GetName() || !bytes.Equal(got.Raw(), want.Raw()) {
			t.Errorf("weight %s differs", w.GetName())
		}
	}
	if external < 2 || external == len(a.Graph.Initializer) {
		t.Errorf("%d weights are in the second file, want the large ones", external)
	}
	python := os.Getenv("LINCE_PYTHON")
	if python == "" {
		t.Skip("the comparison with ONNX Runtime needs LINCE_PYTHON")
	}
	x := tensor.New(tensor.Float32, 2, 32, 32, 3)
	for i := range x.Float32s() {
		x.Float32s()[i] = float32(i * 7919 % 256)
	}
	results, err := onnxcheck.Run(context.Background(), python, []pyrun.Job{{Path: whole, Inputs: []*tensor.Tensor{x}}, {Path: path, Inputs: []*tensor.Tensor{x}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if r.Err != nil {
			t.Fatal(r.Err)
		}
	}
	if !bytes.Equal(results[0].Outputs[0].Raw(), results[1].Outputs[0].Raw()) {
		t.Error("the two forms predict differently")
	}
}

// TestONNXGraphModel exports a model that was made from a graph. Its file equals that of the model from which the graph is, but for the
// names of outputs, which are the graph's.
func TestONNXGraphModel(t *testing.T) {
	for name, c := range onnxNetworks {
		from := c.build(t)
		m, err := FromGraph(from.predict.graph, from.store)
		if err != nil {
			t.Fatal(err)
		}
		m.Classes, m.Preprocessing = from.Classes, from.Preprocessing
		var texts [2]string
		for i, m := range []*Model{from, m} {
			model, err := m.onnx(c.options)
			if err != nil {
				t.Fatal(err)
			}
			texts[i] = onnxgraph.Text(model)
			last := model.Graph.Node[len(model.Graph.Node)-1]
			texts[i] = strings.ReplaceAll(texts[i], "\n"+last.Output[0]+" =", "\noutput =")
			texts[i] = strings.ReplaceAll(texts[i], "output "+last.Output[0]+" ", "output output ")
			texts[i] = strings.ReplaceAll(texts[i], last.Output[0]+"_dim_", "output_dim_")
		}
		if diff := cmp.Diff(texts[0], texts[1]); diff != "" {
			t.Errorf("%s: want -, got +:\n%s", name, diff)
		}
	}
}
