package lince

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lince-ml/lince/format/safetensors"
	"github.com/lince-ml/lince/format/torch"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// torchChain is the network Chain of internal/golden/torch_networks.py.
func torchChain(t testing.TB) *Model {
	t.Helper()
	return must(on(1).Sequential(
		layer.Input{Shape: []int{8, 8, 3}},
		layer.Conv2D{Filters: 6, Kernel: layer.Size{3, 3}, NoBias: true, Name: "first"},
		layer.BatchNormalization{Name: "norm"},
		layer.PReLU{SharedAxes: []int{1, 2}, Name: "prelu"},
		layer.DepthwiseConv2D{Kernel: layer.Size{3, 3}, DepthMultiplier: 2, Name: "depthwise"},
		layer.GroupNormalization{Groups: 3, Epsilon: new(1e-5), Name: "group"},
		layer.ReLULayer{},
		layer.Conv2DTranspose{Filters: 4, Kernel: layer.Size{2, 2}, Strides: layer.Size{2, 2}, Name: "up"},
		layer.Conv2D{Filters: 4, Kernel: layer.Size{3, 3}, Strides: layer.Size{2, 2}, Groups: 2, Name: "grouped"},
		layer.Flatten{},
		layer.BatchNormalization{Name: "flat_norm"},
		layer.Dropout{Rate: .5},
		layer.Dense{Units: 10, Name: "dense"},
		layer.LayerNormalization{Epsilon: new(1e-5), Name: "layer_norm"},
		layer.Activate{Activation: layer.Tanh},
		layer.Dense{Units: 10, Name: "dense_1"},
		layer.Dense{Units: 3, Name: "dense_2"},
	))
}

// torchResidual is the network Residual. nested makes each block a model. names are those of PyTorch's modules, with underscores.
func torchResidual(t testing.TB, nested, shortcutFirst bool) *Model {
	t.Helper()
	block := func(in *Symbol, name string, c, out int) *Symbol {
		prefix := name + "_"
		x := in
		if nested {
			x, prefix = Input(layer.Input{Shape: in.Shape()[1:]}), ""
		}
		conv := func(x *Symbol, n int, what, norm string) *Symbol {
			return x.Then(layer.Conv2D{Filters: n, Kernel: layer.Size{1, 1}, NoBias: true, Name: prefix + what}, layer.BatchNormalization{Name: prefix + norm})
		}
		body := func() *Symbol {
			return conv(conv(x, c, "conv1", "bn1").Then(layer.ReLULayer{}), out, "conv2", "bn2")
		}
		short := func() *Symbol { return conv(x, out, "downsample_0", "downsample_1") }
		var y *Symbol
		if shortcutFirst {
			s := short()
			y = Apply(layer.Add{}, s, body())
		} else {
			b := body()
			y = Apply(layer.Add{}, b, short())
		}
		y = y.Then(layer.ReLULayer{})
		if !nested {
			return y
		}
		o := on(1)
		o.Name = name
		return Apply(must(o.Functional(x, y)), in)
	}
	in := Input(layer.Input{Shape: []int{8, 8, 3}})
	x := block(block(in, "layer1", 3, 5), "layer2", 5, 5).Then(layer.GlobalAveragePool2D{}, layer.Dense{Units: 2, Name: "fc"})
	return must(on(2).Functional(in, x))
}

// checkTorch compares the model's predictions with those of PyTorch.
func checkTorch(t *testing.T, m *Model, name string) {
	t.Helper()
	var want struct {
		Shape   tensor.Shape
		Outputs []float32
	}
	b := must(os.ReadFile(filepath.Join("testdata", "torch", name+".json")))
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	y := must(m.PredictBatch(graphtest.Formula(100, -1, 1, 2, 8, 8, 3)))
	for i, w := range want.Outputs {
		if d := math.Abs(float64(y.Float32s()[i] - w)); d > 1e-5 {
			t.Errorf("output %d is %v, want %v", i, y.Float32s()[i], w)
		}
	}
}

// asSafetensors writes the state dict in path as a safetensors file, after change.
func asSafetensors(t testing.TB, path string, change func(map[string]*tensor.Tensor)) string {
	t.Helper()
	raw := must(os.ReadFile(path))
	file := must(torch.Open(bytes.NewReader(raw), int64(len(raw))))
	tensors := map[string]*tensor.Tensor{}
	for _, v := range file.Tensors {
		tensors[v.Name] = must(v.Read())
	}
	if change != nil {
		change(tensors)
	}
	var b bytes.Buffer
	if err := safetensors.Write(&b, tensors, nil); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "x.safetensors")
	if err := os.WriteFile(out, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return out
}

// State dicts of PyTorch fit Keras' layers, and the models predict as PyTorch's networks.
func TestLoadTorch(t *testing.T) {
	chain, residual := filepath.Join("testdata", "torch", "chain.pth"), filepath.Join("testdata", "torch", "residual.pth")
	for _, path := range []string{chain, asSafetensors(t, chain, nil)} {
		m := torchChain(t)
		r, err := m.LoadWeights(path, WeightsOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Loaded) != len(m.Variables()) || len(r.Skipped) != 0 || len(r.Unused) != 0 {
			t.Errorf("%s: %v", path, r)
		}
		checkTorch(t, m, "chain")
	}
	for _, nested := range []bool{false, true} {
		for _, first := range []bool{false, true} {
			for _, path := range []string{residual, asSafetensors(t, residual, nil)} {
				m := torchResidual(t, nested, first)
				r, err := m.LoadWeights(path, WeightsOptions{})
				if err != nil {
					t.Fatal(err)
				}
				for _, l := range r.Loaded {
					want := strings.NewReplacer("/kernel", "_weight", "/gamma", "_weight", "/beta", "_bias", "moving_mean", "running_mean", "moving_variance", "running_var", "/", "_").Replace(l.Variable)
					if got := strings.ReplaceAll(l.Source, ".", "_"); got != want {
						t.Errorf("nested %v: %s has the value of %s", nested, l.Variable, l.Source)
					}
				}
				checkTorch(t, m, "residual")
			}
		}
	}
}

func TestLoadTorchByName(t *testing.T) {
	path := filepath.Join("testdata", "torch", "residual.pth")
	for _, nested := range []bool{false, true} {
		m := torchResidual(t, nested, false)
		if _, err := m.LoadWeights(path, WeightsOptions{ByName: true}); err != nil {
			t.Fatal(err)
		}
		checkTorch(t, m, "residual")
	}
	m := must(on(1).Sequential(layer.Input{Shape: []int{5}}, layer.Dense{Units: 2, Name: "fc"}, layer.Dense{Units: 4, Name: "other"}))
	r, err := m.LoadWeights(path, WeightsOptions{ByName: true})
	if err != nil || len(r.Loaded) != 2 || len(r.Skipped) != 2 || r.Skipped[0].Variable != "other/kernel" || len(r.Unused) != 30 {
		t.Errorf("%+v, %v", r, err)
	}
	m = must(on(1).Sequential(layer.Input{Shape: []int{5}}, layer.Dense{Units: 3, Name: "fc"}))
	if _, err := m.LoadWeights(path, WeightsOptions{ByName: true}); err == nil || !strings.Contains(err.Error(), "layer fc (Dense), module fc of the file: its weight has shape (2, 5), want (3, 5)") {
		t.Errorf("another shape: error is %v", err)
	}
	if r, err := m.LoadWeights(path, WeightsOptions{ByName: true, SkipMismatch: true}); err != nil || len(r.Loaded) != 0 || len(r.Skipped) != 2 {
		t.Errorf("another shape, skipped: %v, %v", r, err)
	}
	m = must(on(1).Sequential(layer.Input{Shape: []int{5}}, layer.Dense{Units: 3, Name: "head"}))
	if _, err := m.LoadWeights(path, WeightsOptions{ByName: true}); err == nil || !strings.Contains(err.Error(), "no layer of the file has the name") {
		t.Errorf("no names: error is %v", err)
	}
}

// With SkipMismatch, another classifier at the end is left out.
func TestLoadTorchSkipMismatch(t *testing.T) {
	path := filepath.Join("testdata", "torch", "residual.pth")
	whole := torchResidual(t, false, false)
	for what, head := range map[string][]layer.Layer{
		"none":                     nil,
		"another number":           {layer.Dense{Units: 7, Name: "head"}},
		"two layers":               {layer.Dense{Units: 7, Name: "hidden"}, layer.Dense{Units: 3, Name: "head"}},
		"a layer without a weight": {layer.Dropout{Rate: .5}},
	} {
		x := must(on(1).Functional(whole.Inputs(), whole.Layer("fc").Input()))
		m := torchHead(t, x, head)
		if _, err := m.LoadWeights(path, WeightsOptions{}); err == nil || !strings.Contains(err.Error(), "do not match") {
			t.Errorf("%s: error is %v", what, err)
		}
		for _, file := range []string{path, asSafetensors(t, path, nil)} {
			r, err := m.LoadWeights(file, WeightsOptions{SkipMismatch: true})
			if err != nil {
				t.Errorf("%s: %v", what, err)
				continue
			}
			skipped := 0
			for _, l := range head {
				if _, ok := l.(layer.Dense); ok {
					skipped += 2
				}
			}
			if len(r.Loaded) != 30 || len(r.Skipped) != skipped || strings.Join(r.Unused, " ") != "fc.weight fc.bias" && strings.Join(r.Unused, " ") != "fc.bias fc.weight" {
				t.Errorf("%s: %+v", what, r)
			}
		}
	}
}

// torchHead puts layers on a body, whose weights it shares.
func torchHead(t testing.TB, body *Model, head []layer.Layer) *Model {
	t.Helper()
	if len(head) == 0 {
		return body
	}
	return must(on(1).Functional(body.Inputs(), body.Outputs().Then(head...)))
}

func TestLoadTorchNames(t *testing.T) {
	path := filepath.Join("testdata", "torch", "chain.pth")
	m := torchChain(t)
	// Two layers of the same shape, exchanged: Names decide.
	names := map[string]string{"dense_1": "classifier.5", "first/kernel": "features.0.weight", "flat_norm": "classifier.0"}
	if _, err := m.LoadWeights(path, WeightsOptions{Names: names}); err != nil {
		t.Fatal(err)
	}
	checkTorch(t, m, "chain")
	// In a file of which the order says nothing, and neither do the names.
	scrambled := asSafetensors(t, path, func(tensors map[string]*tensor.Tensor) {
		for from, to := range map[string]string{"classifier.2": "a", "classifier.5": "b"} {
			for _, s := range []string{".weight", ".bias"} {
				tensors[to+s] = tensors[from+s]
				delete(tensors, from+s)
			}
		}
		tensors["b.weight"], tensors["c.weight"] = tensors["c.weight"], tensors["b.weight"]
		delete(tensors, "b.weight")
		tensors["c.bias"] = tensors["b.bias"]
		delete(tensors, "b.bias")
	})
	m = torchChain(t)
	if _, err := m.LoadWeights(scrambled, WeightsOptions{Names: map[string]string{"dense": "a", "dense_1": "c"}}); err != nil {
		t.Fatal(err)
	}
	checkTorch(t, m, "chain")
	for key, c := range map[string][2]string{
		"first":       {"features.9", `has no module or layer "features.9" that fits first (Conv2D); did you mean "features.0"?`},
		"frist":       {"features.0", `no layer with weights and no variable of this name; did you mean "first"?`},
		"dense":       {"classifier.6", "its weight has shape (3, 10), want (10, 36)"},
		"dense/kernl": {"x", `did you mean "dense/kernel"?`},
		"up/kernel":   {"features.6.wieght", `no tensor "features.6.wieght"; did you mean "features.6.weight"?`},
		"up/bias":     {"features.0.weight", "the file's features.0.weight has shape (6, 3, 3, 3), want (4,)"},
	} {
		if _, err := m.LoadWeights(path, WeightsOptions{Names: map[string]string{key: c[0]}}); err == nil || !strings.Contains(err.Error(), c[1]) {
			t.Errorf("%s: %s: error is %v, want %q", key, c[0], err, c[1])
		}
	}
	keras := filepath.Join(t.TempDir(), "x.weights.h5")
	if err := m.SaveWeights(keras); err != nil {
		t.Fatal(err)
	}
	if _, err := m.LoadWeights(keras, WeightsOptions{Names: names}); err == nil || !strings.Contains(err.Error(), "for which Names cannot be given") {
		t.Errorf("Names of Keras' file: error is %v", err)
	}
}

// If several matches are possible, or none, the error lists both sides, and the model is unchanged.
func TestLoadTorchMismatch(t *testing.T) {
	twins := func() *Model {
		in := Input(layer.Input{Shape: []int{4}})
		return must(on(1).Functional(in, Apply(layer.Add{}, in.Then(layer.Dense{Units: 3, Name: "left"}), in.Then(layer.Dense{Units: 3, Name: "right"}))))
	}
	file := func(tensors map[string]*tensor.Tensor) string {
		path := filepath.Join(t.TempDir(), "x.safetensors")
		var b bytes.Buffer
		if err := safetensors.Write(&b, tensors, nil); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	linear := func(out, in int) *tensor.Tensor { return graphtest.Formula(1, -1, 1, out, in) }
	bias := graphtest.Formula(2, -1, 1, 3)
	two := map[string]*tensor.Tensor{"a.weight": linear(3, 4), "a.bias": bias, "b.weight": linear(3, 4), "b.bias": bias}
	m := twins()
	before := m.Weights()
	for want, path := range map[string]string{
		"in more than one way":                                file(two),
		"left (Dense) or right":                               file(two),
		"WeightsOptions.Names":                                file(two),
		"the 1 modules of the file do not match the 2 layers": file(map[string]*tensor.Tensor{"a.weight": linear(3, 4), "a.bias": bias}),
		"the module b is not right (Dense): it has no bias":   file(map[string]*tensor.Tensor{"a.weight": linear(3, 4), "a.bias": bias, "b.weight": linear(3, 4)}),
		"it has 3 tensors (bias, scale, weight)": file(map[string]*tensor.Tensor{
			"a.weight": linear(3, 4), "a.bias": bias, "b.weight": linear(3, 4), "b.bias": bias, "b.scale": bias,
		}),
	} {
		if _, err := m.LoadWeights(path, WeightsOptions{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %q", err, want)
		}
	}
	for i, w := range m.Weights() {
		if !bytes.Equal(w.Raw(), before[i].Raw()) {
			t.Error("an error has changed weights")
		}
	}
	r, err := m.LoadWeights(file(two), WeightsOptions{Names: map[string]string{"left": "b"}})
	if err != nil || len(r.Loaded) != 4 || r.Loaded[0] != (LoadedWeight{"left/kernel", "b.weight"}) || r.Loaded[2] != (LoadedWeight{"right/kernel", "a.weight"}) {
		t.Errorf("%+v, %v", r, err)
	}
	attention := must(on(1).Sequential(layer.Input{Shape: []int{4, 4}}, layer.SeparableConv1D{Filters: 3, Kernel: 1, Name: "separable"}))
	if _, err := attention.LoadWeights(file(map[string]*tensor.Tensor{"a.weight": linear(3, 4)}), WeightsOptions{}); err == nil || !strings.Contains(err.Error(), "a SeparableConv1D has no counterpart among the modules of PyTorch") {
		t.Errorf("a layer without a counterpart: error is %v", err)
	}
}

// Many parallel layers of one shape end the search in time.
func TestLoadTorchManyWays(t *testing.T) {
	in := Input(layer.Input{Shape: []int{2}})
	var list []*Symbol
	tensors := map[string]*tensor.Tensor{}
	for i := range 60 {
		list = append(list, in.Then(layer.Dense{Units: 2, NoBias: true}))
		tensors[string([]byte{'a' + byte(i/26), 'a' + byte(i%26)})+".weight"] = tensor.New(tensor.Float32, 2, 2)
	}
	// The last layer fits no module.
	m := must(on(1).Functional(in, Apply(layer.Add{}, list...).Then(layer.Dense{Units: 3, NoBias: true})))
	tensors["zz.weight"] = tensor.New(tensor.Float32, 4, 2)
	var b bytes.Buffer
	if err := safetensors.Write(&b, tensors, nil); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "x.safetensors")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := m.LoadWeights(path, WeightsOptions{}); err == nil || !strings.Contains(err.Error(), "very many ways") {
		t.Error(err)
	}
}
