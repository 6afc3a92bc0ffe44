package lince_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/internal/tflitecheck"
	"github.com/lince-ml/lince/tensor"
)

// tfliteApplications are the models of keras.applications that are tried in TensorFlow Lite, both ways.
var tfliteApplications = []string{"MobileNetV2", "EfficientNetB0", "ResNet50", "DenseNet121", "MobileNetV3Small", "ConvNeXtTiny", "VGG16"}

// TestApplicationsTFLite opens the models of keras.applications that internal/golden/applications.py wrote to the folder that
// LINCE_APPLICATIONS names, exports them to TensorFlow Lite, and opens what was written, and what the real converter made of
// them (internal/golden/tflite_models.py FOLDER). All predictions must equal Keras'. With LINCE_PYTHON, so must those of the real
// interpreter for what lince wrote.
func TestApplicationsTFLite(t *testing.T) {
	folder := os.Getenv("LINCE_APPLICATIONS")
	if folder == "" {
		t.Skip("LINCE_APPLICATIONS names no folder made by internal/golden/applications.py")
	}
	var runs []tflitecheck.Run
	for _, name := range tfliteApplications {
		t.Run(name, func(t *testing.T) {
			z := readNPZ(t, filepath.Join(folder, name+".npz"))
			path := filepath.Join(t.TempDir(), name+".tflite")
			m, err := lince.Open(filepath.Join(folder, name+".keras"))
			if err != nil {
				t.Fatal(err)
			}
			if err := m.Export(path, lince.ExportOptions{}); err != nil {
				t.Fatal(err)
			}
			for what, file := range map[string]string{"written": path, "converted": filepath.Join(folder, name+".tflite")} {
				m, err := lince.Open(file)
				if err != nil {
					t.Fatal(what, err)
				}
				y, err := m.PredictBatch(z["x"])
				if err != nil {
					t.Fatal(what, err)
				}
				tflitecheck.Near(t, what, y, z["y"], 1e-5)
			}
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			runs = append(runs, tflitecheck.Run{Name: name, File: b, In: []*tensor.Tensor{z["x"]}, Want: []*tensor.Tensor{z["y"]}, Bound: 1e-5})
		})
	}
	tflitecheck.Interpret(t, runs)
}
