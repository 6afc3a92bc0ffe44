package callback

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	"github.com/lince-ml/lince/tensor"
)

// StateVersion is the version of State that this package writes. No other version can be resumed.
const StateVersion = 1

// State is the state of training at some moment. From a State and the model saved at the same moment, Fit can
// resume and end with the same bits as without the interruption. A State can be taken in any hook: Phase and
// Called determine which hooks remain to be called. Run.Checkpoint stores a State and the model in one file.
type State struct {
	Version  int      `json:"version"`  // StateVersion
	Position Position `json:"position"` // next epoch and step
	Phase    Phase    `json:"phase"`    // phase of the epoch
	// Called is the number of callbacks whose hooks of the phase have been called.
	Called int `json:"called"`
	// Begun is the number of callbacks whose BatchBegin for the next step has been called.
	Begun int `json:"begun"`
	// Stopped reports whether a callback has called Run.Stop.
	Stopped bool `json:"stopped"`
	// Swapped reports whether the weights are exchanged with their averages; see Run.SwapAverages.
	Swapped bool `json:"swapped"`
	// StepsPerEpoch is FitOptions.StepsPerEpoch.
	StepsPerEpoch int `json:"steps_per_epoch"`
	// Source is the position of the next batch in the training data. It differs from Position if
	// StepsPerEpoch is set or the dataset drops batches.
	Source Position `json:"source"`

	// Network, Training and Validation identify the model and its datasets. Fit resumes only with the same
	// model and datasets. Validation is nil if there is none.
	Network    Network `json:"network"`
	Training   Data    `json:"training"`
	Validation *Data   `json:"validation"`

	// History has the logs of the finished epochs.
	History *History `json:"history"`
	// Logs has the logs of the current epoch so far, including values that hooks set.
	Logs *Logs `json:"logs"`
	// Metrics has the variables of the metrics of the current epoch.
	Metrics Weights `json:"metrics"`
	// Callbacks has the Memory of each callback, in the order of FitOptions.Callbacks.
	Callbacks []Memory `json:"callbacks"`
}

// Phase is a part of an epoch. The phases of an epoch run in the order of the constants. AtEpochEnd is
// followed by AtEpochBegin of the next epoch, or by AtEnd.
type Phase string

// The phases of an epoch, and the end of training.
const (
	AtEpochBegin Phase = "epoch_begin" // the EpochBegin hooks
	AtSteps      Phase = "steps"       // each step, and its BatchEnd hooks
	AtValidation Phase = "validation"  // the validation
	AtEpochEnd   Phase = "epoch_end"   // the EpochEnd hooks
	AtEnd        Phase = "end"         // the End hooks, after the last epoch
)

// Network identifies a model by two SHA-256 hashes: one of its configuration, and one of its compile options.
// The learning rate is left out, because it is saved with the model.
type Network struct {
	Config  string `json:"config"`  // hash of the configuration, in hexadecimal
	Compile string `json:"compile"` // hash of the compile options, in hexadecimal
}

// Data identifies a dataset by the results of data.Dataset's methods of the same names.
type Data struct {
	Len         int    `json:"len"`         // number of examples
	Steps       int    `json:"steps"`       // number of batches in an epoch
	Fingerprint string `json:"fingerprint"` // hash of content and order
}

// Memory is the stored State of a callback's Hooks.
type Memory struct {
	Type  string          `json:"type"` // Go type of the Callback, as %T prints it
	State json.RawMessage `json:"state"`
}

// MarshalJSON implements json.Marshaler. Unlike History.MarshalJSON, it keeps infinite values.
func (s State) MarshalJSON() ([]byte, error) {
	type plain State
	return json.Marshal(struct {
		plain
		History *exactHistory `json:"history"`
	}{plain(s), (*exactHistory)(s.History)})
}

// UnmarshalJSON reads what MarshalJSON wrote. If the version is not StateVersion, it sets only Version.
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

// exactHistory is a History whose JSON keeps NaN and infinite values.
type exactHistory History

type exactSeries struct {
	Name    string     `json:"name"`
	Values  []number   `json:"values"`
	Vectors [][]number `json:"vectors,omitempty"`
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
		for _, v := range s.Vectors {
			x.Vectors = append(x.Vectors, numbers[number](v))
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
		if s.Vectors != nil && len(s.Vectors) != len(in.Epochs) {
			return fmt.Errorf("history: %s has %d vectors for %d epochs", s.Name, len(s.Vectors), len(in.Epochs))
		}
		x := Series{Name: s.Name}
		for _, v := range s.Values {
			x.Values = append(x.Values, float64(v))
		}
		for _, v := range s.Vectors {
			x.Vectors = append(x.Vectors, numbers[float64](v))
		}
		read.Series = append(read.Series, x)
	}
	*h = read
	return nil
}

// Weights is a list of tensors that JSON can store: element type, shape, and the bytes in base64.
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
			return fmt.Errorf("weights: tensor %d: %w", i, err)
		}
		n, err := tensor.Shape(s.Shape).CheckedElements()
		if err != nil || n > len(s.Data) || n*dtype.Size() != len(s.Data) {
			return fmt.Errorf("weights: tensor %d: got %d bytes for %v %v", i, len(s.Data), dtype, tensor.Shape(s.Shape))
		}
		read[i] = tensor.New(dtype, s.Shape...)
		copy(read[i].Raw(), s.Data)
	}
	*w = read
	return nil
}

// number is a float64 in JSON, with NaN and infinities as strings.
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
