package report

import (
	"math"
	"strings"
	"testing"
)

// TestRegression compares the scores with those that scikit-learn documents for r2_score, mean_absolute_error and mean_squared_error.
func TestRegression(t *testing.T) {
	r, err := Regress([]float32{3, -.5, 2, 7}, []float32{2.5, 0, 2, 8})
	if err != nil {
		t.Fatal(err)
	}
	if r.MAE != .5 || r.MSE != .375 || r.RMSE != math.Sqrt(.375) || r.R2 == nil || math.Abs(*r.R2-.9486081370449679) > 1e-15 {
		t.Errorf("%+v, R2 %v", r, *r.R2)
	}
	for _, c := range []struct {
		y, p []float32
		want string
	}{
		{nil, nil, "no examples"},
		{[]float32{1}, []float32{1, 2}, "1 targets, but 2 predictions"},
		{[]float32{1}, []float32{float32(math.NaN())}, "want finite numbers"},
	} {
		if _, err := Regress(c.y, c.p); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v %v: %v", c.y, c.p, err)
		}
	}
	if r, err := Regress([]float32{1}, []float32{2}); err != nil || r.R2 != nil || !strings.Contains(r.String(), "undefined") {
		t.Error(r, err)
	}
	if r, err := Regress([]float32{1, 1}, []float32{2, 1}); err != nil || *r.R2 != 0 {
		t.Error(r, err)
	}
}
