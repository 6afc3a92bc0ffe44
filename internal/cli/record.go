package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/report"
)

// record is run.json: what is needed to understand a run, and to make it again.
type record struct {
	Command  string         `json:"command"`
	Settings map[string]any `json:"settings"`
	Versions struct {
		Lince string `json:"lince"`
		Go    string `json:"go"`
		CPU   string `json:"cpu"`
	} `json:"versions"`
	Started     time.Time              `json:"started"`
	Data        recordData             `json:"data"`
	Epochs      int                    `json:"epochs_done"`
	EpochTimes  []float64              `json:"epoch_seconds"`
	Seconds     float64                `json:"seconds"`
	History     *lince.History         `json:"history,omitempty"`
	Interrupted bool                   `json:"interrupted"`
	Error       string                 `json:"error,omitempty"`
	Results     *report.Classification `json:"validation,omitempty"`
}

type recordData struct {
	Source      string         `json:"source"`
	Fingerprint string         `json:"fingerprint"`
	Rule        string         `json:"label_rule"`
	Classes     []string       `json:"classes"`
	Counts      map[string]int `json:"counts"`
	Training    int            `json:"training"`
	Validation  int            `json:"validation"`
	Ignored     int            `json:"ignored"`
	Unreadable  []badFile      `json:"unreadable"`
}

func newRecord(c *trainCommand) record {
	r := record{Command: "train", Started: time.Now().UTC().Truncate(time.Second)}
	augment := c.Augment
	if c.NoAugment {
		augment = ""
	}
	r.Settings = map[string]any{
		"data": c.Source, "epochs": c.Epochs, "batch": c.Batch, "size": c.Size.String(), "test_size": c.TestSize,
		"stratify": c.Stratify, "seed": c.Seed, "model": c.Model, "optimizer": c.Optimizer, "lr": c.LR,
		"augment": augment, "limit": c.Limit, "patience": c.Patience, "threads": c.Threads, "strict": c.Strict,
		"label": c.Label, "part": c.Part, "images": c.Images, "rename": c.Rename,
	}
	r.Versions.Lince, r.Versions.Go = version(), runtime.Version()
	r.Versions.CPU = runtime.GOOS + "/" + runtime.GOARCH
	if isa, err := kernel.Detect(); err == nil {
		r.Versions.CPU += "/" + isa.String()
	}
	return r
}

func (r *record) data(t *data.Table, train, val *data.Flow, unreadable []data.BadFile) {
	r.Data = recordData{
		Source: t.Name(), Fingerprint: t.Fingerprint(), Rule: t.Rule().String(), Classes: t.Classes(), Counts: map[string]int{},
		Training: train.Len(), Validation: val.Len(), Ignored: len(t.Ignored()), Unreadable: badFiles(unreadable),
	}
	for _, c := range t.Counts() {
		r.Data.Counts[c.Category] = c.N
	}
}

func (r *record) fit(h *lince.History, epochs []float64, all time.Duration) {
	r.History, r.Epochs, r.EpochTimes, r.Seconds = h, len(h.Epochs), epochs, all.Seconds()
}

// reached says how far the training came.
func (r *record) reached() string {
	if p := r.History.Partial; p != nil {
		return fmt.Sprintf("in epoch %d after %s", p.Epoch+1, count(p.Steps, "step"))
	}
	return fmt.Sprintf("after %s", count(r.Epochs, "epoch"))
}

func (r *record) write(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(r)
}

// epochTimes measures the epochs of a training.
type epochTimes struct {
	start   time.Time
	seconds []float64
}

func (t *epochTimes) callback() callback.Callback {
	return callback.Func(func(callback.Run) (callback.Hooks, error) {
		return callback.Hooks{
			EpochBegin: func(int) error { t.start = time.Now(); return nil },
			EpochEnd: func(int, *callback.Logs) error {
				t.seconds = append(t.seconds, time.Since(t.start).Seconds())
				return nil
			},
		}, nil
	})
}
