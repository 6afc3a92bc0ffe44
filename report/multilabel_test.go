package report

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// TestMultiLabelScikit compares the scores with scikit-learn's (internal/golden/multilabel.py).
func TestMultiLabelScikit(t *testing.T) {
	b, err := os.ReadFile("testdata/multilabel.json")
	if err != nil {
		t.Fatal(err)
	}
	type scores struct {
		Precision, Recall, Support float64
		F1                         float64 `json:"f1-score"`
	}
	var cases map[string]struct {
		Classes         []string
		Targets         [][]int
		Probabilities   [][]float32
		Threshold       float64
		Report          map[string]scores
		Text            string
		Best            [][2]float64
		Average         []float64
		Subset, Hamming float64
	}
	if err := json.Unmarshal(b, &cases); err != nil {
		t.Fatal(err)
	}
	for name, c := range cases {
		got, err := ClassifyMultiLabel(c.Classes, c.Targets, c.Probabilities, c.Threshold)
		if err != nil {
			t.Fatal(err)
		}
		all := map[string]Scores{"micro avg": got.MicroAverage, "macro avg": got.MacroAverage, "weighted avg": got.WeightedAverage, "samples avg": got.SamplesAverage}
		for i, class := range c.Classes {
			s := got.PerClass[i]
			all[class] = s.Scores
			if !near(s.BestThreshold, c.Best[i][0]) || !near(s.BestF1, c.Best[i][1]) || !near(s.AveragePrecision, c.Average[i]) {
				t.Errorf("%s, %s: got %+v, want %v and %v", name, class, s, c.Best[i], c.Average[i])
			}
		}
		for class, s := range all {
			if w := c.Report[class]; !near(s.Precision, w.Precision) || !near(s.Recall, w.Recall) || !near(s.F1, w.F1) || float64(s.Support) != w.Support {
				t.Errorf("%s, %s: got %+v, want %+v", name, class, s, w)
			}
		}
		if !near(got.SubsetAccuracy, c.Subset) || !near(got.HammingLoss, c.Hamming) {
			t.Errorf("%s: got %v and %v, want %v and %v", name, got.SubsetAccuracy, got.HammingLoss, c.Subset, c.Hamming)
		}
		if !strings.HasPrefix(got.String(), c.Text) {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, c.Text)
		}
	}
}

func TestMultiLabelErrors(t *testing.T) {
	p := [][]float32{{.5, .5}}
	for want, f := range map[string]func() (*MultiLabel, error){
		"no classes":                func() (*MultiLabel, error) { return ClassifyMultiLabel(nil, [][]int{{}}, p, .5) },
		"no examples":               func() (*MultiLabel, error) { return ClassifyMultiLabel([]string{"a"}, nil, nil, .5) },
		"2 targets":                 func() (*MultiLabel, error) { return ClassifyMultiLabel([]string{"a", "b"}, [][]int{{}, {}}, p, .5) },
		"has 2 probabilities":       func() (*MultiLabel, error) { return ClassifyMultiLabel([]string{"a"}, [][]int{{}}, p, .5) },
		"example 0 has the class 2": func() (*MultiLabel, error) { return ClassifyMultiLabel([]string{"a", "b"}, [][]int{{2}}, p, .5) },
	} {
		if _, err := f(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// TestPredictionsFormulas checks that spreadsheets do not run the texts of a table of predictions.
func TestPredictionsFormulas(t *testing.T) {
	rows := []Prediction{{Filename: "=cmd|' /C calc'!A0.jpg", Label: "@x", Predicted: "-1", Probabilities: []float32{1, 0}}}
	for raw, want := range map[bool]string{
		false: "filename,category,predicted,'=1+1,-1\n'=cmd|' /C calc'!A0.jpg,'@x,-1,1.0,0.0\n",
		true:  "filename,category,predicted,=1+1,-1\n=cmd|' /C calc'!A0.jpg,@x,-1,1.0,0.0\n",
	} {
		var b strings.Builder
		if err := WritePredictions(&b, []string{"=1+1", "-1"}, rows, PredictionsOptions{Raw: raw}); err != nil || b.String() != want {
			t.Errorf("got %q, want %q, %v", b.String(), want, err)
		}
	}
}
