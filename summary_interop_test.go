package lince_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lince-ml/lince"
)

// summaryOf is a model's summary as a file has it.
func summaryOf(t *testing.T, m *lince.Model, o lince.Summary) string {
	t.Helper()
	var b bytes.Buffer
	if err := m.Summary(&b, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestSummaryAsKeras compares Summary with what real Keras prints of the same networks, byte for
// byte: those that Go code makes, and those that Keras' JSON describes.
func TestSummaryAsKeras(t *testing.T) {
	for name, build := range networks {
		t.Run(name, func(t *testing.T) {
			m, err := build()
			if err != nil {
				t.Fatal(err)
			}
			for suffix, o := range map[string]lince.Summary{
				"":          {},
				"-expanded": {ExpandNested: true, ShowTrainable: true},
			} {
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
