package lince_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/format/npy"
	"github.com/lince-ml/lince/internal/testenv"
	"github.com/lince-ml/lince/tensor"
)

// named returns the model's variables by the names of their layers: "body/conv/kernel".
func named(m *lince.Model, at string, to map[string]*tensor.Tensor) map[string]*tensor.Tensor {
	for _, l := range m.Layers() {
		if inner := l.Model(); inner != nil {
			named(inner, at+l.Name()+"/", to)
			continue
		}
		for _, v := range l.Variables() {
			to[at+v.Path()] = v.Value()
		}
	}
	return to
}

// TestWeightsInterop loads what Keras saved, as Keras does: by order, by name, with mismatches skipped. Keras then loads what lince saved.
func TestWeightsInterop(t *testing.T) {
	dir := t.TempDir()
	testenv.Python(t, "weights.py", "write", dir)
	var cases []struct {
		File, Model   string
		By_name, Skip bool //nolint:revive // the key of the script
	}
	readJSON(t, &cases, filepath.Join(dir, "cases.json"))
	open := func(name string) *lince.Model {
		t.Helper()
		text, err := os.ReadFile(filepath.Join(dir, name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		m, err := lince.FromJSON(text)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	for i, c := range cases {
		t.Run(fmt.Sprintf("%s into %s, by name %v, skip %v", c.File, c.Model, c.By_name, c.Skip), func(t *testing.T) {
			m := open(c.Model)
			if _, err := m.LoadWeights(filepath.Join(dir, fmt.Sprintf("case%d-start.weights.h5", i)), lince.WeightsOptions{}); err != nil {
				t.Fatal(err)
			}
			o := lince.WeightsOptions{ByName: c.By_name, SkipMismatch: c.Skip}
			r, err := m.LoadWeights(filepath.Join(dir, c.File), o)
			if err != nil {
				t.Fatal(err)
			}
			want, err := npy.ReadArchive(filepath.Join(dir, fmt.Sprintf("case%d.npz", i)))
			if err != nil {
				t.Fatal(err)
			}
			got := named(m, "", map[string]*tensor.Tensor{})
			for name, w := range want {
				if g := got[name]; g == nil || !bytes.Equal(g.Raw(), w.Raw()) {
					t.Errorf("%s differs from Keras'", name)
				}
			}
			if len(want) != len(got) || len(r.Loaded)+len(r.Skipped) != len(got) {
				t.Errorf("Keras has %d variables, lince %d; %+v", len(want), len(got), r)
			}
			if strict := (lince.WeightsOptions{ByName: c.By_name}); c.Skip {
				if _, err := m.LoadWeights(filepath.Join(dir, c.File), strict); err == nil || !strings.Contains(err.Error(), "predictions") {
					t.Errorf("without SkipMismatch: error is %v", err)
				}
			}
		})
	}
	files := map[string]string{}
	for _, name := range []string{"full", "notop", "other"} {
		m := open(name)
		if _, err := m.LoadWeights(filepath.Join(dir, name+".weights.h5"), lince.WeightsOptions{}); err != nil {
			t.Fatal(err)
		}
		for _, suffix := range []string{".weights.h5", "-weights.h5"} {
			file := "lince-" + name + suffix
			if err := m.SaveWeights(filepath.Join(dir, file)); err != nil {
				t.Fatal(err)
			}
			files[file] = name
		}
		var list []npy.Named
		got := named(m, "", map[string]*tensor.Tensor{})
		for _, k := range slices.Sorted(maps.Keys(got)) {
			list = append(list, npy.Named{Name: k, Value: got[k]})
		}
		var b bytes.Buffer
		if err := npy.WriteArchive(&b, list); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name+".npz"), b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text, err := json.Marshal(files)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "files.json"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	testenv.Python(t, "weights.py", "check", dir)
}
