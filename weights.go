package lince

import (
	"fmt"
	"io"
	"strings"

	"github.com/lince-ml/lince/format/keras"
	"github.com/lince-ml/lince/internal/atomicfile"
)

// weightsSuffix is what Keras wants of the name of a file of weights.
const weightsSuffix = ".weights.h5"

// SaveWeights writes the values of all variables, the optimizer's too, to a file that Keras'
// load_weights reads: Keras' save_weights. The name must end in .weights.h5.
func (m *Model) SaveWeights(path string) error {
	if !strings.HasSuffix(path, weightsSuffix) {
		return fmt.Errorf("saving weights: %s: the name must end in %s", path, weightsSuffix)
	}
	f, unlock, err := m.file()
	if err != nil {
		return fmt.Errorf("saving weights: %s: %w", path, err)
	}
	defer unlock()
	if err := atomicfile.Write(path, func(w io.Writer) error { return keras.WriteWeights(w, f.Weights) }); err != nil {
		return fmt.Errorf("saving weights: %w", err)
	}
	return nil
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
