package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/format/npy"
	"github.com/lince-ml/lince/internal/testenv"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
	"github.com/lince-ml/lince/zoo"
)

// TestFeatures compares the kinds of files with each other, and the features with those of the library.
func TestFeatures(t *testing.T) {
	workIn(t)
	model, images := filepath.Join(trained(t), "model.keras"), pngs(t, 10)
	images["cat.7.png"] = []byte("no image")
	put(t, "set", images)
	features := func(out string, more ...string) (featuresResult, outcome) {
		o := succeed(t, append([]string{"features", model, "set", "--out", out, "--json"}, more...)...)
		return decode[featuresResult](t, o.stdout), o
	}
	r, o := features("x.npy", "--neighbors", "2")
	contains(t, "standard error", o.stderr, "1 of 11 images cannot be read, skipped:", "cat.7.png", "Features: the input of the layer dense (Dense) (100 numbers)")
	if r.Images != 10 || r.Dimension != 100 || len(r.Unreadable) != 1 || !slices.Equal(r.Files, []string{"x.npy", "x.csv", "x.neighbors.csv"}) || !slices.Equal(r.Classes, []string{"cat", "dog"}) {
		t.Fatalf("the result is %+v", r)
	}
	x, err := npy.Read([]byte(read(t, "x.npy")))
	if err != nil || !x.Shape().Equal(tensor.Shape{10, 100}) || x.DType() != tensor.Float32 {
		t.Fatal(x, err)
	}
	names := rowsOf(t, read(t, "x.csv"))
	if len(names) != 11 || strings.Join(names[0], ",") != "filename,category" || strings.Join(names[1], ",") != "cat.0.png,cat" || strings.Join(names[10], ",") != "dog.4.png,dog" {
		t.Errorf("the names are %v", names)
	}
	// As a program computes them.
	m, err := lince.Open(model)
	if err != nil {
		t.Fatal(err)
	}
	body, err := lince.Functional(m.Inputs(), m.Layer("dense").Input())
	if err != nil {
		t.Fatal(err)
	}
	body.Preprocessing = m.Preprocessing
	put(t, "one", map[string][]byte{"cat.0.png": images["cat.0.png"]})
	one, err := data.Open(t.Context(), "one", data.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer one.Close()
	flow, err := data.Images(one, data.ImageOptions{ClassMode: data.NoTargets, Preprocessing: body.Preprocessing})
	if err != nil {
		t.Fatal(err)
	}
	want, err := body.Predict(t.Context(), flow, lince.PredictOptions{Verbose: lince.Silent})
	if err != nil || !slices.Equal(want.Float32s(), x.Row(0).Float32s()) {
		t.Errorf("the features of the first image are %v, want %v", x.Row(0).Float32s()[:4], want.Float32s()[:4])
	}
	// The other kinds of files have the same numbers.
	features("y.csv")
	table := rowsOf(t, read(t, "y.csv"))
	if table[0][2] != "feature_0" || len(table[0]) != 102 || len(table) != 11 {
		t.Errorf("the columns are %v", table[0])
	}
	for i, row := range table[1:] {
		for j, text := range row[2:] {
			if v, err := strconv.ParseFloat(text, 32); err != nil || float32(v) != x.Row(i).Float32s()[j] {
				t.Fatalf("row %d of the CSV file has %s, want %v", i, text, x.Row(i).Float32s()[j])
			}
		}
		if !slices.Equal(row[:2], names[i+1]) {
			t.Errorf("row %d is of %v, want %v", i, row[:2], names[i+1])
		}
	}
	features("z.npz")
	arrays, err := npy.ReadArchive("z.npz")
	if err != nil || !slices.Equal(arrays["features"].Float32s(), x.Float32s()) || fmt.Sprint(tensor.Values[int64](arrays["labels"])) != "[0 0 0 0 0 1 1 1 1 1]" || read(t, "z.csv") != read(t, "x.csv") {
		t.Errorf("the archive has %v, %v", arrays, err)
	}
	checkParquet(t, features, x, names)
	// The neighbors are in order, and no image is its own.
	near := rowsOf(t, read(t, "x.neighbors.csv"))
	if len(near) != 21 || strings.Join(near[0], ",") != "filename,category,rank,neighbor,neighbor_category,distance" {
		t.Fatalf("the neighbors are %v", near)
	}
	for i, row := range near[1:] {
		d, err := strconv.ParseFloat(row[5], 64)
		if err != nil || d < 0 || row[0] != names[i/2+1][0] || row[2] != strconv.Itoa(i%2+1) || row[3] == row[0] || row[4] != row[3][:3] {
			t.Errorf("neighbor %d is %v", i, row)
		}
		if i%2 == 1 {
			if before, _ := strconv.ParseFloat(near[i][5], 64); before > d {
				t.Errorf("%v is nearer than %v", row, near[i])
			}
		}
	}
	if o := run(t, "features", model, "set", "--out", "x.npy"); o.code != exitUsage || !strings.Contains(o.stderr, "x.npy already exists") {
		t.Errorf("a second time: %+v", o)
	}
}

// TestFeaturesOfTasks checks the labels in an archive for images with several labels and for numbers, and that wrong labels are not searched among them.
func TestFeaturesOfTasks(t *testing.T) {
	workIn(t)
	model := filepath.Join(trained(t), "model.keras")
	put(t, "set", pngs(t, 4))
	put(t, ".", map[string][]byte{
		"several.csv": []byte("filename,tags\ncat.0.png,b|a\ncat.1.png,b\ndog.0.png,a\n"),
		"numbers.csv": []byte("filename,age\ncat.0.png,1.5\ncat.1.png,-2\ndog.0.png,7\n"),
	})
	for _, c := range []struct {
		file, column, task string
		shape              tensor.Shape
		want               string
	}{{"several.csv", "tags", "multilabel", tensor.Shape{3, 2}, "[1 1 0 1 1 0]"}, {"numbers.csv", "age", "regress", tensor.Shape{3}, "[1.5 -2 7]"}} {
		args := []string{c.file, "--images", "set", "--category", c.column, "--task", c.task}
		succeed(t, append([]string{"features", model, "--out", "x.npz", "--overwrite", "-q"}, args...)...)
		arrays, err := npy.ReadArchive("x.npz")
		if err != nil {
			t.Fatal(err)
		}
		labels := arrays["labels"]
		got := ""
		if labels.DType() == tensor.Int64 {
			got = fmt.Sprint(tensor.Values[int64](labels))
		} else if labels.DType() == tensor.Float32 {
			got = fmt.Sprint(labels.Float32s())
		}
		if !labels.Shape().Equal(c.shape) || got != c.want {
			t.Errorf("%s: the labels are %v %s, want %v %s", c.task, labels.Shape(), got, c.shape, c.want)
		}
		for _, more := range [][]string{nil, {"--folds", "2"}} {
			o := run(t, slices.Concat([]string{"check", "--model", model}, args, more)...)
			if o.code != exitUsage || !strings.Contains(o.stderr, "wrong labels are searched among images with one class each, not with --task "+c.task) {
				t.Errorf("%s: check %v: %d %s", c.task, more, o.code, o.stderr)
			}
		}
	}
	o := succeed(t, "data", "numbers.csv", "--images", "set", "--category", "age", "--task", "regress", "--json")
	r := decode[struct {
		Classes []string
		Numbers *numbersSummary
	}](t, o.stdout)
	if n := r.Numbers; r.Classes == nil || n == nil || n.Count != 3 || n.Min != -2 || n.Median != 1.5 || n.Max != 7 || math.Abs(n.Mean-6.5/3) > 1e-6 {
		t.Errorf("the JSON is %s", o.stdout)
	}
}

// checkParquet has pandas compare the Parquet file with the features.
func checkParquet(t *testing.T, features func(out string, more ...string) (featuresResult, outcome), x *tensor.Tensor, names [][]string) {
	t.Helper()
	features("p.parquet")
	if b := read(t, "p.parquet"); !strings.HasPrefix(b, "PAR1") || !strings.HasSuffix(b, "PAR1") {
		t.Error("p.parquet is not a Parquet file")
	}
	if os.Getenv("LINCE_PYTHON") == "" {
		return
	}
	var columns strings.Builder
	put := func(name string, values any) {
		b, err := json.Marshal(values)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&columns, ",%q:%s", name, b)
	}
	var files, labels []string
	for _, n := range names[1:] {
		files, labels = append(files, n[0]), append(labels, n[1])
	}
	put("filename", files)
	put("category", labels)
	for j := range x.Shape()[1] {
		var values []float32
		for i := range x.Shape()[0] {
			values = append(values, x.Row(i).Float32s()[j])
		}
		put(fmt.Sprintf("feature_%d", j), values)
	}
	if err := os.WriteFile("p.json", []byte("{"+columns.String()[1:]+"}"), 0o666); err != nil {
		t.Fatal(err)
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(packageDir)
	testenv.Python(t, "parquet_read.py", dir)
	t.Chdir(dir)
}

// TestFeatureModel checks which layer is chosen.
func TestFeatureModel(t *testing.T) {
	in := func() *lince.Symbol { return lince.Input(layer.Input{Shape: []int{8, 8, 3}}) }
	conv := func(n int) layer.Layer { return layer.Conv2D{Filters: n, Kernel: layer.Size{3, 3}} }
	body := []layer.Layer{conv(4), layer.ReLULayer{}}
	for name, c := range map[string]struct {
		layers []layer.Layer
		layer  string
		want   string
		shape  int
	}{
		"dense":             {append(body, layer.Flatten{}, layer.Dense{Units: 5}, layer.Dense{Units: 2, Activation: layer.Softmax}), "", "the input of the layer dense_1 (Dense)", 5},
		"dense, activation": {append(body, layer.Flatten{}, layer.Dense{Units: 5}, layer.Dropout{Rate: .5}, layer.Dense{Units: 2}, layer.Activate{Activation: layer.Softmax}), "", "the input of the layer dense_1 (Dense)", 5},
		"no top":            {body, "", "averaged over height and width", 4},
		"pooled":            {append(body, layer.GlobalMaxPool2D{}), "", "the output of the layer global_max_pooling2d (GlobalMaxPooling2D)", 4},
		"conv before pool":  {append(body, conv(2), layer.GlobalAveragePool2D{}, layer.Activate{Activation: layer.Softmax}), "", "the input of the layer conv2d_1 (Conv2D), averaged over height and width", 4},
		"conv of one pixel": {append(body, layer.GlobalAveragePool2D{KeepDims: true}, layer.Conv2D{Filters: 7, Kernel: layer.Size{1, 1}}, layer.Flatten{}), "", "the input of the layer conv2d_1 (Conv2D)", 4},
		"conv without top":  {append(body, layer.GlobalAveragePool2D{KeepDims: true}, layer.Conv2D{Filters: 7, Kernel: layer.Size{1, 1}}, layer.ReLULayer{}), "", "the output of the layer re_lu_1 (ReLU)", 7},
		"named":             {append(body, layer.Flatten{}, layer.Dense{Units: 2}), "conv2d", "the output of the layer conv2d (Conv2D), averaged over height and width", 4},
	} {
		x := in()
		m, err := lince.Functional(x, x.Then(c.layers...))
		if err != nil {
			t.Fatal(name, err)
		}
		f, what, err := featureModel(m, c.layer, 0)
		if err != nil || !strings.Contains(what, c.want) || len(f.OutputShape()) != 2 || f.OutputShape()[1] != c.shape {
			t.Errorf("%s: %q, %v, want %q of %d", name, what, err, c.want, c.shape)
		}
	}
}

// TestFeaturesInterrupted expects no files after ^C.
func TestFeaturesInterrupted(t *testing.T) {
	model := filepath.Join(trained(t), "model.keras")
	dir := workIn(t)
	args := []string{"features", model, "demo:cats-and-dogs?n=40", "--out", "x.npy", "--neighbors", "2", "-q"}
	var c commands
	parser, err := newParser(&c, io.Discard, io.Discard, func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	k, err := parser.Parse(args)
	if err != nil {
		t.Fatal(err)
	}
	e, stop := newEnv(&c, "features", args, io.Discard, io.Discard)
	defer stop()
	ctx, cancel := context.WithCancel(t.Context())
	e.ctx = ctx
	cancel()
	if err := k.Run(e); !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
	if files := snapshot(t, dir); len(files) > 0 {
		t.Errorf("it wrote %v", files)
	}
}

// TestFeaturesOfNetwork uses a published network with a file of weights.
func TestFeaturesOfNetwork(t *testing.T) {
	long(t)
	workIn(t)
	put(t, "set", pngs(t, 2))
	o := zoo.Options{NoTop: true, InputShape: []int{32, 48, 3}, Model: lince.Options{Seed: 5}}
	m, err := zoo.EfficientNetLite0(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.SaveWeights("lite.weights.h5"); err != nil {
		t.Fatal(err)
	}
	if err := m.Save("lite.keras"); err != nil {
		t.Fatal(err)
	}
	r := decode[featuresResult](t, succeed(t, "features", "EfficientNet-Lite0", "set", "--weights", "lite.weights.h5", "--size", "32x48", "--out", "a.npy", "--json").stdout)
	if r.Dimension != 1280 || r.Images != 2 || !strings.Contains(r.Features, "averaged over height and width") {
		t.Errorf("the result is %+v", r)
	}
	succeed(t, "features", "lite.keras", "set", "--out", "b.npy")
	if read(t, "a.npy") != read(t, "b.npy") {
		t.Error("the network with its weights has other features than the saved model")
	}
	for want, args := range map[string][]string{
		"needs weights":               {"vgg16"},
		"no such file":                {"vgg99"},
		`is called "vgg99"`:           {"vgg99", "--weights", "lite.weights.h5"},
		"are for published networks":  {"lite.keras", "--weights", "lite.weights.h5"},
		"are for model files":         {"vgg16", "--weights", "lite.weights.h5", "--rescale", "1"},
		"there is no layer \"block\"": {"lite.keras", "--layer", "block"},
	} {
		o := run(t, append(append([]string{"features"}, args...), "set", "--out", "c.npy")...)
		if o.code == exitOK || !strings.Contains(o.stderr, want) {
			t.Errorf("%v: exit code %d, %q, want %q", args, o.code, o.stderr, want)
		}
	}
}
