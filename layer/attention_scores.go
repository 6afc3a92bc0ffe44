package layer

import (
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/regularizer"
	"github.com/lince-ml/lince/tensor"
)

// projection is the multiplication by a kernel in MultiHeadAttention and GroupQueryAttention, with a bias unless noBias is set.
type projection struct {
	kernel, bias weightOptions
	noBias       bool
	activity     regularizer.Regularizer
}

// apply multiplies the last dimensions of x, of which inner are summed, by the kernel of the layer's part name. out are the
// dimensions of the result after the others of x, all of which but the batch must be known.
func (p projection) apply(b *graph.Builder, name string, x *graph.Value, inner int, out ...int) *graph.Value {
	return regularizeActivity(b, p.activity, p.product(b, name, x, inner, out...))
}

// gate is apply for the gate of the query, with its activation.
func (p projection) gate(b *graph.Builder, query *graph.Value, out ...int) *graph.Value {
	return regularizeActivity(b, p.activity, b.Sigmoid(p.product(b, "gate", query, 1, out...)))
}

func (p projection) product(b *graph.Builder, name string, x *graph.Value, inner int, out ...int) *graph.Value {
	if !x.Valid() {
		return b.Invalid()
	}
	b = b.In(name, "")
	first := x.Rank() - inner
	in := x.Shape[first:]
	n, m := in.Elements(), tensor.Shape(out).Elements()
	p.kernel.init = withFans(p.kernel.init, n, m)
	kernel := weight(b, "kernel", x, p.kernel, append(in.Clone(), out...)...)
	y := b.MatMul(b.Reshape(x, tensor.Unknown, n), b.Reshape(kernel, n, m))
	if !p.noBias {
		y = b.Add(y, b.Reshape(weight(b, "bias", x, p.bias, out...), m))
	}
	return b.Reshape(y, append(x.Shape[:first].Clone(), out...)...)
}

// attention is scaled dot-product attention: softmax(query key') value. Operands have the dimensions (..., rows, features).
// The dimensions before are those of query.
type attention struct {
	causal bool
	window *int // a row attends to keys at a distance below it; nil for all
	rate   float64
	seed   *int
}

func (a attention) apply(b *graph.Builder, query, key, value *graph.Value) *graph.Value {
	scores := b.Op(op.BatchMatMul{TransposeB: true}, query, key)
	return b.BatchMatMul(a.weights(b, scores), value)
}

// weights returns the softmax of scores, whose last dimensions are queries and keys, with masks and dropout.
func (a attention) weights(b *graph.Builder, scores *graph.Value) *graph.Value {
	if !scores.Valid() {
		return scores
	}
	if a.causal || a.window != nil {
		scores = a.mask(b, scores)
	}
	p := b.Softmax(scores)
	if a.rate == 0 {
		return p
	}
	return Dropout{Rate: a.rate, Seed: a.seed}.Build(b.In("dropout", ""), p)
}

// masked is the score of a key that is masked. Its probability is 0, unless all keys are masked.
const masked = -1e30

// mask replaces the scores of the keys to which a query does not attend.
func (a attention) mask(b *graph.Builder, scores *graph.Value) *graph.Value {
	rank := scores.Rank()
	query := b.Reshape(b.Op(op.Const{Value: upTo(scores.Shape[rank-2])}), tensor.Unknown, 1)
	key := b.Op(op.Const{Value: upTo(scores.Shape[rank-1])})
	out := b.Constant(tensor.Float32, masked)
	if a.causal {
		scores = b.Select(b.Binary(op.GreaterEqual, query, key), scores, out)
	}
	if a.window != nil {
		near := b.Binary(op.Less, b.Abs(b.Sub(query, key)), b.Constant(tensor.Float32, float64(*a.window)))
		scores = b.Select(near, scores, out)
	}
	return scores
}

// upTo returns the numbers 0 to n-1. A float32 has all integers up to maxSize.
func upTo(n int) *tensor.Tensor {
	t := tensor.New(tensor.Float32, n)
	for i := range n {
		t.Float32s()[i] = float32(i)
	}
	return t
}

// attended returns the query, the value and the key (default: the value) of operands that are sequences of features. It
// checks that all dimensions but the batch are known, and that value and key have the same number of rows.
func attended(b *graph.Builder, operands []*graph.Value, rank int) (query, value, key *graph.Value, ok bool) {
	query, value = operands[0], operands[1]
	key = operands[len(operands)-1]
	for _, v := range operands {
		if v.Rank() != query.Rank() || v.Rank() < 3 || rank > 0 && v.Rank() != rank {
			b.Errorf("got operands of shapes %s, want (batch, rows, features) for query, value and key", shapesOf(operands))
			return nil, nil, nil, false
		}
		if slices.Contains(v.Shape[1:], tensor.Unknown) {
			b.Errorf("got operands of shapes %s, want known dimensions after the batch; set all sizes in the Shape of Input", shapesOf(operands))
			return nil, nil, nil, false
		}
		if !wantSmall(b, v) {
			return nil, nil, nil, false
		}
	}
	last := key.Rank() - 1
	if !slices.Equal(key.Shape[1:last], value.Shape[1:last]) {
		b.Errorf("got a value of shape %v and a key of shape %v, want the same number of rows", value.Shape, key.Shape)
		return nil, nil, nil, false
	}
	if tooLarge(append(query.Shape[1:last].Clone(), key.Shape[1:last]...)) {
		b.Errorf("an example of query %v and key %v has more than %d scores", query.Shape[1:], key.Shape[1:], maxElements)
		return nil, nil, nil, false
	}
	return query, value, key, true
}
