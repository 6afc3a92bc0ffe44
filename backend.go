package lince

// Backend returns the name of the backend that runs the model, such as "cpu/avx512", for log files and
// reports.
func (m *Model) Backend() string { return m.backend.Name() }
