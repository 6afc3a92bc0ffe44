package layer_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// FuzzDecode decodes untrusted configs. A layer that is decoded builds or reports a mistake, and
// its config decodes to the same layer.
func FuzzDecode(f *testing.F) {
	for _, c := range kerasCases(f) {
		data, err := json.Marshal(c.Config)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(c.Class, data)
	}
	f.Add("InputLayer", []byte(`{"batch_shape":[null,16777216,1,null],"dtype":"uint8"}`))
	f.Fuzz(func(t *testing.T, class string, data []byte) {
		var conf map[string]any
		if json.Unmarshal(data, &conf) != nil {
			return
		}
		l, err := layer.Decode(class, conf)
		if err != nil {
			return
		}
		for i, in := range []tensor.Shape{{-1}, {-1, 5}, {-1, 1 << 20, 1 << 20}, {-1, 9, 9, 3}, {7, 1 << 18, 1 << 18, 1}, {-1, -1, 4, 2}} {
			for _, d := range []tensor.DType{tensor.Float32, tensor.Uint8} {
				store := graph.NewStore()
				b := graph.NewBuilder(store, i%2 == 0)
				x := b.Input("x", d, in...)
				if least, _ := layer.Operands(l); least > 1 || i%3 == 0 {
					if _, many := l.(layer.MultiOperand); many {
						x = graph.List(x, b.Input("other", d, in...))
					}
				}
				if y := l.Build(b.In("it", "layer 1"), x); !y.Valid() == (b.Err() == nil) {
					t.Fatalf("valid %t with mistakes %v", y.Valid(), b.Err())
				}
				small := true
				for _, v := range store.Variables() {
					small = small && v.Shape.Elements() < 1<<12
				}
				if small {
					store.Initialize(1)
				}
			}
		}
		again, err := layer.Decode(class, layer.ConfigOf(l))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(layer.ConfigOf(l), layer.ConfigOf(again)); d != "" {
			t.Fatal(d)
		}
	})
}
