package keras

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lince-ml/lince/internal/config"
	"github.com/lince-ml/lince/tensor"
)

func readTestdata(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func parse[T any](t testing.TB, b []byte) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func readBytes(t testing.TB, b []byte) *File {
	t.Helper()
	f, err := Read(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// savedModel is what Keras reports about a model that it saved.
type savedModel struct {
	KerasVersion string `json:"keras_version"`
	Weights      map[string]struct {
		Name string
		Vars []struct {
			Dtype  string
			Shape  tensor.Shape
			Values []float64
		}
	}
	Classes      []string
	LayerWeights [][][]float64 `json:"layer_weights"`
	Iterations   int64
	LearningRate *float64 `json:"learning_rate"`
	Slots        [][]float64
}

// float64s returns the values of a float32 or int64 tensor.
func float64s(t testing.TB, v *tensor.Tensor) []float64 {
	t.Helper()
	out := []float64{}
	switch v.DType() {
	case tensor.Float32:
		for _, x := range v.Float32s() {
			out = append(out, float64(x))
		}
	case tensor.Int64:
		for _, x := range tensor.Values[int64](v) {
			out = append(out, float64(x))
		}
	default:
		t.Fatalf("a tensor of %v", v)
	}
	return out
}

func TestReadFilesOfKeras(t *testing.T) {
	models := parse[map[string]savedModel](t, readTestdata(t, "expected.json"))
	if len(models) != 3 {
		t.Fatalf("%d models in expected.json", len(models))
	}
	for name, want := range models {
		t.Run(name, func(t *testing.T) {
			f := readBytes(t, readTestdata(t, name+".keras"))
			if f.Metadata.KerasVersion != want.KerasVersion || len(f.Metadata.DateSaved) != len("2026-11-23@15:25:26") {
				t.Errorf("metadata %+v", f.Metadata)
			}
			if f.Extra != nil || f.Assets != nil {
				t.Errorf("extra %s, assets %v in a file of Keras", f.Extra, f.Assets)
			}
			if len(f.Weights) != len(want.Weights) {
				t.Errorf("%d entries, h5py finds %d", len(f.Weights), len(want.Weights))
			}
			for path, w := range want.Weights {
				e, ok := f.Weights.Find(path)
				if !ok || e.Name != w.Name || len(e.Vars) != len(w.Vars) {
					t.Errorf("%q: entry %+v, h5py finds name %q and %d variables", path, e, w.Name, len(w.Vars))
					continue
				}
				for i, v := range w.Vars {
					if got := e.Vars[i]; got.DType().String() != v.Dtype || !got.Shape().Equal(v.Shape) || !slices.Equal(float64s(t, got), v.Values) {
						t.Errorf("%s/vars/%d: %v %v, h5py reads %s %v %v", path, i, got, float64s(t, got), v.Dtype, v.Shape, v.Values)
					}
				}
			}
			checkLayers(t, f, want)
			checkOptimizer(t, f, want)
		})
	}
}

// TestReadFilesOfKeras2 reads the files that internal/golden/keras2.py wrote.
func TestReadFilesOfKeras2(t *testing.T) {
	for _, name := range []string{"2.13-nested", "2.13-several", "2.15-chain"} {
		version, model, _ := strings.Cut(name, "-")
		want := parse[map[string]struct{ Optimizer []string }](t, readTestdata(t, version+".json"))[model]
		f := readBytes(t, readTestdata(t, name+".keras"))
		if !strings.HasPrefix(f.Metadata.KerasVersion, version) {
			t.Errorf("%s: version %s", name, f.Metadata.KerasVersion)
		}
		weights, variables := f.Weights.ByPath(), 0
		var walk func(n *Network, at string)
		walk = func(n *Network, at string) {
			for i, path := range n.LayerPaths(at) {
				if path == "" {
					continue
				}
				e, ok := weights[path]
				if !ok {
					t.Errorf("%s: no weights at %s", name, path)
				}
				variables += len(e.Vars)
				if inner := n.Layers[i].Network; inner != nil {
					walk(inner, path)
				}
			}
		}
		n := readNetwork(t, f.Config)
		walk(n, "")
		if n.CompileConfig == nil {
			t.Errorf("%s: no compile_config", name)
		}
		if wanted := map[string]int{"nested": 12, "several": 20, "chain": 4}[model]; variables != wanted {
			t.Errorf("%s: %d variables, want %d", name, variables, wanted)
		}
		o, err := f.Weights.Optimizer(false)
		if err != nil || o.Iterations != 2 || o.LearningRate != nil || len(o.Slots) != len(want.Optimizer)-1 {
			t.Errorf("%s: %+v, %v", name, o, err)
		}
	}
}

// checkLayers finds the weights of each layer by its class.
func checkLayers(t *testing.T, f *File, want savedModel) {
	t.Helper()
	paths := LayerPaths(want.Classes)
	for i, weights := range want.LayerWeights {
		e, ok := f.Weights.Find(paths[i])
		if !ok {
			t.Errorf("no entry %s", paths[i])
			continue
		}
		vars := e.Vars
		if want.Classes[i] == "Sequential" { // nested: its layers have the weights
			for _, p := range LayerPaths([]string{"Conv2D", "BatchNormalization", "ReLU"}) {
				below, ok := f.Weights.Find(paths[i] + "/" + p)
				if !ok {
					t.Errorf("no entry %s/%s", paths[i], p)
				}
				vars = append(vars, below.Vars...)
			}
			// The model lists the trainable weights first, and the file goes layer by layer. Here that is the same order.
		}
		if len(vars) != len(weights) {
			t.Errorf("%s: %d variables, Keras has %d", paths[i], len(vars), len(weights))
			continue
		}
		for k, w := range weights {
			if !slices.Equal(float64s(t, vars[k]), w) {
				t.Errorf("%s/vars/%d: %v, Keras has %v", paths[i], k, float64s(t, vars[k]), w)
			}
		}
	}
}

func checkOptimizer(t *testing.T, f *File, want savedModel) {
	t.Helper()
	o, err := f.Weights.Optimizer(want.LearningRate == nil)
	if err != nil {
		t.Fatal(err)
	}
	if o.Iterations != want.Iterations || len(o.Slots) != len(want.Slots) {
		t.Errorf("%d iterations, %d slots; Keras has %d, %d", o.Iterations, len(o.Slots), want.Iterations, len(want.Slots))
	}
	switch {
	case (o.LearningRate == nil) != (want.LearningRate == nil):
		t.Errorf("learning rate %v, Keras has %v", o.LearningRate, want.LearningRate)
	case o.LearningRate != nil && float64(*o.LearningRate) != *want.LearningRate:
		t.Errorf("learning rate %v, Keras has %v", *o.LearningRate, *want.LearningRate)
	}
	for i, s := range want.Slots {
		if got := float64s(t, o.Slots[i]); !slices.Equal(got, s) {
			t.Errorf("slot %d: %v, Keras has %v", i, got, s)
		}
	}
	// Writing it again gives the same file.
	e, _ := f.Weights.Find("optimizer")
	again := o.Entry()
	if again.Name != e.Name || len(again.Vars) != len(e.Vars) {
		t.Fatalf("entry %+v of the state, read from %+v", again, e)
	}
	for i, v := range e.Vars {
		if again.Vars[i].DType() != v.DType() || !bytes.Equal(again.Vars[i].Raw(), v.Raw()) {
			t.Errorf("optimizer/vars/%d: %v, was %v", i, again.Vars[i], v)
		}
	}
}

func TestNames(t *testing.T) {
	want := parse[struct {
		SnakeCase map[string]string `json:"snake_case"`
		Order     []string
		Unique    []string
		Floats    []string
		Dumps     string
	}](t, readTestdata(t, "names.json"))
	if len(want.SnakeCase) < 100 {
		t.Fatalf("only %d classes", len(want.SnakeCase))
	}
	for class, name := range want.SnakeCase {
		if got := config.SnakeCase(class); got != name {
			t.Errorf("SnakeCase(%q) = %q, Keras says %q", class, got, name)
		}
	}
	for i, p := range LayerPaths(want.Order) {
		if p != "layers/"+want.Unique[i] {
			t.Errorf("path %d of %v: %q, Keras says %q", i, want.Order, p, want.Unique[i])
		}
	}
	for _, s := range want.Floats {
		var f Float
		if err := json.Unmarshal([]byte(s), &f); err != nil {
			t.Fatal(err)
		}
		got, err := Marshal(f)
		// encoding/json compacts the result of MarshalJSON and keeps numbers unchanged.
		if err != nil || string(got) != s {
			t.Errorf("Float %s is written as %s (%v)", s, got, err)
		}
	}
	got, err := Marshal(json.RawMessage(want.Dumps))
	if err != nil || string(got) != want.Dumps {
		t.Errorf("Marshal gives %s (%v)\njson.dumps gives %s", got, err, want.Dumps)
	}
	for _, v := range []float64{math.NaN(), math.Inf(1)} {
		if _, err := Marshal(Float(v)); err == nil {
			t.Errorf("%v became JSON", v)
		}
	}
}

// sample returns a file that uses every field.
func sample() *File {
	rate := float32(0.001)
	kernel := tensor.New(tensor.Float32, 3, 3, 2, 4)
	for i := range kernel.Float32s() {
		kernel.Float32s()[i] = float32(i) - 7.25
	}
	return &File{
		Config: json.RawMessage(`{"module": "keras", "class_name": "Sequential", "config": {"name": "línce"}, "registered_name": null}`),
		Extra:  json.RawMessage(`{"classes":["gato","perro"]}`),
		Assets: map[string][]byte{"layers/words/vocabulary.txt": []byte("a\nb\n"), "empty": {}},
		Weights: Weights{
			{Path: "", Name: "línce"},
			{Path: "layers/conv2d", Name: "first", Vars: []*tensor.Tensor{kernel, tensor.New(tensor.Float32, 4)}},
			{Path: "layers/flatten", Name: "flatten"},
			{Path: "layers/conv2d_2", Vars: []*tensor.Tensor{tensor.Of([]float32{1}, 1, 1, 1, 1)}},
			{Path: "layers/conv2d_10", Vars: []*tensor.Tensor{tensor.Of([]tensor.BF16{0x3f80, 0xc040}, 2), tensor.Of([]bool{true, false}, 2)}},
			Optimizer{Name: "rm_sprop", Iterations: 1 << 40, LearningRate: &rate, Slots: []*tensor.Tensor{kernel, tensor.New(tensor.Float32, 0, 4)}}.Entry(),
		},
	}
}

func writeBytesOf(t testing.TB, f *File) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, f); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var compareTensors = cmp.Comparer(func(a, b *tensor.Tensor) bool {
	return a.DType() == b.DType() && a.Shape().Equal(b.Shape()) && bytes.Equal(a.Raw(), b.Raw())
})

func TestRoundTrip(t *testing.T) {
	f := sample()
	b := writeBytesOf(t, f)
	got := readBytes(t, b)
	f.Metadata.KerasVersion = Version
	f.Extra = json.RawMessage(`{"classes": ["gato", "perro"]}`) // with the spacing of the member
	byPath := func(a, b Entry) int { return strings.Compare(a.Path, b.Path) }
	if order := []string{got.Weights[1].Path, got.Weights[2].Path, got.Weights[3].Path}; !slices.Equal(order, []string{"layers/conv2d", "layers/conv2d_2", "layers/conv2d_10"}) {
		t.Errorf("order of entries: %q", order)
	}
	slices.SortFunc(f.Weights, byPath)
	slices.SortFunc(got.Weights, byPath)
	if diff := cmp.Diff(f, got, compareTensors); diff != "" {
		t.Errorf("(-written +read):\n%s", diff)
	}
	// Any order gives the same bytes.
	f = sample()
	slices.Reverse(f.Weights)
	if !bytes.Equal(writeBytesOf(t, f), b) {
		t.Error("the bytes depend on the order of the entries")
	}
}

func TestWeightsFile(t *testing.T) {
	want := sample().Weights
	var b bytes.Buffer
	if err := WriteWeights(&b, want); err != nil {
		t.Fatal(err)
	}
	got, err := ReadWeights(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range want {
		again, _ := got.Find(e.Path)
		if diff := cmp.Diff(e, again, compareTensors); diff != "" {
			t.Errorf("(-written +read):\n%s", diff)
		}
	}
	if _, err := got.Optimizer(false); err != nil {
		t.Error(err)
	}
}

func TestWriteMistakes(t *testing.T) {
	for name, test := range map[string]struct {
		change func(f *File)
		want   string
	}{
		"no config":        {func(f *File) { f.Config = nil }, "config.json"},
		"config":           {func(f *File) { f.Config = json.RawMessage(`{`) }, "config.json"},
		"extra":            {func(f *File) { f.Extra = json.RawMessage(`x`) }, "extra data"},
		"asset outside":    {func(f *File) { f.Assets["../x"] = nil }, `"assets/../x"`},
		"two of a path":    {func(f *File) { f.Weights = append(f.Weights, Entry{Path: "optimizer"}) }, "two entries"},
		"impossible path":  {func(f *File) { f.Weights = append(f.Weights, Entry{Path: "/layers/x"}) }, "name"},
		"missing variable": {func(f *File) { f.Weights[1].Vars[0] = nil }, "the tensor is nil"},
	} {
		f := sample()
		test.change(f)
		var b bytes.Buffer
		if err := Write(&b, f); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, test.want)
		}
	}
}
