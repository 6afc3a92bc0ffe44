package lince

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lince-ml/lince/data/picture"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/format/tflite"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/internal/tflitecheck"
	"github.com/lince-ml/lince/tensor"
)

// exported returns the bytes that Export writes.
func exported(t *testing.T, m *Model, o ExportOptions) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.tflite")
	if err := m.Export(path, o); err != nil {
		t.Fatal(err)
	}
	return must(os.ReadFile(path))
}

func opened(t *testing.T, b []byte) *Model {
	t.Helper()
	m, err := Read(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestTFLite exports networks, opens the files, and lets the real interpreter run them on batches of two sizes.
func TestTFLite(t *testing.T) {
	var runs []tflitecheck.Run
	for name, c := range onnxNetworks {
		if c.options != (ExportOptions{}) {
			continue
		}
		m := c.build(t)
		m.Classes = nil
		b := exported(t, m, ExportOptions{})
		if !bytes.Equal(b, exported(t, m, ExportOptions{})) {
			t.Errorf("%s: the files of two equal models differ", name)
		}
		back := opened(t, b)
		if !slices.Equal(back.InputNames(), m.InputNames()) || !slices.Equal(back.OutputNames(), m.OutputNames()) {
			t.Errorf("%s: inputs %v and outputs %v", name, back.InputNames(), back.OutputNames())
		}
		// What was folded once stays unchanged: predictions have the same bits after another export.
		again := opened(t, exported(t, back, ExportOptions{}))
		for i, rows := range []int{1, 3} {
			shape := m.InputShape().Clone()
			for d := range shape {
				if shape[d] == tensor.Unknown {
					shape[d] = 20 + 4*d
				}
			}
			shape[0] = rows
			x := graphtest.Formula(i, -1, 1, shape...)
			want := must(m.PredictBatch(x))
			got := must(back.PredictBatch(x))
			tflitecheck.Near(t, name, got, want, 1e-5)
			if !bytes.Equal(got.Raw(), must(again.PredictBatch(x)).Raw()) {
				t.Errorf("%s: other bits after another export", name)
			}
			runs = append(runs, tflitecheck.Run{Name: name + string(rune('a'+i)), File: b, In: []*tensor.Tensor{x}, Want: []*tensor.Tensor{want}, Bound: 1e-5})
		}
	}
	if len(runs) < 8 {
		t.Fatalf("%d runs", len(runs))
	}
	tflitecheck.Interpret(t, runs)
}

// TestTFLiteFolds checks that batch normalization and activations are in the convolutions.
func TestTFLiteFolds(t *testing.T) {
	m := exportedMobile(t)
	m.mu.RLock()
	defer m.mu.RUnlock()
	f := must(m.tflite(ExportOptions{}))
	var names []string
	for _, o := range f.Subgraphs[0].Operators {
		names = append(names, o.Name())
	}
	want := []string{
		"MUL", "ADD", "CONV_2D", // Rescaling; ReLU6
		"CONV_2D", "HARD_SWISH", "DEPTHWISE_CONV_2D", "HARD_SWISH",
		"MEAN", "CONV_2D", "CONV_2D", "DIV", "MUL", "CONV_2D", "ADD", // squeeze-and-excite; the residual
		"PAD", "DEPTHWISE_CONV_2D", "MEAN", "FULLY_CONNECTED", "SOFTMAX",
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

// TestTFLiteMetadata checks classes and preprocessing in the metadata: as lince writes them, and as the Task Library defines them.
func TestTFLiteMetadata(t *testing.T) {
	m := onnxNetworks["tutorial"].build(t)
	m.Preprocessing = append(m.Preprocessing, preprocess.Normalize{Mean: []float64{.5, .4, .3}, Std: []float64{.2}})
	b := exported(t, m, ExportOptions{Doc: "cats and dogs"})
	back := opened(t, b)
	if diff := cmp.Diff(m.Classes, back.Classes) + cmp.Diff(m.Preprocessing, back.Preprocessing); diff != "" || back.Notes() != nil {
		t.Errorf("written -, read +:\n%s\nnotes %q", diff, back.Notes())
	}

	f := must(tflite.Read(bytes.NewReader(b), int64(len(b))))
	if f.Description != "cats and dogs" || f.Info.Name != m.Name() || string(f.Files[0].Data) != "cat\ndog\n" {
		t.Errorf("description %q, name %q, files %q", f.Description, f.Info.Name, f.Files)
	}
	f.Metadata = slices.DeleteFunc(f.Metadata, func(d tflite.Metadata) bool { return d.Name == tfliteExtra })
	others := func() *Model {
		var file bytes.Buffer
		if err := tflite.Write(&file, f); err != nil {
			t.Fatal(err)
		}
		return opened(t, file.Bytes())
	}
	other := others()
	side := m.InputShape()[1]
	steps := Preprocessing{
		preprocess.Resize{Height: side, Width: side, Interpolation: picture.Bilinear},
		preprocess.Normalize{Mean: float64sOf(127.5, 102, 76.5), Std: float64sOf(51, 51, 51)},
	}
	if diff := cmp.Diff([]string{"cat", "dog"}, other.Classes) + cmp.Diff(steps, other.Preprocessing); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}

	f.Files[0].Data = []byte("cat\ncat\n")
	if other = others(); other.Classes != nil || len(other.Notes()) != 1 || !strings.Contains(other.Notes()[0], `two classes have the name "cat"`) {
		t.Errorf("classes %q, notes %q", other.Classes, other.Notes())
	}
	f.Files[0].Data = []byte("cat\n")
	if other = others(); other.Classes != nil || len(other.Notes()) != 1 || !strings.Contains(other.Notes()[0], "has 1 lines") {
		t.Errorf("classes %q, notes %q", other.Classes, other.Notes())
	}
}

// float64sOf returns numbers that were stored as float32.
func float64sOf(list ...float32) []float64 {
	var to []float64
	for _, x := range list {
		to = append(to, float64(x))
	}
	return to
}

func TestTFLiteMistakes(t *testing.T) {
	m := exportedMobile(t)
	if !bytes.Equal(exported(t, m, ExportOptions{Format: "litert"}), exported(t, m, ExportOptions{})) {
		t.Error("Keras' name of the format gives another file")
	}
	for want, o := range map[string]ExportOptions{
		"are for ONNX files": {Opset: 17},
		"leave them out":     {Preprocessing: true},
	} {
		if err := m.Export(filepath.Join(t.TempDir(), "a.tflite"), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	if _, err := Read(strings.NewReader("\x1c\x00\x00\x00TFL3\x14\x00"), 10); err == nil || !strings.Contains(err.Error(), "tflite") {
		t.Errorf("error %v", err)
	}
}
