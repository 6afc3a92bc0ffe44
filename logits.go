package lince

import (
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
)

// GivesLogits reports whether the model's first output is logits. A softmax, or a sigmoid for a single unit, turns
// logits into probabilities. The output is logits if the last layer has no activation, or a log softmax, and the model is either not
// compiled or compiled with a loss that takes logits (FromLogits). It is also if the loss takes a distribution over the classes, as CategoricalCrossentropy does, which such outputs
// are not: Keras trains such a model nevertheless. A network that ends in operations instead of layers, such as one from an ONNX or TFLite file,
// gives logits unless they compute a softmax or a sigmoid, or divide by a sum.
func (m *Model) GivesLogits() bool {
	switch f, known := m.finalActivation(m.outputs[0]); {
	case known && f != layer.Linear && f != layer.LogSoftmax:
		return false
	case !known && (m.predict.graph == nil || m.probabilities):
		return false
	}
	if m.compiled == nil {
		return true
	}
	for _, o := range m.compiled.objectives {
		if o.output == 0 && o.Loss != nil {
			takes := o.Loss.Takes()
			return takes.Logits || takes.Of == loss.Distribution
		}
	}
	return true
}

// GivesScores reports whether the model's first output is neither probabilities nor logits, but scores: a larger one is better, and that is all they
// say. Such is the output of a model that does not end in a softmax or a sigmoid, and is compiled with a loss that takes neither of them nor logits, such as a
// CategoricalHinge or a MeanSquaredError, and that of a last layer with an activation such as Tanh. See Classification.Scores. It says nothing about a model
// that predicts numbers (Model.Regression).
func (m *Model) GivesScores() bool {
	f, known := m.finalActivation(m.outputs[0])
	if !known && (m.predict.graph == nil || m.probabilities) {
		return false
	}
	return !slices.Contains(givesProbabilities, f) && !m.GivesLogits()
}

// givesProbabilities has the activation functions whose results are from 0 to 1, and are meant as probabilities.
var givesProbabilities = []layer.Function{layer.Softmax, layer.Sigmoid, layer.Sparsemax, layer.HardSigmoid, layer.SparseSigmoid}

// ofProbabilities reports whether a value of a graph is made of probabilities: the result of a softmax or a sigmoid, perhaps rounded, averaged or joined, or of a
// division by a sum. The logarithm of probabilities is not: its softmax is the probabilities.
func ofProbabilities(v *graph.Value) bool {
	return (&probabilities{map[*graph.Value]bool{}, map[*graph.Value]bool{}}).make(v)
}

// probabilities has what is known of the values of a graph.
type probabilities struct{ made, computed map[*graph.Value]bool }

// make reports whether v is made of probabilities.
func (p *probabilities) make(v *graph.Value) bool {
	if v.Node == nil {
		return false
	}
	if _, ok := p.made[v]; !ok {
		p.made[v] = false
		p.made[v] = p.result(v.Node)
	}
	return p.made[v]
}

func (p *probabilities) result(n *graph.Node) bool {
	switch o := n.Op.(type) {
	case op.Softmax, op.Sparsemax, op.OneHot:
		return true
	case op.Unary:
		switch o.Fn {
		case op.Sigmoid, op.Exp:
			return true
		case op.Log, op.Log1p:
			return false
		}
	case op.Binary:
		x, y := n.In[0], n.In[1]
		switch {
		case o.Fn == op.Div && p.ofInput(y):
			return true
		case o.Fn == op.Mul && (gates(x, y) || gates(y, x)): // x*sigmoid(x)
			return false
		}
	case op.Cast, op.Reshape, op.ReshapeLike, op.Transpose, op.Slice, op.Pad, op.Concat, op.Reduce, op.AveragePool2D, op.MaxPool2D, op.Resize, op.Select, op.StraightThrough:
	default:
		return false
	}
	return slices.ContainsFunc(n.In, p.make)
}

// ofInput reports whether a value depends on the inputs of a graph, beyond their shape.
func (p *probabilities) ofInput(v *graph.Value) bool {
	if v.Node == nil {
		return true
	}
	if _, ok := p.computed[v]; !ok {
		p.computed[v] = false
		switch v.Node.Op.(type) {
		case op.Input:
			p.computed[v] = true
		case op.Size:
		default:
			p.computed[v] = slices.ContainsFunc(v.Node.In, p.ofInput)
		}
	}
	return p.computed[v]
}

// gates reports whether s is the sigmoid of x.
func gates(s, x *graph.Value) bool {
	if s.Node == nil {
		return false
	}
	o, ok := s.Node.Op.(op.Unary)
	return ok && o.Fn == op.Sigmoid && s.Node.In[0] == x
}
