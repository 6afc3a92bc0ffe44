package lince_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/internal/testenv"
)

// summaryOf returns a model's summary, without terminal colors.
func summaryOf(t *testing.T, m *lince.Model, o lince.SummaryOptions) string {
	t.Helper()
	var b bytes.Buffer
	if err := m.Summary(&b, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// summaries are the options with which Keras printed the golden files, by the suffix of the file's name.
var summaries = map[string]lince.SummaryOptions{
	"":          {},
	"-expanded": {ExpandNested: true, ShowTrainable: true},
}

// TestSummaryAsKeras compares Summary byte for byte with what real Keras prints for the same networks.
func TestSummaryAsKeras(t *testing.T) {
	for name, build := range networks {
		t.Run(name, func(t *testing.T) {
			m, err := build()
			if err != nil {
				t.Fatal(err)
			}
			for suffix, o := range summaries {
				want, err := os.ReadFile(filepath.Join("testdata", "networks", name+suffix+".txt"))
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), summaryOf(t, m, o)); diff != "" {
					t.Errorf("%s: want -, got +:\n%s", name+suffix, diff)
				}
			}
		})
	}
}

// TestSummaryOfNestedModels opens nested models of real Keras and compares their summaries byte for byte: with two
// outputs, of attention layers, shared, three levels deep, frozen, trained.
func TestSummaryOfNestedModels(t *testing.T) {
	folder := t.TempDir()
	testenv.Python(t, "interop.py", "summaries", folder)
	for _, name := range []string{"pair", "attention", "deep", "chain", "trained"} {
		t.Run(name, func(t *testing.T) {
			m := openKnown(t, filepath.Join(folder, name+".keras"))
			for suffix, o := range summaries {
				want, err := os.ReadFile(filepath.Join(folder, name+suffix+".txt"))
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), summaryOf(t, m, o)); diff != "" {
					t.Errorf("%s: want -, got +:\n%s", name+suffix, diff)
				}
			}
		})
	}
}

// TestSummaryOfRange compares LayerRange with Keras' layer_range, byte for byte.
func TestSummaryOfRange(t *testing.T) {
	m, err := networks["residual"]()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "m.keras")
	if err := m.Save(path); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, l := range m.Layers() {
		names = append(names, l.Name())
	}
	ranges := [][2]string{{names[1], names[2]}, {names[2], names[1]}, {".", names[1]}, {names[2], ".*"}}
	var want []string
	graphtest.Keras(t, `
import io, json, os, sys
os.environ["COLUMNS"] = "80"
import keras
i = json.load(sys.stdin)
m = keras.models.load_model(i["path"], compile=False)
texts = []
for r in i["ranges"]:
    old, sys.stdout = sys.stdout, io.StringIO()
    m.summary(layer_range=r)
    texts.append(sys.stdout.getvalue())
    sys.stdout = old
json.dump(texts, sys.stdout)
`, map[string]any{"path": path, "ranges": ranges}, &want)
	for i, r := range ranges {
		if diff := cmp.Diff(want[i], summaryOf(t, m, lince.SummaryOptions{LayerRange: r})); diff != "" {
			t.Errorf("%q: want -, got +:\n%s", r, diff)
		}
	}
	for want, r := range map[string][2]string{"matches \"nothing\"": {names[0], "nothing"}, "error parsing regexp": {"(", ""}} {
		if err := m.Summary(io.Discard, lince.SummaryOptions{LayerRange: r}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want one with %q", err, want)
		}
	}
}
