package cli

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/report"
)

// findFlags are the flags that find settings.
type findFlags struct {
	Tune   time.Duration `placeholder:"20m" help:"Find settings first: train with random learning rates, weight decays, augmentations and sizes for a few epochs, and continue with the best third for more epochs, by --monitor, for this time. Flags that are given are not changed. Then train with the best settings for --epochs, in the folder best of the output folder; tune.csv lists all trials. How many trials there are depends on the time, so another machine may find other settings."`
	LRFind bool          `name:"lr-find" help:"Do not train, but find a learning rate: train up to 200 steps with rates that rise from 1e-6 to 10, compare their losses with those of the same batches without training, write the curve to lr.png, and suggest a rate."`
}

// mistakes returns the mistakes in the flags.
func (f findFlags) mistakes(folds foldFlags) error {
	var errs []error
	if f.Tune < 0 {
		errs = append(errs, fmt.Errorf("--tune must be a time, such as 20m, got %v", f.Tune))
	}
	if f.Tune > 0 && f.LRFind {
		errs = append(errs, errors.New("--tune and --lr-find cannot be combined"))
	}
	if f.Tune > 0 && folds.Folds > 0 {
		errs = append(errs, errors.New("--tune and --folds cannot be combined: tune first, then use --folds with the settings that were found"))
	}
	return errors.Join(errs...)
}

// lrPlot is the file of --lr-find.
const lrPlot = "lr.png"

// lrEvent is the JSON line of --lr-find.
type lrEvent struct {
	Event     string    `json:"event"`
	Rates     []float64 `json:"rates"`
	Losses    []float64 `json:"losses"`
	Initial   []float64 `json:"initial"` // the losses of the same batches without training
	Smoothed  []float64 `json:"smoothed"`
	Suggested *float64  `json:"suggested"` // null if there is none
	Lowest    float64   `json:"lowest"`
}

// findRate runs --lr-find.
func (t *training) findRate() error {
	t.onAbandon(func() error { t.folder.unmake(); return interruption("during --lr-find; nothing was written") })
	r, err := t.model.LearningRateRangeTest(t.ctx, t.fitted, lince.RangeTestOptions{ClassWeight: t.byClass})
	if err != nil {
		return t.abandon(err, "during --lr-find")
	}
	if len(r.Rates) < 2 {
		return t.abandon(fmt.Errorf("--lr-find: the loss is not finite at the first step; check the data and the weights for NaN"), "")
	}
	if err := t.startSaving(); err != nil {
		return t.abandon(err, "during --lr-find")
	}
	drawn := report.LearningRates{Rates: r.Rates, Losses: r.Losses, Initial: r.Initial, Smoothed: r.Smoothed, Suggested: r.Suggested}
	if err := t.folder.write(lrPlot, func(w io.Writer) error { return report.DrawLearningRates(w, drawn) }); err != nil {
		return err
	}
	e := lrEvent{Event: "lr_find", Rates: r.Rates, Losses: r.Losses, Initial: r.Initial, Smoothed: r.Smoothed, Lowest: r.Lowest}
	if r.Suggested > 0 {
		e.Suggested = new(oneDigit(r.Suggested))
		where := "where the loss falls fastest"
		if r.Suggested == r.Lowest/5 {
			where = "a fifth of the rate with the lowest loss"
		}
		t.printf("Suggested learning rate: --lr %v, %s. It is lowest at %.1e, but training at that rate is usually unstable.\nThe loss by the learning rate is in %s. Nothing was trained.\n",
			*e.Suggested, where, r.Lowest, t.folder.path(lrPlot))
	} else {
		t.printf("No suggestion: between learning rates of %.0e and %.0e, %d steps of training do not lower the loss clearly; see %s. A larger --batch makes the losses more exact, and --tune 20m compares rates by training with each. Nothing was trained.\n",
			r.Rates[0], r.Rates[len(r.Rates)-1], len(r.Rates), t.folder.path(lrPlot))
	}
	if !t.json {
		return nil
	}
	return writeJSONLine(t.stdout, e)
}
