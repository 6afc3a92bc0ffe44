package historycsv

import (
	"errors"
	"iter"
	"maps"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var logs = []map[string]float64{
	{"val_loss": 0.5, "loss": float64(float32(0.7)), "accuracy": 1, "val_accuracy": 0},
	{"val_loss": 1e-5, "loss": math.NaN(), "accuracy": 1e16, "val_accuracy": 1e-4},
	{"val_loss": math.Inf(1), "loss": math.Inf(-1), "accuracy": 1. / 3, "val_accuracy": 2.5},
}

// mapped are logs in a map.
type mapped map[string]float64

func (m mapped) All() iter.Seq2[string, float64] { return maps.All(m) }
func (mapped) Vector(string) []float64           { return nil }

// withVector are logs with the vector f1.
type withVector []float32

func (v withVector) All() iter.Seq2[string, float64] {
	return maps.All(map[string]float64{"loss": .25, "f1": 0})
}

func (v withVector) Vector(name string) (elements []float64) {
	if name == "f1" {
		for _, x := range v {
			elements = append(elements, float64(x))
		}
	}
	return elements
}

func TestVectorKeras(t *testing.T) {
	var b strings.Builder
	w := NewWriter(&b, Options{})
	for epoch, v := range []withVector{{.1, 1, 1e-5}, {float32(math.NaN()), .49999994, 1e6}} {
		if err := w.Write(epoch, v); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(golden(t, "history-vector.csv"), b.String()); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

func training(l map[string]float64) map[string]float64 {
	return map[string]float64{"loss": l["loss"], "accuracy": l["accuracy"]}
}

func golden(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// The golden files are written by real Keras: internal/golden/report.py.
func TestHistoryKeras(t *testing.T) {
	for file, c := range map[string]struct {
		logs    []map[string]float64
		options Options
	}{
		"history.csv":           {logs, Options{}},
		"history-sparse.csv":    {[]map[string]float64{training(logs[0]), logs[1], training(logs[2])}, Options{}},
		"history-semicolon.csv": {logs, Options{Separator: ';'}},
	} {
		var b strings.Builder
		w := NewWriter(&b, c.options)
		for epoch, l := range c.logs {
			if err := w.Write(epoch, mapped(l)); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(golden(t, file), b.String()); diff != "" {
			t.Errorf("%s: want -, got +:\n%s", file, diff)
		}
	}
}

func TestHistoryAppend(t *testing.T) {
	var b strings.Builder
	w := NewWriter(&b, Options{})
	for epoch, l := range logs[:2] {
		if err := w.Write(epoch, mapped(l)); err != nil {
			t.Fatal(err)
		}
	}
	if err := NewWriter(&b, Options{Append: true}).Write(2, mapped(logs[2])); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(golden(t, "history-append.csv"), b.String()); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

var errFull = errors.New("no space left")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestFull(t *testing.T) {
	if err := NewWriter(full{}, Options{}).Write(0, mapped(logs[0])); !errors.Is(err, errFull) {
		t.Error(err)
	}
}
