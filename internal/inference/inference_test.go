package inference

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/format/npy"
	"github.com/lince-ml/lince/format/onnx"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"

	"google.golang.org/protobuf/proto"
)

// two is a model with two inputs, which it adds and multiplies.
func two(t *testing.T) Network {
	t.Helper()
	x := lince.Input(layer.Input{Shape: []int{3}, Name: "x"})
	y := lince.Input(layer.Input{Shape: []int{3}, Name: "y"})
	m, err := lince.Functional(lince.List(x, y), lince.List(lince.Apply(layer.Add{Name: "sum"}, x, y), lince.Apply(layer.Multiply{Name: "product"}, x, y)))
	if err != nil {
		t.Fatal(err)
	}
	return Of(m)
}

func TestRun(t *testing.T) {
	n := two(t)
	x, y := tensor.Of([]float32{1, 2, 3}, 1, 3), tensor.Of([]float64{4, 5, 6}, 1, 3)
	out, err := Run(n, map[string]*tensor.Tensor{"x": x, "y": y})
	if err != nil {
		t.Fatal(err)
	}
	if got := Names(n.Outputs()); !slices.Equal(got, []string{"sum", "product"}) {
		t.Errorf("outputs %v", got)
	}
	if !slices.Equal(out[0].Float32s(), []float32{5, 7, 9}) || !slices.Equal(out[1].Float32s(), []float32{4, 10, 18}) {
		t.Errorf("got %v, %v", out[0].Float32s(), out[1].Float32s())
	}
	_, err = Run(n, map[string]*tensor.Tensor{"x": tensor.Of([]float32{1, 2}, 1, 2), "z": y})
	for _, want := range []string{"input x: got shape (1, 2), want (None, 3)", "no tensor for the input y", "there is no input z; want one of x, y"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %s", err, want)
		}
	}
}

// TestNoise compares noise with NumPy's: numpy.random.RandomState(7).random_sample(3).
func TestNoise(t *testing.T) {
	ports := []Port{
		{"f", tensor.Float32, tensor.Shape{tensor.Unknown, 3}}, {"u", tensor.Uint8, tensor.Shape{4}}, {"i", tensor.Int64, tensor.Shape{5}},
		{"b", tensor.Bool, tensor.Shape{5}}, {"any", tensor.Float64, nil},
	}
	got, err := Noise(ports, 7, map[string]tensor.Shape{"any": {2, 1}})
	if err != nil {
		t.Fatal(err)
	}
	if f := got["f"].Float32s(); !slices.Equal(f, []float32{0.076308289373957, 0.7799187922401146, 0.4384092314408935}) {
		t.Errorf("floats are %v", f)
	}
	if u := got["u"].Raw(); !slices.Equal(u, []byte{185, 250, 137, 128}) { // of .72346518, .97798951, .53849587, .50112046
		t.Errorf("bytes are %v", u)
	}
	for _, v := range tensor.Values[int64](got["i"]) {
		if v != 0 && v != 1 {
			t.Errorf("integers are %v", tensor.Values[int64](got["i"]))
		}
	}
	again, err := Noise(ports, 7, map[string]tensor.Shape{"any": {2, 1}})
	if err != nil || !bytes.Equal(again["any"].Raw(), got["any"].Raw()) {
		t.Error("the same seed gives other numbers")
	}
	for _, c := range []struct {
		shapes map[string]tensor.Shape
		want   string
	}{
		{nil, "input any is float64 of any shape; set its shape with --shape any=SIZES"},
		{map[string]tensor.Shape{"any": {1}, "ff": {1}}, "there is no input ff; did you mean f?"},
		{map[string]tensor.Shape{"any": {1}, "f": {1, 4}}, "input f has shape (None, 3), got (1, 4)"},
		{map[string]tensor.Shape{"any": {1 << 20, 1 << 20}}, "too large"},
	} {
		if _, err := Noise(ports, 7, c.shapes); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error is %v, want %s", err, c.want)
		}
	}
}

func TestCompare(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, c := range []struct {
		a, b   []float32
		t      Tolerance
		max    float64
		at     []int
		beyond int
	}{
		{[]float32{1, 2, 3, 4}, []float32{1, 2, 3, 4}, Tolerance{}, 0, []int{0, 0}, 0},
		{[]float32{1, 2, 3.5, 4}, []float32{1, 2, 3, 4}, Tolerance{}, .5, []int{1, 0}, 1},
		{[]float32{1, 2, 3.5, 4}, []float32{1, 2, 3, 4}, Tolerance{Absolute: .5}, .5, []int{1, 0}, 0},
		{[]float32{1, 2, 3.5, 4.5}, []float32{1, 2, 3, 4}, Tolerance{Relative: .15}, .5, []int{1, 0}, 1},
		{[]float32{nan, inf, 3, -inf}, []float32{nan, inf, 3, -inf}, Tolerance{}, 0, []int{0, 0}, 0},
		{[]float32{nan, 2, 3, 4}, []float32{1, 2, 3, 4}, Tolerance{Absolute: 9}, math.Inf(1), []int{0, 0}, 1},
		{[]float32{1, 2, 3, 4}, []float32{1, inf, 3, 4}, Tolerance{Relative: 1}, math.Inf(1), []int{0, 1}, 1},
	} {
		d, err := Compare(tensor.Of(c.a, 2, 2), tensor.Of(c.b, 2, 2), c.t)
		if err != nil || d.Max != c.max || !slices.Equal(d.At, c.at) || d.Beyond != c.beyond || d.Elements != 4 {
			t.Errorf("%v and %v: %+v, %v", c.a, c.b, d, err)
		}
	}
	if d, err := Compare(tensor.New(tensor.Float32, 0, 2), tensor.New(tensor.Float32, 0, 2), Tolerance{}); err != nil || d.Max != 0 || d.At != nil {
		t.Errorf("no elements: %+v, %v", d, err)
	}
	if _, err := Compare(tensor.New(tensor.Float32, 1, 2), tensor.New(tensor.Float32, 2), Tolerance{}); err == nil || !strings.Contains(err.Error(), "got (1, 2), want (2,)") {
		t.Errorf("error is %v", err)
	}
	if d, err := Compare(tensor.Of([]int64{5}), tensor.Of([]uint8{3}), Tolerance{}); err != nil || d.Max != 2 {
		t.Errorf("integers: %+v, %v", d, err)
	}
}

// put writes files into a new folder.
func put(t *testing.T, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, b := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func npyOf(t *testing.T, x *tensor.Tensor) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := npy.Write(&b, x); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pbOf(t *testing.T, name string, x *tensor.Tensor) []byte {
	t.Helper()
	p, err := onnx.NewTensor(name, x)
	if err != nil {
		t.Fatal(err)
	}
	b, err := proto.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func npzOf(t *testing.T, arrays ...npy.Named) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := npy.WriteArchive(&b, arrays); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestReadTensors reads the same two tensors in each form.
func TestReadTensors(t *testing.T) {
	x, y := tensor.Of([]float32{1, 2, 3}, 1, 3), tensor.Of([]float32{4, 5, 6}, 1, 3)
	dir := put(t, map[string][]byte{
		"npy/x.npy": npyOf(t, x), "npy/y.npy": npyOf(t, y), "npy/readme.txt": nil, "npy/output_0.npy": npyOf(t, y),
		"pb/input_0.pb": pbOf(t, "a", x), "pb/input_1.pb": pbOf(t, "b", y), "pb/output_0.pb": pbOf(t, "c", y),
		"onnx/test_data_set_0/input_0.pb": pbOf(t, "a", x), "onnx/test_data_set_0/input_1.pb": pbOf(t, "b", y),
		"names.npz": npzOf(t, npy.Named{Name: "y", Value: y}, npy.Named{Name: "x", Value: x}),
		"order.npz": npzOf(t, npy.Named{Name: "arr_0", Value: x}, npy.Named{Name: "arr_1", Value: y}),
		"xy.json":   []byte(`{"x": [[1, 2, 3]], "y": [[4, 5.0, 6e0]]}`),
		"x.json":    []byte("[[1, 2, 3]]"),
		"list.json": []byte("[[1, 2], [3]]"), "deep.json": []byte("[[1, 2], 3]"), "text.json": []byte(`["a"]`), "cut.json": []byte("[[1,"),
		"more.json": []byte("[[1, 2, 3]] 4"), "object.json": []byte(`{"z": [1]}`), "x.npy": npyOf(t, x), "x.txt": []byte("1 2 3"),
		"three.npz": npzOf(t, npy.Named{Name: "arr_2", Value: x}), "empty/readme.txt": nil,
	})
	in := func(name string) string { return filepath.Join(dir, name) }
	ports := two(t).Inputs()
	for _, sources := range [][]string{
		{in("npy")}, {in("pb")}, {in("onnx")}, {in("names.npz")}, {in("order.npz")}, {in("xy.json")},
		{"x=" + in("x.npy"), "y=" + in("npy/y.npy")}, {"x=" + in("x.json"), "y=" + in("pb/input_1.pb")},
	} {
		got, err := ReadTensors(Input, ports, sources)
		if err != nil {
			t.Errorf("%v: %v", sources, err)
			continue
		}
		for name, want := range map[string]*tensor.Tensor{"x": x, "y": y} {
			if g := got[name]; g == nil || !g.Shape().Equal(want.Shape()) || !bytes.Equal(g.Raw(), want.Raw()) {
				t.Errorf("%v: %s is %v", sources, name, g)
			}
		}
	}
	for _, c := range []struct {
		source, want string
	}{
		{in("no.npy"), "no such file"},
		{in("empty"), "has no file for the inputs of the model; want x.npy, y.npy or input_0.pb"},
		{in("x.npy"), "the model has 2 inputs; write NAME="},
		{"x=" + in("names.npz"), "remove x="},
		{"x=" + in("x.txt"), "is no file of tensors; want a name that ends in .npy, .pb, .json, .npz"},
		{"x=" + in("list.json"), "lists at depth 2 have different lengths: 2 and 1"},
		{"x=" + in("deep.json"), "different depths"},
		{"x=" + in("text.json"), "want numbers in lists, got a"},
		{"x=" + in("cut.json"), "is no JSON: the file ends too early"},
		{"x=" + in("more.json"), "more than one value"},
		{in("object.json"), "there is no input z"},
		{in("x.json"), `want an object, such as {"x": [...], ...}`},
		{in("three.npz"), "there is no input 2, the model has 2"},
		{"x=" + dir, "is not a regular file"},
	} {
		if _, err := ReadTensors(Input, ports, []string{c.source}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v, want %s", c.source, err, c.want)
		}
	}
	if _, err := ReadTensors(Input, ports, []string{"x=" + in("x.npy"), "x=" + in("x.npy")}); err == nil || !strings.Contains(err.Error(), "two tensors for x") {
		t.Errorf("error is %v", err)
	}
	// Integers in JSON must fit.
	for text, want := range map[string]string{"[1, 2.5]": "number 1 is 2.5, want an integer from 0 to 255", "[256]": "number 0 is 256", "[-1]": "number 0 is -1"} {
		r := &reader{Input, []Port{{"u", tensor.Uint8, nil}}, map[string]*tensor.Tensor{}}
		if err := r.json("u", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error is %v, want %s", text, err, want)
		}
	}
}

// TestWriteTensors: names of outputs in an untrusted file never lead out of the folder.
func TestWriteTensors(t *testing.T) {
	x := tensor.Of([]float32{1}, 1)
	names := []string{"../../x", "/etc/x", "a/b:0", "A/B:0", "", "..", strings.Repeat("n", 300), "y"}
	var list []npy.Named
	for _, n := range names {
		list = append(list, npy.Named{Name: n, Value: x})
	}
	dir := t.TempDir()
	files, err := WriteTensors(filepath.Join(dir, "out"), list)
	if err != nil || len(files) != len(names) {
		t.Fatal(files, err)
	}
	entries, err := os.ReadDir(filepath.Join(dir, "out"))
	if err != nil || len(entries) != len(names) {
		t.Errorf("%d files, %v", len(entries), err)
	}
	if top, err := os.ReadDir(dir); err != nil || len(top) != 1 {
		t.Errorf("files outside: %v, %v", top, err)
	}
	if filepath.Base(files[2]) != "a_b_0.npy" || filepath.Base(files[3]) != "A_B_0_1.npy" || filepath.Base(files[7]) != "y.npy" {
		t.Errorf("files are %v", files)
	}
	path := filepath.Join(dir, "y.npz")
	if _, err := WriteTensors(path, list); err != nil {
		t.Fatal(err)
	}
	arrays, err := npy.ReadArchive(path)
	if err != nil || len(arrays) != len(names) || arrays["a/b:0"] == nil || arrays["../../x"] != nil {
		t.Errorf("arrays %v, %v", arrays, err)
	}
}

func TestParseShape(t *testing.T) {
	for text, want := range map[string]tensor.Shape{"": {}, "3": {3}, "1x3x224x224": {1, 3, 224, 224}, "0x2": {0, 2}} {
		if got, err := ParseShape(text); err != nil || !got.Equal(want) {
			t.Errorf("%q is %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"x", "1x", "-1x2", "1,2", "1x2 ", "99999999999x99999999999", "0x1f"} {
		if got, err := ParseShape(text); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
}

func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"x": [[1, 2, 3]], "y": [[4]]}`, "[]", "[[],[1]]", "[[[]]]", "[1, [2]]", "1", `{"x": true}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r := &reader{Input, []Port{{"x", tensor.Float32, nil}, {"y", tensor.Int32, nil}}, map[string]*tensor.Tensor{}}
		if err := r.json("x", b); err != nil {
			return
		}
		for name, x := range r.out {
			if n := x.Len(); n*x.DType().Size() != len(x.Raw()) || n > len(b) {
				t.Errorf("%s is %v from %d bytes", name, x, len(b))
			}
		}
	})
}
