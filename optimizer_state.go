package lince

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/lince-ml/lince/format/keras"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/tensor"
)

// optimizerEntries returns the optimizer's state for a file. As in Keras, a model that was compiled but not trained has
// no slots in a file. Layers may also have been frozen or unfrozen since Compile: then the slots do not match the
// trainable flags in the file, and are left out too.
func (m *Model) optimizerEntries() []keras.Entry {
	o, vars := m.compiled.config.Optimizer, m.compiled.optimizer
	inner, _ := optimizer.Rate(o)
	iteration := m.store.Lookup(optimizerPath + "/iteration")
	if m.stale() || inner == "" && iteration != nil && tensor.Values[int64](iteration.Value())[0] == 0 {
		vars = numbersOf(vars)
	}
	entries := []keras.Entry{{Path: optimizerPath, Name: optimizer.NameOf(o), Vars: tensors(vars)}}
	if inner != "" { // Keras stores the inner optimizer's variables twice
		of := o.(optimizer.LossScaleOptimizer).Inner
		entries = append(entries, keras.Entry{Path: optimizerPath + "/" + inner, Name: optimizer.NameOf(of), Vars: tensors(under(vars, optimizerPath+"/"+inner+"/"))})
	}
	return entries
}

// numbersOf returns the iterations and learning rates among the optimizer's variables.
func numbersOf(vars []*graph.Variable) (list []*graph.Variable) {
	for _, v := range vars {
		if v.Role == graph.Hyper {
			list = append(list, v)
		}
	}
	return list
}

// under returns the variables whose path begins with prefix.
func under(vars []*graph.Variable, prefix string) (list []*graph.Variable) {
	for _, v := range vars {
		if len(v.Path) > len(prefix) && v.Path[:len(prefix)] == prefix {
			list = append(list, v)
		}
	}
	return list
}

// loadOptimizer sets the optimizer's variables from a file. A file of a model that was compiled but not trained has no
// slots, and a file of Keras 2 has no learning rate. forms has the forms of weights, and so of their slots, that differ from the model's.
func (m *Model) loadOptimizer(weights keras.Weights, forms map[*graph.Variable]stored) error {
	vs := m.compiled.optimizer
	own := 1 // the variables before the slots: the iteration and, without a schedule, the learning rate
	if m.store.Lookup(optimizerPath+"/learning_rate") != nil {
		own = 2
	}
	o, err := weights.Optimizer(own == 1)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil || len(vs) == 0 {
		return wrapped("the optimizer's state", err)
	}
	slots := vs[own:]
	if len(slots) == 0 {
		o.Slots = nil // Keras 2 also writes slots for momentum 0
	}
	trained := len(o.Slots) == len(slots)
	if !trained { // a LossScaleOptimizer has another iteration and learning rate there
		slots = numbersOf(slots)
	}
	if len(o.Slots) != len(slots) {
		return fmt.Errorf("the optimizer's state: the file has %d slots, %s needs %d", len(o.Slots), optimizer.ClassOf(m.compiled.config.Optimizer), len(vs)-own)
	}
	byPath := map[string]stored{}
	for v, form := range forms {
		byPath[m.store.Find(v).Path] = form
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	values := map[*graph.Variable]*tensor.Tensor{vs[0]: tensor.Scalar(o.Iterations)}
	if o.LearningRate != nil {
		values[vs[1]] = tensor.Scalar(*o.LearningRate)
	}
	for i, v := range slots {
		t := o.Slots[i]
		if v.DType == tensor.Int64 && t.DType() == tensor.Int32 && t.Len() == 1 { // of Keras on other backends than TensorFlow
			t = tensor.Scalar(int64(tensor.Values[int32](t)[0]))
		}
		if s, ok := slotForm(v, byPath); ok {
			if t, err = s.value(v, t); err != nil {
				return wrapped("the optimizer's state", err)
			}
		}
		values[v] = t
	}
	for _, v := range vs {
		t := values[v]
		if t == nil {
			if v.Role == graph.Slot {
				m.initialize(v)
			}
			continue
		}
		if err := m.store.Set(v, t); err != nil {
			return wrapped("the optimizer's state", err)
		}
	}
	m.compiled.started = trained && (len(slots) > 0 || o.Iterations > 0)
	return nil
}

// slotForm returns the form in which a file has a slot: that of its weight. ok is false if it is the model's. forms has the forms by the
// paths of the weights.
func slotForm(slot *graph.Variable, forms map[string]stored) (s stored, ok bool) {
	path := strings.TrimPrefix(slot.Path, optimizerPath+"/")
	for i := strings.LastIndexByte(path, '_'); i >= 0 && !ok; i = strings.LastIndexByte(path[:i], '_') {
		s, ok = forms[path[:i]]
	}
	return s, ok
}
