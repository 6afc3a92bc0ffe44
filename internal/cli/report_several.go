package cli

import (
	"fmt"
	"math"
	"path/filepath"
	"strconv"
)

// A run of --folds or --tune has no results itself. Its row has the means over its folds, or the results of the training with the best settings.

// complete reads the trainings of a run of --folds or --tune.
func (x *comparedRun) complete() {
	switch r := x.record; {
	case r.Folds != nil:
		for n := 1; n <= r.Folds.Folds; n++ {
			if fold, err := readRecord(filepath.Join(x.Run, "fold-"+strconv.Itoa(n), "run.json")); err == nil && fold.Status == finished {
				x.parts = append(x.parts, fold)
			}
		}
		x.Epochs = 0
		for _, p := range x.parts {
			x.Epochs += p.Epochs
		}
		x.notes = append(x.notes, "mean of "+count(len(x.parts), "fold"))
		if len(x.parts) > 0 {
			x.record.Model = x.parts[0].Model
		}
		x.several = true
	case r.Tune != nil:
		best, err := readRecord(filepath.Join(x.Run, "best", "run.json"))
		if err != nil || best.Status == running {
			x.notes, x.several = append(x.notes, "no training with the best settings yet"), true
			return
		}
		best.Seconds += r.Tune.Seconds
		x.record, x.Epochs = best, best.Epochs
		x.notes = append(x.notes, "the best of "+count(len(r.Tune.Trials), "trial"))
	}
}

// measure returns a result of a run: its value, and for several trainings the mean and the standard deviation of the sample. The value is NaN if there is none.
func (x *comparedRun) measure(c comparedResult) (value, std float64) {
	switch {
	case !x.several:
		return c.value(&x.record), 0
	case len(x.parts) == 0:
		return math.NaN(), 0
	case c.key == "seconds":
		return c.value(&x.record), 0
	}
	sum, squares, most, n := 0., 0., math.Inf(-1), float64(len(x.parts))
	for _, p := range x.parts {
		v := c.value(&p)
		sum, most = sum+v, max(most, v)
	}
	if c.key == "peak_memory_bytes" { // of processes that may be the same
		return most, 0
	}
	for _, p := range x.parts {
		d := c.value(&p) - sum/n
		squares += d * d
	}
	if n > 1 {
		std = math.Sqrt(squares / (n - 1))
	}
	return sum / n, std
}

// format formats the value of a result.
func (c comparedResult) format(value, std float64) string {
	if std == 0 {
		return c.text(value)
	}
	return fmt.Sprintf("%s ± %s", c.text(value), c.text(std))
}
