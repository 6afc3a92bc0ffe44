package lince

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// TestDeepNetwork checks that a network of thousands of layers opens, and that the work for it grows with the number of layers, not with its square. A network of more
// layers than any real one has is refused.
func TestDeepNetwork(t *testing.T) {
	network := func(layers int) []byte {
		var s strings.Builder
		s.WriteString(`{"module": "keras", "class_name": "Sequential", "config": {"name": "deep", "layers": [` +
			`{"module": "keras.layers", "class_name": "InputLayer", "config": {"batch_shape": [null, 2], "dtype": "float32", "name": "input"}}`)
		for i := range layers {
			fmt.Fprintf(&s, `, {"module": "keras.layers", "class_name": "Dense", "config": {"name": "d%d", "units": 2, "activation": "relu"}}`, i)
		}
		s.WriteString(`]}}`)
		return []byte(s.String())
	}
	open := func(layers int) (allocated uint64) {
		var before, after runtime.MemStats
		text := network(layers)
		runtime.ReadMemStats(&before)
		m, err := on(1).FromJSON(text)
		if err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		if n := len(m.Layers()); n < layers {
			t.Errorf("%d layers, want %d", n, layers)
		}
		return after.TotalAlloc - before.TotalAlloc
	}
	open(10)
	if few, many := open(1000), open(4000); many > 6*few {
		t.Errorf("4000 layers take %d bytes, 1000 layers %d", many, few)
	}
	if _, err := on(1).FromJSON(network(10_001)); err == nil || !strings.Contains(err.Error(), "more than 10000 layers") {
		t.Errorf("10,001 layers: error is %v", err)
	}
}
