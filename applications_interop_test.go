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
	"github.com/lince-ml/lince/tensor"
)

// TestApplications opens the models of keras.applications that internal/golden/applications.py wrote to the folder that
// LINCE_APPLICATIONS names. Predictions and summaries must equal Keras'. With LINCE_PYTHON, real Keras opens what lince
// writes of them, .keras and .h5. It must find the same network in the first, and predict the same with both.
func TestApplications(t *testing.T) {
	folder := os.Getenv("LINCE_APPLICATIONS")
	if folder == "" {
		t.Skip("LINCE_APPLICATIONS names no folder made by internal/golden/applications.py")
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.keras"))
	if err != nil || len(files) < 14 {
		t.Fatalf("%d models, %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".keras")
		t.Run(name, func(t *testing.T) {
			m, err := lince.Open(file)
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

			back := t.TempDir()
			npz, err := os.ReadFile(filepath.Join(folder, name+".npz"))
			if err != nil {
				t.Fatal(err)
			}
			if err := m.Save(filepath.Join(back, "model.keras")); err != nil {
				t.Fatal(err)
			}
			if m, err = lince.Open(filepath.Join(back, "model.keras")); err != nil {
				t.Fatal(err)
			}
			if err := m.Save(filepath.Join(back, "legacy.h5")); err != nil {
				t.Fatal(err)
			}
			if m, err = lince.Open(filepath.Join(back, "legacy.h5")); err != nil {
				t.Fatal(err)
			}
			if got, err = m.PredictBatch(z["x"]); err != nil {
				t.Fatal(err)
			}
			compareArray(t, got, z["y"], 1e-5)
			for _, form := range []string{"model", "legacy"} {
				if err := os.WriteFile(filepath.Join(back, form+".npz"), npz, 0o666); err != nil {
					t.Fatal(err)
				}
			}
			hasOps := slices.Contains(keras3Loses, name)
			if hasOps {
				if err := os.Remove(filepath.Join(back, "legacy.h5")); err != nil {
					t.Fatal(err)
				}
			}
			testenv.Python(t, "interop.py", "predict", back)
			compareArray(t, readArray(t, z["y"].Shape(), back, "model.predictions"), z["y"], 1e-6)
			if !hasOps {
				compareArray(t, readArray(t, z["y"].Shape(), back, "legacy.predictions"), z["y"], 1e-6)
			}
			var texts [2][]byte
			for i, path := range []string{filepath.Join(folder, name+".json"), filepath.Join(back, "model.json")} {
				if texts[i], err = os.ReadFile(path); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(networkOf(t, texts[0]), networkOf(t, texts[1])); diff != "" {
				t.Errorf("the network that Keras finds: want -, got +:\n%s", diff)
			}
		})
	}
}

// keras3Loses lists the models whose .h5 files Keras 3.15 does not open, not even its own: the networks have ops between the layers.
var keras3Loses = []string{"MobileNetV3Small"}

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
