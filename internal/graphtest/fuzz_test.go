package graphtest_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzDecode decodes untrusted configs. The config of a decoded value decodes to the same value.
func FuzzDecode(f *testing.F) {
	for _, d := range defaults {
		data, err := json.Marshal(modules[d.module].config(d.value))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(d.module, classOf(d.module, d.value), data)
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
		again, err := m.decode(m.class(v), m.config(v))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(m.config(v), m.config(again)); d != "" {
			t.Fatal(d)
		}
	})
}
