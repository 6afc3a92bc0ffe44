package callback

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	"github.com/lince-ml/lince/tensor"
)

// StateVersion is the version of State that is written, and the only one that is resumed.
const StateVersion = 1

// State is where a training stands. With the model, as it is saved at the same moment, it
// is all that a training needs to go on to the same bits as if it had never been
// interrupted. It may be taken in any hook: Phase and Called say which hooks are still to
// be called. Run.Checkpoint stores it and the model in one file.
type State struct {
	Version  int      `json:"version"` // StateVersion
	Position Position `json:"position"`
	Phase    Phase    `json:"phase"`
	// Called is the number of callbacks whose hooks of the phase have been called.
	Called int `json:"called"`
	// Stopped says that a callback called Run.Stop.
	Stopped bool `json:"stopped"`
	// StepsPerEpoch is Fit.StepsPerEpoch.
	StepsPerEpoch int `json:"steps_per_epoch"`
	// Source is the place in the training data of the batch that comes next. It differs
	// from Position with StepsPerEpoch, or where a data set leaves out batches.
	Source Position `json:"source"`

	// Network, Training and Validation identify what is trained, and on what. A training
	// resumes only with the same.
	Network    Network `json:"network"`
	Training   Data    `json:"training"`
	Validation *Data   `json:"validation"` // nil: there is none

	// History has the finished epochs.
	History *History `json:"history"`
	// Logs are those of the epoch so far: what its hooks were given.
	Logs *Logs `json:"logs"`
	// Metrics are the variables in which the metrics of the epoch are summed up.
	Metrics Weights `json:"metrics"`
	// Callbacks has the memory of each callback, in the order of the list.
	Callbacks []Memory `json:"callbacks"`
}

// Phase is a part of an epoch of training. They follow each other in the order of the
// constants; after AtEpochEnd comes AtEpochBegin of the next epoch.
type Phase string

// The phases.
const (
	AtEpochBegin Phase = "epoch_begin" // EpochBegin hooks
	AtSteps      Phase = "steps"       // each step, and its BatchEnd hooks
	AtValidation Phase = "validation"
	AtEpochEnd   Phase = "epoch_end" // EpochEnd hooks
	AtEnd        Phase = "end"       // End hooks, after the last epoch
)

// Network identifies a model: SHA-256 of its configuration, and of how it was compiled,
// without the learning rate, which is saved in the model.
type Network struct {
	Config  string `json:"config"`
	Compile string `json:"compile"`
}

// Data identifies a data set, by the methods of data.Dataset.
type Data struct {
	Len         int    `json:"len"`
	Steps       int    `json:"steps"`
	Fingerprint string `json:"fingerprint"`
}

// Memory is what a callback remembers.
type Memory struct {
	Type  string          `json:"type"` // of the Callback, as fmt's %T prints it
	State json.RawMessage `json:"state"`
}

// MarshalJSON implements json.Marshaler. Unlike History's own form it keeps infinities.
func (s State) MarshalJSON() ([]byte, error) {
	type plain State
	return json.Marshal(struct {
		plain
		History *exactHistory `json:"history"`
	}{plain(s), (*exactHistory)(s.History)})
}

// UnmarshalJSON reads what MarshalJSON wrote. A State of another version has its Version
// and nothing else.
func (s *State) UnmarshalJSON(data []byte) error {
	var version struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(data, &version); err != nil {
		return fmt.Errorf("state: %w", err)
	}
	*s = State{Version: version.Version}
	if s.Version != StateVersion {
		return nil
	}
	type plain State
	var read struct {
		plain
		History *exactHistory `json:"history"`
	}
	if err := json.Unmarshal(data, &read); err != nil {
		return fmt.Errorf("state: %w", err)
	}
	*s = State(read.plain)
	s.History = (*History)(read.History)
	return nil
}

// exactHistory is a History whose JSON keeps every number.
type exactHistory History

type exactSeries struct {
	Name   string   `json:"name"`
	Values []number `json:"values"`
}

type exactHistoryJSON struct {
	Epochs []int         `json:"epochs"`
	Series []exactSeries `json:"series"`
}

// MarshalJSON implements json.Marshaler.
func (h exactHistory) MarshalJSON() ([]byte, error) {
	out := exactHistoryJSON{Epochs: h.Epochs}
	for _, s := range h.Series {
		x := exactSeries{Name: s.Name}
		for _, v := range s.Values {
			x.Values = append(x.Values, number(v))
		}
		out.Series = append(out.Series, x)
	}
	return json.Marshal(out)
}

// UnmarshalJSON implements json.Unmarshaler.
func (h *exactHistory) UnmarshalJSON(data []byte) error {
	var in exactHistoryJSON
	if err := json.Unmarshal(data, &in); err != nil {
		return fmt.Errorf("history: %w", err)
	}
	read := exactHistory{Epochs: in.Epochs}
	for _, s := range in.Series {
		if len(s.Values) != len(in.Epochs) {
			return fmt.Errorf("history: %s has %d values for %d epochs", s.Name, len(s.Values), len(in.Epochs))
		}
		x := Series{Name: s.Name}
		for _, v := range s.Values {
			x.Values = append(x.Values, float64(v))
		}
		read.Series = append(read.Series, x)
	}
	*h = read
	return nil
}

// Weights are tensors that JSON can store: element type, shape and the bytes in base64.
type Weights []*tensor.Tensor

type storedTensor struct {
	DType string `json:"dtype"`
	Shape []int  `json:"shape"`
	Data  []byte `json:"data"`
}

// MarshalJSON implements json.Marshaler.
func (w Weights) MarshalJSON() ([]byte, error) {
	stored := make([]storedTensor, len(w))
	for i, t := range w {
		shape := t.Shape()
		if shape == nil {
			shape = tensor.Shape{}
		}
		stored[i] = storedTensor{t.DType().String(), shape, t.Raw()}
	}
	return json.Marshal(stored)
}

// UnmarshalJSON implements json.Unmarshaler.
func (w *Weights) UnmarshalJSON(data []byte) error {
	var stored []storedTensor
	if err := json.Unmarshal(data, &stored); err != nil {
		return fmt.Errorf("weights: %w", err)
	}
	read := make(Weights, len(stored))
	for i, s := range stored {
		dtype, err := tensor.ParseDType(s.DType)
		if err != nil {
			return fmt.Errorf("weights: number %d: %w", i, err)
		}
		n, err := tensor.Shape(s.Shape).CheckedElements()
		if err != nil || n > len(s.Data) || n*dtype.Size() != len(s.Data) {
			return fmt.Errorf("weights: number %d: %d bytes for %v %v", i, len(s.Data), dtype, tensor.Shape(s.Shape))
		}
		read[i] = tensor.New(dtype, s.Shape...)
		copy(read[i].Raw(), s.Data)
	}
	*w = read
	return nil
}

// number is a float64 that JSON can store whatever it is: NaN and infinities as strings.
type number float64

func newNumber(v float64) *number {
	n := number(v)
	return &n
}

func (n *number) float() *float64 {
	if n == nil {
		return nil
	}
	v := float64(*n)
	return &v
}

// MarshalJSON implements json.Marshaler.
func (n number) MarshalJSON() ([]byte, error) {
	if f := float64(n); math.IsNaN(f) || math.IsInf(f, 0) {
		return json.Marshal(strconv.FormatFloat(f, 'g', -1, 64))
	}
	return json.Marshal(float64(n))
}

// UnmarshalJSON implements json.Unmarshaler.
func (n *number) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) != nil {
		text = string(data)
	}
	f, err := strconv.ParseFloat(text, 64)
	*n = number(f)
	return err
}
