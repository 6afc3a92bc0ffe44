package report

import (
	"errors"
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

// The files are what real Keras wrote: internal/golden/report.py.
func TestHistoryKeras(t *testing.T) {
	for file, c := range map[string]struct {
		logs    []map[string]float64
		options HistoryOptions
	}{
		"history.csv":           {logs, HistoryOptions{}},
		"history-sparse.csv":    {[]map[string]float64{training(logs[0]), logs[1], training(logs[2])}, HistoryOptions{}},
		"history-semicolon.csv": {logs, HistoryOptions{Separator: ';'}},
	} {
		var b strings.Builder
		w := NewHistoryWriter(&b, c.options)
		for epoch, l := range c.logs {
			if err := w.Write(epoch, l); err != nil {
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
	w := NewHistoryWriter(&b, HistoryOptions{})
	for epoch, l := range logs[:2] {
		if err := w.Write(epoch, l); err != nil {
			t.Fatal(err)
		}
	}
	if err := NewHistoryWriter(&b, HistoryOptions{Append: true}).Write(2, logs[2]); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(golden(t, "history-append.csv"), b.String()); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

var predictions = []Prediction{
	{"cat.0.jpg", "cat", "cat", []float32{.75, .25}},
	{"dog, 1.jpg", "dog", "dog", []float32{1e-5, .99999}},
	{`a "b".jpg`, "dog", "dog", []float32{.1, .9}},
	{"été/x.jpg", "cat", "cat", []float32{1, 0}},
}

// The file is what pandas wrote.
func TestPredictionsPandas(t *testing.T) {
	var b strings.Builder
	if err := WritePredictions(&b, []string{"cat", "dog"}, predictions); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(golden(t, "predictions.csv"), b.String()); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	if err := WritePredictions(&b, []string{"cat", "dog", "fox"}, predictions); err == nil {
		t.Error("no error for 2 probabilities of 3 classes")
	}
}

var errFull = errors.New("no space left")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestFull(t *testing.T) {
	if err := NewHistoryWriter(full{}, HistoryOptions{}).Write(0, logs[0]); !errors.Is(err, errFull) {
		t.Errorf("history: %v", err)
	}
	if err := WritePredictions(full{}, []string{"cat", "dog"}, predictions); !errors.Is(err, errFull) {
		t.Errorf("predictions: %v", err)
	}
}
