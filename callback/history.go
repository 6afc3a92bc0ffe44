package callback

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
)

// History has the logs of each epoch of training (keras.callbacks.History). Fit returns one. It is also a
// callback, for programs that need the history during training.
type History struct {
	// Epochs are the numbers of the finished epochs, counted from 0.
	Epochs []int
	// Series has one element per metric, in the order of Logs.
	Series []Series
	// Partial has the logs of an epoch that ended with an error or a cancelled context; nil if there is none.
	// That epoch is not in Epochs, and not in the JSON.
	Partial *Partial
}

// Series has the values of one metric.
type Series struct {
	// Name is the name of the metric, such as "val_loss".
	Name string
	// Values has a value for each of History.Epochs, NaN if an epoch had none. If the values of the metric are
	// vectors, it has their means.
	Values []float64
	// Vectors has the vector for each of History.Epochs, nil if an epoch had none. It is nil if the values of the
	// metric are numbers.
	Vectors [][]float64
}

// Partial is an epoch that was not finished.
type Partial struct {
	Epoch, Steps int   // epoch, counted from 0, and number of its steps that ran
	Logs         *Logs // mean metrics of these steps
}

// Names returns the names of the metrics in order.
func (h *History) Names() []string {
	names := make([]string, len(h.Series))
	for i, s := range h.Series {
		names[i] = s.Name
	}
	return names
}

// Values returns the values of a metric, one per epoch, or nil if there is no such metric.
func (h *History) Values(name string) []float64 {
	for _, s := range h.Series {
		if s.Name == name {
			return s.Values
		}
	}
	return nil
}

// Vectors returns the vectors of a metric, one per epoch, or nil if there is no such metric or its values are numbers.
func (h *History) Vectors(name string) [][]float64 {
	for _, s := range h.Series {
		if s.Name == name {
			return s.Vectors
		}
	}
	return nil
}

// Last returns the value of a metric in the last epoch, or NaN if there is none.
func (h *History) Last(name string) float64 {
	if v := h.Values(name); len(v) > 0 {
		return v[len(v)-1]
	}
	return math.NaN()
}

// Add appends the logs of an epoch.
func (h *History) Add(epoch int, logs *Logs) {
	h.Epochs = append(h.Epochs, epoch)
	for name := range logs.All() {
		if h.Values(name) == nil {
			h.Series = append(h.Series, Series{Name: name})
		}
	}
	for i := range h.Series {
		s := &h.Series[i]
		for len(s.Values) < len(h.Epochs)-1 {
			s.Values = append(s.Values, math.NaN())
		}
		v, ok := logs.Get(s.Name)
		if !ok {
			v = math.NaN()
		}
		s.Values = append(s.Values, v)
		if vector := logs.Vector(s.Name); vector != nil || s.Vectors != nil {
			for len(s.Vectors) < len(h.Epochs)-1 {
				s.Vectors = append(s.Vectors, nil)
			}
			s.Vectors = append(s.Vectors, vector)
		}
	}
}

// Begin implements Callback. It clears the history.
func (h *History) Begin(run Run) (Hooks, error) {
	if run.Task() != Training {
		return Hooks{}, nil
	}
	*h = History{}
	return Hooks{
		EpochEnd: func(epoch int, logs *Logs) error {
			h.Add(epoch, logs)
			return nil
		},
		State: (*exactHistory)(h),
	}, nil
}

// MarshalJSON writes {"epoch": [0, 1], "history": {"accuracy": [...], ...}}, with the metrics in order. NaN
// and infinite values are written as null, and read back as NaN. A vector is written as a list.
func (h *History) MarshalJSON() ([]byte, error) {
	epochs := h.Epochs
	if epochs == nil {
		epochs = []int{}
	}
	e, err := json.Marshal(epochs)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"epoch":%s,"history":{`, e)
	for i, s := range h.Series {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(s.Name)
		if err != nil {
			return nil, err
		}
		values := make([]any, len(s.Values))
		for j, v := range s.Values {
			if s.Vectors != nil && s.Vectors[j] != nil {
				values[j] = finite(s.Vectors[j])
			} else {
				values[j] = finite([]float64{v})[0]
			}
		}
		v, err := json.Marshal(values)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "%s:%s", name, v)
	}
	b.WriteString("}}")
	return b.Bytes(), nil
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (h *History) UnmarshalJSON(data []byte) error {
	var parts struct {
		Epoch   []int
		History json.RawMessage
	}
	if err := json.Unmarshal(data, &parts); err != nil {
		return fmt.Errorf("history: %w", err)
	}
	read := History{Epochs: parts.Epoch}
	if len(parts.History) > 0 {
		d := json.NewDecoder(bytes.NewReader(parts.History))
		if t, err := d.Token(); err != nil || t != json.Delim('{') {
			return fmt.Errorf("history: want an object of metrics, got %.20s", parts.History)
		}
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return fmt.Errorf("history: %w", err)
			}
			var values []entry
			if err := d.Decode(&values); err != nil {
				return fmt.Errorf("history: %v: %w", name, err)
			}
			if len(values) != len(read.Epochs) {
				return fmt.Errorf("history: %v has %d values for %d epochs", name, len(values), len(read.Epochs))
			}
			s := Series{Name: name.(string), Values: make([]float64, len(values))}
			for i, v := range values {
				s.Values[i] = v.value
				if v.vector != nil && s.Vectors == nil {
					s.Vectors = make([][]float64, len(values))
				}
				if s.Vectors != nil {
					s.Vectors[i] = v.vector
				}
			}
			read.Series = append(read.Series, s)
		}
	}
	*h = read
	return nil
}

// finite returns numbers for JSON, in which NaN and infinite numbers are nil.
func finite(values []float64) []*float64 {
	out := make([]*float64, len(values))
	for i, v := range values {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			out[i] = &v
		}
	}
	return out
}

// entry is a value of a History in JSON: a number, a list of numbers, or null.
type entry struct {
	value  float64
	vector []float64
}

// UnmarshalJSON implements json.Unmarshaler. For null, it is called too.
func (e *entry) UnmarshalJSON(data []byte) error {
	*e = entry{value: math.NaN()}
	if len(data) == 0 || data[0] != '[' {
		var v *float64
		if err := json.Unmarshal(data, &v); err != nil {
			return err
		}
		if v != nil {
			e.value = *v
		}
		return nil
	}
	var list []*float64
	if err := json.Unmarshal(data, &list); err != nil {
		return err
	}
	e.vector = make([]float64, len(list))
	for i, v := range list {
		e.vector[i] = math.NaN()
		if v != nil {
			e.vector[i] = *v
		}
	}
	l := Logs{}
	l.SetVector("", e.vector)
	e.value, _ = l.Get("")
	return nil
}
