package report

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func near(a, b float64) bool { return math.Abs(a-b) < 1e-12 }

// TestClassifyScikit compares the scores with scikit-learn's (internal/golden/report.py).
func TestClassifyScikit(t *testing.T) {
	b, err := os.ReadFile("testdata/classification.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases map[string]struct {
		Classes          []string
		Truth, Predicted []int
		Confusion        [][]int
		Report           map[string]json.RawMessage
		Text             string
	}
	if err := json.Unmarshal(b, &cases); err != nil {
		t.Fatal(err)
	}
	large := cases["large"]
	for i := range 2_000_000 {
		large.Truth, large.Predicted = append(large.Truth, i%2), append(large.Predicted, i%3%2)
	}
	cases["large"] = large
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := Classify(c.Classes, c.Truth, c.Predicted)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.Confusion, got.Confusion); diff != "" {
				t.Errorf("confusion matrix: want -, got +:\n%s", diff)
			}
			all := map[string]Scores{"macro avg": got.MacroAverage, "weighted avg": got.WeightedAverage}
			for i, class := range c.Classes {
				all[class] = got.PerClass[i]
			}
			for class, s := range all {
				var want struct {
					Precision, Recall, Support float64
					F1                         float64 `json:"f1-score"`
				}
				if err := json.Unmarshal(c.Report[class], &want); err != nil {
					t.Fatal(class, err)
				}
				if !near(s.Precision, want.Precision) || !near(s.Recall, want.Recall) || !near(s.F1, want.F1) || s.Support != int(want.Support) {
					t.Errorf("%s: got %+v, want %+v", class, s, want)
				}
			}
			var accuracy float64
			if err := json.Unmarshal(c.Report["accuracy"], &accuracy); err != nil {
				t.Fatal(err)
			}
			if !near(got.Accuracy, accuracy) {
				t.Errorf("accuracy %v, want %v", got.Accuracy, accuracy)
			}
			text := c.Text
			if name == "one" { // nothing is right: scikit-learn's counts are floats then
				text = strings.NewReplacer("  1.0\n", "    1\n", "  0.0\n", "    0\n").Replace(text)
			}
			if diff := cmp.Diff(text, got.String()); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

func TestClassifyUndefined(t *testing.T) {
	c, err := Classify([]string{"a", "b", "c"}, []int{0, 1}, []int{0, 0})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"precision of b", "precision of c", "recall of c", "f1-score of c"}
	if diff := cmp.Diff(want, c.Undefined); diff != "" {
		t.Error(diff)
	}
	b, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`"f1-score":`, `"macro avg":`, `"confusion_matrix":[[1,0,0],[1,0,0],[0,0,0]]`} {
		if !strings.Contains(string(b), part) {
			t.Errorf("no %s in %s", part, b)
		}
	}
}

func TestClassifyErrors(t *testing.T) {
	ab := []string{"a", "b"}
	for want, f := range map[string]func() (*Classification, error){
		"no examples":             func() (*Classification, error) { return Classify(ab, nil, nil) },
		"no classes":              func() (*Classification, error) { return Classify(nil, nil, nil) },
		"2 targets, but 1":        func() (*Classification, error) { return Classify(ab, []int{0, 1}, []int{0}) },
		"example 1 has target 2":  func() (*Classification, error) { return Classify(ab, []int{0, 2}, []int{0, 1}) },
		"prediction -1":           func() (*Classification, error) { return Classify(ab, []int{0}, []int{-1}) },
		"has 1 rows, want one":    func() (*Classification, error) { return FromConfusion(ab, [][]int{{1, 0}}) },
		"row 1 of the confusion":  func() (*Classification, error) { return FromConfusion(ab, [][]int{{1, 0}, {1}}) },
		"matrix has -1 at (1, 0)": func() (*Classification, error) { return FromConfusion(ab, [][]int{{1, 0}, {-1, 0}}) },
	} {
		if _, err := f(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
