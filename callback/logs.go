package callback

import (
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"
)

// Logs has the values of metrics by name. They are in order: training metrics sorted by name, then validation
// metrics (val_...), then values that callbacks add. The zero value is empty.
//
// The value of a metric is a number. A metric such as metric.F1Score, which gives a number for each class, has a
// vector; its value is then the mean of the vector, which the progress bar shows, as in Keras.
type Logs struct {
	names   []string
	values  []float64
	vectors [][]float64 // of metrics whose values are vectors; nil for others
}

// Set sets the value of a metric. A new metric is added at the end.
func (l *Logs) Set(name string, value float64) { l.set(name, value, nil) }

// SetVector sets the elements of a metric whose value is a vector, and its value to their mean.
func (l *Logs) SetVector(name string, elements []float64) {
	sum := 0.
	for _, v := range elements {
		sum += v
	}
	l.set(name, sum/float64(len(elements)), slices.Clone(elements))
}

func (l *Logs) set(name string, value float64, vector []float64) {
	i := slices.Index(l.names, name)
	if i < 0 {
		i = len(l.names)
		l.names, l.values, l.vectors = append(l.names, name), append(l.values, 0), append(l.vectors, nil)
	}
	l.values[i], l.vectors[i] = value, vector
}

// Vector returns the elements of a metric whose value is a vector, and nil for other metrics.
func (l *Logs) Vector(name string) []float64 {
	if i := slices.Index(l.names, name); i >= 0 {
		return slices.Clone(l.vectors[i])
	}
	return nil
}

// Merge sets the values of other logs, with a prefix before their names.
func (l *Logs) Merge(prefix string, from *Logs) {
	for i, name := range from.names {
		l.set(prefix+name, from.values[i], slices.Clone(from.vectors[i]))
	}
}

// Get returns the value of a metric. ok is false if there is no such metric.
func (l *Logs) Get(name string) (value float64, ok bool) {
	if i := slices.Index(l.names, name); i >= 0 {
		return l.values[i], true
	}
	return 0, false
}

// Len returns the number of metrics.
func (l *Logs) Len() int { return len(l.names) }

// Names returns the names of the metrics in order.
func (l *Logs) Names() []string { return slices.Clone(l.names) }

// All yields names and values in order.
func (l *Logs) All() iter.Seq2[string, float64] {
	return func(yield func(string, float64) bool) {
		for i, name := range l.names {
			if !yield(name, l.values[i]) {
				return
			}
		}
	}
}

// String formats the logs as the progress bar does: "accuracy: 0.9125 - loss: 0.2211".
func (l *Logs) String() string {
	parts := make([]string, 0, len(l.names))
	for name, v := range l.All() {
		parts = append(parts, fmt.Sprintf("%s: %.4f", name, v))
	}
	return strings.Join(parts, " - ")
}

// Map returns the values by name.
func (l *Logs) Map() map[string]float64 {
	m := make(map[string]float64, len(l.names))
	for name, v := range l.All() {
		m[name] = v
	}
	return m
}

// Clone returns a copy of the logs.
func (l *Logs) Clone() *Logs {
	c := &Logs{}
	c.Merge("", l)
	return c
}

type storedLog struct {
	Name   string   `json:"name"`
	Value  number   `json:"value"`
	Vector []number `json:"vector,omitempty"`
}

// MarshalJSON writes [{"name": "loss", "value": 0.5}, ...], in order. A metric whose value is a vector also has the
// key "vector". NaN and infinite values are written as the strings "NaN", "+Inf" and "-Inf".
func (l Logs) MarshalJSON() ([]byte, error) {
	stored := make([]storedLog, len(l.names))
	for i, name := range l.names {
		stored[i] = storedLog{name, number(l.values[i]), numbers[number](l.vectors[i])}
	}
	return json.Marshal(stored)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (l *Logs) UnmarshalJSON(data []byte) error {
	var stored []storedLog
	if err := json.Unmarshal(data, &stored); err != nil {
		return fmt.Errorf("logs: %w", err)
	}
	read := Logs{}
	for _, s := range stored {
		read.set(s.Name, float64(s.Value), numbers[float64](s.Vector))
	}
	*l = read
	return nil
}

// numbers converts numbers to another type. It returns nil for nil.
func numbers[To, From ~float64](from []From) []To {
	if from == nil {
		return nil
	}
	to := make([]To, len(from))
	for i, v := range from {
		to[i] = To(v)
	}
	return to
}
