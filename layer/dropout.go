package layer

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// Dropout sets a random fraction of its operand to 0 while training, and multiplies the rest by
// 1/(1-Rate) so that the sum stays what it was; otherwise it does nothing
// (keras.layers.Dropout; Srivastava et al., 2014).
//
// The mask is a pure function of the model's seed, the layer's path and the training step
// (of Seed, path and step when there is a Seed). The seed and the step are variables of the
// model, SeedPath and StepPath, so that training resumed from the variables goes on
// with the masks that it would have had.
type Dropout struct {
	Rate float64 `keras:"rate,required,min=0,max=1"` // fraction that is set to 0
	Seed *int    `keras:"seed"`                      // nil: the model's

	Name   string `keras:"name,omitempty"`
	Frozen bool   `keras:"trainable,inverted"` // not trained
	DType  Policy `keras:"dtype,default=float32"`

	_ struct{} `keras:"noise_shape,training,only=null,omit"`
}

// Paths of the variables that random layers share: Int64 scalars of role State.
const (
	SeedPath = "seed_generator/seed" // a random number, drawn from the model's seed
	StepPath = "seed_generator/step" // number of training steps so far
)

// Class implements Layer.
func (Dropout) Class() string { return "Dropout" }

// Named implements Layer.
func (l Dropout) Named() string { return l.Name }

// Config implements Layer.
func (l Dropout) Config() map[string]any { return ConfigOf(l) }

// PassesThrough implements Transparent.
func (Dropout) PassesThrough() bool { return true }

// Build implements Layer.
func (l Dropout) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := ready(b, l, x)
	if !ok || !wantFloat(b, x) {
		return b.Invalid()
	}
	if !b.Training() || l.Rate == 0 {
		return x
	}
	step := randomStep(b)
	seed := uint64(0)
	if l.Seed != nil {
		seed = uint64(*l.Seed)
	} else {
		// The seed is so large a number that the steps of two seeds do not meet.
		step = b.Add(step, shared(b, SeedPath, seedInit{}))
	}
	keep := b.Binary(op.GreaterEqual, b.RandomUniform(seed, step, x), b.Constant(x.DType, l.Rate))
	scale := 0. // at rate 1, where nothing is kept
	if l.Rate < 1 {
		scale = 1 / (1 - l.Rate)
	}
	return b.Select(keep, b.Scale(x, scale), b.Constant(x.DType, 0))
}

// randomStep reads the step and has it counted up. Every layer adds the update: they all
// assign one more than the step was before the run's updates, which is the same as once.
func randomStep(b *graph.Builder) *graph.Value {
	step := shared(b, StepPath, nil)
	b.Assign(step, b.Add(step, b.Constant(tensor.Int64, 1)))
	return step
}

// shared reads a variable that belongs to no layer.
func shared(b *graph.Builder, path string, init graph.Initializer) *graph.Value {
	v, err := b.Store().Declare(graph.Variable{
		Path: path, Type: op.Type{DType: tensor.Int64, Shape: tensor.Shape{}}, Role: graph.State, Init: init,
	})
	if err != nil {
		return b.Errorf("%w", err)
	}
	return b.Read(v)
}

// seedInit makes the first value of the key, which the store derives from the model's seed:
// 52 bits of it, so that a float64 holds every seed and step.
type seedInit struct{}

// Initialize implements graph.Initializer.
func (seedInit) Initialize(t *tensor.Tensor, key uint64) {
	tensor.Values[int64](t)[0] = int64(key >> 12)
}
