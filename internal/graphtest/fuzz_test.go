package graphtest_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzDecode decodes untrusted configs. The config of a decoded value decodes to the same value.
func FuzzDecode(f *testing.F) {
	for _, d := range defaults {
		data, err := json.Marshal(d.value.Config())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(d.module, d.value.Class(), data)
	}
	f.Fuzz(func(t *testing.T, module, class string, data []byte) {
		m, ok := modules[module]
		var conf map[string]any
		if !ok || json.Unmarshal(data, &conf) != nil {
			return
		}
		v, err := m.decode(class, conf)
		if err != nil {
			return
		}
		again, err := m.decode(v.Class(), v.Config())
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(v.Config(), again.Config()); d != "" {
			t.Fatal(d)
		}
	})
}
