package lince

import "slices"

// Measure describes a value in the logs of Fit and Evaluate.
type Measure struct {
	// Name is its key in logs, without val_: "loss", or the name of a metric.
	Name string
	// Len is the number of elements of a vector, such as metric.F1Score without an average. It is 0 for a number.
	Len int
	// Higher reports whether a higher value is better. Known is false if the metric does not say.
	Higher, Known bool
}

// Measures lists the losses and metrics that the model is compiled with, sorted by name (model.metrics_names). The list
// is nil if the model is not compiled.
func (m *Model) Measures() []Measure {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.compiled == nil {
		return nil
	}
	list := make([]Measure, len(m.compiled.names))
	for i, name := range m.compiled.names {
		list[i].Name = name
		list[i].Higher, list[i].Known = m.higherIsBetter(name)
		if n := slices.Max(append([]int{1}, m.compiled.sizes[i]...)); n > 1 {
			list[i].Len = n
		}
	}
	return list
}
