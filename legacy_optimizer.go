package lince

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lince-ml/lince/format/keras"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/tensor"
)

// legacySlots lists the slots of the optimizers, in the order in which Keras before 2.11 made them for all weights: the first slot of
// every weight, then the second of every weight. old has the names that TensorFlow's Keras gave them.
var legacySlots = map[string][]struct {
	name string
	old  []string
}{
	"SGD":      {{"momentum", []string{"momentum"}}},
	"RMSprop":  {{"velocity", []string{"rms"}}, {"momentum", []string{"momentum"}}, {"average_gradient", []string{"mg"}}},
	"Adam":     {{"momentum", []string{"m"}}, {"velocity", []string{"v"}}, {"velocity_hat", []string{"vhat"}}},
	"Adamax":   {{"momentum", []string{"m"}}, {"norm", []string{"v"}}},
	"Adagrad":  {{"accumulator", []string{"accumulator"}}},
	"Adadelta": {{"accumulated_grad", []string{"accum_grad"}}, {"accumulated_delta_var", []string{"accum_var"}}},
	"Ftrl":     {{"accumulator", []string{"accumulator"}}, {"linear", []string{"linear"}}},
}

// loadLegacyOptimizer restores the optimizer's state from an .h5 file. inFile has the layers' variables in the order of the file. It
// returns an error if the state cannot be matched with the weights with certainty.
func (m *Model) loadLegacyOptimizer(f *keras.Legacy, inFile []legacyVariable) error {
	if len(f.Optimizer) == 0 || len(m.compiled.optimizer) == 0 {
		return nil
	}
	state, err := m.legacyState(f, inFile)
	if err != nil {
		return fmt.Errorf("the optimizer's state: %w", err)
	}
	forms := map[*graph.Variable]stored{}
	for _, v := range inFile {
		if v.form.differs(v.Variable) {
			forms[v.Variable] = v.form
		}
	}
	return m.loadOptimizer(keras.Weights{{Path: optimizerPath, Vars: state}}, forms)
}

// legacyState returns the state in the order of Keras 3.
func (m *Model) legacyState(f *keras.Legacy, inFile []legacyVariable) ([]*tensor.Tensor, error) {
	weights := f.Optimizer
	first := strings.TrimSuffix(weights[0].Name, ":0")
	if first == "iteration" || strings.HasSuffix(first, "/iteration") || strings.HasPrefix(f.KerasVersion, "3.") { // Keras 2.11 and later have the order of Keras 3
		return readAll(weights)
	}
	iteration := tensor.Scalar(int64(0))
	if len(weights[0].Shape) == 0 {
		t, err := weights[0].Read()
		if err != nil {
			return nil, err
		}
		if iteration, err = count(t); err != nil {
			return nil, err
		}
		weights = weights[1:]
	}
	found, err := m.legacySlotsOf(weights, inFile, f.KerasVersion)
	if err != nil {
		return nil, err
	}
	vars := []*tensor.Tensor{iteration}
	for _, v := range m.compiled.optimizer {
		if !isSlot(v) {
			continue
		}
		w, ok := found[v.Path]
		if !ok {
			return nil, fmt.Errorf("it has no value for %s", v.Path)
		}
		t, err := w.Read()
		if err != nil {
			return nil, err
		}
		vars = append(vars, t)
	}
	return vars, nil
}

// legacySlotsOf finds the slots of Keras before 2.11. The result has their paths in the model.
func (m *Model) legacySlotsOf(weights []keras.LegacyWeight, inFile []legacyVariable, version string) (map[string]keras.LegacyWeight, error) {
	class := optimizer.ClassOf(m.compiled.config.Optimizer)
	slots, ok := legacySlots[class]
	if !ok {
		return nil, fmt.Errorf("the slots of %s before Keras 2.11 are not known", class)
	}
	var trained []legacyVariable
	for _, v := range inFile {
		if v.trained {
			trained = append(trained, v)
		}
	}
	path := func(v legacyVariable, slot int) string {
		return optimizerPath + "/" + m.store.Find(v.Variable).Path + "_" + slots[slot].name
	}
	found := map[string]keras.LegacyWeight{}
	if len(weights) == 0 { // SGD without momentum has no slots
		return found, nil
	}
	n := len(trained)
	named := make([]int, len(slots))
	for _, w := range weights {
		name := strings.TrimSuffix(w.Name[strings.LastIndexByte(w.Name, '/')+1:], ":0")
		for k, s := range slots {
			if slices.Contains(s.old, name) && named[k] < n {
				found[path(trained[named[k]], k)] = w
				named[k]++
				break
			}
		}
	}
	if len(found) > 0 {
		for k, count := range named {
			if count != 0 && count != n {
				return nil, fmt.Errorf("it has %d slots %s for %d weights", count, slots[k].name, n)
			}
		}
		return found, nil
	}
	// Keras without TensorFlow named them Variable, Variable_1, ... Their shapes must tell in which order the weights are.
	if n == 0 || len(weights)%n != 0 {
		return nil, fmt.Errorf("it has %d slots for %d weights", len(weights), n)
	}
	order := trained
	if sortsWeights(version) {
		var err error
		if order, err = opaqueOrder(trained, weights); err != nil {
			return nil, err
		}
	}
	for i, v := range order {
		if !v.form.shape.Equal(weights[i].Shape) {
			return nil, errors.New("its slots do not have the shapes of the weights")
		}
	}
	for i, w := range weights {
		if k := i / n; k < len(slots) {
			found[path(order[i%n], k)] = w
		}
	}
	return found, nil
}

// sortsWeights reports whether a version of Keras sorted the weights by name before it made the slots of the optimizer. Keras 1 has no
// version in its files.
func sortsWeights(version string) bool {
	return version == "" || strings.HasPrefix(version, "1.") || len(version) == len("2.0.5") && strings.HasPrefix(version, "2.0.") && version <= "2.0.5"
}

// opaqueOrder returns the order of the weights to which slots without names belong: that of the file or
// that of the names. If the shapes allow both, it returns an error.
func opaqueOrder(trained []legacyVariable, slots []keras.LegacyWeight) ([]legacyVariable, error) {
	sorted := slices.Clone(trained)
	slices.SortStableFunc(sorted, func(a, b legacyVariable) int { return strings.Compare(a.stored, b.stored) })
	var fit [][]legacyVariable
	for _, order := range [][]legacyVariable{trained, sorted} {
		fits := true
		for i, v := range order {
			fits = fits && v.form.shape.Equal(slots[i].Shape)
		}
		if fits {
			fit = append(fit, order)
		}
	}
	switch {
	case len(fit) == 0:
		return nil, errors.New("its slots do not have the shapes of the weights")
	case len(fit) == 2 && !slices.EqualFunc(fit[0], fit[1], func(a, b legacyVariable) bool { return a.Variable == b.Variable }):
		return nil, errors.New("its slots have no names, and their shapes do not say which weights they belong to")
	}
	return fit[0], nil
}

func isSlot(v *graph.Variable) bool { return v.Role == graph.Slot }

// count returns the number of updates, which Keras has stored as an integer or a floating-point number.
func count(t *tensor.Tensor) (*tensor.Tensor, error) {
	switch t.DType() {
	case tensor.Int64:
		return t, nil
	case tensor.Int32:
		return tensor.Scalar(int64(tensor.Values[int32](t)[0])), nil
	case tensor.Float32:
		return tensor.Scalar(int64(t.Float32s()[0])), nil
	}
	return nil, fmt.Errorf("the number of updates is %v", t)
}

func readAll(weights []keras.LegacyWeight) ([]*tensor.Tensor, error) {
	var list []*tensor.Tensor
	for _, w := range weights {
		t, err := w.Read()
		if err != nil {
			return nil, err
		}
		list = append(list, t)
	}
	return list, nil
}
