package lince

import (
	"fmt"
	"slices"

	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// Features returns the features of the model: what its classifier takes. They are a symbol that depends on m.Inputs(), so Functional(m.Inputs(), features) is a
// model that computes them.
//
// The classifier is the last layer with weights, which may be in a nested model, if it is one of these:
//   - a Dense that takes values of shape (batch, features);
//   - a Conv1D or Conv2D with a kernel of size 1 that takes a single step or pixel, as in MobileNet, unless its activation is one that makes no class scores, such as relu;
//   - a Conv1D, a Conv2D, or a Dense of other values, if softmax or sigmoid is the last activation, as in SqueezeNet.
//
// Layers without weights may follow it. If the model has no classifier, as the networks of package zoo with NoTop, classifier is nil and the features are the
// model's output.
//
// The model must have one output. A network that was read from ONNX or TFLite has no layers: convert it by Layered first.
func (m *Model) Features() (features *Symbol, classifier *Layer, err error) {
	if n := len(m.outputs); n != 1 {
		return nil, nil, fmt.Errorf("features: the model has %d outputs, want one", n)
	}
	c := classifierSearch{with: Options{Seed: m.seed, backend: m.backend}}
	if features, _, err = c.operand(m); err != nil {
		return nil, nil, wrapped("features", err)
	}
	if features == nil {
		features = m.outputs[0]
	}
	return features, c.found, nil
}

// classifierSearch looks for a classifier, from the output to the input.
type classifierSearch struct {
	with  Options // of changed nested models
	final layer.Function
	found *Layer
}

// operand returns the operand of the classifier of a model, nil if there is none. passed reports whether the layers before the model may have it: the model has no
// weights.
func (c *classifierSearch) operand(m *Model) (x *Symbol, passed bool, err error) {
	if len(m.outputs) != 1 {
		return nil, false, nil
	}
	s := m.outputs[0]
	for ; s.call != nil && len(s.call.in) == 1; s = s.call.in[0] {
		l := s.call.layer
		if inner := l.Model(); inner != nil {
			x, passed, err := c.operand(inner)
			if err != nil || x == nil && !passed {
				return nil, false, err
			}
			if x == nil {
				continue
			}
			with := c.with
			with.Name = l.name
			cut, err := with.Functional(inner.Inputs(), x)
			if err != nil {
				return nil, false, err
			}
			return Apply(cut, s.call.in...), false, nil
		}
		if f, known := layer.FinalActivation(l.config); known && f != layer.Linear && c.final == "" {
			c.final = f
		}
		if c.classifies(l.config, s.call.in[0].Shape()) {
			c.found = &Layer{l, m}
			return s.call.in[0], false, nil
		}
		if len(l.vars()) > 0 {
			return nil, false, nil
		}
	}
	return nil, s.call != nil && len(s.call.in) == 0, nil
}

// classifies reports whether a layer that takes values of a shape, and is followed by layers without weights, is a classifier.
func (c *classifierSearch) classifies(l layer.Layer, in tensor.Shape) bool {
	scores := c.final == layer.Softmax || c.final == layer.Sigmoid
	single := len(in) > 2 && !slices.ContainsFunc(in[1:len(in)-1], func(n int) bool { return n != 1 }) && c.final == ""
	switch l := l.(type) {
	case layer.Dense:
		return len(in) == 2 || scores
	case layer.Conv1D:
		return scores || single && l.Kernel == 1
	case layer.Conv2D:
		return scores || single && l.Kernel == layer.Size{1, 1}
	}
	return false
}
