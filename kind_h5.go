package lince

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/lince-ml/lince/format/keras"
)

// openH5 reads the .h5 file of a whole model that Keras 1, 2 or 3 wrote.
func openH5(o Options, file source) (*Model, error) {
	f, err := keras.ReadLegacy(file.r, file.size)
	if err != nil {
		return nil, err
	}
	if f.Config == nil {
		return nil, errors.New("it has weights without a network: make the model, and read them with Model.LoadWeights")
	}
	m, _, err := o.fromConfig(f.Config)
	if err != nil {
		return nil, err
	}
	if err := m.loadLegacy(f); err != nil {
		return nil, err
	}
	var x extra
	if f.Extra != nil {
		if err := json.Unmarshal(f.Extra, &x); err != nil {
			return nil, fmt.Errorf("the part of the file that Keras ignores: %w", err)
		}
	}
	m.Classes, m.Preprocessing = x.Classes, x.Preprocessing
	if err := m.checkExtra(); err != nil {
		return nil, err
	}
	if !o.NoCompile {
		o.compileFrom(m, f.CompileConfig, x.ExcludeFromWeightDecay)
	}
	return m, m.loadStreams(x)
}
