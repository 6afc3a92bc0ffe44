package report

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func golden(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var predictions = []Prediction{
	{"cat.0.jpg", "cat", "cat", []float32{.75, .25}},
	{"dog, 1.jpg", "dog", "dog", []float32{1e-5, .99999}},
	{`a "b".jpg`, "dog", "dog", []float32{.1, .9}},
	{"été/x.jpg", "cat", "cat", []float32{1, 0}},
}

// TestPredictionsPandas compares the file with one that pandas wrote.
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
	if err := WritePredictions(full{}, []string{"cat", "dog"}, predictions); !errors.Is(err, errFull) {
		t.Error(err)
	}
}
