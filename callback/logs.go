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
type Logs struct {
	names  []string
	values []float64
}

// Set sets the value of a metric. A new metric is added at the end.
func (l *Logs) Set(name string, value float64) {
	if i := slices.Index(l.names, name); i >= 0 {
		l.values[i] = value
		return
	}
	l.names = append(l.names, name)
	l.values = append(l.values, value)
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
	return &Logs{slices.Clone(l.names), slices.Clone(l.values)}
}

type storedLog struct {
	Name  string `json:"name"`
	Value number `json:"value"`
}

// MarshalJSON writes [{"name": "loss", "value": 0.5}, ...], in order. NaN and infinite values are written as
// the strings "NaN", "+Inf" and "-Inf".
func (l Logs) MarshalJSON() ([]byte, error) {
	stored := make([]storedLog, len(l.names))
	for i, name := range l.names {
		stored[i] = storedLog{name, number(l.values[i])}
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
		read.Set(s.Name, float64(s.Value))
	}
	*l = read
	return nil
}
