package callback

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	"github.com/lince-ml/lince/tensor"
)

// State is where a training stands. With the model, as it is saved at the same moment, it
// is all that a training needs to go on as if it had never been interrupted. In the middle
// of an epoch its metrics so far are not kept: those of the epoch are then of the rest of
// it. The callback that stores a State at the end of an epoch stands last in the list, so
// that those of the others have seen the epoch.
type State struct {
	Position Position `json:"position"`
	History  *History `json:"history"`
	// Callbacks has the memory of each callback, in the order of the list.
	Callbacks []json.RawMessage `json:"callbacks"`
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
		stored[i] = storedTensor{t.DType().String(), t.Shape(), t.Raw()}
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
