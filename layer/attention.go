package layer

import (
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/tensor"
)

// ScoreMode says how Attention computes the similarity of a query and a key.
type ScoreMode string

// The score modes of Attention.
const (
	DotScore    ScoreMode = "dot"    // the dot product
	ConcatScore ScoreMode = "concat" // the sum of the hyperbolic tangents of the elements of query + key
)

// Attention computes, for each row q of a query, the mean of the rows of a value, weighted by the similarity
// of q to the rows k of a key (keras.layers.Attention, Luong's attention):
//
//	score = scale * q.k                                           with DotScore
//	score = concat_score_weight * sum of tanh(scale * (q + k))    with ConcatScore
//	y = sum over the rows of softmax(scores) * value
//
// It has two or three operands: query, value and, if it is not the value, key.
//
// Input shape: query (batch, rows, features), value (batch, other rows, value features) and key (batch,
// other rows, features).
// Output shape: (batch, rows, value features).
//
// Weights: scale, a scalar, with UseScale; and concat_score_weight, a scalar, with ConcatScore.
//
// Build reports an error if a field is out of range, the operands are not float32, differ in the batch or have
// other than three dimensions or an unknown dimension after the batch, value and key differ in the number of
// rows, or query and key in the number of features. Masks of other layers and return_attention_scores are not
// supported.
//
// Source: Luong et al., 2015 (arXiv:1508.04025).
type Attention struct {
	// UseScale multiplies by a weight, scale, whose initial value is 1. The default is false.
	UseScale bool `keras:"use_scale"`
	// ScoreMode says how similarities are computed. The default is DotScore.
	ScoreMode ScoreMode `keras:"score_mode,oneof=dot|concat"`
	// Dropout is the probability that a weight of a mean is set to 0 in training. From 0 to 1. The default
	// is 0.
	Dropout float64 `keras:"dropout,min=0,max=1"`
	// Seed makes the masks of Dropout independent of the model's seed. Any integer. The default, nil, uses
	// the model's seed.
	Seed *int `keras:"seed"`
	// CausalMask excludes rows of the key after the query's row. In Keras it is the argument use_causal_mask of
	// the call. The default is false.
	CausalMask bool

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32
}

// AdditiveAttention is attention whose similarities are sums (keras.layers.AdditiveAttention, Bahdanau's
// attention). For each row q of a query and the rows k of a key:
//
//	score = sum over i of scale[i] * tanh(q[i] + k[i])
//	y = sum over the rows of softmax(scores) * value
//
// It has two or three operands: query, value and, if it is not the value, key.
//
// Input shape: query (batch, rows, features), value (batch, other rows, value features) and key (batch,
// other rows, features).
// Output shape: (batch, rows, value features).
//
// Weights: scale (features), unless NoScale is set.
//
// Build reports an error if a field is out of range, the operands are not float32, differ in the batch or have
// other than three dimensions or an unknown dimension after the batch, value and key differ in the number of
// rows, or query and key in the number of features. Masks of other layers and return_attention_scores are not
// supported.
//
// Source: Bahdanau et al., 2014 (arXiv:1409.0473).
type AdditiveAttention struct {
	// NoScale omits scale (Keras' use_scale=False). The default is false.
	NoScale bool `keras:"use_scale,inverted"`
	// Dropout is the probability that a weight of a mean is set to 0 in training. From 0 to 1. The default
	// is 0.
	Dropout float64 `keras:"dropout,min=0,max=1"`
	// Seed makes the masks of Dropout independent of the model's seed. Any integer. The default, nil, uses
	// the model's seed.
	Seed *int `keras:"seed"`
	// CausalMask excludes rows of the key after the query's row. In Keras it is the argument use_causal_mask of
	// the call. The default is false.
	CausalMask bool

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32
}

// Operands implements MultiOperand.
func (Attention) Operands() (least, most int) { return 2, 3 }

// Operands implements MultiOperand.
func (AdditiveAttention) Operands() (least, most int) { return 2, 3 }

// UsesCausalMask implements CausalMasked.
func (l Attention) UsesCausalMask() bool { return l.CausalMask }

// UsesCausalMask implements CausalMasked.
func (l AdditiveAttention) UsesCausalMask() bool { return l.CausalMask }

// SetCausalMask implements CausalMasked.
func (l Attention) SetCausalMask(use bool) Layer { l.CausalMask = use; return l }

// SetCausalMask implements CausalMasked.
func (l AdditiveAttention) SetCausalMask(use bool) Layer { l.CausalMask = use; return l }

// Build implements Layer.
func (l Attention) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	query, value, key, ok := l.operands(b, l, x)
	if !ok {
		return b.Invalid()
	}
	scaled := func(x *graph.Value) *graph.Value { return x }
	if l.UseScale {
		scale := weight(b, "scale", query, weightOptions{init: initializer.Ones{}})
		scaled = func(x *graph.Value) *graph.Value { return b.Mul(x, scale) }
	}
	var scores *graph.Value
	if l.ScoreMode == ConcatScore {
		sum := b.Sum(b.Tanh(scaled(pairs(b, query, key))), 3)
		scores = b.Mul(sum, weight(b, "concat_score_weight", query, weightOptions{init: initializer.Ones{}}))
	} else {
		scores = scaled(b.Op(op.BatchMatMul{TransposeB: true}, query, key))
	}
	return b.BatchMatMul(attention{l.CausalMask, nil, l.Dropout, l.Seed}.weights(b, scores), value)
}

// Build implements Layer.
func (l AdditiveAttention) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	query, value, key, ok := Attention{}.operands(b, l, x)
	if !ok {
		return b.Invalid()
	}
	similar := b.Tanh(pairs(b, query, key))
	if !l.NoScale {
		similar = b.Mul(similar, weight(b, "scale", query, weightOptions{init: initializer.GlorotUniform{}}, query.Shape[2]))
	}
	return b.BatchMatMul(attention{l.CausalMask, nil, l.Dropout, l.Seed}.weights(b, b.Sum(similar, 3)), value)
}

// operands checks the fields of layer l and its operands.
func (Attention) operands(b *graph.Builder, l Layer, x *graph.Value) (query, value, key *graph.Value, ok bool) {
	operands, ok := operandsOf(b, l, x)
	if !ok {
		return nil, nil, nil, false
	}
	if query, value, key, ok = attended(b, operands, 3); !ok {
		return nil, nil, nil, false
	}
	if !slices.Equal(query.Shape[2:], key.Shape[2:]) {
		b.Errorf("got a query of shape %v and a key of shape %v, want the same number of features", query.Shape, key.Shape)
		return nil, nil, nil, false
	}
	return query, value, key, true
}

// pairs returns the sum of each row of the query and each row of the key: (batch, rows, other rows, features).
func pairs(b *graph.Builder, query, key *graph.Value) *graph.Value {
	q, k := query.Shape, key.Shape
	if tooLarge(tensor.Shape{q[1], k[1], q[2]}) {
		return b.Errorf("an example of query %v and key %v has more than %d numbers", q[1:], k[1:], maxElements)
	}
	return b.Add(b.Reshape(query, q[0], q[1], 1, q[2]), b.Reshape(key, k[0], 1, k[1], k[2]))
}
