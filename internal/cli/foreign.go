package cli

import (
	"fmt"
	"strings"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data/augment"
)

// foreignFlags say of a model what its file does not: Keras' own files have neither the
// names of classes nor how pictures are prepared.
type foreignFlags struct {
	Rescale string   `placeholder:"1/255" help:"Factor for the numbers of pictures, where the model's file has none (or another)."`
	Classes []string `placeholder:"NAME,..." help:"Names of the model's classes in its order, where its file has none (or others)."`
}

// factor reads --rescale; 0 is not given.
func (f foreignFlags) factor() (float64, error) {
	if f.Rescale == "" {
		return 0, nil
	}
	g, err := augment.Parse("rescale=" + f.Rescale)
	if err != nil || strings.Contains(f.Rescale, ",") || !(g.Rescale > 0) {
		return 0, fmt.Errorf("--rescale %s: want a factor, as in 1/255", f.Rescale)
	}
	return g.Rescale, nil
}

// mistakes lists the flags' mistakes.
func (f foreignFlags) mistakes() error {
	_, err := f.factor()
	return err
}

// openTrained opens a model to be used, and completes what its file says.
func (e *env) openTrained(name string, threads int, f foreignFlags) (*lince.Model, error) {
	m, err := lince.Options{Threads: threads}.Open(name)
	if err != nil {
		return nil, err
	}
	if err := onePicture(m); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	rescale, err := f.factor()
	if err != nil {
		return nil, usageError{err}
	}
	if m.Preprocessing == nil {
		if rescale == 0 {
			rescale = 1. / 255
			e.warn(fmt.Sprintf("the model %s does not say how its pictures are prepared; their numbers are rescaled by 1/255, as is usual (see --rescale)", name))
		}
		if m.Preprocessing, err = usual(m); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if rescale != 0 {
		m.Preprocessing = rescaled(m.Preprocessing, rescale)
	}
	if len(f.Classes) > 0 {
		if n := classCount(m); n != len(f.Classes) {
			return nil, usageError{fmt.Errorf("--classes: %d names, the model %s has %d classes", len(f.Classes), name, n)}
		}
		m.Classes = f.Classes
	}
	return m, nil
}
