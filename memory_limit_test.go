package lince

import (
	"fmt"
	"strings"
	"testing"

	"github.com/lince-ml/lince/internal/offheap"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// TestPredictChecksMemory: outputs that need more memory than the process can have are an error. Go's runtime would end the program.
func TestPredictChecksMemory(t *testing.T) {
	if offheap.Available() == 0 {
		t.Skip("this system does not say how much memory there is")
	}
	up := layer.UpSampling2D{Size: layer.Size{1 << 17, 1 << 17}}
	m := must(on(1).Sequential(layer.Input{Shape: []int{1, 1, 1}}, up))
	if _, err := m.PredictBatch(tensor.New(tensor.Float32, 64, 1, 1, 1)); err == nil || !strings.Contains(err.Error(), "of memory, but this process can have") {
		t.Errorf("error is %v", err)
	}
}

// TestWeightsCheckMemory: a network whose weights need more memory than the process can have is refused before any of it is allocated.
func TestWeightsCheckMemory(t *testing.T) {
	has := offheap.Available()
	if has == 0 {
		t.Skip("this system does not say how much memory there is")
	}
	// Each layer fits, all together do not, and they are less than the limit of a network.
	const units = 20_000
	layers := []layer.Layer{layer.Input{Shape: []int{units}}}
	for n := 0; n <= has; n += 4 * units * units {
		layers = append(layers, layer.Dense{Units: units})
	}
	_, err := on(1).Sequential(layers...)
	if err == nil || !strings.Contains(err.Error(), "the weights") || !strings.Contains(err.Error(), "GiB") {
		t.Errorf("error is %v", err)
	}
	if has < maxMemory-4*units*units && !strings.Contains(err.Error(), "but this process can have") {
		t.Errorf("error is %v", err)
	}

	text := `{"class_name": "Sequential", "module": "keras", "config": {"name": "s", "layers": [{"class_name": "InputLayer", "module": "keras.layers", "config": {"batch_shape": [null, 20000], "dtype": "float32", "name": "i"}}`
	for i := range len(layers) - 1 {
		text += fmt.Sprintf(`, {"class_name": "Dense", "module": "keras.layers", "config": {"name": "d%d", "units": 20000}}`, i)
	}
	if _, jsonErr := on(1).FromJSON([]byte(text + "]}}")); jsonErr == nil || !strings.Contains(jsonErr.Error(), "the weights") || !strings.Contains(jsonErr.Error(), "GiB") {
		t.Errorf("from JSON: error is %v", jsonErr)
	}
}
