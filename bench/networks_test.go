package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/lince-ml/lince"
)

// TestApplications checks that the networks have as many parameters as those of keras.applications, and
// twice as many operations as their papers have multiply-adds. If LINCE_APPLICATIONS names a folder
// written by internal/golden/applications.py, it also compares their JSON with that of Keras' files.
func TestApplications(t *testing.T) {
	for name, want := range map[string]struct {
		file   string
		params int
		flops  float64
	}{
		"ResNet-50":   {"ResNet50", 25_636_712, 7.71e9},
		"MobileNetV2": {"MobileNetV2", 3_538_984, 601.6e6},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := applications[name](predictedSize, imageNet, 1)
			if err != nil {
				t.Fatal(err)
			}
			if n := m.CountParams(); n != want.params {
				t.Errorf("%d parameters, Keras' has %d", n, want.params)
			}
			if all, _ := flops(m); all < .99*want.flops || all > 1.01*want.flops {
				t.Errorf("%g operations, want %g", all, want.flops)
			}
			folder := os.Getenv("LINCE_APPLICATIONS")
			if folder == "" {
				return
			}
			real, err := lince.Open(filepath.Join(folder, want.file+".keras"))
			if err != nil {
				t.Fatal(err)
			}
			if m, err = applications[name](real.InputShape()[1], real.OutputShape()[1], 1); err != nil {
				t.Fatal(err)
			}
			if got, want := config(t, m), config(t, real); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// config returns a model's architecture as Keras' JSON.
func config(t *testing.T, m *lince.Model) string {
	t.Helper()
	text, err := m.ToJSON()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestApplicationsRun checks that a training step and a prediction of each network run.
func TestApplicationsRun(t *testing.T) {
	for name := range applications {
		for what, measure := range map[string]func([]string, int) (values, error){"step": applicationStep, "predict": applicationPrediction} {
			v, err := measure([]string{name, "1"}, 1)
			if err != nil || v[what] <= 0 {
				t.Errorf("%s: %v, %v", name, v, err)
			}
		}
	}
}
