package lince

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince/format/keras"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// netOptions describes a small network: whether its body is a nested model, and its classifier.
type netOptions struct {
	nested bool
	body   string // the nested model's name
	extra  bool   // one more layer in the body
	top    []layer.Layer
}

func topOf(name string, units int) []layer.Layer {
	return []layer.Layer{layer.GlobalAveragePool2D{}, layer.Dense{Units: units, Name: name}}
}

func (n netOptions) make(t testing.TB, seed uint64) *Model {
	t.Helper()
	layers := []layer.Layer{
		layer.Conv2D{Filters: 4, Kernel: layer.Size{3, 3}, Name: "conv_a"}, layer.BatchNormalization{Name: "bn_a"},
		layer.DepthwiseConv2D{Kernel: layer.Size{3, 3}, Name: "depthwise"},
	}
	if n.extra {
		layers = append(layers, layer.Conv2D{Filters: 4, Kernel: layer.Size{1, 1}, Name: "conv_b"})
	}
	in := Input(layer.Input{Shape: []int{8, 8, 3}})
	if !n.nested {
		return must(on(seed).Functional(in, in.Then(layers...).Then(n.top...)))
	}
	x := Input(layer.Input{Shape: []int{8, 8, 3}})
	o := on(seed)
	o.Name = n.body
	return must(on(seed).Functional(in, Apply(must(o.Functional(x, x.Then(layers...))), in).Then(n.top...)))
}

// shuffled gives all variables other values.
func shuffled(m *Model) *Model {
	for i, v := range m.Variables() {
		x := v.Value()
		for k := range x.Float32s() {
			x.Float32s()[k] = float32(i+1) + float32(k)/1000
		}
		if err := v.Set(x); err != nil {
			panic(err)
		}
	}
	return m
}

// Layers are matched by name also if the body is nested in one of the two only, and has another classifier.
func TestLoadWeightsByName(t *testing.T) {
	dir := t.TempDir()
	sources := map[string]netOptions{
		"flat with a top":        {top: topOf("predictions", 5)},
		"flat without a top":     {top: []layer.Layer{layer.GlobalAveragePool2D{}}},
		"nested with a top":      {nested: true, body: "body", top: topOf("predictions", 5)},
		"nested, without a top":  {nested: true, body: "base", top: []layer.Layer{layer.GlobalAveragePool2D{}}},
		"nested with one more":   {nested: true, body: "body", extra: true, top: topOf("predictions", 5)},
		"flat with one more":     {extra: true, top: topOf("predictions", 5)},
		"nested with other name": {nested: true, body: "base", extra: true, top: topOf("head", 5)},
	}
	for from, source := range sources {
		m := shuffled(source.make(t, 1))
		values := map[string]*tensor.Tensor{}
		for _, v := range m.Variables() {
			values[v.Path()] = v.Value()
		}
		for _, suffix := range []string{".h5", ".weights.h5", ".keras"} {
			path := filepath.Join(dir, strings.ReplaceAll(from, " ", "-")+suffix)
			save := m.SaveWeights
			if suffix == ".keras" {
				save = m.Save
			}
			if err := save(path); err != nil {
				t.Fatal(err)
			}
			for to, target := range sources {
				m := target.make(t, 2)
				var before []*tensor.Tensor
				for _, v := range m.Variables() {
					before = append(before, v.Value())
				}
				r, err := m.LoadWeights(path, WeightsOptions{ByName: true})
				if err != nil {
					t.Errorf("%s from %s%s: %v", to, from, suffix, err)
					continue
				}
				loaded := 0
				for i, v := range m.Variables() {
					want, found := values[v.Path()]
					if !found {
						want = before[i]
					} else {
						loaded++
					}
					if !bytes.Equal(v.Value().Raw(), want.Raw()) {
						t.Errorf("%s from %s%s: %s is not as expected (in the file: %v)", to, from, suffix, v.Path(), found)
					}
				}
				unused := len(values) - loaded
				if suffix != ".h5" { // by layers, of which those unused here have a kernel and a bias
					unused /= 2
				}
				if len(r.Loaded) != loaded || len(r.Skipped) != len(before)-loaded || len(r.Unused) != unused {
					t.Errorf("%s from %s%s: %+v, want %d loaded and %d unused", to, from, suffix, r, loaded, unused)
				}
			}
		}
	}
}

func TestLoadLegacyMistakes(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "m.h5")
	if err := (netOptions{top: topOf("predictions", 5)}).make(t, 1).SaveWeights(path); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		net  netOptions
		o    WeightsOptions
		want []string
	}{
		{netOptions{extra: true, top: topOf("predictions", 5)}, WeightsOptions{}, []string{
			"weights for 4 layers, the network has 5 layers with weights; use ByName", "> conv_b (2)    ", "predictions (2)",
		}},
		{netOptions{top: topOf("predictions", 7)}, WeightsOptions{}, []string{`layer predictions, group "predictions" of the file`, "has shape (4, 5)", "has shape (4, 7)"}},
		{netOptions{top: topOf("predictions", 7)}, WeightsOptions{ByName: true}, []string{`layer predictions, group "predictions" of the file`}},
		{netOptions{nested: true, body: "b", top: topOf("predictions", 7)}, WeightsOptions{ByName: true}, []string{`layer predictions, group "predictions" of the file`}},
	} {
		m := c.net.make(t, 2)
		before := m.Weights()
		_, err := m.LoadWeights(path, c.o)
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error is %v, want %q", err, want)
			}
		}
		for i, w := range m.Weights() {
			if !bytes.Equal(w.Raw(), before[i].Raw()) {
				t.Error("an error has changed weights")
			}
		}
	}
	m := netOptions{top: topOf("predictions", 7)}.make(t, 2)
	r, err := m.LoadWeights(path, WeightsOptions{SkipMismatch: true})
	if err != nil || len(r.Skipped) != 2 || r.Skipped[0].Variable != "predictions/kernel" || !strings.Contains(r.Skipped[0].Reason, "has shape (4, 5)") {
		t.Errorf("%+v, %v", r, err)
	}
	none := must(on(1).Sequential(layer.Input{Shape: []int{4}}, layer.Dense{Units: 1, Name: "prediction"}))
	if _, err := none.LoadWeights(path, WeightsOptions{ByName: true}); err == nil || !strings.Contains(err.Error(), "no layer of the file has the name of a layer of the model; the model has prediction, the file conv_a, bn_a, depthwise, predictions") {
		t.Errorf("error is %v", err)
	}
	near := netOptions{top: topOf("prediction", 5)}.make(t, 1)
	r, err = near.LoadWeights(path, WeightsOptions{ByName: true})
	if err != nil || !strings.Contains(r.Skipped[0].Reason, "the nearest is predictions") || !slices.Contains(r.Unused, "predictions/predictions/kernel") {
		t.Errorf("%+v, %v", r, err)
	}
	if err := os.WriteFile(path, []byte("\x89HDF\r\n\x1a\n and no more"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := near.LoadWeights(path, WeightsOptions{}); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("error is %v", err)
	}
}

// A layer of which the file has another number of weights.
func TestLoadLegacyCount(t *testing.T) {
	var b bytes.Buffer
	w := keras.NewLegacyWeight("dense/kernel", tensor.New(tensor.Float32, 2, 3))
	if err := keras.WriteLegacy(&b, &keras.Legacy{Layers: []keras.LegacyGroup{{Name: "dense", Weights: []keras.LegacyWeight{w}}}}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "m.h5")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	m := must(on(1).Sequential(layer.Input{Shape: []int{2}}, layer.Dense{Units: 3}))
	if _, err := m.LoadWeights(path, WeightsOptions{}); err == nil || !strings.Contains(err.Error(), "want 2 weights, the file has 1") {
		t.Errorf("error is %v", err)
	}
	if r, err := m.LoadWeights(path, WeightsOptions{SkipMismatch: true}); err != nil || len(r.Skipped) != 2 {
		t.Errorf("%+v, %v", r, err)
	}
}
