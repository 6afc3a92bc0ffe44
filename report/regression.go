package report

import (
	"errors"
	"fmt"
	"math"
)

// Regression measures how well predicted numbers match their targets. It holds the results of sklearn.metrics.mean_absolute_error,
// mean_squared_error, root_mean_squared_error and r2_score, which are those of Keras' MeanAbsoluteError, MeanSquaredError,
// RootMeanSquaredError and R2Score but computed in float64.
type Regression struct {
	// Examples is the number of targets.
	Examples int `json:"examples"`
	// MAE is the mean of the absolute errors, MSE that of the squared errors, RMSE the root of MSE.
	MAE  float64 `json:"mean_absolute_error"`
	MSE  float64 `json:"mean_squared_error"`
	RMSE float64 `json:"root_mean_squared_error"`
	// R2 is the coefficient of determination: 1 for predictions without errors, 0 for those of the mean of the targets. As in Keras, it is 0
	// if all targets are equal; nil if there is only one.
	R2 *float64 `json:"r2_score"`
	// Mean and StandardDeviation are those of the targets.
	Mean              float64 `json:"target_mean"`
	StandardDeviation float64 `json:"target_std"`
}

// Regress compares predictions with targets. It returns an error if there are none, if their numbers differ, or if one is not finite.
func Regress(targets, predictions []float32) (*Regression, error) {
	n := len(targets)
	if n == 0 {
		return nil, errors.New("report: no examples")
	}
	if len(predictions) != n {
		return nil, fmt.Errorf("report: %d targets, but %d predictions", n, len(predictions))
	}
	r := &Regression{Examples: n}
	for i, y := range targets {
		p := float64(predictions[i])
		if d := p - float64(y); math.IsNaN(d) || math.IsInf(d, 0) {
			return nil, fmt.Errorf("report: example %d has the target %v and the prediction %v, want finite numbers", i, y, p)
		}
		r.Mean += float64(y) / float64(n)
	}
	variance := 0.
	for i, y := range targets {
		d := float64(predictions[i]) - float64(y)
		r.MAE += math.Abs(d) / float64(n)
		r.MSE += d * d / float64(n)
		variance += (float64(y) - r.Mean) * (float64(y) - r.Mean) / float64(n)
	}
	r.RMSE, r.StandardDeviation = math.Sqrt(r.MSE), math.Sqrt(variance)
	if n > 1 {
		r2 := 0.
		if variance > 0 {
			r2 = 1 - r.MSE/variance
		}
		r.R2 = &r2
	}
	return r, nil
}

// String returns a table of the scores.
func (r *Regression) String() string {
	r2 := "undefined for one example"
	if r.R2 != nil {
		r2 = fmt.Sprintf("%.4f (0 is that of always predicting the mean)", *r.R2)
	}
	return fmt.Sprintf(`mean absolute error      %.6g
root mean squared error  %.6g
mean squared error       %.6g
R2 score                 %s
targets                  %d, mean %.6g, standard deviation %.6g
`, r.MAE, r.RMSE, r.MSE, r2, r.Examples, r.Mean, r.StandardDeviation)
}
