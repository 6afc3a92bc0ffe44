package cli

import (
	"archive/zip"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/lince-ml/lince/serve"
)

// withModel returns a command line of each command that takes a model, except serve, for the images one.png and set.
func withModel(model string) [][]string {
	return [][]string{
		{"predict", model, "one.png"},
		{"evaluate", model, "set"},
		{"features", model, "set", "--out", "f.npy", "--overwrite"},
		{"check", "set", "--model", model, "--kinds", "label"},
		{"clean", "set", "--drop", "label", "--model", model, "--out", "keep.csv", "--overwrite"},
		{"summary", model},
		{"run", model},
		{"convert", model, "m.onnx", "--overwrite"},
		{"diff", model, model},
		{"show", "one.png", "--model", model},
		{"train", "set", "--model", model, "--epochs", "1", "--out", "a", "--overwrite"},
		{"train", "set", "--model", model, "--epochs", "1", "--folds", "2", "--out", "b", "--overwrite"},
	}
}

// TestWithModel checks that withModel has all commands that take a model.
func TestWithModel(t *testing.T) {
	parser, err := newParser(&commands{}, io.Discard, io.Discard, func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	lines := append(withModel("m.keras"), []string{"serve"})
	for _, c := range parser.Model.Leaves(true) {
		values := slices.Clone(c.Positional)
		for _, f := range c.Flags {
			values = append(values, f.Value)
		}
		takes := slices.ContainsFunc(values, func(v *kong.Value) bool { return slices.Contains(modelPredictors, v.Tag.Get("predictor")) })
		if tested := slices.ContainsFunc(lines, func(args []string) bool { return args[0] == c.Name }); takes != tested {
			t.Errorf("lince %s: takes a model: %v, is in withModel: %v", c.Name, takes, tested)
		}
	}
}

// TestUnpackedModel gives a .keras file that was unpacked to a folder to all commands that take a model.
func TestUnpackedModel(t *testing.T) {
	long(t)
	file := filepath.Join(trained(t), "best.keras")
	workIn(t)
	put(t, ".", map[string][]byte{"one.png": pngs(t, 2)["cat.0.png"]})
	put(t, "set/cat", pngs(t, 4))
	put(t, "set/dog", pngs(t, 4))
	z, err := zip.OpenReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = z.Close() }()
	const folder = "pets/best.keras" // in the folder of a run
	if err := os.CopyFS(folder, z); err != nil {
		t.Fatal(err)
	}
	file = absolute(packageDir, file)
	for _, dir := range []string{folder, "pets"} {
		s, err := serve.New(serve.Options{Poll: -1})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Load("m", dir); err != nil {
			t.Errorf("serve %s: %v", dir, err)
		}
		s.Close()
		for _, args := range withModel(dir) {
			succeed(t, args...)
		}
		for _, out := range []string{"a", "b/fold-1"} {
			if start := decode[record](t, read(t, out, "run.json")).Start; start == nil || start.Model != folder || len(start.Fingerprint) != 64 {
				t.Errorf("%s: the initial model is %+v", out, start)
			}
		}
	}
	o, want := succeed(t, "predict", folder, "one.png", "--json"), succeed(t, "predict", file, "one.png", "--json")
	if o.stdout != want.stdout {
		t.Errorf("the folder predicts %s, the file %s", o.stdout, want.stdout)
	}
	one, err := fingerprint(folder)
	if err != nil {
		t.Fatal(err)
	}
	put(t, folder, map[string][]byte{".DS_Store": nil}) // is no member
	if same, err := fingerprint(folder); err != nil || same != one {
		t.Errorf("%s, %v; want %s", same, err, one)
	}
	put(t, folder, map[string][]byte{"metadata.json": []byte("{}")})
	if other, err := fingerprint(folder); err != nil || other == one {
		t.Errorf("%s, %v after a change", other, err)
	}
}

// TestRunFolders gives the folders of training runs to all commands that take a model.
func TestRunFolders(t *testing.T) {
	long(t)
	dir := trained(t)
	workIn(t)
	put(t, ".", map[string][]byte{"one.png": pngs(t, 2)["cat.0.png"]})
	put(t, "set/cat", pngs(t, 4))
	put(t, "set/dog", pngs(t, 4))
	for i, args := range withModel(dir) {
		o := succeed(t, args...)
		if out := o.stdout + o.stderr; !strings.Contains(out, "Using the model "+dir+"/best.keras.\n") {
			t.Errorf("%d %v: %s", i, args[0], out)
		}
	}
	if o := run(t, "predict", "set", "one.png"); o.code != 1 || !strings.Contains(o.stderr, "set: is a folder, want a model file") {
		t.Errorf("a folder without a model: %s", o.stderr)
	}
	for path, want := range map[string]string{dir + "/best.keras": filepath.Base(dir), dir: filepath.Base(dir), "a/best.keras": "a", "photos/best.keras": "best", "pets.keras": "pets", "pets.weights.h5": "pets"} {
		if got := servedName(path); got != want {
			t.Errorf("%s is served as %s, want %s", path, got, want)
		}
	}
}
