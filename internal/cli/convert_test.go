package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
)

// converted is the part of the JSON result that tests look at.
type converted struct {
	InKind   string   `json:"in_kind"`
	OutKind  string   `json:"out_kind"`
	Files    []string `json:"files"`
	Bytes    int64
	Lost     []string `json:"not_in_the_new_file"`
	Verified []struct {
		With, On string
		Outputs  []outputDifference
	}
	NetworkRead bool `json:"network_read"`
}

// TestConvert writes a trained model as each kind and reads it back.
func TestConvert(t *testing.T) {
	workIn(t)
	model := filepath.Join(trained(t), "model.keras")
	put(t, ".", map[string][]byte{"one.png": pngs(t, 2)["cat.0.png"]})
	want := succeed(t, "predict", model, "one.png").stdout
	for _, c := range []struct {
		file, kind string
		lost       []string
		network    bool
	}{
		{"new.keras", "keras", nil, true},
		{"new.h5", "h5", nil, true},
		{"new.safetensors", "safetensors", []string{"state"}, true},
		{"new.onnx", "onnx", []string{"settings", "state"}, true},
		{"new.tflite", "tflite", []string{"settings", "state"}, true},
		{"new.weights.h5", "weights.h5", []string{"network", "settings", "class names", "preprocessing"}, false},
		{"new.json", "json", []string{"weights", "state", "class names", "preprocessing"}, false},
	} {
		r := decode[converted](t, succeed(t, "convert", model, c.file, "--json").stdout)
		info, err := os.Stat(c.file)
		if err != nil || r.InKind != "keras" || r.OutKind != c.kind || r.Bytes != info.Size() || len(r.Files) != 1 || r.Files[0] != c.file {
			t.Errorf("%s: %+v, %v", c.file, r, err)
			continue
		}
		if k, err := lince.FileKindOf(c.file); err != nil || k.Name != c.kind {
			t.Errorf("%s is of the kind %s, %v", c.file, k.Name, err)
		}
		lost := strings.Join(r.Lost, ", ")
		if c.network && strings.Contains(lost, "class") || len(c.lost) == 0 && lost != "" {
			t.Errorf("%s loses %s", c.file, lost)
		}
		contains(t, c.file+" loses", lost, c.lost...)
		switch {
		case c.kind == "json":
			if !r.NetworkRead || len(r.Verified) != 0 {
				t.Errorf("%s is verified by %+v", c.file, r)
			}
		case len(r.Verified) != 1 || r.Verified[0].With != "lince" || r.Verified[0].On != "noise" || len(r.Verified[0].Outputs) != 1:
			t.Errorf("%s is verified by %+v", c.file, r.Verified)
		}
		if c.network {
			if got := succeed(t, "predict", c.file, "one.png").stdout; got != want {
				t.Errorf("%s predicts %s, want %s", c.file, got, want)
			}
			succeed(t, "diff", model, c.file, "--tolerance", "1e-6")
		}
	}
	// Weights and a network make a model again. The file of weights has no class names.
	o := succeed(t, "convert", "new.weights.h5", "again.keras", "--network", "new.json", "--classes", "cat,dog")
	contains(t, "the result", o.stdout, "new.weights.h5 (a file of Keras weights) -> again.keras (a Keras model, ", "Predictions of lince on noise: largest difference 0\n")
	succeed(t, "diff", "again.keras", model)
	if m, err := lince.Open("again.keras"); err != nil || strings.Join(m.Classes, " ") != "cat dog" {
		t.Errorf("the classes are %v, %v", m.Classes, err)
	}
	// Images, and --to.
	r := decode[converted](t, succeed(t, "convert", model, "model.bin", "--to", "onnx", "--data", "one.png", "--opset", "21", "--json").stdout)
	if r.OutKind != "onnx" || r.Verified[0].On != "1 image" || r.Files[0] != "model.bin" {
		t.Errorf("the result is %+v", r)
	}
	contains(t, "the result", succeed(t, "convert", model, "plain.h5", "--no-verify").stdout, "Not verified.")
	// Equal models give equal files, and --overwrite replaces one.
	succeed(t, "convert", model, "other.onnx")
	if a, b := read(t, "new.onnx"), read(t, "other.onnx"); a != b {
		t.Error("the same model gives other bytes")
	}
	succeed(t, "convert", model, "other.onnx", "--overwrite", "--channels-first")
	if a, b := read(t, "new.onnx"), read(t, "other.onnx"); a == b {
		t.Error("--overwrite or --channels-first changes nothing")
	}
	// A network without weights says so.
	contains(t, "the warning", succeed(t, "convert", "new.json", "fresh.keras").stderr, "new.json has no weights; the new file gets initial weights")
	for _, e := range must(os.ReadDir(".")) {
		if strings.HasPrefix(e.Name(), ".lince") {
			t.Errorf("%s was left behind", e.Name())
		}
	}
}

// TestInputShape opens ONNX models whose files leave the height and the width open.
func TestInputShape(t *testing.T) {
	workIn(t)
	free, err := lince.Sequential(layer.Input{Shape: []int{-1, -1, 3}, Name: "image"}, layer.Conv2D{Filters: 2, Kernel: layer.Size{3, 3}}, layer.GlobalAveragePool2D{})
	saved(t, "free.keras", free, err)
	succeed(t, "convert", "free.keras", "free.onnx", "--channels-first", "-q", "--shape", "2x8x9x3")
	contains(t, "the inputs", succeed(t, "run", "free.onnx").stdout, "image  float32 (None, 3, None, None)")
	succeed(t, "convert", "free.onnx", "fixed.onnx", "--channels-first", "-q", "--input-shape", "image=-1x3x8x9")
	contains(t, "the inputs", succeed(t, "run", "fixed.onnx").stdout, "image  float32 (None, 3, 8, 9)")
	s := decode[summaryResult](t, succeed(t, "summary", "free.onnx", "--json", "--input-shape", "image=-1x3x8x9").stdout)
	if got := fmt.Sprint(len(s.Input), s.Input[0] == nil, *s.Input[1], *s.Input[2], *s.Input[3]); got != "4 true 8 9 3" {
		t.Errorf("the summary's input shape is %s", got)
	}
	put(t, ".", map[string][]byte{"one.png": pngs(t, 2)["cat.0.png"]})
	succeed(t, "predict", "free.onnx", "one.png", "--classes", "cat,dog", "--input-shape", "image=-1x3x8x9")
	for _, c := range []struct {
		file, flag, want string
		code             int
	}{
		{"free.onnx", "images=1x3x8x8", `a shape is given for "images", which is no input of the model; did you mean image?`, 1},
		{"free.onnx", "image=1x4x8x8", "the shape given is (1, 4, 8, 8), want (None, 3, None, None)", 1},
		{"free.onnx", "1x3x8x8", `--input-shape must be NAME=SIZES such as images=-1x3x640x640, got "1x3x8x8"`, 2},
		{"free.onnx", "image=1x-3x8x8", `--input-shape image=1x-3x8x8: must be sizes`, 2},
		{"free.keras", "image=1x3x8x8", "--input-shape is for ONNX models; free.keras is a Keras model", 2},
	} {
		o := run(t, "summary", c.file, "--input-shape", c.flag)
		if o.code != c.code {
			t.Errorf("%s: exit code %d, want %d", c.flag, o.code, c.code)
		}
		contains(t, c.flag, o.stderr, c.want)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestConvertMistakes: exit codes and messages of mistakes, and nothing is left behind or replaced.
func TestConvertMistakes(t *testing.T) {
	dir := workIn(t)
	addAndMultiply(t, "two.keras")
	m, err := lince.Sequential(layer.Input{Shape: []int{8, 8, 2}}, layer.Conv2D{Filters: 2, Kernel: layer.Size{3, 3}}, layer.GlobalAveragePool2D{})
	saved(t, "conv.keras", m, err)
	free, err := lince.Sequential(layer.Input{Shape: []int{-1, -1, 3}}, layer.Conv2D{Filters: 2, Kernel: layer.Size{3, 3}}, layer.GlobalAveragePool2D{})
	saved(t, "free.keras", free, err)
	succeed(t, "convert", "conv.keras", "conv.weights.h5", "-q")
	succeed(t, "convert", "two.keras", "two.json", "-q")
	succeed(t, "convert", "conv.keras", "conv.onnx", "-q")
	model := []byte(read(t, "conv.keras"))
	put(t, ".", map[string][]byte{
		"there.onnx": {1}, "folder.onnx/x": {1}, "text.keras": []byte("hello"), "one.png": pngs(t, 2)["cat.0.png"],
		"cut.keras": model[:len(model)/2], "saved/saved_model.pb": {}, "saved/keras_metadata.pb": {},
	})
	if err := os.Symlink("conv.keras", "link.keras"); err != nil {
		t.Logf("no symbolic links here: %v", err)
		put(t, ".", map[string][]byte{"link.keras": {1}})
	}
	before := snapshot(t, dir)
	for _, c := range []struct {
		args []string
		code int
		want []string
	}{
		{[]string{"conv.keras"}, 2, []string{"<out>"}},
		{[]string{"no.keras", "a.onnx"}, 1, []string{"no.keras", "no such file"}},
		{[]string{"text.keras", "a.onnx"}, 1, []string{"text.keras: is no model file that lince knows", `begins with "hello"`}},
		{[]string{"cut.keras", "a.onnx"}, 1, []string{"cut.keras", "truncated"}},
		{[]string{"saved", "a.onnx"}, 1, []string{"saved: is a TensorFlow SavedModel of Keras", `tf_keras.models.load_model("saved").save("saved.keras")`}},
		{[]string{"conv.keras", "a.pdf"}, 2, []string{"a.pdf: its name does not tell the kind of file to write", ".keras, .h5, .onnx", "--to"}},
		{[]string{"conv.keras", "a.pdf", "--to", "onx"}, 2, []string{`--to: there is no kind "onx"; did you mean onnx?`}},
		{[]string{"conv.keras", "conv.keras", "--overwrite"}, 2, []string{"conv.keras: the command reads this file"}},
		{[]string{"conv.keras", "there.onnx"}, 2, []string{"there.onnx already exists; use another name, or --overwrite"}},
		{[]string{"conv.keras", "folder.onnx", "--overwrite"}, 2, []string{"folder.onnx already exists, and is not a regular file"}},
		{[]string{"conv.keras", "no/a.onnx"}, 1, []string{"cannot write no/a.onnx", "there is no folder no"}},
		{[]string{"conv.weights.h5", "a.keras"}, 1, []string{"conv.weights.h5: is a file of Keras weights; it has no network", "lince convert conv.weights.h5 conv.keras --network NETWORK"}},
		{[]string{"conv.weights.h5", "a.keras", "--network", "two.json"}, 1, []string{"no weights of conv.weights.h5 belong to a layer of two.json"}},
		{[]string{"conv.weights.h5", "a.keras", "--network", "no.json"}, 1, []string{"no.json", "no such file"}},
		{[]string{"conv.keras", "a.keras", "--by-name"}, 2, []string{"--by-name, --skip-mismatch and --names are for a file of weights with --network"}},
		{[]string{"conv.weights.h5", "a.keras", "--network", "conv.keras", "--names", "conv2d"}, 2, []string{`--names must be LAYER=NAME, got "conv2d"`}},
		{[]string{"conv.weights.h5", "a.keras", "--network", "conv.keras", "--names", "conv2d=a"}, 1, []string{"Names cannot be given"}},
		{[]string{"conv.keras", "a.onnx", "--opset", "3"}, 1, []string{"a.onnx", "17", "21"}},
		{[]string{"conv.keras", "a.onnx", "--preprocessing"}, 1, []string{"a.onnx", "no preprocessing"}},
		{[]string{"conv.keras", "a.onnx", "--classes", "a,b,c"}, 2, []string{"--classes has 3 names", "2 classes"}},
		{[]string{"conv.keras", "a.onnx", "--tolerance=-1", "--limit", "0"}, 2, []string{"--tolerance must be at least 0", "--limit must be at least 1"}},
		{[]string{"conv.keras", "a.onnx", "--data", "one.png", "--shape", "1x8x8x2"}, 2, []string{"--shape is for noise"}},
		{[]string{"conv.keras", "a.onnx", "--data", "one.png"}, 1, []string{"--data: the model's input has 2 channels, want 1, 3 or 4"}},
		{[]string{"conv.keras", "a.onnx", "--data", "no.png"}, 1, []string{"--data: ", "no.png", "no such file"}},
		{[]string{"free.keras", "a.onnx"}, 2, []string{"input input_layer is float32 (None, None, None, 3); set its shape with --shape input_layer=SIZES"}},
		{[]string{"conv.onnx", "a.h5", "--no-layers"}, 1, []string{"a.h5: the layer graph is a graph of ops", "use .keras"}},
		{[]string{"conv.keras", "a.onnx", "--input-shape", "x=8x8x2"}, 2, []string{"--input-shape is for ONNX models; conv.keras is a Keras model"}},
		{[]string{"conv.onnx", "a.onnx", "--input-shape", "y=1x8x8x2"}, 1, []string{`a shape is given for "y"`, "want one of input_layer"}},
		{[]string{"conv.onnx", "a.onnx", "--input-shape", "8x8x2"}, 2, []string{"--input-shape must be NAME=SIZES"}},
		{[]string{"conv.onnx", "a.onnx", "--input-shape", "input_layer=-1x8x9x2"}, 1, []string{"(None, 8, 9, 2)", "(None, 8, 8, 2)"}},
		{[]string{"conv.keras", "a.onnx", "--against", "onnxruntim"}, 2, []string{`--against: there is no library "onnxruntim"; did you mean onnxruntime?`}},
		{[]string{"conv.keras", "a.onnx", "--against", "keras"}, 2, []string{"--against keras: it does not open an ONNX model"}},
		{[]string{"conv.keras", "a.onnx", "--against", "onnxruntime", "--python", "no-such-python"}, 1, []string{"--against onnxruntime: ", "no-such-python", "packages onnx onnxruntime", "--python"}},
	} {
		o := run(t, append([]string{"convert"}, c.args...)...)
		if o.code != c.code {
			t.Errorf("convert %s: exit code %d, want %d", strings.Join(c.args, " "), o.code, c.code)
		}
		contains(t, "convert "+strings.Join(c.args, " "), o.stderr, c.want...)
		if strings.Contains(o.stderr, ".lince-convert") {
			t.Errorf("convert %s: the message names a temporary folder: %s", strings.Join(c.args, " "), o.stderr)
		}
	}
	sameTree(t, before, snapshot(t, dir))
	succeed(t, "convert", "free.keras", "a.onnx", "--shape", "2x9x7x3", "-q")
}

// TestConvertNames: --names says which of two equal layers gets which weights of a PyTorch file. Its order would do the opposite.
func TestConvertNames(t *testing.T) {
	workIn(t)
	x := lince.Input(layer.Input{Shape: []int{8}})
	m, err := lince.Functional(x, x.Then(layer.Dense{Units: 8, Name: "a"}, layer.Dense{Units: 8, Name: "b"}))
	saved(t, "m.keras", m, err)
	succeed(t, "convert", "m.keras", "m.safetensors", "-q")
	for _, c := range []struct{ first, second, name string }{{"a", "b", "same.keras"}, {"b", "a", "other.keras"}} {
		succeed(t, "convert", "m.safetensors", c.name, "--network", "m.keras", "--names", "a="+c.first, "--names", "b="+c.second, "-q")
	}
	succeed(t, "diff", "m.keras", "same.keras")
	contains(t, "the names", run(t, "diff", "m.keras", "other.keras").stdout, "weight a/kernel: ", "weight b/kernel: ")
}

// TestConvertWrong: if the predictions of the new file differ, there is no new file, and an old one stays.
func TestConvertWrong(t *testing.T) {
	dir := workIn(t)
	addAndMultiply(t, "m.keras")
	put(t, ".", map[string][]byte{"there.keras": []byte("old")})
	before := snapshot(t, dir)
	other, err := lince.Sequential(layer.Input{Shape: []int{8}}, layer.Dense{Units: 2})
	if err != nil {
		t.Fatal(err)
	}
	// A row of the table that writes another model than it should.
	row := targetNamed("keras")
	write := row.write
	row.write = func(_ *convertCommand, _ *lince.Model, file string) error { return other.Save(file) }
	defer func() { row.write = write }()
	saved(t, filepath.Join(t.TempDir(), "unused.keras"), other, nil)
	model, err := lince.Options{Seed: 1}.Sequential(layer.Input{Shape: []int{8}}, layer.Dense{Units: 2})
	saved(t, filepath.Join(dir, "dense.keras"), model, err)
	before["dense.keras"] = read(t, "dense.keras")
	for _, out := range []string{"new.keras", "there.keras"} {
		o := run(t, "convert", "dense.keras", out, "--overwrite")
		if o.code != exitFailure {
			t.Errorf("%s: exit code %d", out, o.code)
		}
		contains(t, "the message", o.stderr, "the new file is wrong, and was removed: on noise, its predictions in lince differ: output dense: largest difference ", "--tolerance 1e-05")
	}
	sameTree(t, before, snapshot(t, dir))
	succeed(t, "convert", "dense.keras", "new.keras", "--tolerance", "100")
}

// TestConvertPreprocessing verifies files that have the preprocessing by the outputs of the models, which may be scores or numbers: -3 is not -2.
func TestConvertPreprocessing(t *testing.T) {
	workIn(t)
	for name, regression := range map[string]bool{"scores": false, "numbers": true} {
		models := map[string]*lince.Model{}
		for file, bias := range map[string]float32{"a.onnx": -2, "b.onnx": -3} {
			m, err := lince.Sequential(layer.Input{Shape: []int{6, 8, 3}}, layer.GlobalAveragePool2D{}, layer.Dense{Units: 1, KernelInitializer: initializer.Zeros{}, BiasInitializer: initializer.Constant{Value: float64(bias)}})
			if err != nil {
				t.Fatal(err)
			}
			m.Preprocessing, m.Regression = lince.Preprocessing{preprocess.Resize{Height: 6, Width: 8}, preprocess.Rescale{Scale: 1. / 255}}, regression
			if err := errors.Join(m.Compile(lince.CompileOptions{Loss: loss.Hinge{}}), m.Export(file, lince.ExportOptions{Preprocessing: true})); err != nil {
				t.Fatal(err)
			}
			models[file] = m
		}
		c, r := &convertCommand{Tolerance: 1e-5}, &conversion{}
		if err := c.verifyImages(models["a.onnx"], "a.onnx", r); err != nil || len(r.Verified) != 1 {
			t.Errorf("%s: %v, %v", name, err, r.Verified)
		}
		if err := c.verifyImages(models["a.onnx"], "b.onnx", r); err == nil || !strings.Contains(err.Error(), "the new file is wrong") {
			t.Errorf("%s: the file of another model: %v", name, err)
		}
	}
}

// TestConvertAgainst verifies new files in the Python libraries.
func TestConvertAgainst(t *testing.T) {
	python := os.Getenv("LINCE_PYTHON")
	if python == "" {
		t.Skip("needs Keras and ONNX Runtime: set LINCE_PYTHON to a Python that has internal/golden/requirements.txt")
	}
	workIn(t)
	m, err := lince.Sequential(layer.Input{Shape: []int{8, 9, 3}}, layer.Conv2D{Filters: 2, Kernel: layer.Size{3, 3}, Activation: layer.ReLU}, layer.GlobalAveragePool2D{}, layer.Dense{Units: 2})
	saved(t, "m.keras", m, err)
	for _, args := range [][]string{
		{"a.keras", "--against", "keras"}, {"a.h5", "--against", "keras"},
		{"a.onnx", "--against", "onnxruntime"}, {"b.onnx", "--against", "onnxruntime", "--channels-first", "--opset", "21"},
	} {
		r := decode[converted](t, succeed(t, append([]string{"convert", "m.keras", "--python", python, "--json"}, args...)...).stdout)
		if len(r.Verified) != 2 || r.Verified[1].With != args[2] {
			t.Errorf("%v is verified by %+v", args, r.Verified)
		}
	}
}

// TestConvertFromEveryAge converts a file of each version of Keras that testdata has.
func TestConvertFromEveryAge(t *testing.T) {
	long(t)
	workIn(t)
	zips, err := filepath.Glob(filepath.Join(packageDir, "..", "..", "testdata", "ages", "*.zip"))
	if err != nil || len(zips) == 0 {
		t.Fatal(zips, err)
	}
	n := 0
	for _, archive := range zips {
		for name, content := range unzipped(t, []byte(read(t, archive))) {
			if name != "cnn.h5" && name != "cnn.keras" {
				continue
			}
			n++
			put(t, ".", map[string][]byte{name: content})
			for _, out := range []string{"new.keras", "new.h5", "new.onnx"} {
				o := run(t, "convert", name, out, "--overwrite", "-q")
				if o.code != exitOK {
					t.Errorf("%s of %s to %s: %s", name, filepath.Base(archive), out, o.stderr)
				}
			}
		}
	}
	if n < 10 {
		t.Errorf("only %d files", n)
	}
}

// TestConvertLayers writes ONNX models as files for Keras: as layers, or as one layer with --no-layers or if Keras lacks a layer.
func TestConvertLayers(t *testing.T) {
	models, err := filepath.Abs("../onnxgraph/testdata/models")
	if err != nil {
		t.Fatal(err)
	}
	workIn(t)
	resnet := filepath.Join(models, "torch_resnet.onnx")
	for _, c := range []struct {
		in, out, flag, warning string
		layered                bool
	}{
		{"torch_resnet.onnx", "a.keras", "", "", true},
		{"torch_resnet.onnx", "a.h5", "", "", true},
		{"torch_resnet.onnx", "a.json", "", "", true},
		{"torch_resnet.onnx", "b.keras", "--no-layers", "", false},
		{"torch_vit.onnx", "c.keras", "", "its network stays one layer, which lince opens and Keras does not: ", false},
	} {
		args := []string{"convert", filepath.Join(models, c.in), c.out, "--json"}
		if c.flag != "" {
			args = append(args, c.flag)
		}
		r := succeed(t, args...)
		if got := decode[struct{ Layered bool }](t, r.stdout).Layered; got != c.layered {
			t.Errorf("%s: layered is %v", c.out, got)
		}
		contains(t, c.out, r.stderr, c.warning)
		m, err := lince.Open(c.out)
		if c.out == "a.json" {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if hasGraph(m) == c.layered {
			t.Errorf("%s has a graph: %v", c.out, !c.layered)
		}
	}
	contains(t, "the text", succeed(t, "convert", resnet, "d.keras").stdout, "The network was written as layers of Keras.")
}
