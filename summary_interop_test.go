package lince_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lince-ml/lince"
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
// outputs, shared, three levels deep, frozen, trained.
func TestSummaryOfNestedModels(t *testing.T) {
	folder := t.TempDir()
	testenv.Python(t, "interop.py", "summaries", folder)
	for _, name := range []string{"pair", "deep", "chain", "trained"} {
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
