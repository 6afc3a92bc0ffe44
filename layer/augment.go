package layer

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// augmenter is a layer that changes images at random. The change is split into the random numbers and the arithmetic, so that the
// arithmetic can be compared with Keras', whose random numbers are TensorFlow's.
type augmenter interface {
	Layer
	// random returns the numbers that determine the change of the images: of shape (batch, 1, 1, 1), or scalars for
	// numbers that all images share.
	random(d *draws) []*graph.Value
	// change returns the changed images x.
	change(b *graph.Builder, x *graph.Value, numbers []*graph.Value) *graph.Value
}

// draws are the random numbers of an augmentation layer. A number depends only on the seed, the layer's path, the training step
// and the image's place in the batch.
type draws struct {
	*graph.Builder
	x    *graph.Value // the images
	seed uint64
	step *graph.Value
	each *graph.Value // of shape (batch, 1, 1, 1)
}

// augment builds a layer that acts in training only. wants checks the images; it may be nil.
func augment[L augmenter](b *graph.Builder, l L, seed *int, x *graph.Value, wants func(b *graph.Builder, l L, x *graph.Value) bool) *graph.Value {
	l, ok := Ready(b, l, x)
	if !ok {
		return b.Invalid()
	}
	x, ok = toFloat(b, x)
	if !ok || !wantImages(b, x) || wants != nil && !wants(b, l, x) {
		return b.Invalid()
	}
	if !b.Training() {
		return x
	}
	return l.change(b, x, l.random(newDraws(b, seed, x)))
}

func newDraws(b *graph.Builder, fixed *int, x *graph.Value) *draws {
	d := &draws{Builder: b, x: x}
	d.seed, d.step = randomStream(b, fixed)
	if x.Shape[1] > 0 && x.Shape[2] > 0 && x.Shape[3] > 0 {
		d.each = b.Slice(x, make([]int, 4), []int{tensor.Unknown, 1, 1, 1})
	} else {
		d.each = b.SumKeep(x, 1, 2, 3) // only its shape is used
	}
	return d
}

// uniform draws a number from lo to hi for each image.
func (d *draws) uniform(lo, hi float64) *graph.Value { return d.like(d.each, lo, hi) }

// shared draws a number from lo to hi for all images.
func (d *draws) shared(lo, hi float64) *graph.Value {
	return d.like(d.Constant(d.x.DType, 0), lo, hi)
}

// like draws numbers from lo to hi in the shape of ref.
func (d *draws) like(ref *graph.Value, lo, hi float64) *graph.Value {
	return d.Offset(d.Scale(d.RandomUniform(d.seed, d.step, ref), hi-lo), lo)
}

// factor draws a number from a Factor for each image.
func (d *draws) factor(f factorField) *graph.Value {
	lo, hi := f.ends()
	return d.uniform(lo, hi)
}

// happens draws whether each image is changed, 1 or 0: with a probability that is drawn from a Factor.
func (d *draws) happens(f factorField) *graph.Value {
	probability := d.factor(f)
	return d.truth(d.Binary(op.Less, d.uniform(0, 1), probability))
}

// sign draws 1 or -1 for each image.
func (d *draws) sign() *graph.Value {
	return d.Select(d.Binary(op.Greater, d.uniform(0, 1), d.Constant(d.x.DType, .5)), d.Constant(d.x.DType, -1), d.Constant(d.x.DType, 1))
}

// below draws an integer from 0 to n-1 in the shape of ref.
func (d *draws) below(ref *graph.Value, n int) *graph.Value {
	u := d.Floor(d.like(ref, 0, float64(n)))
	return d.Min(u, d.Constant(d.x.DType, float64(n-1))) // the product may be rounded up to n
}

// normal draws standard normal numbers in the shape of ref.
func (d *draws) normal(ref *graph.Value) *graph.Value { return d.RandomNormal(d.seed, d.step, ref) }

// beta draws numbers with the beta distribution of a and a for each image; a is a scalar.
func (d *draws) beta(a *graph.Value) *graph.Value {
	return d.Sigmoid(d.Sub(d.RandomLogGamma(d.seed, d.step, a, d.each), d.RandomLogGamma(d.seed, d.step, a, d.each)))
}

// order draws a permutation of the images.
func (d *draws) order() *graph.Value { return d.RandomPermutation(d.seed, d.step, d.x) }

// truth converts a Bool to 1 or 0.
func (d *draws) truth(v *graph.Value) *graph.Value { return d.Cast(v, d.x.DType) }

// where takes the images of x for which happens is 1, and the others of y.
func where(b *graph.Builder, happens, x, y *graph.Value) *graph.Value {
	return b.Select(b.Binary(op.Greater, happens, b.Constant(happens.DType, .5)), x, y)
}

// height returns the height of images as a scalar.
func height(b *graph.Builder, x *graph.Value) *graph.Value { return b.Size(x, 1) }

// width returns the width of images as a scalar.
func width(b *graph.Builder, x *graph.Value) *graph.Value { return b.Size(x, 2) }

// project moves the pixels of images by the numbers a0 a1 a2 b0 b1 b2 of op.ProjectiveTransform, each of shape
// (batch, 1, 1, 1) or a scalar; nil is 0.
func project(b *graph.Builder, x *graph.Value, s op.Sampling, size [2]int, numbers ...*graph.Value) *graph.Value {
	return b.ProjectiveTransform(x, transforms(b, x, numbers...), s, size)
}

func transforms(b *graph.Builder, x *graph.Value, numbers ...*graph.Value) *graph.Value {
	one := b.Constant(x.DType, 0)
	for _, v := range numbers {
		if v != nil && v.Rank() > 0 {
			one = v
		}
	}
	columns := make([]*graph.Value, 8)
	for i := range columns {
		v := b.Constant(x.DType, 0)
		if i < len(numbers) && numbers[i] != nil {
			v = numbers[i]
		}
		columns[i] = b.Reshape(b.BroadcastLike(v, one), tensor.Unknown, 1)
	}
	return b.Concat(1, columns...)
}

// samplingOf converts the arguments of Keras' layers. The empty strings are the defaults, reflect and bilinear.
func samplingOf(fill, interpolation string, value float64) op.Sampling {
	return op.Sampling{Nearest: interpolation == "nearest", Fill: op.Fill(fill), Value: value}
}

// rescale maps numbers linearly from one range to another.
func rescale(b *graph.Builder, x *graph.Value, from, to Range) *graph.Value {
	if from == to {
		return x
	}
	unit := b.Div(b.Offset(x, -from[0]), b.Constant(x.DType, from[1]-from[0]))
	return b.Offset(b.Scale(unit, to[1]-to[0]), to[0])
}

// bytes is the range of the pixels of an image file.
var bytes = Range{0, 255}

// clip limits numbers to a range.
func clip(b *graph.Builder, x *graph.Value, r Range) *graph.Value { return b.Clip(x, r[0], r[1]) }

// wantColors checks that images have three channels, or one if gray is true.
func wantColors(b *graph.Builder, x *graph.Value, gray bool) bool {
	c := x.Shape[3]
	switch {
	case c == 3, gray && c == 1:
		return true
	case gray:
		b.Errorf("got images with %d channels, want 3 (RGB) or 1 (gray)", c)
	default:
		b.Errorf("got images with %d channels, want 3 (RGB)", c)
	}
	return false
}

// toGray returns the brightness of each pixel of RGB images, with one channel; gray images do not change.
func toGray(b *graph.Builder, x *graph.Value) *graph.Value {
	if x.Shape[3] == 1 {
		return x
	}
	return b.SumKeep(b.Mul(x, Numbers{.2989, .5870, .1140}.constant(b)), 3)
}
