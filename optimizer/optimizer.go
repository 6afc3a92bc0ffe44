// Package optimizer provides the optimizers of keras.optimizers. An optimizer changes the weights
// of a model in each training step, given the gradients of the loss. docs/keras.md lists all
// optimizers with their arguments.
//
// The zero value of a field means Keras' default. This includes the learning rate, because a
// learning rate of 0 is useless. Where zero is a useful value but not the default, the field is a
// pointer: nil means the default, and new(0.5) sets a value. The tag of a field gives the
// argument's name in Keras and its range. Build reports fields that are out of range.
//
// A step first clips the gradients, then applies weight decay, w -= w*WeightDecay*lr, and then the
// optimizer's formula. In the formulas, lr is the current learning rate. It is initially
// LearningRate, and callbacks may change it.
//
// docs/add-a-layer.md shows how to add an optimizer, and how to write a custom one.
package optimizer

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/tensor"
)

// Optimizer updates weights with the gradients of the loss.
type Optimizer interface {
	// Build adds a training step to a graph. weights are values of variables, and grads are
	// their gradients. A gradient is nil if the loss does not depend on the weight. Such a
	// weight is not updated, but still has slots, as in Keras.
	//
	// Build declares the optimizer's variables under b's path, in the order of Keras' files. First
	// come the scalars "iteration" (Int64) and "learning_rate" (Float32), with the role
	// graph.Hyper. Then come the slots, with the role graph.Slot and named after their weights.
	Build(b *graph.Builder, weights, grads []*graph.Value)
}

// common holds the arguments that all optimizers share.
type common struct{ rate, weightDecay, clipNorm, globalClipNorm, clipValue float64 }

// step is the state of an optimizer's Build.
type step struct {
	b              *graph.Builder
	iteration      *graph.Value
	rate           *graph.Value
	weights, grads []*graph.Value
	slots          [][]*graph.Value // the slots of each weight
}

// start declares the iteration and the learning rate, clips the gradients and applies weight
// decay. It returns false if there are mistakes.
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
		b.Errorf("there are no weights to train: all layers are frozen or have no weights")
		return nil, false
	}
	reached := false
	for i, w := range weights {
		if !w.Is("Variable") {
			b.Errorf("weight %d is not a variable", i)
			return nil, false
		}
		reached = reached || grads[i] != nil
	}
	if !reached {
		b.Errorf("the loss does not depend on any of the weights: %s, ...", path(weights[0]))
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

// clip limits the gradients.
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

// slot declares a slot of every weight.
func (s *step) slot(name string) {
	for i := range s.weights {
		s.slotOf(i, name)
	}
}

// slotOf declares a slot of weight i. Slots are initialized with zeros.
func (s *step) slotOf(i int, name string) {
	w := s.weights[i]
	s.slots[i] = append(s.slots[i], s.b.Variable(graph.Variable{
		Path: path(w) + "_" + name, Type: w.Type, Role: graph.Slot,
	}))
}

// update adds the op o for each weight. The operands of o are the weight, its slots, the gradient,
// the learning rate and the values in more.
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

// finish increments the iteration.
func (s *step) finish() {
	s.b.Assign(s.iteration, s.b.Add(s.iteration, s.b.Constant(tensor.Int64, 1)))
}

func path(w *graph.Value) string { return w.Node.Op.(op.Variable).Path }
