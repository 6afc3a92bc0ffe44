package layer

import (
	"math"
	"slices"

	"github.com/lince-ml/lince/constraint"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/regularizer"
	"github.com/lince-ml/lince/tensor"
)

// MultiHeadAttention computes, for each row of a query, weighted means of the rows of a value, with
// weights from the similarity of the query to the rows of a key (keras.layers.MultiHeadAttention).
// It does this in several heads, each with its own kernels for query q, key k and value v:
//
//	Q = q*kernel + bias;  K = k*kernel + bias;  V = v*kernel + bias   (for each head)
//	head = softmax(Q K' / sqrt(KeyDim)) V
//	y = all heads * kernel + bias
//
// It has two or three operands: query, value and, if it is not the value, key. For self-attention they are
// one value: lince.Apply(layer.MultiHeadAttention{...}, x, x).
//
// Input shape: query (batch, rows, features), value and key (batch, other rows, features). The numbers
// of features may differ. There can be more dimensions of rows.
// Output shape: (batch, rows, features of the query), or (batch, rows, OutputShape...).
//
// Weights: for each of query, key, gate (with UseGate) and value, a kernel (features, NumHeads, KeyDim or
// ValueDim) and a bias (NumHeads, KeyDim or ValueDim); and for attention_output, a kernel (NumHeads,
// ValueDim, output) and a bias (output).
//
// Build reports an error if a field is out of range, the operands are not float32, differ in the batch or in
// the number of dimensions, or have an unknown dimension after the batch, or value and key differ in the
// number of rows. Masks of other layers, attention_mask and return_attention_scores are not supported.
//
// Source: Vaswani et al., 2017 (arXiv:1706.03762).
type MultiHeadAttention struct {
	// NumHeads is the number of heads. Required. At least 1.
	NumHeads int `keras:"num_heads,required,count"`
	// KeyDim is the length of a query and of a key in a head. Required. At least 1.
	KeyDim int `keras:"key_dim,required,count"`
	// ValueDim is the length of a value in a head. At least 1. The default is KeyDim.
	ValueDim int `keras:"value_dim,like=KeyDim,count"`
	// Dropout is the probability that a weight of a mean is set to 0 in training. From 0 to 1. The default
	// is 0.
	Dropout float64 `keras:"dropout,min=0,max=1"`
	// NoBias omits all biases (Keras' use_bias=False). The default is false.
	NoBias bool `keras:"use_bias,inverted"`
	// UseGate multiplies the heads by a gate, sigmoid(q*kernel + bias). The default is false.
	UseGate bool `keras:"use_gate"`
	// OutputShape is the shape of an output row. Each at least 1. The default, nil, is the number of features
	// of the query.
	OutputShape []int `keras:"output_shape,count"`
	// AttentionAxes lists the dimensions of rows over which the means are taken; the other dimensions of rows
	// are like the batch. The default, nil, is all of them.
	AttentionAxes []int `keras:"attention_axes"`
	// SlidingWindow, if not nil, excludes rows of the key whose distance to the query's row is SlidingWindow or more.
	// At least 1. The default is nil.
	SlidingWindow *int `keras:"sliding_window,min=1"`
	// Seed makes the masks of Dropout independent of the model's seed. Any integer. The default, nil, uses
	// the model's seed.
	Seed *int `keras:"seed"`
	// CausalMask excludes rows of the key after the query's row. In Keras it is the argument use_causal_mask of
	// the call. The default is false.
	CausalMask bool

	// KernelInitializer sets the initial values of the kernels. The default is GlorotUniform.
	KernelInitializer initializer.Initializer `keras:"kernel_initializer,default=GlorotUniform"`
	// BiasInitializer sets the initial values of the biases. The default is Zeros.
	BiasInitializer initializer.Initializer `keras:"bias_initializer,default=Zeros"`
	// KernelRegularizer adds a penalty for the kernels to the loss. The default is none.
	KernelRegularizer regularizer.Regularizer `keras:"kernel_regularizer"`
	// BiasRegularizer adds a penalty for the biases to the loss. The default is none.
	BiasRegularizer regularizer.Regularizer `keras:"bias_regularizer"`
	// ActivityRegularizer adds a penalty for the result of each product with a kernel to the loss. The default is none.
	ActivityRegularizer regularizer.Regularizer `keras:"activity_regularizer"`
	// KernelConstraint restricts the kernels. The default is none.
	KernelConstraint constraint.Constraint `keras:"kernel_constraint"`
	// BiasConstraint restricts the biases. The default is none.
	BiasConstraint constraint.Constraint `keras:"bias_constraint"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32
}

// Operands implements MultiOperand.
func (MultiHeadAttention) Operands() (least, most int) { return 2, 3 }

// OperandNames implements Separate.
func (MultiHeadAttention) OperandNames() []string { return []string{"query", "value", "key"} }

// UsesCausalMask implements CausalMasked.
func (l MultiHeadAttention) UsesCausalMask() bool { return l.CausalMask }

// SetCausalMask implements CausalMasked.
func (l MultiHeadAttention) SetCausalMask(use bool) Layer { l.CausalMask = use; return l }

// Groups implements Grouped.
func (MultiHeadAttention) Groups() []Group {
	return []Group{
		{"query_dense", "query", within("query")},
		{"key_dense", "key", within("key")},
		{"_gate_dense", "gate", within("gate")},
		{"value_dense", "value", within("value")},
		{"output_dense", "attention_output", within("attention_output")},
	}
}

// Build implements Layer.
func (l MultiHeadAttention) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	operands, ok := operandsOf(b, l, x)
	if !ok {
		return b.Invalid()
	}
	l, _ = Ready(b, l, operands[0])
	query, value, key, ok := attended(b, operands, 0)
	if !ok {
		return b.Invalid()
	}
	axes, ok := l.axes(b, query, value)
	if !ok {
		return b.Invalid()
	}
	out := l.OutputShape
	if len(out) == 0 {
		out = query.Shape[query.Rank()-1:]
	}
	if tooLarge(tensor.Shape{query.Shape[1:].Elements(), l.NumHeads, max(l.KeyDim, l.ValueDim)}) || tooLarge(append(query.Shape[1:].Clone(), out...)) {
		return b.Errorf("an example of the query, %v, would give more than %d numbers", query.Shape[1:], maxElements)
	}
	p := projection{
		weightOptions{l.KernelInitializer, l.KernelRegularizer, l.KernelConstraint}, weightOptions{l.BiasInitializer, l.BiasRegularizer, l.BiasConstraint},
		l.NoBias, l.ActivityRegularizer,
	}
	q := b.Scale(p.apply(b, "query", query, 1, l.NumHeads, l.KeyDim), 1/math.Sqrt(float64(l.KeyDim)))
	k := p.apply(b, "key", key, 1, l.NumHeads, l.KeyDim)
	var gate *graph.Value
	if l.UseGate {
		gate = p.gate(b, query, l.NumHeads, l.ValueDim)
	}
	v := p.apply(b, "value", value, 1, l.NumHeads, l.ValueDim)
	if !q.Valid() || !k.Valid() || !v.Valid() {
		return b.Invalid()
	}

	// The dimensions become (batch and other dimensions, heads, axes, features), and the axes one dimension.
	rank := q.Rank()
	var perm []int
	for d := range rank - 2 {
		if !slices.Contains(axes, d) {
			perm = append(perm, d)
		}
	}
	perm = append(append(append(perm, rank-2), axes...), rank-1)
	stack := func(x *graph.Value) (stacked *graph.Value, whole tensor.Shape) {
		x = transposed(b, x, perm)
		rows := x.Shape[rank-1-len(axes) : rank-1].Elements()
		return b.Reshape(x, append(x.Shape[:rank-1-len(axes)].Clone(), rows, x.Shape[rank-1])...), x.Shape
	}
	q, whole := stack(q)
	k, _ = stack(k)
	v, _ = stack(v)
	a := attention{l.CausalMask, l.SlidingWindow, l.Dropout, l.Seed}
	y := a.apply(b, q, k, v)
	whole = whole.Clone()
	whole[rank-1] = l.ValueDim
	y = transposed(b, b.Reshape(y, whole...), inverse(perm))
	if gate != nil {
		y = b.Mul(y, gate)
	}
	return p.apply(b, "attention_output", y, 2, out...)
}

// axes returns the dimensions over which the means are taken, in ascending order.
func (l MultiHeadAttention) axes(b *graph.Builder, query, value *graph.Value) ([]int, bool) {
	rank := query.Rank()
	var axes []int
	for _, a := range l.AttentionAxes {
		if a < 0 {
			a += rank
		}
		if a < 1 || a >= rank-1 || slices.Contains(axes, a) {
			b.Errorf("AttentionAxes is %v for a query of shape %v, want different dimensions from 1 to %d", l.AttentionAxes, query.Shape, rank-2)
			return nil, false
		}
		axes = append(axes, a)
	}
	for d := 1; d < rank-1 && l.AttentionAxes == nil; d++ {
		axes = append(axes, d)
	}
	if len(axes) == 0 || !slices.IsSorted(axes) {
		b.Errorf("AttentionAxes is %v, want at least one dimension, in ascending order", l.AttentionAxes)
		return nil, false
	}
	for d := 1; d < rank-1; d++ {
		if !slices.Contains(axes, d) && query.Shape[d] != value.Shape[d] {
			b.Errorf("got a query of shape %v and a value of shape %v, want the same size of dimension %d, which is not in AttentionAxes", query.Shape, value.Shape, d)
			return nil, false
		}
	}
	if (l.CausalMask || l.SlidingWindow != nil) && rank != 3 {
		b.Errorf("got a query of shape %v, want (batch, rows, features) with CausalMask or SlidingWindow", query.Shape)
		return nil, false
	}
	return axes, true
}
