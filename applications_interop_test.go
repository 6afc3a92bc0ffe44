package lince_test

import (
	"archive/zip"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/internal/testenv"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// TestApplications opens the models of keras.applications that internal/golden/applications.py wrote to the folder that
// LINCE_APPLICATIONS names. Predictions and summaries must equal Keras'. With LINCE_PYTHON, real Keras opens what lince
// writes of two of them, and must find the same network. For models with classes or activations that lince lacks, the
// error must name all of these.
func TestApplications(t *testing.T) {
	folder := os.Getenv("LINCE_APPLICATIONS")
	if folder == "" {
		t.Skip("LINCE_APPLICATIONS names no folder made by internal/golden/applications.py")
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.keras"))
	if err != nil || len(files) < 14 {
		t.Fatalf("%d models, %v", len(files), err)
	}
	back := t.TempDir()
	var written []string
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".keras")
		t.Run(name, func(t *testing.T) {
			m, err := lince.Open(file)
			if want := lacking(t, filepath.Join(folder, name+".json")); want != nil {
				if err == nil {
					t.Fatalf("no error; want one that names %q", want)
				}
				got := err.Error()
				for _, w := range want {
					if !strings.Contains(got, w+" (") {
						t.Errorf("the error lacks %s: %s", w, got)
					}
				}
				if n := strings.Count(got, " (layer "); n != len(want) {
					t.Errorf("%d classes, want %d: %s", n, len(want), got)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			z := readNPZ(t, filepath.Join(folder, name+".npz"))
			got, err := m.PredictBatch(z["x"])
			if err != nil {
				t.Fatal(err)
			}
			compareArray(t, got, z["y"], 1e-5)
			want, err := os.ReadFile(filepath.Join(folder, name+".txt"))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), summaryOf(t, m, lince.SummaryOptions{})); diff != "" {
				t.Errorf("summary: want -, got +:\n%s", diff)
			}
			if name == "MobileNetV2" || name == "ResNet50V2" {
				if err := m.Save(filepath.Join(back, name+".keras")); err != nil {
					t.Fatal(err)
				}
				npz, err := os.ReadFile(filepath.Join(folder, name+".npz"))
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(back, name+".npz"), npz, 0o666); err != nil {
					t.Fatal(err)
				}
				written = append(written, name)
			}
		})
	}
	testenv.Python(t, "interop.py", "predict", back)
	for _, name := range written {
		z := readNPZ(t, filepath.Join(folder, name+".npz"))
		compareArray(t, readArray(t, z["y"].Shape(), back, name+".predictions"), z["y"], 1e-6)
		var texts [2][]byte
		for i, dir := range []string{folder, back} {
			if texts[i], err = os.ReadFile(filepath.Join(dir, name+".json")); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(networkOf(t, texts[0]), networkOf(t, texts[1])); diff != "" {
			t.Errorf("%s: the network that Keras finds: want -, got +:\n%s", name, diff)
		}
	}
}

// entry is a model or a layer in Keras' JSON.
type entry struct {
	Module string
	Class  string `json:"class_name"`
	Config struct {
		Activation string
		Layers     []entry
	}
}

// lacking returns the classes and activations in a model's JSON that lince lacks, in the form in which the error of
// Open names them.
func lacking(t *testing.T, file string) []string {
	t.Helper()
	var model entry
	readJSON(t, &model, file)
	if len(model.Config.Layers) == 0 {
		t.Fatalf("%s has no layers", file)
	}
	var list []string
	var walk func(layers []entry)
	walk = func(layers []entry) {
		for _, l := range layers {
			a := l.Config.Activation
			switch {
			case l.Config.Layers != nil:
				walk(l.Config.Layers)
			case strings.HasPrefix(l.Module, "keras.src.ops."):
				list = append(list, l.Module+"."+l.Class)
			case !slices.Contains(layer.Classes(), l.Class):
				list = append(list, l.Class)
			case a != "" && !slices.Contains(layer.Activations(), a):
				list = append(list, fmt.Sprintf("activation %q", a))
			}
		}
	}
	walk(model.Config.Layers)
	slices.Sort(list)
	return slices.Compact(list)
}

// readNPZ reads the float32 arrays of an .npz file.
func readNPZ(t *testing.T, file string) map[string]*tensor.Tensor {
	t.Helper()
	z, err := zip.OpenReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	arrays := map[string]*tensor.Tensor{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		n := int(binary.LittleEndian.Uint16(b[8:]))
		header := string(b[10 : 10+n])
		if !strings.Contains(header, "'<f4'") {
			continue
		}
		var shape []int
		for s := range strings.SplitSeq(strings.Split(strings.Split(header, "(")[1], ")")[0], ",") {
			var d int
			if _, err := fmt.Sscan(s, &d); err == nil {
				shape = append(shape, d)
			}
		}
		x := tensor.New(tensor.Float32, shape...)
		copy(x.Raw(), b[10+n:])
		arrays[strings.TrimSuffix(f.Name, ".npy")] = x
	}
	return arrays
}
