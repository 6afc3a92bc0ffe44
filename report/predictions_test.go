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
	{Filename: "cat.0.jpg", Label: "cat", Predicted: "cat", Probabilities: []float32{.75, .25}},
	{Filename: "dog, 1.jpg", Label: "dog", Predicted: "dog", Probabilities: []float32{1e-5, .99999}},
	{Filename: `a "b".jpg`, Label: "dog", Predicted: "dog", Probabilities: []float32{.1, .9}},
	{Filename: "été/x.jpg", Label: "cat", Predicted: "cat", Probabilities: []float32{1, 0}},
}

// TestPredictionsPandas compares the file with one that pandas wrote.
func TestPredictionsPandas(t *testing.T) {
	var b strings.Builder
	if err := WritePredictions(&b, []string{"cat", "dog"}, predictions, PredictionsOptions{}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(golden(t, "predictions.csv"), b.String()); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	if err := WritePredictions(&b, []string{"cat", "dog", "fox"}, predictions, PredictionsOptions{}); err == nil {
		t.Error("no error for 2 probabilities of 3 classes")
	}
}

var errFull = errors.New("no space left")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestFull(t *testing.T) {
	if err := WritePredictions(full{}, []string{"cat", "dog"}, predictions, PredictionsOptions{}); !errors.Is(err, errFull) {
		t.Error(err)
	}
}

// TestPredictionsUnknown checks the column of predictions without an answer.
func TestPredictionsUnknown(t *testing.T) {
	var b strings.Builder
	rows := []Prediction{{Filename: "a.jpg", Label: "cat", Unknown: true, Probabilities: []float32{.5, .5}}, {Filename: "b.jpg", Predicted: "dog", Probabilities: []float32{.25, .75}}}
	if err := WritePredictions(&b, []string{"cat", "dog"}, rows, PredictionsOptions{Unknown: true}); err != nil {
		t.Fatal(err)
	}
	if want := "filename,category,predicted,unknown,cat,dog\na.jpg,cat,,true,0.5,0.5\nb.jpg,,dog,false,0.25,0.75\n"; b.String() != want {
		t.Errorf("got\n%s, want\n%s", &b, want)
	}
}
