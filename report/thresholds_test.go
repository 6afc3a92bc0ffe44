package report

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestThresholds compares with scikit-learn (internal/golden/report.py). Counts are exact; the areas are sums in another order, within 1e-12.
func TestThresholds(t *testing.T) {
	raw, err := os.ReadFile("testdata/thresholds.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases map[string]struct {
		Scores, Thresholds          []float32
		Labels                      []int
		FPR, TPR, Precision, Recall []float64
		AUC                         float64
		AveragePrecision            float64 `json:"average_precision"`
	}
	if err := json.Unmarshal(raw, &cases); err != nil || len(cases) < 4 {
		t.Fatal(len(cases), err)
	}
	for name, c := range cases {
		positive := make([]bool, len(c.Labels))
		for i, l := range c.Labels {
			positive[i] = l == 1
		}
		got, err := NewThresholds(c.Scores, positive)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Points) != len(c.Thresholds) {
			t.Fatalf("%s: %d points, want %d", name, len(got.Points), len(c.Thresholds))
		}
		for i, p := range got.Points {
			fpr, tpr := float64(p.FalsePositives)/float64(got.Negatives), float64(p.TruePositives)/float64(got.Positives)
			if p.Threshold != c.Thresholds[i] || fpr != c.FPR[i] || tpr != c.TPR[i] {
				t.Errorf("%s: point %d is %+v, want %v, %v, %v", name, i, p, c.Thresholds[i], c.FPR[i], c.TPR[i])
			}
			if precision := float64(p.TruePositives) / float64(p.TruePositives+p.FalsePositives); i < len(c.Precision) && (precision != c.Precision[i] || tpr != c.Recall[i]) {
				t.Errorf("%s: the precision at point %d is %v, want %v", name, i, precision, c.Precision[i])
			}
		}
		if a := got.AUC(); math.Abs(a-c.AUC) > 1e-12 {
			t.Errorf("%s: AUC %v, want %v", name, a, c.AUC)
		}
		if a := got.AveragePrecision(); math.Abs(a-c.AveragePrecision) > 1e-12 {
			t.Errorf("%s: average precision %v, want %v", name, a, c.AveragePrecision)
		}
		// A thinned curve has points of the whole one, with its ends.
		thin := got.Thin(7)
		if len(thin.Points) > 7 || len(got.Points) > 7 && len(thin.Points) < 4 || thin.Points[0] != got.Points[0] || thin.Points[len(thin.Points)-1] != got.Points[len(got.Points)-1] {
			t.Errorf("%s: thinned to %v", name, thin.Points)
		}
		at := 0
		for _, p := range thin.Points {
			for at < len(got.Points) && got.Points[at] != p {
				at++
			}
		}
		if at == len(got.Points) {
			t.Errorf("%s: a thinned curve has other points, or in another order", name)
		}
	}
}

// TestThinCorners checks that a thinned curve has the corners of the whole one: the only image of a class, and the images before and after it.
func TestThinCorners(t *testing.T) {
	scores, positive := make([]float32, 1000), make([]bool, 1000)
	for i := range scores {
		scores[i] = 1 - float32(i)/1000
	}
	positive[300] = true
	whole, err := NewThresholds(scores, positive)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{2, 3, 4, 30} {
		thin := whole.Thin(n)
		if len(thin.Points) != n {
			t.Errorf("thinned to %d points, want %d", len(thin.Points), n)
		}
		if n < 4 {
			continue
		}
		if a, b := thin.AUC(), whole.AUC(); a != b {
			t.Errorf("%d points: the area is %v, want %v", n, a, b)
		}
		if !slices.Contains(thin.Points, ThresholdPoint{scores[300], 1, 300}) || !slices.Contains(thin.Points, ThresholdPoint{scores[299], 0, 300}) {
			t.Errorf("%d points: the corners are not among them: %v", n, thin.Points)
		}
	}
}

func TestThresholdsUndefined(t *testing.T) {
	none, err := NewThresholds([]float32{.1, .2}, []bool{false, false})
	if err != nil || !math.IsNaN(none.AUC()) || !math.IsNaN(none.AveragePrecision()) {
		t.Errorf("without positive examples: %v, %v, %v", none.AUC(), none.AveragePrecision(), err)
	}
	all, err := NewThresholds([]float32{.1, .2}, []bool{true, true})
	if err != nil || !math.IsNaN(all.AUC()) || all.AveragePrecision() != 1 {
		t.Errorf("without negative examples: %v, %v, %v", all.AUC(), all.AveragePrecision(), err)
	}
	for want, f := range map[string]func() (*Thresholds, error){
		"2 scores for 1 examples": func() (*Thresholds, error) { return NewThresholds([]float32{1, 2}, []bool{true}) },
		"at least 1":              func() (*Thresholds, error) { return NewThresholds(nil, nil) },
		"score of example 1 is NaN": func() (*Thresholds, error) {
			return NewThresholds([]float32{1, float32(math.NaN())}, []bool{true, false})
		},
	} {
		if _, err := f(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// TestSpread checks that every threshold has a point nearby, also where the ROC curve is straight, and that points stay unchanged.
func TestSpread(t *testing.T) {
	n := 5000
	scores, positive := make([]float32, n), make([]bool, n)
	for i := range n {
		scores[i], positive[i] = float32(i)/float32(n), i > n/2
	}
	whole, err := NewThresholds(scores, positive)
	if err != nil {
		t.Fatal(err)
	}
	got := whole.spread(100).Points
	if len(got) > 100 || got[0] != whole.Points[0] || got[len(got)-1] != whole.Points[n-1] {
		t.Errorf("%d points, from %v to %v", len(got), got[0], got[len(got)-1])
	}
	for i, p := range got {
		if !slices.Contains(whole.Points, p) || i > 0 && (p.Threshold >= got[i-1].Threshold || got[i-1].Threshold-p.Threshold > .021) {
			t.Errorf("point %d is %v, after %v", i, p, got[max(i-1, 0)])
		}
	}
	if few := whole.spread(n).Points; len(few) != n {
		t.Errorf("%d points of %d", len(few), n)
	}
}
