package cli

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/format/npy"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// saved saves a model in the working folder.
func saved(t *testing.T, name string, m *lince.Model, err error) {
	t.Helper()
	if err == nil {
		err = m.Save(name)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// array writes a .npy file.
func array(t *testing.T, name string, values []float32, shape ...int) {
	t.Helper()
	f, err := os.Create(name)
	if err == nil {
		err = npy.Write(f, tensor.Of(values, shape...))
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// addAndMultiply saves a model that adds and multiplies its inputs.
func addAndMultiply(t *testing.T, name string) {
	t.Helper()
	x := lince.Input(layer.Input{Shape: []int{2}, Name: "x"})
	y := lince.Input(layer.Input{Shape: []int{2}, Name: "y"})
	m, err := lince.Functional(lince.List(x, y), lince.List(lince.Apply(layer.Add{Name: "sum"}, x, y), lince.Apply(layer.Multiply{Name: "product"}, x, y)))
	saved(t, name, m, err)
}

// ran is the part of the JSON result that tests look at.
type ran struct {
	Kind    string
	Inputs  []struct{ Name, Type string }
	Outputs []struct {
		Name       string
		Min, Max   *float64
		Difference *struct {
			Max    *float64
			Beyond int `json:"beyond_tolerance"`
		}
	}
	Seconds []float64
	Files   []string
}

func TestRunCommand(t *testing.T) {
	workIn(t)
	addAndMultiply(t, "m.keras")
	o := succeed(t, "run", "m.keras")
	contains(t, "the list", o.stdout, "m.keras: a Keras model\n", "x  float32 (None, 2)\n", "product  float32 (None, 2)\n")
	r := decode[ran](t, succeed(t, "run", "m.keras", "--json").stdout)
	if r.Kind != "keras" || len(r.Inputs) != 2 || r.Inputs[1].Name != "y" || r.Inputs[1].Type != "float32" || r.Seconds != nil {
		t.Errorf("the list is %+v", r)
	}

	array(t, "x.npy", []float32{1, 2}, 1, 2)
	array(t, "y.npy", []float32{3, 5}, 1, 2)
	o = succeed(t, "run", "m.keras", "--inputs", "x=x.npy", "--inputs", "y=y.npy", "--out", "out.npz")
	contains(t, "the result", o.stdout, "sum      float32 (1, 2)  4 7\n", "product  float32 (1, 2)  3 10\n", "Wrote out.npz")
	got, err := npy.ReadArchive("out.npz")
	if err != nil || !slices.Equal(got["sum"].Float32s(), []float32{4, 7}) || !slices.Equal(got["product"].Float32s(), []float32{3, 10}) {
		t.Errorf("the archive has %v, %v", got, err)
	}
	// The working folder has x.npy and y.npy, named as the inputs.
	succeed(t, "run", "m.keras", "--inputs", ".", "--out", "out")
	if b, err := os.ReadFile("out/sum.npy"); err != nil {
		t.Error(err)
	} else if x, err := npy.Read(b); err != nil || !slices.Equal(x.Float32s(), []float32{4, 7}) {
		t.Errorf("out/sum.npy has %v, %v", x, err)
	}

	// Expected outputs.
	r = decode[ran](t, succeed(t, "run", "m.keras", "--inputs", ".", "--expect", "out.npz", "--json").stdout)
	for _, out := range r.Outputs {
		if out.Difference == nil || *out.Difference.Max != 0 || out.Difference.Beyond != 0 {
			t.Errorf("output %s differs by %+v", out.Name, out.Difference)
		}
	}
	array(t, "sum.npy", []float32{4, 7.5}, 1, 2)
	o = run(t, "run", "m.keras", "--inputs", ".", "--expect", "sum=sum.npy")
	if o.code != exitFailure {
		t.Errorf("exit code %d", o.code)
	}
	contains(t, "the result", o.stdout, "Compared with the expected sum: largest difference 0.5 at (0, 1), mean 0.25")
	contains(t, "the error", o.stderr, "output sum differs from the expected one in 1 of 2 elements (--rtol 0.001, --atol 1e-07)")
	succeed(t, "run", "m.keras", "--inputs", ".", "--expect", "sum=sum.npy", "--atol", ".5")
	array(t, "sum.npy", []float32{4, float32(math.NaN())}, 1, 2)
	if o := run(t, "run", "m.keras", "--inputs", ".", "--expect", "sum=sum.npy", "--json"); o.code != exitFailure || decode[ran](t, o.stdout).Outputs[0].Difference.Max != nil {
		t.Errorf("NaN: exit code %d, %s", o.code, o.stdout)
	}

	// Noise.
	a := succeed(t, "run", "m.keras", "--random", "--shape", "x=3x2", "--shape", "y=3x2").stdout
	if b := succeed(t, "run", "m.keras", "--random", "--shape", "x=3x2", "--shape", "y=3x2").stdout; a != b {
		t.Errorf("two runs print\n%s\n%s", a, b)
	}
	if b := succeed(t, "run", "m.keras", "--random", "--shape", "x=3x2", "--shape", "y=3x2", "--seed", "1").stdout; a == b {
		t.Error("--seed changes nothing")
	}
	r = decode[ran](t, succeed(t, "run", "m.keras", "--random", "--repeat", "3", "--json").stdout)
	if sum := r.Outputs[0]; len(r.Seconds) != 3 || *sum.Min < 0 || *sum.Max > 2 || *sum.Min == *sum.Max {
		t.Errorf("the result is %+v", r)
	}
	contains(t, "the times", succeed(t, "run", "m.keras", "--random", "--repeat", "3").stdout, "Time of a run: ", "median of 3")
}

// TestRunONNX runs an ONNX file in its own layout, with the names and types of the file.
func TestRunONNX(t *testing.T) {
	workIn(t)
	m, err := lince.Sequential(layer.Input{Shape: []int{4, 6, 3}, Name: "image"}, layer.Conv2D{Filters: 2, Kernel: layer.Size{3, 3}}, layer.GlobalAveragePool2D{}, layer.Dense{Units: 2, Name: "scores"})
	saved(t, "m.keras", m, err)
	succeed(t, "convert", "m.keras", "first.onnx", "--channels-first", "-q")
	succeed(t, "convert", "m.keras", "last.onnx", "-q")
	contains(t, "the list", succeed(t, "run", "first.onnx").stdout, "first.onnx: an ONNX model", "image  float32 (None, 3, 4, 6)", "scores  float32 (None, 2)")
	contains(t, "the list", succeed(t, "run", "last.onnx").stdout, "image  float32 (None, 4, 6, 3)")
	x := make([]float32, 2*4*6*3)
	first := make([]float32, len(x))
	for i := range x {
		x[i] = float32(i%17) / 17
		b, p, c := i/72, i/3%24, i%3
		first[b*72+c*24+p] = x[i]
	}
	array(t, "x.npy", x, 2, 4, 6, 3)
	array(t, "first.npy", first, 2, 3, 4, 6)
	succeed(t, "run", "m.keras", "--inputs", "x.npy", "--out", "y.npz")
	succeed(t, "run", "last.onnx", "--inputs", "x.npy", "--expect", "y.npz")
	succeed(t, "run", "first.onnx", "--inputs", "first.npy", "--expect", "y.npz")
	o := run(t, "run", "first.onnx", "--inputs", "x.npy")
	contains(t, "the error", o.stderr, "first.onnx: input image: got shape (2, 4, 6, 3), want (None, 3, 4, 6)")
}

// TestRunMistakes: exit codes and messages of mistakes, and nothing is left behind.
func TestRunMistakes(t *testing.T) {
	dir := workIn(t)
	addAndMultiply(t, "m.keras")
	array(t, "x.npy", []float32{1, 2}, 1, 2)
	array(t, "y.npy", []float32{3, 5}, 1, 2)
	array(t, "three.npy", []float32{3, 5, 7}, 1, 3)
	put(t, ".", map[string][]byte{"text.npy": []byte("hello"), "out/sum.npy": {1}, "readme.txt": {1}, "empty/readme.txt": {1}})
	before := snapshot(t, dir)
	both := []string{"--inputs", "x=x.npy", "--inputs", "y=y.npy"}
	for _, c := range []struct {
		args []string
		code int
		want []string
	}{
		{[]string{}, 2, []string{"<model>"}},
		{[]string{"no.keras"}, 1, []string{"no.keras", "no such file"}},
		{[]string{"readme.txt"}, 1, []string{"readme.txt: is no model file that lince knows"}},
		{[]string{"m.keras", "--inputs", "x=x.npy"}, 1, []string{"no tensor for the input y, which is float32 (None, 2)"}},
		{[]string{"m.keras", "--inputs", "x.npy"}, 1, []string{"--inputs: x.npy: the model has 2 inputs; write NAME=x.npy"}},
		{[]string{"m.keras", "--inputs", "x=text.npy"}, 1, []string{"text.npy: is not a NumPy array"}},
		{[]string{"m.keras", "--inputs", "xx=x.npy", "--inputs", "y=y.npy"}, 1, []string{"there is no input xx; did you mean x?"}},
		{[]string{"m.keras", "--inputs", "x=three.npy", "--inputs", "y=y.npy"}, 1, []string{"input x: got shape (1, 3), want (None, 2)"}},
		{[]string{"m.keras", "--inputs", "empty"}, 1, []string{"empty: has no file for the inputs of the model; want x.npy, y.npy or input_0.pb"}},
		{append([]string{"m.keras", "--out", "out"}, both...), 2, []string{"out/sum.npy already exists", "--overwrite"}},
		{append([]string{"m.keras", "--out", "no/out.npz"}, both...), 1, []string{"--out: cannot write no/out.npz"}},
		{append([]string{"m.keras", "--expect", "sum=three.npy"}, both...), 1, []string{"output sum", "got (1, 2), want (1, 3)"}},
		{append([]string{"m.keras", "--expect", "smu=x.npy"}, both...), 1, []string{"m.keras has no output smu; want sum, product"}},
		{append([]string{"m.keras", "--expect", "empty"}, both...), 1, []string{"--expect: empty: has no file for the outputs"}},
		{append([]string{"m.keras", "--random"}, both...), 2, []string{"--random and --inputs cannot be combined"}},
		{[]string{"m.keras", "--out", "y.npz", "--repeat", "2", "--expect", "y.npz"}, 2, []string{"--out needs --inputs or --random", "--repeat needs", "--expect needs"}},
		{[]string{"m.keras", "--random", "--repeat", "0", "--rtol=-1"}, 2, []string{"--repeat must be at least 1, got 0", "--rtol must be at least 0, got -1"}},
		{[]string{"m.keras", "--shape", "x=1x2"}, 2, []string{"--shape is for --random"}},
		{[]string{"m.keras", "--random", "--shape", "1x2"}, 2, []string{"--shape 1x2: the model has the inputs x, y; write NAME=1x2"}},
		{[]string{"m.keras", "--random", "--shape", "z=1x2"}, 2, []string{"there is no input z"}},
		{[]string{"m.keras", "--random", "--shape", "x=1,2"}, 2, []string{`--shape x=1,2: must be sizes such as 1x3x224x224, got "1,2"`}},
		{[]string{"m.keras", "--random", "--shape", "x=1x3"}, 2, []string{"--shape: input x has shape (None, 2), got (1, 3)"}},
	} {
		o := run(t, append([]string{"run"}, c.args...)...)
		if o.code != c.code {
			t.Errorf("run %s: exit code %d, want %d", strings.Join(c.args, " "), o.code, c.code)
		}
		contains(t, "run "+strings.Join(c.args, " "), strings.ReplaceAll(o.stderr, `\`, "/"), c.want...)
	}
	sameTree(t, before, snapshot(t, dir))
	succeed(t, append([]string{"run", "m.keras", "--out", "out", "--overwrite"}, both...)...)
	if b := read(t, filepath.Join("out", "sum.npy")); len(b) < 100 {
		t.Error("--overwrite does not replace the file")
	}
}
