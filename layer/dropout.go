package layer

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/config"
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
	// NoiseShape is the shape of the mask, which is broadcast to that of the operand: 1 where
	// all numbers along a dimension are kept or set to 0 together, tensor.Unknown for the
	// operand's own size. Nil is the operand's shape.
	NoiseShape Dims `keras:"noise_shape,omitempty"`

	Name   string `keras:"name,omitempty"`
	Frozen bool   `keras:"trainable,inverted"` // not trained
	DType  Policy `keras:"dtype,default=float32"`
}

// SpatialDropout2D is Dropout of whole channels of images (batch, height, width, channels): a
// channel of an example is kept or set to 0 as a whole (keras.layers.SpatialDropout2D; Tompson et
// al., 2014).
type SpatialDropout2D struct {
	Rate float64 `keras:"rate,required,min=0,max=1"` // fraction of the channels that is set to 0
	Seed *int    `keras:"seed"`                      // nil: the model's

	Name  string `keras:"name,omitempty"`
	DType Policy `keras:"dtype,default=float32"`

	_ struct{} `keras:"data_format,only=channels_last"`
	_ struct{} `keras:"trainable,any,omit"` // which Keras neither writes nor takes for this layer
}

// Dims are sizes of dimensions, the batch's among them; tensor.Unknown is null in Keras.
type Dims []int

// Paths of the variables that random layers share: Int64 scalars of role State.
const (
	SeedPath = "seed_generator/seed" // a random number, drawn from the model's seed
	StepPath = "seed_generator/step" // number of training steps so far
)

// Class implements Layer.
func (Dropout) Class() string { return "Dropout" }

// Class implements Layer.
func (SpatialDropout2D) Class() string { return "SpatialDropout2D" }

// Named implements Layer.
func (l Dropout) Named() string { return l.Name }

// Named implements Layer.
func (l SpatialDropout2D) Named() string { return l.Name }

// Config implements Layer.
func (l Dropout) Config() map[string]any { return ConfigOf(l) }

// Config implements Layer.
func (l SpatialDropout2D) Config() map[string]any { return ConfigOf(l) }

// PassesThrough implements Transparent.
func (Dropout) PassesThrough() bool { return true }

// PassesThrough implements Transparent.
func (SpatialDropout2D) PassesThrough() bool { return true }

// Build implements Layer.
func (l Dropout) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	if !ok || !wantFloat(b, x) {
		return b.Invalid()
	}
	mask, ok := l.maskShape(b, x)
	if !ok {
		return b.Invalid()
	}
	return drop(b, x, mask, l.Rate, l.Seed)
}

// maskShape is the operand's shape with 1 for the dimensions that share a number of the mask.
func (l Dropout) maskShape(b *graph.Builder, x *graph.Value) (tensor.Shape, bool) {
	mask := x.Shape.Clone()
	if l.NoiseShape == nil {
		return mask, true
	}
	if len(l.NoiseShape) != len(mask) {
		b.Errorf("NoiseShape %v is for %d dimensions, got shape %v", tensor.Shape(l.NoiseShape), len(l.NoiseShape), x.Shape)
		return nil, false
	}
	for i, n := range l.NoiseShape {
		switch {
		case n == 1:
			mask[i] = 1
		case n != tensor.Unknown && mask[i] != tensor.Unknown && n != mask[i]:
			b.Errorf("NoiseShape %v does not broadcast to shape %v", tensor.Shape(l.NoiseShape), x.Shape)
			return nil, false
		}
	}
	return mask, true
}

// Build implements Layer.
func (l SpatialDropout2D) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	if !ok || !wantImages(b, x) {
		return b.Invalid()
	}
	mask := x.Shape.Clone()
	mask[1], mask[2] = 1, 1
	return drop(b, x, mask, l.Rate, l.Seed)
}

// drop sets a random fraction of x to 0 in training. The dimensions that are 1 in mask, and not
// in x, share a number of the mask.
func drop(b *graph.Builder, x *graph.Value, mask tensor.Shape, rate float64, fixed *int) *graph.Value {
	if !b.Training() || rate == 0 {
		return x
	}
	step := randomStep(b)
	seed := uint64(0)
	if fixed != nil {
		seed = uint64(*fixed)
	} else {
		// The seed is so large a number that the steps of two seeds do not meet.
		step = b.Add(step, shared(b, SeedPath, seedInit{}))
	}
	ref := x
	if !mask.Equal(x.Shape) {
		size := make([]int, len(mask))
		for i, n := range mask {
			if size[i] = tensor.Unknown; n == 1 {
				size[i] = 1
			}
		}
		ref = b.Slice(x, make([]int, len(mask)), size)
	}
	keep := b.Binary(op.GreaterEqual, b.RandomUniform(seed, step, ref), b.Constant(x.DType, rate))
	scale := 0. // at rate 1, where nothing is kept
	if rate < 1 {
		scale = 1 / (1 - rate)
	}
	return b.Select(keep, b.Scale(x, scale), b.Constant(x.DType, 0))
}

// decodeDims reads a list of sizes with null for what is not known.
func decodeDims(r *config.Reader, key string, v any) (Dims, bool) {
	list, ok := config.List(v)
	var d Dims
	for _, x := range list {
		n, isInt := tensor.Unknown, true
		if x != nil {
			n, isInt = config.Int(x)
			isInt = isInt && n >= 1 && n <= maxSize
		}
		ok = ok && isInt
		d = append(d, n)
	}
	if !ok || len(d) == 0 || len(d) > 64 {
		r.Errorf("%s is %s, want a list of null and integers from 1 to %d", key, config.Show(v), maxSize)
		return nil, false
	}
	return d, true
}

func encodeDims(d Dims) any {
	if d == nil {
		return nil
	}
	list := make([]any, len(d))
	for i, n := range d {
		if n != tensor.Unknown {
			list[i] = n
		}
	}
	return list
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
