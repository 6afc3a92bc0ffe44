package layer

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/config"
	"github.com/lince-ml/lince/tensor"
)

// Dropout sets a random fraction of its operand's elements to 0 in training, and scales the others
// so that the expected sum does not change (keras.layers.Dropout):
//
//	y = 0            with probability Rate
//	y = x/(1-Rate)   otherwise
//
// In prediction it returns its operand.
//
// The random mask depends only on the model's seed (or Seed, if set), the layer's path and the
// training step. The model's seed and the step are stored in variables of the model, SeedPath and
// StepPath, so training that is resumed from a checkpoint continues with the same masks.
//
// Input shape: (batch, ...).
// Output shape: the input shape.
//
// Build reports an error if Rate is out of range, the operand is not float32, or NoiseShape
// does not fit the operand.
//
// Source: Srivastava et al., 2014 (Dropout: a simple way to prevent neural networks from
// overfitting).
type Dropout struct {
	// Rate is the probability that an element is set to 0. From 0 to 1. The default is 0; in Keras
	// the argument is required.
	Rate float64 `keras:"rate,required,min=0,max=1"`
	// Seed makes the masks independent of the model's seed. Any integer. The default, nil, uses
	// the model's seed.
	Seed *int `keras:"seed"`
	// NoiseShape is the shape of the mask, including the batch. Along a dimension of size 1, all
	// elements are kept or all are set to 0. tensor.Unknown means the operand's size. The default,
	// nil, is the operand's shape.
	NoiseShape Dims `keras:"noise_shape,omitempty"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32
}

// SpatialDropout2D sets a random fraction of the channels of each image to 0 in training
// (keras.layers.SpatialDropout2D). It is Dropout with the noise shape (batch, 1, 1, channels):
//
//	y[:,:,c] = 0                   with probability Rate
//	y[:,:,c] = x[:,:,c]/(1-Rate)   otherwise
//
// In prediction it returns its operand.
//
// Input shape: (batch, height, width, channels).
// Output shape: the input shape.
//
// Build reports an error if Rate is out of range or the operand is not a batch of float32 images.
//
// Source: Tompson et al., 2015 (arXiv:1411.4280).
type SpatialDropout2D struct {
	// Rate is the probability that a channel of an image is set to 0. From 0 to 1. The default is
	// 0; in Keras the argument is required.
	Rate float64 `keras:"rate,required,min=0,max=1"`
	// Seed makes the masks independent of the model's seed. Any integer. The default, nil, uses
	// the model's seed.
	Seed *int `keras:"seed"`

	Name  string `keras:"name,omitempty"`        // default: automatic
	DType Policy `keras:"dtype,default=float32"` // default: Float32

	_ struct{} `keras:"data_format,only=channels_last"`
	_ struct{} `keras:"trainable,any,omit"` // not an argument of this layer in Keras
}

// Dims is a shape, including the batch. tensor.Unknown is null in a file.
type Dims []int

// The paths of two variables that all random layers of a model share. They are Int64 scalars with
// the role graph.State.
const (
	SeedPath = "seed_generator/seed" // a random number derived from the model's seed
	StepPath = "seed_generator/step" // the number of training steps so far
)

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

// maskShape returns the operand's shape, with 1 for the dimensions along which the mask is
// constant.
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

// drop sets a random fraction of x to 0 in training. Along dimensions that are 1 in mask, but not
// in x, the mask is constant.
func drop(b *graph.Builder, x *graph.Value, mask tensor.Shape, rate float64, fixed *int) *graph.Value {
	if !b.Training() || rate == 0 {
		return x
	}
	scale := 0. // nothing is kept at rate 1
	if rate < 1 {
		scale = 1 / (1 - rate)
	}
	return b.Select(keep(b, x, mask, rate, fixed), b.Scale(x, scale), b.Constant(x.DType, 0))
}

// keep draws a mask that is false with probability rate.
func keep(b *graph.Builder, x *graph.Value, mask tensor.Shape, rate float64, fixed *int) *graph.Value {
	seed, step := randomStream(b, fixed)
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
	return b.Binary(op.GreaterEqual, b.RandomUniform(seed, step, ref), b.Constant(x.DType, rate))
}

// randomStream returns the seed and the step for the random numbers of a layer. fixed is the layer's
// own seed, or nil.
func randomStream(b *graph.Builder, fixed *int) (seed uint64, step *graph.Value) {
	step = randomStep(b)
	if fixed != nil {
		return uint64(*fixed), step
	}
	// The seeds of two models are random 52-bit numbers, so their ranges of steps do not
	// overlap in practice.
	return 0, b.Add(step, shared(b, SeedPath, seedInit{}))
}

// decodeDims reads a list of sizes, with null for an unknown size.
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

// randomStep reads the step and increments it. Each random layer adds this update. All of them
// assign the same value, the step at the start of the run plus 1, so the step increases by 1 only.
func randomStep(b *graph.Builder) *graph.Value {
	step := shared(b, StepPath, nil)
	b.Assign(step, b.Add(step, b.Constant(tensor.Int64, 1)))
	return step
}

// shared reads a variable that all layers share.
func shared(b *graph.Builder, path string, init graph.Initializer) *graph.Value {
	v, err := b.Store().Declare(graph.Variable{
		Path: path, Type: op.Type{DType: tensor.Int64, Shape: tensor.Shape{}}, Role: graph.State, Init: init,
	})
	if err != nil {
		return b.Errorf("%w", err)
	}
	return b.Read(v)
}

// seedInit sets the seed from the key, which the store derives from the model's seed. It keeps 52
// bits, so that a float64 can represent the sum of seed and step exactly.
type seedInit struct{}

// Initialize implements graph.Initializer.
func (seedInit) Initialize(t *tensor.Tensor, key uint64) {
	tensor.Values[int64](t)[0] = int64(key >> 12)
}
