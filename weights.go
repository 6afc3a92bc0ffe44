package lince

import (
	"fmt"
	"io"

	"github.com/lince-ml/lince/format/keras"
)

// weightsSuffix must end the name of a file of weights, as in Keras.
const weightsSuffix = ".weights.h5"

// SaveWeights writes the values of all variables, including the optimizer's, to a file
// (model.save_weights). Keras' load_weights and LoadWeights read it. path must end in .weights.h5.
func (m *Model) SaveWeights(path string) error {
	return m.save("saving weights", path, weightsSuffix, nil, func(w io.Writer, f *keras.File) error {
		return keras.WriteWeights(w, f.Weights)
	})
}

// LoadWeights reads the values of the layers' variables from a .weights.h5 file that lince or Keras 3 wrote
// for a model with the same layers (model.load_weights). The optimizer's state is unchanged. If layers do
// not match, the error lists all of them, and the model is unchanged.
func (m *Model) LoadWeights(path string) error {
	if err := m.loadWeights(path); err != nil {
		return fmt.Errorf("loading the weights %s: %w", path, err)
	}
	return nil
}

func (m *Model) loadWeights(path string) error {
	f, size, err := openRegular(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // only read
	weights, err := keras.ReadWeights(f, size)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.load(weights)
}
