package graph

import "github.com/lince-ml/lince/graph/op"

// ProjectiveTransform moves the pixels of images by eight numbers for each image; see op.ProjectiveTransform. size is the height and
// width of the result; 0 means that of x.
func (b *Builder) ProjectiveTransform(x, transforms *Value, s op.Sampling, size [2]int) *Value {
	return b.Op(op.ProjectiveTransform{Sampling: s, Size: size}, x, transforms)
}

// MapCoordinates takes the values of images at points; see op.MapCoordinates.
func (b *Builder) MapCoordinates(x, points *Value, s op.Sampling) *Value {
	return b.Op(op.MapCoordinates{Sampling: s}, x, points)
}

// Index counts along a dimension of x. The other dimensions of the result have size 1.
func (b *Builder) Index(x *Value, axis int) *Value { return b.Op(op.Index{Axis: axis}, x) }

// Homography computes the transforms that move four points of each image; see op.Homography.
func (b *Builder) Homography(before, after *Value) *Value {
	return b.Op(op.Homography{}, before, after)
}

// RandomPermutation draws an order of the entries of the first dimension of ref; see op.RandomPermutation. The stream is that of
// RandomUniform for seed and step.
func (b *Builder) RandomPermutation(seed uint64, step, ref *Value) *Value {
	return b.Op(op.RandomPermutation{Key: b.stream(seed)}, step, ref)
}

// RandomLogGamma draws logarithms of gamma-distributed numbers in the shape of ref; see op.RandomLogGamma. The stream is that of
// RandomUniform for seed and step.
func (b *Builder) RandomLogGamma(seed uint64, step, alpha, ref *Value) *Value {
	return b.Op(op.RandomLogGamma{Key: b.stream(seed)}, step, alpha, ref)
}
