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
	return m.loadOptimizer(keras.Weights{{Path: optimizerPath, Vars: state}})
}

// legacyState returns the state in the order of Keras 3.
func (m *Model) legacyState(f *keras.Legacy, inFile []legacyVariable) ([]*tensor.Tensor, error) {
	weights := f.Optimizer
	first := strings.TrimSuffix(weights[0].Name, ":0")
	if first == "iteration" || strings.HasSuffix(first, "/iteration") { // Keras 2.11 and later have the order of Keras 3
		return readAll(weights)
	}
	if f.KerasVersion == "" {
		if !slices.ContainsFunc(m.compiled.optimizer, isSlot) {
			return nil, nil
		}
		return nil, errors.New("it is of Keras 1, which did not say which weights it belongs to")
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
	found, err := m.legacySlotsOf(weights, inFile)
	if err != nil {
		return nil, err
	}
	vars := []*tensor.Tensor{iteration}
	for _, v := range m.compiled.optimizer {
		if !isSlot(v) {
			continue
		}
		w, ok := found[v.Path]
		if !ok || !w.Shape.Equal(v.Shape) {
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
func (m *Model) legacySlotsOf(weights []keras.LegacyWeight, inFile []legacyVariable) (map[string]keras.LegacyWeight, error) {
	class := optimizer.ClassOf(m.compiled.config.Optimizer)
	slots, ok := legacySlots[class]
	if !ok {
		return nil, fmt.Errorf("the slots of %s before Keras 2.11 are not known", class)
	}
	var trained []string
	for _, v := range inFile {
		if v.trained {
			trained = append(trained, m.store.Find(v.Variable).Path)
		}
	}
	found := map[string]keras.LegacyWeight{}
	n := len(trained)
	named := make([]int, len(slots))
	for _, w := range weights {
		name := strings.TrimSuffix(w.Name[strings.LastIndexByte(w.Name, '/')+1:], ":0")
		for k, s := range slots {
			if slices.Contains(s.old, name) && named[k] < n {
				found[optimizerPath+"/"+trained[named[k]]+"_"+s.name] = w
				named[k]++
				break
			}
		}
	}
	if sum(named) > 0 {
		for k, count := range named {
			if count != 0 && count != n {
				return nil, fmt.Errorf("it has %d slots %s for %d weights", count, slots[k].name, n)
			}
		}
		return found, nil
	}
	// Keras without TensorFlow named them Variable, Variable_1, ...
	if n == 0 || len(weights)%n != 0 {
		return nil, fmt.Errorf("it has %d slots for %d weights", len(weights), n)
	}
	for i, w := range weights {
		if k := i / n; k < len(slots) {
			found[optimizerPath+"/"+trained[i%n]+"_"+slots[k].name] = w
		}
	}
	return found, nil
}

func isSlot(v *graph.Variable) bool { return v.Role == graph.Slot }

func sum(list []int) (total int) {
	for _, n := range list {
		total += n
	}
	return total
}

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
