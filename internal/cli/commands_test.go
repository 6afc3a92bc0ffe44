package cli

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/tensor"
)

// TestForeignModel uses a model file without class names and preprocessing, such as Keras writes,
// with flags that add them.
func TestForeignModel(t *testing.T) {
	long(t)
	workIn(t)
	m, err := lince.Open(filepath.Join(trained(t), "model.keras"))
	if err != nil {
		t.Fatal(err)
	}
	m.Classes, m.Preprocessing = nil, nil
	if err := m.Save("bare.keras"); err != nil {
		t.Fatal(err)
	}
	put(t, ".", map[string][]byte{"one.png": pngs(t, 2)["cat.0.png"]})
	want := succeed(t, "predict", filepath.Join(trained(t), "model.keras"), "one.png").stdout
	o := succeed(t, "predict", "bare.keras", "one.png", "--classes", "cat,dog")
	contains(t, "the warning", o.stderr, "lince: warning: the model bare.keras does not say how pixels are scaled; taking x/255, the usual one", "--rescale 1", "--rescale tf")
	if o.stdout != want {
		t.Errorf("it predicts %q, want %q", o.stdout, want)
	}
	o = succeed(t, "predict", "bare.keras", "one.png", "--classes", "cat,dog", "--rescale", "1/255", "-q")
	if o.stdout != want || o.stderr != "" {
		t.Errorf("with both flags it predicts %q and warns %q", o.stdout, o.stderr)
	}
	if o := succeed(t, "predict", "bare.keras", "one.png", "--classes", "cat,dog", "--rescale", "1"); o.stdout == want {
		t.Error("--rescale changes nothing")
	}
	if o := succeed(t, "predict", "bare.keras", "one.png", "--classes", "cat,dog", "--rescale", "tf", "-q"); o.stdout == want || o.stderr != "" {
		t.Errorf("--rescale tf changes nothing, or warns %q", o.stderr)
	}
	put(t, ".", map[string][]byte{"labels.txt": []byte("0 cat\r\n1 big dog\r\n")})
	contains(t, "the line about labels.txt", succeed(t, "predict", "bare.keras", "one.png", "--rescale", "tf").stderr, "labels.txt beside bare.keras has 2 names; to use them as classes: --classes 'cat,big dog'")
	put(t, ".", map[string][]byte{"labels.txt": []byte("cat\ndog\nbird\n")})
	if o := succeed(t, "predict", "bare.keras", "one.png", "--rescale", "tf"); strings.Contains(o.stderr, "labels.txt") {
		t.Errorf("labels.txt with other labels: %s", o.stderr)
	}
	if o := succeed(t, "predict", "bare.keras", "one.png", "-q"); !strings.HasPrefix(o.stdout, "one.png  0  ") && !strings.HasPrefix(o.stdout, "one.png  1  ") {
		t.Errorf("without names it predicts %q", o.stdout)
	}
	o = succeed(t, "evaluate", "bare.keras", "demo:cats-and-dogs?n=12")
	contains(t, "the warning", o.stderr, "has no class names", "cat, dog", "--classes")
	if named := succeed(t, "evaluate", "bare.keras", "demo:cats-and-dogs?n=12", "--classes", "cat,dog", "--rescale", "1/255", "-q"); named.stdout != o.stdout || named.stderr != "" {
		t.Errorf("with names it is\n%s\n%s, without\n%s", named.stdout, named.stderr, o.stdout)
	}
	// Training adds them to the file.
	succeed(t, "train", "demo:cats-and-dogs?n=40", "--model", "bare.keras", "--epochs", "1", "--out", "out", "-q")
	if o := succeed(t, "predict", "out/model.keras", "one.png"); strings.Contains(o.stderr, "warning") {
		t.Errorf("it warns %q", o.stderr)
	}
}

// TestPredict checks the names, CSV and JSON of images, folders and archives.
func TestPredict(t *testing.T) {
	workIn(t)
	model := filepath.Join(trained(t), "best.keras")
	p := pngs(t, 4)
	put(t, ".", map[string][]byte{"set/a.png": p["cat.0.png"], "set/sub/b.png": p["dog.0.png"], "one.png": p["cat.1.png"], "k.zip": kaggle(t, 4)})
	names := func(o outcome) []string {
		var n []string
		for line := range strings.Lines(o.stdout) {
			n = append(n, strings.Fields(line)[0])
		}
		return n
	}
	if got := names(succeed(t, "predict", model, "set")); !slices.Equal(got, []string{"a.png", "sub/b.png"}) {
		t.Errorf("a folder's images are called %q", got)
	}
	if got := names(succeed(t, "predict", model, "set/sub/b.png")); !slices.Equal(got, []string{"set/sub/b.png"}) {
		t.Errorf("an image is called %q", got)
	}
	o := succeed(t, "predict", model, "one.png", "set", "k.zip", "--part", "", "--json")
	all := decode[predictions](t, o.stdout)
	var got []string
	for _, p := range all.Predictions {
		got = append(got, p.Filename)
	}
	want := []string{"one.png", filepath.Join("set", "a.png"), filepath.Join("set", "sub", "b.png"), "k.zip: cat.0.png", "k.zip: cat.1.png", "k.zip: dog.0.png", "k.zip: dog.1.png"}
	if !slices.Equal(got, want) {
		t.Errorf("the images are called %q, want %q", got, want)
	}
	// The same image from a file and from an archive gives the same bits.
	if a, b := all.Predictions[0].Probabilities["cat"], all.Predictions[4].Probabilities["cat"]; a != b {
		t.Errorf("one.png is a cat by %v, and %v in the archive", a, b)
	}
	o = succeed(t, "predict", model, "k.zip", "--part", "test1", "--csv", "p.csv")
	if o.stdout != "" {
		t.Errorf("standard output has %q", o.stdout)
	}
	rows, err := csv.NewReader(strings.NewReader(read(t, "p.csv"))).ReadAll()
	if err != nil || len(rows) != 3 || strings.Join(rows[0], ",") != "filename,category,predicted,cat,dog" || rows[1][0] != "1.png" || rows[1][1] != "" {
		t.Errorf("the CSV is %q, %v", rows, err)
	}
	// --quiet still prints the predictions.
	o = succeed(t, "predict", model, "one.png", "-q")
	if !regexp.MustCompile(`^one\.png  (cat|dog)  \d+\.\d\d%\n$`).MatchString(o.stdout) || o.stderr != "" {
		t.Errorf("a quiet prediction prints %q and %q", o.stdout, o.stderr)
	}
}

type predictions struct {
	Classes     []string
	Predictions []struct {
		Filename, Predicted string
		Probabilities       map[string]float32
	}
}

// TestJSONAndQuiet checks that --json writes one JSON document to standard output (train without --quiet writes JSON lines), and that --quiet
// writes nothing to standard error.
func TestJSONAndQuiet(t *testing.T) {
	long(t)
	workIn(t)
	model := filepath.Join(trained(t), "model.keras")
	put(t, ".", map[string][]byte{"cat.0.png": pngs(t, 2)["cat.0.png"]})
	demo := "demo:cats-and-dogs?n=20"
	for _, args := range [][]string{
		{"train", demo, "--model", network("two.json"), "--epochs", "1"},
		{"evaluate", model, demo},
		{"predict", model, "cat.0.png"},
		{"summary", model},
		{"summary", network("binary.json")},
		{"show", "cat.0.png"},
		{"data", demo},
		{"data", demo, "--check", "--csv", "t.csv"},
		{"weights", "vgg16"},
		{"completion", "bash"},
	} {
		o := succeed(t, append(args, "--json")...)
		if args[0] == "train" { // the last line is the result
			o.stdout = o.stdout[strings.LastIndex(strings.TrimSpace(o.stdout), "\n")+1:]
		}
		if v := decode[map[string]any](t, o.stdout); len(v) < 2 {
			t.Errorf("lince %s prints %s", strings.Join(args, " "), o.stdout)
		}
		o = succeed(t, append(args, "--json", "--quiet")...)
		decode[map[string]any](t, o.stdout)
		if o.stderr != "" {
			t.Errorf("lince %s --json --quiet: standard error has %q", strings.Join(args, " "), o.stderr)
		}
		o = succeed(t, append(args, "--quiet")...)
		if o.stderr != "" {
			t.Errorf("lince %s --quiet: standard error has %q", strings.Join(args, " "), o.stderr)
		}
		if json.Valid([]byte(o.stdout)) && o.stdout != "" {
			t.Errorf("lince %s --quiet prints JSON", strings.Join(args, " "))
		}
		if quiet := args[0] == "train"; quiet != (o.stdout == "") {
			t.Errorf("lince %s --quiet prints %q", strings.Join(args, " "), o.stdout)
		}
	}
}

// TestPlot checks the drawings of summary --plot.
func TestPlot(t *testing.T) {
	workIn(t)
	for name, begin := range map[string]string{"a.svg": "<?xml", "b.PNG": "\x89PNG"} {
		o := succeed(t, "summary", "--plot", name)
		contains(t, "the summary", o.stdout, "Total params")
		if b := read(t, name); !strings.HasPrefix(b, begin) {
			t.Errorf("%s begins with %q", name, b[:20])
		}
	}
	contains(t, "the drawing", read(t, "a.svg"), "conv2d (Conv2D)", "Input shape: ", "relu", "(None, 2)")
}

// TestData checks what data prints.
func TestData(t *testing.T) {
	workIn(t)
	put(t, ".", map[string][]byte{"k.zip": kaggle(t, 6)})
	o := succeed(t, "data", "k.zip", "--head", "2", "--rename", "cat=gato", "--csv", "t.csv")
	want := `    filename category
0  cat.0.png     gato
1  cat.1.png     gato

category
`
	contains(t, "the output", o.stdout, want, "gato    3\n", "dog     3\n", "Name: count, dtype: int64", "Found 6 validated image filenames belonging to 2 classes.", "select one with --part:\n  test1: 2 images without labels\n  train: 6 images, shown above")
	contains(t, "the CSV", read(t, "t.csv"), "filename,category\ncat.0.png,gato\n")
	if got := succeed(t, "data", "k.zip", "--csv", "-", "-q").stdout; got != strings.ReplaceAll(read(t, "t.csv"), "gato", "cat") {
		t.Errorf("--csv - prints %q", got)
	}
	o = succeed(t, "data", "k.zip", "--limit", "2", "--json")
	if r := decode[struct {
		Rows    int
		Classes []string
	}](t, o.stdout); r.Rows != 2 || !slices.Equal(r.Classes, []string{"cat", "dog"}) {
		t.Errorf("two rows are %+v", r)
	}
}

// TestShow checks what show prints.
func TestShow(t *testing.T) {
	workIn(t)
	put(t, ".", map[string][]byte{"cat.0.png": pngs(t, 2)["cat.0.png"]})
	o := succeed(t, "show", "cat.0.png", "--width", "40", "--layers", "l.png", "--size", "64x48")
	contains(t, "the output", o.stdout, "(64, 48, 3)", "uint8")
	lines := strings.Split(o.stdout, "\n")
	if strings.Contains(o.stdout, "\x1b") || len(lines) < 20 {
		t.Errorf("a pipe gets %d lines:\n%s", len(lines), o.stdout)
	}
	if !strings.HasPrefix(read(t, "l.png"), "\x89PNG") {
		t.Error("the layers are not a PNG")
	}
	if short := succeed(t, "show", "cat.0.png", "--no-image").stdout; strings.Count(short, "\n") >= len(lines) {
		t.Errorf("without the image there are %d lines", strings.Count(short, "\n"))
	}
}

// TestDemoDefaults checks that the demo's defaults for epochs and size can be overridden by flags.
func TestDemoDefaults(t *testing.T) {
	for _, c := range []struct {
		args   []string
		epochs int
		size   size
	}{
		{[]string{"demo:cats-and-dogs"}, demoEpochs, demoSize},
		{[]string{"demo:cats-and-dogs?n=4", "--epochs", "3"}, 3, demoSize},
		{[]string{"demo:cats-and-dogs", "--size=32"}, demoEpochs, size{32, 32}},
		{[]string{"demo:cats-and-dogs", "--model", "x.keras"}, demoEpochs, size{}},
		{[]string{"photos"}, 3, size{}},
	} {
		var got struct {
			Train trainCommand `cmd:""`
		}
		parser, err := kong.New(&got, helpVars())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parser.Parse(append([]string{"train"}, c.args...)); err != nil {
			t.Fatal(err)
		}
		if got.Train.Epochs != c.epochs || got.Train.Size != c.size {
			t.Errorf("%v: %d epochs of %v, want %d of %v", c.args, got.Train.Epochs, got.Train.Size, c.epochs, c.size)
		}
	}
}

// TestOwnScaling uses model files whose networks scale pixel values themselves or take images of any size, such as Keras writes: no command scales the values twice.
func TestOwnScaling(t *testing.T) {
	workIn(t)
	put(t, "set", pngs(t, 12))
	save := func(name string, side int, first ...layer.Layer) *lince.Model {
		list := append([]layer.Layer{layer.Input{Shape: tensor.Shape{side, side, 3}, Name: "photo"}}, first...)
		m, err := lince.Options{Seed: 1}.Sequential(append(list, layer.Conv2D{Filters: 4, Kernel: layer.Size{3, 3}, Activation: layer.ReLU},
			layer.GlobalAveragePool2D{}, layer.Dense{Units: 2, Activation: layer.Softmax})...)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Save(name); err != nil {
			t.Fatal(err)
		}
		return m
	}
	scaling := layer.Rescaling{Scale: layer.Numbers{1. / 255}}
	m := save("own.keras", 12, scaling)
	if err := m.Export("own.onnx", lince.ExportOptions{}); err != nil {
		t.Fatal(err)
	}
	save("open.keras", tensor.Unknown, scaling)
	const says = "scales pixel values itself, so it gets values from 0 to 255"
	want := succeed(t, "predict", "own.keras", "set", "--rescale", "1", "--json", "-q").stdout
	for _, args := range [][]string{{"own.keras"}, {"own.onnx"}, {"open.keras", "--input-shape", "photo=-1x12x12x3"}} {
		o := succeed(t, append(append([]string{"predict"}, args...), "set", "--json")...)
		contains(t, args[0], o.stderr, args[0]+" "+says)
		if args[0] != "open.keras" && strings.ReplaceAll(o.stdout, args[0], "own.keras") != want {
			t.Errorf("%v: %s, want %s", args, o.stdout, want)
		}
	}
	for _, args := range [][]string{{"own.keras"}, {"open.keras", "--size", "12"}} {
		o := succeed(t, append([]string{"train", "set", "--epochs", "1", "--no-augment", "--overwrite", "--out", "run", "--model"}, args...)...)
		contains(t, args[0], o.stdout, args[0]+" "+says)
		m, err := lince.Open(filepath.Join("run", "model.keras"))
		if err != nil {
			t.Fatal(err)
		}
		if _, changes := m.Preprocessing.Split(); len(changes) > 0 {
			t.Errorf("%v: the preprocessing is %v", args, m.Preprocessing)
		}
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"predict", "open.keras", "set"}, "--input-shape photo=-1x224x224x3"},
		{[]string{"predict", "open.keras", "set", "--input-shape", "image=-1x12x12x3"}, "such as photo=-1x224x224x3"},
		{[]string{"predict", "open.keras", "set", "--input-shape", "photo=-1x12x12x1"}, "such as photo=-1x224x224x3"},
		{[]string{"predict", "own.keras", "set", "--input-shape", "photo=-1x16x16x3"}, "the model own.keras has a size"},
		{[]string{"train", "set", "--model", "open.keras"}, "--size 224x224"},
	} {
		o := run(t, c.args...)
		if o.code == 0 {
			t.Errorf("%v succeeds", c.args)
		}
		contains(t, strings.Join(c.args, " "), o.stderr, c.want)
	}
}

// TestClassesInOtherCase refuses to take classes in other letter case for other classes than those of the model, which would train a new classifier.
func TestClassesInOtherCase(t *testing.T) {
	workIn(t)
	put(t, "set", pngs(t, 12))
	o := run(t, "train", "set", "--model", filepath.Join(trained(t), "model.keras"), "--rename", "cat=Cat", "--epochs", "1", "--out", "run")
	if o.code != exitUsage {
		t.Errorf("exit code %d", o.code)
	}
	contains(t, "the error", o.stderr, "in other letter case; rename them: --rename Cat=cat")
}

// TestSpoiledModels uses a model with a weight that is NaN, and a compiled one whose outputs are no probabilities though its loss takes them for such, as Keras allows.
func TestSpoiledModels(t *testing.T) {
	workIn(t)
	put(t, "set", pngs(t, 12))
	m, err := lince.Options{Seed: 1}.Sequential(layer.Input{Shape: tensor.Shape{12, 12, 3}}, layer.Rescaling{Scale: layer.Numbers{1. / 255}}, layer.Flatten{}, layer.Dense{Units: 2, Name: "last"})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Save("logits.keras"); err != nil {
		t.Fatal(err)
	}
	want := succeed(t, "predict", "logits.keras", "set", "--json").stdout
	if err := m.Compile(lince.CompileOptions{Loss: loss.CategoricalCrossentropy{FromLogits: true}}); err != nil {
		t.Fatal(err)
	}
	if err := m.Save("compiled.keras"); err != nil {
		t.Fatal(err)
	}
	takeProbabilities(t, "compiled.keras")
	o := succeed(t, "predict", "compiled.keras", "set", "--json")
	contains(t, "the warnings", o.stderr, "CategoricalCrossentropy takes probabilities, but the last layer has no activation")
	if o.stdout != want {
		t.Errorf("the compiled model predicts %s, want %s", o.stdout, want)
	}
	for _, v := range m.Variables() {
		if v.Path() == "last/bias" {
			if err := v.Set(tensor.Of([]float32{float32(math.NaN()), 0}, 2)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := m.Save("nan.keras"); err != nil {
		t.Fatal(err)
	}
	const says = "nan.keras: the weight last/bias has numbers that are NaN or infinite"
	contains(t, "summary", succeed(t, "summary", "nan.keras").stderr, "warning: "+says)
	o = succeed(t, "convert", "nan.keras", "nan.onnx")
	contains(t, "convert", o.stderr, "warning: "+says)
	contains(t, "convert", o.stdout, "but some are NaN or infinite")
	contains(t, "training", run(t, "train", "set", "--model", "nan.keras").stderr, "error: "+says+"; the training that wrote the file diverged")
	contains(t, "predict", run(t, "predict", "nan.keras", "set").stderr, "warning: "+says, "error: the outputs of cat.0.png are NaN or infinite: the weight last/bias has numbers")
}

// takeProbabilities removes FromLogits from the loss in a .keras file.
func takeProbabilities(t *testing.T, name string) {
	t.Helper()
	r, err := zip.OpenReader(name)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range r.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		if f.Name == "config.json" {
			changed := regexp.MustCompile(`"from_logits": ?true`).ReplaceAll(content, []byte(`"from_logits": false`))
			if bytes.Equal(changed, content) {
				t.Fatal("the loss does not take logits")
			}
			content = changed
		}
		out, err := w.CreateHeader(&zip.FileHeader{Name: f.Name, Method: zip.Store})
		if err == nil {
			_, err = out.Write(content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	writeFile(t, name, b.String())
}
