package lince

import (
	"errors"
	"fmt"
	"slices"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/tensor"
)

// Preprocessing turns an image into the input of a model: a list of steps from package preprocess,
// which are applied in order.
//
//	model.Preprocessing = lince.Preprocessing{
//		preprocess.Resize{Height: 224, Width: 224},
//		preprocess.Input{Mode: preprocess.Torch},
//	}
type Preprocessing = preprocess.Steps

// noteData takes class names and preprocessing from a dataset, if the model has none and they fit it.
func (m *Model) noteData(ds data.Dataset) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if l, ok := ds.(data.Labeled); ok && m.Classes == nil {
		if names := l.Classes(); m.checkClasses(names) == nil {
			m.Classes = slices.Clone(names)
		}
	}
	if p, ok := ds.(data.Preprocessed); ok && len(m.Preprocessing) == 0 {
		if steps := p.Preprocessing(); m.checkPreprocessing(steps) == nil {
			m.Preprocessing = steps
		}
	}
}

// checkExtra checks Classes and Preprocessing, which users and files set.
func (m *Model) checkExtra() error {
	return errors.Join(m.checkClasses(m.Classes), m.checkPreprocessing(m.Preprocessing), checkTemperature(m.Temperature))
}

// checkClasses returns an error if names cannot be the names of the model's classes.
func (m *Model) checkClasses(names []string) error {
	out := m.OutputShape()
	if n, units := len(names), out[len(out)-1]; n > 0 && n != units && (units != 1 || n != 2) {
		return fmt.Errorf("there are %d classes for %d outputs", n, units)
	}
	seen := map[string]bool{}
	for _, name := range names {
		if seen[name] {
			return fmt.Errorf("two classes have the name %q; give each class its own name", name)
		}
		seen[name] = true
	}
	return nil
}

// checkPreprocessing returns an error if steps do not make the model's input.
func (m *Model) checkPreprocessing(steps Preprocessing) error {
	if len(steps) == 0 { // not known
		return nil
	}
	p, err := steps.Compile()
	if err != nil {
		return err
	}
	in := m.InputShape()
	if len(in) != 4 {
		return fmt.Errorf("the preprocessing makes images, the model takes %v", in)
	}
	h, w := p.Size()
	for i, n := range []int{h, w, p.Channels()} {
		// Size 0 means the size of the image file. A model that takes images of any size gets such images one
		// at a time.
		if want := in[i+1]; want != tensor.Unknown && n != want {
			size := fmt.Sprintf("%dx%d", h, w)
			if h == 0 {
				size = "the file's size"
			}
			return fmt.Errorf("the preprocessing makes images of %s with %d channels, the model takes %v", size, p.Channels(), in)
		}
	}
	return nil
}
