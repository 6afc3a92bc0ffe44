package main

import "testing"

// TestFlops checks that networks have twice as many operations as their papers have multiply-adds.
func TestFlops(t *testing.T) {
	for name, want := range map[string]float64{"ResNet-50": 7.71e9, "MobileNetV2": 601.6e6} {
		m, _, err := application([]string{name, "1"}, predictedSize, 1)
		if err != nil {
			t.Fatal(err)
		}
		if all, _ := flops(m); all < .99*want || all > 1.01*want {
			t.Errorf("%s: %g operations, want %g", name, all, want)
		}
	}
}

// TestApplicationsRun checks that training steps and predictions of a network run, also those of a saved one.
func TestApplicationsRun(t *testing.T) {
	for name, run := range map[string]func() (values, error){
		"step":          func() (values, error) { return applicationStep([]string{"ms", "MobileNetV2", "1"}, 1) },
		"whole process": func() (values, error) { return applicationStep([]string{"MiB", "MobileNetV2", "1"}, 1) },
		"predict":       func() (values, error) { return applicationPrediction([]string{"MobileNetV2", "1"}, 1) },
	} {
		if v, err := run(); err != nil || v[name] <= 0 {
			t.Errorf("%s: %v, %v", name, v, err)
		}
	}
	if v, err := savedPrediction([]string{"MobileNetV2", "1"}, 1); err != nil || v["predict"] <= 0 {
		t.Errorf("saved: %v, %v", v, err)
	}
}
