package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/data/augment"
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/report"
)

// The values of record.Status. The record of a killed run still has the status running.
const (
	running     = "running"
	interrupted = "interrupted"
	failed      = "failed"
	finished    = "finished"
)

// record is the content of run.json: the information that is needed to understand, repeat and resume
// a run. It is written before all other files, and again at the end.
type record struct {
	Status      string            `json:"status"`
	Command     string            `json:"command"`
	CommandLine []string          `json:"command_line"` // without the name of the binary
	Directory   string            `json:"directory"`    // the base of relative paths in the command line
	Settings    map[string]any    `json:"settings"`     // all flags and arguments; names have _ instead of -
	Environment map[string]string `json:"environment"`  // the variables LINCE_*; some of them change results
	Versions    recordVersions    `json:"versions"`
	Threads     int               `json:"threads"`
	Started     time.Time         `json:"started"`
	Resumed     []time.Time       `json:"resumed,omitempty"`
	Data        recordData        `json:"data"`
	Model       recordModel       `json:"model"`
	Start       *recordStart      `json:"start,omitempty"` // the trained model that the run started from
	Transfer    *recordTransfer   `json:"transfer,omitempty"`
	// LimitBatches is --limit-batches: the results are those of a dry run.
	LimitBatches int          `json:"limit_batches,omitempty"`
	Plan         *recordPlan  `json:"plan,omitempty"`
	Folds        *recordFolds `json:"folds,omitempty"` // of cross-validation, in the run.json of all folds
	Tune         *recordTune  `json:"tune,omitempty"`  // of --tune, in the run.json of all trials

	Epochs     int                    `json:"epochs_done"`
	BestEpoch  *int                   `json:"best_epoch"` // the epoch of best.keras, from 0; null if best.keras is not from an epoch of this run
	Partial    *recordPartial         `json:"partial_epoch,omitempty"`
	EpochTimes []float64              `json:"epoch_seconds"`
	Seconds    float64                `json:"seconds"`
	PeakMemory int64                  `json:"peak_memory_bytes,omitempty"` // of the process
	History    *lince.History         `json:"history,omitempty"`
	StoppedBy  string                 `json:"stopped_by,omitempty"` // "epochs", "patience", "time", "interruption", "error"
	Error      string                 `json:"error,omitempty"`
	Advice     string                 `json:"advice,omitempty"` // what to change, if the loss rose during the training
	Results    *report.Classification `json:"validation,omitempty"`
	MultiLabel *report.MultiLabel     `json:"validation_multilabel,omitempty"` // instead, for images with several labels
	Regression *report.Regression     `json:"validation_regression,omitempty"` // instead, for numbers
	// Calibration describes the probabilities of the validation images.
	Calibration *calibration `json:"calibration,omitempty"`

	steps   int           // steps per epoch
	total   int           // epochs to train
	earlier time.Duration // the time that the run took before it was resumed
}

type recordVersions struct {
	Lince          string `json:"lince"`
	Go             string `json:"go"`
	Platform       string `json:"platform"`
	Backend        string `json:"backend"`
	InstructionSet string `json:"instruction_set"`
}

// recordStart describes the trained model that a run started from.
type recordStart struct {
	Model       string              `json:"model"`
	Fingerprint string              `json:"fingerprint"` // SHA-256 of the file
	Metrics     map[string]*float64 `json:"metrics"`     // on the validation images; null if not finite
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
	Dropped     int            `json:"dropped"` // files and rows that were left out when the source was opened; ignored lists them
	Checked     bool           `json:"checked"` // all images were decoded before the training
	Unreadable  []badFile      `json:"unreadable"`
	PassedOver  []passedOver   `json:"passed_over"`            // files and folders of the source that are not used
	Parts       []recordPart   `json:"parts,omitempty"`        // of the source
	Turned      int            `json:"exif_turned"`            // images with an EXIF orientation
	Deep        int            `json:"gray_16_bit"`            // images with 16 bits of gray per pixel
	Floating    int            `json:"gray_float"`             // images of floating-point gray
	CutPixels   int64          `json:"gray_16_bit_cut_pixels"` // pixels of Deep that are cut off: below 0 or above 255, or outside --gray-range
	// FloatCutPixels are pixels of Floating that are cut off.
	FloatCutPixels int64 `json:"gray_float_cut_pixels"`
	// ValidationSource is the part or the source of validation images that were not split from the others.
	ValidationSource      string         `json:"validation_source,omitempty"`
	ValidationFingerprint string         `json:"validation_fingerprint,omitempty"`
	UnknownClasses        []unknownCount `json:"unknown_classes,omitempty"` // of validation images; they are left out
	LeftOut               []badFile      `json:"left_out_later"`            // images that could not be read during the training
	// Duplicates counts images with equal bytes; null if there are none.
	Duplicates *recordDuplicates `json:"duplicates"`
	// Versions counts images that are versions of others by their names; it is left out if there are none.
	Versions *recordVersioned `json:"versions,omitempty"`
	// Groups describes the groups of --group; it is left out without.
	Groups *recordGroups `json:"groups,omitempty"`
}

// recordModel describes the model and the settings of its training.
type recordModel struct {
	Params       int      `json:"params"`
	Classes      []string `json:"classes"`
	Optimizer    string   `json:"optimizer"`
	LearningRate float64  `json:"learning_rate"`
	// OptimizerConfig and LossConfig are the arguments in Keras.
	OptimizerConfig map[string]any     `json:"optimizer_config"`
	Schedule        string             `json:"schedule,omitempty"` // describes --schedule
	Loss            string             `json:"loss"`
	LossConfig      map[string]any     `json:"loss_config"`
	Metrics         []string           `json:"metrics"`
	Monitor         string             `json:"monitor"`
	MonitorMode     string             `json:"monitor_mode"` // "min" or "max"
	ClassWeight     map[string]float64 `json:"class_weight,omitempty"`
	Augment         string             `json:"augment"`
	Size            string             `json:"size"`
	ColorMode       string             `json:"color_mode"`
	// Preprocessing turns images into the model's input, after Augment.
	Preprocessing lince.Preprocessing `json:"preprocessing"`
}

// recordPartial describes an epoch that was interrupted.
type recordPartial struct {
	Epoch int                 `json:"epoch"` // from 0
	Steps int                 `json:"steps"`
	Logs  map[string]*float64 `json:"logs"` // null if not finite
}

func newRecord(k *kong.Context, args []string) record {
	r := record{Status: running, Command: k.Selected().Name, CommandLine: args, Settings: map[string]any{}, Started: moment()}
	r.Directory, _ = os.Getwd() // without a working directory, paths are kept as given
	r.setSettings(k)
	return r
}

// moment returns the current time in seconds.
func moment() time.Time { return time.Now().UTC().Truncate(time.Second) }

func (r *record) setSettings(k *kong.Context) {
	for _, p := range k.Selected().Positional {
		r.Settings[p.Name] = p.Target.Interface()
	}
	for _, f := range k.Selected().Flags {
		v := f.Target.Interface()
		switch x := v.(type) {
		case time.Duration:
			v = shortTime(x)
		case fmt.Stringer:
			v = x.String()
		}
		r.Settings[strings.ReplaceAll(f.Name, "-", "_")] = v
	}
}

// shortTime returns a time as one writes it on the command line: 5m, not 5m0s.
func shortTime(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// platform records versions, threads and environment.
func (r *record) platform(threads int) error {
	isa, err := kernel.Detect()
	if err != nil {
		return err
	}
	r.Versions = recordVersions{
		Lince: version(), Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, InstructionSet: isa.String(),
	}
	r.Threads = cmp.Or(threads, runtime.GOMAXPROCS(0))
	r.Environment = environment()
	return nil
}

// environment returns the environment variables that lince uses.
func environment() map[string]string {
	m := map[string]string{}
	for _, v := range os.Environ() {
		if name, value, ok := strings.Cut(v, "="); ok && strings.HasPrefix(name, "LINCE_") {
			m[name] = value
		}
	}
	return m
}

func (r *record) data(t *data.Table, ignored []data.BadFile, train, val *data.Flow, unreadable []data.BadFile, found data.Findings) {
	before := r.Data
	r.Data = recordData{
		PassedOver: passedList(t), Parts: before.Parts, Turned: found.Turned, Deep: found.Deep.Images, CutPixels: found.Deep.Lost, Floating: found.Floating.Images, FloatCutPixels: found.Floating.Lost,
		ValidationSource: before.ValidationSource, ValidationFingerprint: before.ValidationFingerprint, UnknownClasses: before.UnknownClasses,
		Source: t.Name(), Fingerprint: t.Fingerprint(), Rule: t.Rule().String(), Classes: t.Classes(), Counts: map[string]int{},
		Training: train.Len(), Validation: val.Len(), Ignored: badFiles(ignored), Unreadable: badFiles(unreadable),
		Checked: train.Table().Checked() && val.Table().Checked(), LeftOut: []badFile{},
	}
	for _, c := range t.Counts() {
		r.Data.Counts[c.Label] = c.N
	}
	r.steps = train.Steps()
}

// model records the model. The learning rate of a resumed run stays that of its beginning, and that of a schedule is its
// highest.
func (r *record) model(m *lince.Model, g augment.Generator, weights map[int]float64, resumed bool) {
	r.Versions.Backend = m.Backend()
	c, _ := m.Compiled()
	s, mode := imageSize(m)
	before := r.Model
	r.Model = recordModel{
		LearningRate: before.LearningRate, OptimizerConfig: optimizer.ConfigOf(c.Optimizer), Schedule: before.Schedule,
		LossConfig: loss.ConfigOf(c.Loss), Metrics: []string{},
		Params: m.CountParams(), Classes: m.Classes, Optimizer: optimizer.ClassOf(c.Optimizer), Loss: loss.ClassOf(c.Loss), Augment: g.String(),
		Size: s.String(), ColorMode: mode, Preprocessing: m.Preprocessing,
	}
	for c, w := range weights {
		if r.Model.ClassWeight == nil {
			r.Model.ClassWeight = map[string]float64{}
		}
		r.Model.ClassWeight[m.Classes[c]] = w
	}
	for _, x := range m.Measures() {
		if x.Name != "loss" {
			r.Model.Metrics = append(r.Model.Metrics, x.Name)
		}
	}
	if rate, err := m.LearningRate(); err == nil && !resumed && r.Model.Schedule == "" {
		r.Model.LearningRate = decimal(float32(rate))
	}
}

func (r *record) fit(h *lince.History, times *epochTimes, all time.Duration) {
	// A process that was killed has not written its time into the record.
	r.History, r.Epochs, r.EpochTimes, r.Seconds = h, len(h.Epochs), times.seconds, (max(r.earlier, times.earlier) + all).Seconds()
	r.Partial, r.BestEpoch = nil, nil
	if epoch, ok := bestEpoch(h, r.Start, r.monitor()); ok {
		r.BestEpoch = &epoch
	}
	if p := h.Partial; p != nil {
		r.Partial = &recordPartial{p.Epoch, p.Steps, numbers(p.Logs)}
	}
}

// decimal returns the number whose shortest decimal form is that of v: 0.001 for float32(0.001).
func decimal(v float32) float64 {
	d, _ := strconv.ParseFloat(strconv.FormatFloat(float64(v), 'g', -1, 32), 64) // it is a number
	return d
}

// numbers returns logs in a form for JSON: values that are not finite are nil. The value of a vector is its mean.
func numbers(logs *lince.Logs) map[string]*float64 {
	m := map[string]*float64{}
	for name, v := range logs.All() {
		m[name] = nil
		if finite(v) {
			m[name] = &v
		}
	}
	return m
}

// monitor returns what selects the best epoch.
func (r *record) monitor() monitored {
	if r.Model.Monitor == "" { // a run.json that was written before --monitor
		return lowestLoss
	}
	return monitored{r.Model.Monitor, r.Model.MonitorMode == "max"}
}

// bestEpoch returns the epoch of best.keras, as callback.ModelCheckpoint chooses it. ok is false
// if no epoch was better than the model that the run started from.
func bestEpoch(h *lince.History, start *recordStart, m monitored) (epoch int, ok bool) {
	var best *float64
	if start != nil {
		best = start.Metrics[m.key]
	}
	for i, v := range h.Values(m.key) {
		if best == nil || m.better(v, *best) {
			best, epoch, ok = &v, h.Epochs[i], true
		}
	}
	return epoch, ok
}

// finiteOrNil returns a vector in a form for JSON: elements that are not finite are nil.
func finiteOrNil(vector []float64) []*float64 {
	list := make([]*float64, len(vector))
	for i, v := range vector {
		if finite(v) {
			list[i] = &v
		}
	}
	return list
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// reached describes how far the training got.
func (r *record) reached() string {
	if p := r.Partial; p != nil {
		return fmt.Sprintf("in epoch %d of %d, after step %d of %d", p.Epoch+1, r.total, p.Steps, r.steps)
	}
	return fmt.Sprintf("after epoch %d of %d", r.Epochs, r.total)
}

func (r *record) write(w io.Writer) error { return writeJSON(w, r) }

// epochTimes measures the time of each epoch of a training, across resumes.
type epochTimes struct {
	start   time.Time
	before  time.Duration // spent on the current epoch before the training was resumed
	earlier time.Duration // spent on all epochs before the training was resumed
	seconds []float64
}

type epochTimesState struct {
	Seconds []float64     `json:"seconds"`
	Epoch   time.Duration `json:"epoch"` // spent on the current epoch so far
}

// MarshalJSON implements json.Marshaler.
func (t *epochTimes) MarshalJSON() ([]byte, error) {
	return json.Marshal(epochTimesState{t.seconds, t.before + time.Since(t.start)})
}

// UnmarshalJSON implements json.Unmarshaler.
func (t *epochTimes) UnmarshalJSON(b []byte) error {
	var s epochTimesState
	err := json.Unmarshal(b, &s)
	t.seconds, t.before, t.earlier = s.Seconds, s.Epoch, s.Epoch
	for _, v := range s.Seconds {
		t.earlier += time.Duration(v * float64(time.Second))
	}
	return err
}

func (t *epochTimes) callback() callback.Callback {
	return callback.Func(func(callback.Run) (callback.Hooks, error) {
		t.start = time.Now()
		return callback.Hooks{
			State:      t,
			EpochBegin: func(int) error { t.start, t.before = time.Now(), 0; return nil },
			EpochEnd: func(int, *callback.Logs) error {
				t.seconds = append(t.seconds, (t.before + time.Since(t.start)).Seconds())
				return nil
			},
		}, nil
	})
}
