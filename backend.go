package lince

// Backend names what runs the model, for records: "cpu/avx512".
func (m *Model) Backend() string { return m.backend.Name() }
