package lince

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/lince-ml/lince/format/hdf5"
	"github.com/lince-ml/lince/format/safetensors"
	"github.com/lince-ml/lince/internal/testenv"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// A model goes through a safetensors file, with everything but the optimizer's state.
func TestSafetensorsModel(t *testing.T) {
	dir := t.TempDir()
	for name, m := range map[string]*Model{"chain": trained(t), "nested": twoHeads(t), "norms": torchChain(t)} {
		path := filepath.Join(dir, name+".safetensors")
		if err := m.Save(path); err != nil {
			t.Fatal(err)
		}
		got, err := on(77).Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if a, b := string(must(m.ToJSON())), string(must(got.ToJSON())); a != b {
			t.Errorf("%s: the network is\n%s\nwant\n%s", name, b, a)
		}
		for i, w := range m.Weights() {
			if g := got.Weights()[i]; !bytes.Equal(w.Raw(), g.Raw()) {
				t.Errorf("%s: %s differs", name, m.Variables()[i].Path())
			}
		}
		if !reflect.DeepEqual(got.Classes, m.Classes) || !reflect.DeepEqual(got.Preprocessing, m.Preprocessing) {
			t.Errorf("%s: classes %q, preprocessing %v", name, got.Classes, got.Preprocessing)
		}
		again := filepath.Join(dir, "again.safetensors")
		if err := got.Save(again); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(must(os.ReadFile(path)), must(os.ReadFile(again))) {
			t.Errorf("%s: saving the opened model gives another file", name)
		}
		_, a := m.Compiled()
		_, b := got.Compiled()
		if a != b {
			t.Errorf("%s: compiled %v, want %v", name, b, a)
		}
		testSafetensorsWeights(t, m, filepath.Join(dir, name+"-weights.safetensors"))
	}
}

// testSafetensorsWeights saves the weights only.
func testSafetensorsWeights(t *testing.T, m *Model, path string) {
	t.Helper()
	if err := m.SaveWeights(path); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); err == nil || !strings.Contains(err.Error(), "safetensors file of weights without a network") || !strings.Contains(err.Error(), "LoadWeights") {
		t.Errorf("opening weights: error is %v", err)
	}
	other, err := on(99).FromJSON(must(m.ToJSON()))
	if err != nil {
		t.Fatal(err)
	}
	r, err := other.LoadWeights(path, WeightsOptions{})
	if err != nil || len(r.Loaded) != len(m.Variables()) || r.Kind != "safetensors" {
		t.Errorf("%+v, %v", r, err)
	}
	for i, w := range m.Weights() {
		if !bytes.Equal(w.Raw(), other.Weights()[i].Raw()) {
			t.Errorf("%s differs", m.Variables()[i].Path())
		}
	}
}

// The safetensors library reads the files under the names of Keras' variables.
func TestSafetensorsNames(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.safetensors")
	if err := twoHeads(t).SaveWeights(path); err != nil {
		t.Fatal(err)
	}
	testenv.Python(t, "safetensors_format.py", "--names", path,
		"body/conv2d/bias", "body/conv2d/kernel", "kind/bias", "kind/kernel", "place/bias", "place/kernel")
}

func writeTensors(t testing.TB, tensors map[string]*tensor.Tensor, metadata map[string]string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.safetensors")
	var b bytes.Buffer
	if err := safetensors.Write(&b, tensors, metadata); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSafetensorsMistakes(t *testing.T) {
	m := must(on(1).Sequential(layer.Input{Shape: []int{2}}, layer.Dense{Units: 3, Name: "first"}, layer.Dense{Units: 1, Name: "second"}))
	tensors := map[string]*tensor.Tensor{
		"first/kernel": tensor.New(tensor.Float64, 2, 3), "first/bias": tensor.New(tensor.BFloat16, 3),
		"second/kernel": tensor.New(tensor.Float32, 4, 1), "secnd/bias": tensor.New(tensor.Float32, 1),
	}
	path := writeTensors(t, tensors, nil)
	_, err := m.LoadWeights(path, WeightsOptions{})
	for _, want := range []string{
		"second/kernel: the file has shape (4, 1), want (3, 1)", "second/bias (1,): the file has no tensor of this name; the nearest is secnd/bias (1,)",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %q", err, want)
		}
	}
	r, err := m.LoadWeights(path, WeightsOptions{ByName: true, SkipMismatch: true})
	if err != nil || r.String() != "2 variables loaded, 2 skipped (second/kernel, second/bias), 1 unused in the file (secnd/bias)" {
		t.Errorf("%v, %v", r, err)
	}
	config := string(must(m.ToJSON()))
	for want, metadata := range map[string]map[string]string{
		"the network in its metadata":       {"format": "keras", "config": "{"},
		"the file has no tensor":            {"format": "keras", "config": config},
		`the metadata "lince"`:              {"format": "keras", "config": strings.ReplaceAll(config, "second", "secnd"), "lince": "["},
		"weights without a network, of 4":   {"format": "pt", "config": config},
		"there are 2 classes for 3 outputs": {"format": "keras", "config": config, "lince": `{"classes": ["a", "b"]}`},
	} {
		good := map[string]*tensor.Tensor{
			"first/kernel": tensors["first/kernel"], "first/bias": tensors["first/bias"],
			"secnd/kernel": tensor.New(tensor.Float32, 3, 1), "secnd/bias": tensors["secnd/bias"],
		}
		if strings.Contains(want, "classes") {
			one := must(on(1).Sequential(layer.Input{Shape: []int{2}}, layer.Dense{Units: 3, Name: "first"}))
			metadata["config"] = string(must(one.ToJSON()))
			delete(good, "secnd/kernel")
			delete(good, "secnd/bias")
		}
		if _, err := Open(writeTensors(t, good, metadata)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: error is %v, want %q", metadata, err, want)
		}
	}
	if _, err := m.LoadWeights(writeTensors(t, map[string]*tensor.Tensor{"first/kernel": tensor.New(tensor.Float32, 2, 3)}, nil), WeightsOptions{ByName: true}); err != nil {
		t.Errorf("by name: %v", err)
	}
	for path, want := range map[string]string{
		"missing.h5": "no such file", t.TempDir(): "is a folder",
	} {
		if _, err := m.LoadWeights(path, WeightsOptions{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %q", err, want)
		}
	}
	network := filepath.Join(t.TempDir(), "m.json")
	if err := os.WriteFile(network, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := m.LoadWeights(network, WeightsOptions{}); err == nil || !strings.Contains(err.Error(), "is a Keras network in JSON; want .keras, .h5, .weights.h5, .safetensors, .pth, .weights.json") {
		t.Errorf("error is %v", err)
	}
}

// Sharded weights are read from the files beside the map, whose names are plain.
func TestShards(t *testing.T) {
	dir := t.TempDir()
	m := must(on(1).Sequential(layer.Input{Shape: []int{2}}, layer.Dense{Units: 3}, layer.Dense{Units: 1}))
	shard := func(name string, groups ...string) {
		tree := &hdf5.Tree{}
		for _, g := range groups {
			layerName, key, _ := strings.Cut(g, " ")
			v := m.Layer(layerName).Weights()[int(key[0]-'0')]
			tree.Group("layers/"+layerName+"/vars").Dataset(key, v)
		}
		var b bytes.Buffer
		must(tree.WriteTo(&b))
		if err := os.WriteFile(filepath.Join(dir, name), b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	shard("a.weights.h5", "dense 0", "dense_1 0")
	shard("b.weights.h5", "dense 1", "dense_1 1")
	shard("twice.weights.h5", "dense 0")
	shard("three.weights.h5", "dense 0", "dense_1 0")
	if err := os.Symlink("a.weights.h5", filepath.Join(dir, "link.weights.h5")); err != nil {
		t.Skip(err)
	}
	load := func(text string) (WeightsReport, error) {
		path := filepath.Join(dir, "m.weights.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		other := must(on(2).FromJSON(must(m.ToJSON())))
		r, err := other.LoadWeights(path, WeightsOptions{})
		if err == nil {
			for i, w := range m.Weights() {
				if !bytes.Equal(w.Raw(), other.Weights()[i].Raw()) {
					t.Errorf("%s differs", m.Variables()[i].Path())
				}
			}
		}
		return r, err
	}
	if r, err := load(`{"metadata": {}, "weight_map": {"/layers/dense/vars": ["a.weights.h5", "b.weights.h5"], "/layers/dense_1/vars": "b.weights.h5"}}`); err != nil || len(r.Loaded) != 4 {
		t.Errorf("%+v, %v", r, err)
	}
	for text, want := range map[string]string{
		`{"weight_map": {"x": "a.weights.h5"}}`:                            "want 2 variables, the file has 1",
		`{"weight_map": {"x": "b.weights.h5"}}`:                            "variable 0 is in none of the shards",
		`{"weight_map": {"x": ["a.weights.h5", "twice.weights.h5"]}}`:      "variable 0 is in two shards",
		`{"weight_map": {"x": "../a.weights.h5"}}`:                         "without a folder",
		`{"weight_map": {"x": "/etc/a.weights.h5"}}`:                       "without a folder",
		`{"weight_map": {"x": "..\\a.weights.h5"}}`:                        "without a folder",
		`{"weight_map": {"x": "passwd"}}`:                                  "ends in .weights.h5",
		`{"weight_map": {"x": "model-00001-of-00002.safetensors"}}`:        "ends in .weights.h5",
		`{"weight_map": {"x": 1}}`:                                         "the name of a file or a list of names",
		`{"weight_map": {"x": "link.weights.h5"}}`:                         "not a regular file",
		`{"weight_map": {"x": "none.weights.h5"}}`:                         "no such file",
		`{"weight_map": null}`:                                             "no weight_map",
		`{"weight_map": {`:                                                 "map of shards",
		`{"weight_map": {"x": "m.weights.json"}}`:                          "ends in .weights.h5",
		`{"weight_map": {"x": ["three.weights.h5"], "y": "b.weights.h5"}}`: "",
	} {
		if _, err := load(text); want != "" && (err == nil || !strings.Contains(err.Error(), want)) || want == "" && err != nil {
			t.Errorf("%s: error is %v, want %q", text, err, want)
		}
	}
}

// FuzzLoadWeights loads files of every kind.
func FuzzLoadWeights(f *testing.F) {
	m, files := weightFiles(f)
	for _, b := range files {
		f.Add(b, !bytes.HasPrefix(b, []byte("PK")), bytes.HasPrefix(b, []byte("PK")))
	}
	f.Fuzz(func(t *testing.T, b []byte, byName, skip bool) { loadHostile(t, m, b, byName, skip) })
}
