package cli

import (
	"fmt"
	"io"
	"math"
	"runtime"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/data/augment"
	"github.com/lince-ml/lince/report"
)

// record is run.json: what is needed to understand a run, and to make it again.
type record struct {
	Command  string         `json:"command"`
	Settings map[string]any `json:"settings"` // all flags, by name with _ for -
	Versions struct {
		Lince    string `json:"lince"`
		Go       string `json:"go"`
		Platform string `json:"platform"`
		Backend  string `json:"backend"`
	} `json:"versions"`
	Started     time.Time              `json:"started"`
	Data        recordData             `json:"data"`
	Model       recordModel            `json:"model"`
	Epochs      int                    `json:"epochs_done"`
	Partial     *recordPartial         `json:"partial_epoch,omitempty"`
	EpochTimes  []float64              `json:"epoch_seconds"`
	Seconds     float64                `json:"seconds"`
	History     *lince.History         `json:"history,omitempty"`
	Interrupted bool                   `json:"interrupted"`
	Error       string                 `json:"error,omitempty"`
	Results     *report.Classification `json:"validation,omitempty"`

	steps int // of an epoch
}

type recordData struct {
	Source      string         `json:"source"`
	Fingerprint string         `json:"fingerprint"`
	Rule        string         `json:"label_rule"`
	Classes     []string       `json:"classes"`
	Counts      map[string]int `json:"counts"`
	Training    int            `json:"training"`
	Validation  int            `json:"validation"`
	Ignored     []badFile      `json:"ignored"`
	Unreadable  []badFile      `json:"unreadable"`
}

// recordModel is what the settings came to.
type recordModel struct {
	Params       int                `json:"params"`
	Classes      []string           `json:"classes"`
	Optimizer    string             `json:"optimizer"`
	LearningRate float32            `json:"learning_rate"`
	Loss         string             `json:"loss"`
	ClassWeight  map[string]float64 `json:"class_weight,omitempty"`
	Augment      string             `json:"augment"`
	Size         string             `json:"size"`
	ColorMode    string             `json:"color_mode"`
	// Preprocessing is how pictures become numbers, after Augment.
	Preprocessing lince.Preprocessing `json:"preprocessing"`
}

// recordPartial is the epoch that was cut short.
type recordPartial struct {
	Epoch int                 `json:"epoch"` // from 0
	Steps int                 `json:"steps"`
	Logs  map[string]*float64 `json:"logs"` // null is what is not finite
}

func newRecord(k *kong.Context) record {
	r := record{Command: k.Selected().Name, Settings: map[string]any{}, Started: time.Now().UTC().Truncate(time.Second)}
	for _, p := range k.Selected().Positional {
		r.Settings[p.Name] = p.Target.Interface()
	}
	for _, f := range k.Selected().Flags {
		v := f.Target.Interface()
		if s, ok := v.(fmt.Stringer); ok {
			v = s.String()
		}
		r.Settings[strings.ReplaceAll(f.Name, "-", "_")] = v
	}
	r.Versions.Lince, r.Versions.Go = version(), runtime.Version()
	r.Versions.Platform = runtime.GOOS + "/" + runtime.GOARCH
	return r
}

func (r *record) data(t *data.Table, ignored []data.BadFile, train, val *data.Flow, unreadable []data.BadFile) {
	r.Data = recordData{
		Source: t.Name(), Fingerprint: t.Fingerprint(), Rule: t.Rule().String(), Classes: t.Classes(), Counts: map[string]int{},
		Training: train.Len(), Validation: val.Len(), Ignored: badFiles(ignored), Unreadable: badFiles(unreadable),
	}
	for _, c := range t.Counts() {
		r.Data.Counts[c.Category] = c.N
	}
	r.steps = train.Steps()
}

func (r *record) model(m *lince.Model, g augment.Generator, weights map[int]float64) {
	r.Versions.Backend = m.Backend()
	c, _ := m.Compiled()
	s, mode := pictureSize(m)
	r.Model = recordModel{
		Params: m.CountParams(), Classes: m.Classes, Optimizer: c.Optimizer.Class(), Loss: c.Loss.Class(), Augment: g.String(),
		Size: s.String(), ColorMode: mode, Preprocessing: m.Preprocessing,
	}
	for c, w := range weights {
		if r.Model.ClassWeight == nil {
			r.Model.ClassWeight = map[string]float64{}
		}
		r.Model.ClassWeight[m.Classes[c]] = w
	}
	if rate, err := m.LearningRate(); err == nil {
		r.Model.LearningRate = float32(rate)
	}
}

func (r *record) fit(h *lince.History, epochs []float64, all time.Duration) {
	r.History, r.Epochs, r.EpochTimes, r.Seconds = h, len(h.Epochs), epochs, all.Seconds()
	if p := h.Partial; p != nil {
		r.Partial = &recordPartial{p.Epoch, p.Steps, map[string]*float64{}}
		for name, v := range p.Logs.All() {
			r.Partial.Logs[name] = nil
			if finite(v) {
				r.Partial.Logs[name] = &v
			}
		}
	}
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// reached says how far the training came.
func (r *record) reached() string {
	total, _ := r.Settings["epochs"].(int)
	if p := r.Partial; p != nil {
		return fmt.Sprintf("in epoch %d of %d, after step %d of %d", p.Epoch+1, total, p.Steps, r.steps)
	}
	return fmt.Sprintf("after epoch %d of %d", r.Epochs, total)
}

func (r *record) write(w io.Writer) error { return writeJSON(w, r) }

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
