package lince

import (
	"fmt"
	"io"

	"github.com/lince-ml/lince/format/keras"
)

// weightsSuffix is what Keras wants of the name of a file of weights.
const weightsSuffix = ".weights.h5"

// SaveWeights writes the values of all variables, the optimizer's too, to a file that Keras'
// load_weights reads: Keras' save_weights. The name must end in .weights.h5.
func (m *Model) SaveWeights(path string) error {
	return m.save("saving weights", path, weightsSuffix, nil, func(w io.Writer, f *keras.File) error {
		return keras.WriteWeights(w, f.Weights)
	})
}

// LoadWeights gives the layers' variables the values in a .weights.h5 file of lince or Keras 3, of
// a model of the same layers: Keras' load_weights. The optimizer stays as it is. Nothing
// changes on an error, which names every layer that does not fit.
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
