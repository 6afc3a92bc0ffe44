package metric

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/config"
	"github.com/lince-ml/lince/internal/targets"
	"github.com/lince-ml/lince/tensor"
)

// epsilon is keras.config.epsilon().
const epsilon = 1e-7

// choices describes how one of some names is written in a config. none is the one that is null there.
func choices[T ~string](what string, none T, valid ...T) config.Type {
	var names []string
	for _, v := range valid {
		if v != "" && v != none {
			names = append(names, string(v))
		}
	}
	want := "one of " + strings.Join(names, ", ")
	if slices.Contains(valid, none) {
		want = "null or " + want
	}
	return config.TypeOf(
		func(v T) any {
			if v == none {
				return nil
			}
			return string(v)
		},
		func(r *config.Reader, key string, v any) (T, bool) {
			s, ok := v.(string)
			if !ok || !slices.Contains(valid, T(s)) || T(s) == "" {
				r.Errorf("%s is %s, want %s", key, config.Show(v), want)
				return "", false
			}
			return T(s), true
		},
		func(v T) error {
			if !slices.Contains(valid, v) {
				return fmt.Errorf("%q is no %s, want %s", string(v), what, want)
			}
			return nil
		},
		func(s string) T { return T(s) },
	)
}

// vector returns numbers as a constant.
func vector(b *graph.Builder, values []float64) *graph.Value {
	t := tensor.New(tensor.Float32, len(values))
	for i, v := range values {
		t.Float32s()[i] = float32(v)
	}
	return b.Op(op.Const{Value: t})
}

// spread gives example weights rank dimensions, by dimensions of size 1 at the end.
func spread(b *graph.Builder, weights *graph.Value, rank int) *graph.Value {
	if !weights.Valid() {
		return weights
	}
	w := b.Cast(weights, tensor.Float32)
	shape := w.Shape.Clone()
	if len(shape) > rank || len(shape) == 0 {
		return b.Errorf("weights have shape %v, want (batch,), or at most %d dimensions", weights.Shape, rank)
	}
	if len(shape) == rank {
		return w
	}
	for len(shape) < rank {
		shape = append(shape, 1)
	}
	return b.Reshape(w, shape...)
}

// Thresholds are the numbers above which a prediction counts as 1.
type Thresholds []float64

// thresholdsType describes how Thresholds are written in a config: one number as a number, several as a list.
var thresholdsType = config.TypeOf(
	func(t Thresholds) any { return config.EncodeFloats(t) },
	func(r *config.Reader, key string, v any) (Thresholds, bool) {
		t, ok := config.DecodeFloats(v)
		if !ok || Thresholds(t).check() != nil {
			r.Errorf("%s is %s, want a number from 0 to 1, or a list of at most %d such numbers", key, config.Show(v), maxThresholds)
			return nil, false
		}
		return t, true
	},
	Thresholds.check,
	nil,
)

// maxThresholds limits the memory that a file can ask for: each prediction is compared with each of the thresholds.
const maxThresholds = 1024

// check returns an error unless there are thresholds, all from 0 to 1.
func (t Thresholds) check() error {
	if len(t) == 0 || len(t) > maxThresholds || slices.ContainsFunc(t, func(v float64) bool { return !(v >= 0 && v <= 1) }) {
		return fmt.Errorf("%v, want at most %d numbers from 0 to 1", []float64(t), maxThresholds)
	}
	return nil
}

// confusion says how predictions are compared with thresholds.
type confusion struct {
	thresholds []float64
	even       bool      // the thresholds are i/(n-1)
	edges      bool      // the first threshold is below 0, and the last above 1
	topK       *int      // only the K highest predictions of an example count; others are as low as can be
	classID    *int      // only this class counts
	labels     bool      // count each label for itself: the results have the shape (labels, thresholds)
	weights    []float64 // of the labels; nil means all 1
}

// counted are the weighted counts of a batch, for each threshold, and the sums of all positives and negatives.
type counted struct{ tp, fp, positives, negatives *graph.Value }

// tn and fn are the counts of true and false negatives.
func (c counted) tn(b *graph.Builder) *graph.Value { return b.Sub(c.negatives, c.fp) }
func (c counted) fn(b *graph.Builder) *graph.Value { return b.Sub(c.positives, c.tp) }

// count adds the counts of a batch. ok is false if there is a mistake. As in Keras, a target other than 0 is positive.
func (c confusion) count(b *graph.Builder, yTrue, yPred, weights *graph.Value) (n counted, ok bool) {
	y := targets.Dense(b, yTrue, yPred)
	if !y.Valid() {
		return n, false
	}
	p := b.Cast(yPred, tensor.Float32)
	rank := p.Rank()
	classes := p.Shape[rank-1]
	switch {
	case c.topK != nil && (rank < 2 || classes == tensor.Unknown || *c.topK > min(classes, maxTopK)):
		b.Errorf("TopK is %d for predictions of shape %v, want at most the number of classes, and at most %d", *c.topK, yPred.Shape, maxTopK)
		return n, false
	case c.classID != nil && (rank < 2 || classes == tensor.Unknown || *c.classID >= classes):
		b.Errorf("ClassID is %d for predictions of shape %v, want a class of (batch, ..., classes)", *c.classID, yPred.Shape)
		return n, false
	case c.labels && (rank != 2 || classes == tensor.Unknown):
		b.Errorf("predictions have shape %v, want (batch, labels) for MultiLabel", yPred.Shape)
		return n, false
	case c.weights != nil && (rank < 2 || classes != len(c.weights)):
		b.Errorf("LabelWeights has %d numbers for predictions of shape %v, want one for each label", len(c.weights), yPred.Shape)
		return n, false
	}
	one, zero := b.Constant(tensor.Float32, 1), b.Constant(tensor.Float32, 0)
	if c.topK != nil {
		p = filterTopK(b, p, *c.topK)
	}
	if c.classID != nil {
		y, p = class(b, y, *c.classID), class(b, p, *c.classID)
	}
	y = b.Select(b.Binary(op.Equal, b.Cast(y, tensor.Float32), zero), zero, one)
	w := one
	if weights != nil {
		w = spread(b, weights, rank)
	}
	if c.weights != nil && !c.labels {
		w = b.Mul(w, vector(b, c.weights))
	}
	pos, neg := b.Mul(y, w), b.Mul(b.Sub(one, y), w)
	if c.labels {
		n.positives, n.negatives = b.Reshape(b.Sum(pos, 0), classes, 1), b.Reshape(b.Sum(neg, 0), classes, 1)
	} else {
		n.positives, n.negatives = b.Sum(pos), b.Sum(neg)
	}
	above := c.above
	if c.even {
		above = c.buckets
	}
	sums := above(b, p, pos, neg)
	n.tp, n.fp = sums[0], sums[1]
	return n, n.tp.Valid() && n.fp.Valid() && n.positives.Valid()
}

// above sums the values where p is above each threshold.
func (c confusion) above(b *graph.Builder, p *graph.Value, values ...*graph.Value) []*graph.Value {
	thresholds := vector(b, c.thresholds)
	var sums []*graph.Value
	if c.labels {
		over := b.Cast(b.Binary(op.Greater, b.Reshape(p, append(p.Shape.Clone(), 1)...), thresholds), tensor.Float32)
		for _, v := range values {
			sums = append(sums, b.Sum(b.Mul(over, b.Reshape(v, append(v.Shape.Clone(), 1)...)), 0))
		}
		return sums
	}
	over := b.Cast(b.Binary(op.Greater, b.Reshape(p, tensor.Unknown, 1), thresholds), tensor.Float32)
	for _, v := range values {
		sums = append(sums, b.Reshape(b.MatMul(b.Reshape(b.BroadcastLike(v, p), 1, tensor.Unknown), over), len(c.thresholds)))
	}
	return sums
}

// buckets computes the sums of above for evenly distributed thresholds, as Keras does: each value is added to the
// bucket of its prediction, and the sums are those of the buckets from a threshold on.
func (c confusion) buckets(b *graph.Builder, p *graph.Value, values ...*graph.Value) []*graph.Value {
	n := len(c.thresholds)
	// ceil(p*(n-1)) - 1, between the thresholds
	x := b.Scale(b.Clip(p, 0, 1), float64(n-1))
	floor := b.Floor(x)
	bucket := b.Offset(b.Add(floor, b.Cast(b.Binary(op.Less, floor, x), tensor.Float32)), -1)
	zero := b.Constant(tensor.Float32, 0)
	if c.edges {
		bucket = b.Max(bucket, zero)
	}
	segments := n
	if c.labels {
		labels := p.Shape[1]
		segments *= labels
		of := b.Add(bucket, b.Scale(b.Iota(p, 1), float64(n)))
		bucket = b.Select(b.Binary(op.Less, bucket, zero), b.Constant(tensor.Float32, -1), of)
	}
	ids := b.Cast(bucket, tensor.Int32)
	var sums []*graph.Value
	for _, v := range values {
		s := b.SegmentSum(b.BroadcastLike(v, p), ids, segments)
		if c.labels {
			s = b.Reshape(s, p.Shape[1], n)
		}
		sums = append(sums, b.CumSum(s, true))
	}
	return sums
}

// maxTopK limits TopK, because each of the predictions takes some ops.
const maxTopK = 256

// filterTopK lowers all predictions of an example but the k highest to -1e10. Of equal ones, the first are higher.
func filterTopK(b *graph.Builder, p *graph.Value, k int) *graph.Value {
	last := p.Rank() - 1
	zero, low := b.Constant(tensor.Float32, 0), b.Constant(tensor.Float32, math.Inf(-1))
	rest, top := p, b.Scale(p, 0)
	for range k {
		hit := b.OneHot(b.ArgMax(rest), p.Shape[last], tensor.Float32)
		top = b.Add(top, hit)
		rest = b.Select(b.Binary(op.Greater, hit, zero), low, rest)
	}
	return b.Select(b.Binary(op.Greater, top, zero), p, b.Constant(tensor.Float32, -1e10))
}

// class returns one class of the last dimension, which then has size 1.
func class(b *graph.Builder, x *graph.Value, k int) *graph.Value {
	begin, size := make([]int, x.Rank()), slices.Repeat([]int{tensor.Unknown}, x.Rank())
	begin[x.Rank()-1], size[x.Rank()-1] = k, 1
	return b.Slice(x, begin, size)
}

// evenly reports whether thresholds are i/(n-1), with Keras' tolerance.
func evenly(thresholds []float64) bool {
	if len(thresholds) < 3 {
		return false
	}
	for i, t := range thresholds {
		want := float64(float32(i)) / float64(len(thresholds)-1)
		if math.Abs(t-want) > epsilon+1e-5*want {
			return false
		}
	}
	return true
}

// spaced returns n thresholds, i/(n-1); if n is 1, it is 0.5.
func spaced(n int) []float64 {
	if n == 1 {
		return []float64{.5}
	}
	t := make([]float64, n)
	for i := range t {
		t[i] = float64(i) / float64(n-1)
	}
	return t
}

// scalarOf returns the number of a vector of one element, and other vectors as they are.
func scalarOf(b *graph.Builder, x *graph.Value) *graph.Value {
	if x.Valid() && x.Shape.Equal(tensor.Shape{1}) {
		return b.Reshape(x)
	}
	return x
}
