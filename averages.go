package lince

import (
	"errors"
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// average is a weight with the moving average that the optimizer keeps of it (UseEMA).
type average struct{ of, weight *graph.Variable }

// averagesOf finds the averages that a graph updates.
func averagesOf(g *graph.Graph, store *graph.Store) (list []average) {
	for _, n := range g.Nodes {
		o := n.Op
		if w, ok := o.(op.When); ok {
			o = w.Update
		}
		if _, ok := o.(op.AverageWeights); ok {
			at := func(i int) *graph.Variable { return store.Lookup(n.In[i].Node.Op.(op.Variable).Path) }
			list = append(list, average{at(0), at(1)})
		}
	}
	return list
}

// eachAverage calls set for each average, and records that the variables have changed. Model.mu must be locked.
func (m *Model) eachAverage(set func(average, weight *tensor.Tensor)) error {
	if m.compiled == nil {
		return errors.New("the model is not compiled")
	}
	if len(m.compiled.averages) == 0 {
		return errors.New("the optimizer keeps no averages of the weights; set its UseEMA")
	}
	for _, a := range m.compiled.averages {
		set(a.of.Value(), a.weight.Value())
		m.store.Changed(a.of, a.weight)
	}
	return nil
}

// SwapAverages exchanges the weights with their moving averages, which an optimizer with UseEMA keeps. A second call
// undoes the first. The callback SwapEMAWeights does so before and after evaluations. SwapAverages returns an error
// if the optimizer keeps no averages.
func (m *Model) SwapAverages() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.swap()
}

// swapAverages makes the averages the weights, or the weights what they were before. It does nothing if that is so
// already, and leaves the weights of a model that is not trained, whose averages are 0.
func (m *Model) swapAverages(on bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c := m.compiled; c != nil && len(c.averages) > 0 && (c.swapped == on || !c.started) {
		return nil
	}
	return m.swap()
}

// swap exchanges the weights with their averages. Model.mu must be locked.
func (m *Model) swap() error {
	err := m.eachAverage(func(average, weight *tensor.Tensor) {
		old := slices.Clone(weight.Raw())
		copy(weight.Raw(), average.Raw())
		copy(average.Raw(), old)
	})
	if err == nil {
		m.compiled.swapped = !m.compiled.swapped
	}
	return err
}

// ApplyAverages sets the weights to their moving averages, which an optimizer with UseEMA keeps (Keras'
// Optimizer.finalize_variable_values). Fit does so at its end. ApplyAverages returns an error if the optimizer keeps no
// averages.
func (m *Model) ApplyAverages() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	err := m.eachAverage(func(average, weight *tensor.Tensor) {
		if m.compiled.swapped { // the weights are the averages
			copy(average.Raw(), weight.Raw())
		} else {
			copy(weight.Raw(), average.Raw())
		}
	})
	if err == nil {
		m.compiled.swapped = false
	}
	return err
}
