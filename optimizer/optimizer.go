// Package optimizer has the optimizers of keras.optimizers: how gradients change weights.
// docs/keras.md lists them with their arguments.
//
// The zero value of a field stands for Keras' default. A learning rate of 0 would train nothing,
// so that zero stands for the default there too. Where zero is a useful value and not the
// default, the field is a pointer: nil is the default, new(0.5) makes one. The tag of a field
// names the argument in Keras.
package optimizer

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/tensor"
)

// Optimizer changes weights by their gradients.
type Optimizer interface {
	// Class is the name of the Keras class: "RMSprop".
	Class() string
	// Named is Keras' name: "rm_sprop".
	Named() string
	// Build adds a step to a graph: updates of weights, which are variables, by their
	// gradients, one for each. A gradient is nil where the loss does not depend on the weight,
	// which then keeps its value and has slots all the same, as in Keras. Build declares under b's path what it keeps, in the order of
	// Keras' files: "iteration" (Int64) and "learning_rate" (Float32), scalars of role
	// Hyper, then the slots of each weight, named after it.
	Build(b *graph.Builder, weights, grads []*graph.Value)
	// Config is what Keras' get_config returns, ready for JSON: floating-point numbers are
	// float64, integers int. The learning rate in it is the one at the start.
	Config() map[string]any
}

// common is what all optimizers have.
type common struct{ rate, weightDecay, clipNorm, globalClipNorm, clipValue float64 }

// step is what build methods of optimizers work on.
type step struct {
	b              *graph.Builder
	iteration      *graph.Value
	rate           *graph.Value
	weights, grads []*graph.Value
	slots          [][]*graph.Value // for each weight
}

// start declares the numbers that steer training, clips the gradients and adds weight
// decay; false when there was a mistake.
func (c common) start(b *graph.Builder, weights, grads []*graph.Value) (*step, bool) {
	s := &step{b: b, weights: weights}
	scalar := tensor.Shape{}
	s.iteration = b.Variable(graph.Variable{
		Path: "iteration", Type: op.Type{DType: tensor.Int64, Shape: scalar}, Role: graph.Hyper,
	})
	s.rate = b.Variable(graph.Variable{
		Path: "learning_rate", Type: op.Type{DType: tensor.Float32, Shape: scalar}, Role: graph.Hyper,
		Init: initializer.Constant{Value: c.rate},
	})
	if b.Err() != nil {
		return nil, false
	}
	if len(weights) == 0 {
		b.Errorf("there are no weights to train: every layer is frozen, or none has weights")
		return nil, false
	}
	reached := false
	for i, w := range weights {
		if !w.Is("Variable") {
			b.Errorf("weight %d is no variable", i)
			return nil, false
		}
		reached = reached || grads[i] != nil
	}
	if !reached {
		b.Errorf("the loss depends on none of the weights: %s, ...", path(weights[0]))
		return nil, false
	}
	s.grads = c.clip(b, grads)
	s.slots = make([][]*graph.Value, len(weights))
	if c.weightDecay != 0 {
		for i, w := range weights {
			if grads[i] == nil {
				continue
			}
			rate := b.Cast(s.rate, w.DType)
			b.Assign(w, b.Sub(w, b.Mul(b.Scale(w, c.weightDecay), rate)))
		}
	}
	return s, true
}

// clip makes gradients smaller that are too large.
func (c common) clip(b *graph.Builder, grads []*graph.Value) []*graph.Value {
	out := make([]*graph.Value, len(grads))
	switch {
	case c.clipNorm > 0:
		for i, g := range grads {
			if g == nil {
				continue
			}
			limit := b.Constant(g.DType, c.clipNorm)
			norm := b.Sqrt(b.Sum(b.Square(g)))
			out[i] = b.Div(b.Mul(g, limit), b.Max(norm, limit))
		}
	case c.globalClipNorm > 0:
		var sum *graph.Value
		for _, g := range grads {
			if g == nil {
				continue
			}
			if n := b.Sum(b.Square(g)); sum == nil {
				sum = n
			} else {
				sum = b.Add(sum, n)
			}
		}
		one, limit := b.Constant(sum.DType, 1), b.Constant(sum.DType, c.globalClipNorm)
		scale := b.Mul(limit, b.Min(b.Div(one, b.Sqrt(sum)), b.Div(one, limit)))
		for i, g := range grads {
			if g != nil {
				out[i] = b.Mul(g, scale)
			}
		}
	case c.clipValue > 0:
		for i, g := range grads {
			if g != nil {
				out[i] = b.Clip(g, -c.clipValue, c.clipValue)
			}
		}
	default:
		return grads
	}
	return out
}

// slot declares a slot of every weight, one kind after the other.
func (s *step) slot(name string) {
	for i := range s.weights {
		s.slotOf(i, name)
	}
}

// slotOf declares a slot of weight i, zero at first.
func (s *step) slotOf(i int, name string) {
	w := s.weights[i]
	s.slots[i] = append(s.slots[i], s.b.Variable(graph.Variable{
		Path: path(w) + "_" + name, Type: w.Type, Role: graph.Slot,
	}))
}

// update adds the op that changes weight i: operands are the weight, its slots, the
// gradient, the learning rate, and what more the op wants.
func (s *step) update(o op.Op, more ...*graph.Value) {
	for i, w := range s.weights {
		if s.grads[i] == nil {
			continue
		}
		in := append([]*graph.Value{w}, s.slots[i]...)
		in = append(in, s.grads[i], s.rate)
		s.b.Update(o, append(in, more...)...)
	}
}

// finish counts the step.
func (s *step) finish() {
	s.b.Assign(s.iteration, s.b.Add(s.iteration, s.b.Constant(tensor.Int64, 1)))
}

func path(w *graph.Value) string { return w.Node.Op.(op.Variable).Path }
