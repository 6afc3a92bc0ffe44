package lince

// Backend returns the name of what runs the model, for log files and reports: for example "cpu/avx512".
func (m *Model) Backend() string { return m.backend.Name() }
