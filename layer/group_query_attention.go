package layer

import (
	"math"

	"github.com/lince-ml/lince/constraint"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/regularizer"
	"github.com/lince-ml/lince/tensor"
)

// GroupQueryAttention is MultiHeadAttention whose heads share keys and values: each head of key and
// value serves NumQueryHeads/NumKeyValueHeads adjacent heads of the query
// (keras.layers.GroupQueryAttention):
//
//	Q = q*kernel + bias   (for each head of the query)
//	K = k*kernel + bias;  V = v*kernel + bias   (for each head of key and value)
//	head = softmax(Q K' / sqrt(HeadDim)) V
//	y = all heads * kernel + bias
//
// It has two or three operands: query, value and, if it is not the value, key.
//
// Input shape: query (batch, rows, features), value and key (batch, other rows, features).
// Output shape: (batch, rows, features of the query).
//
// Weights: for each of query, key, gate (with UseGate) and value, a kernel (features, heads, HeadDim) and a
// bias (heads, HeadDim); and for attention_output, a kernel (NumQueryHeads, HeadDim, features) and a bias
// (features).
//
// Build reports an error if a field is out of range, the operands are not float32, differ in the batch or have
// other than three dimensions or an unknown dimension after the batch, or value and key differ in the number of
// rows. NumKeyValueHeads must divide NumQueryHeads. Masks of other layers, attention_mask and
// return_attention_scores are not supported.
//
// Source: Ainslie et al., 2023 (arXiv:2305.13245).
type GroupQueryAttention struct {
	// HeadDim is the length of a query, a key and a value in a head. Required. At least 1.
	HeadDim int `keras:"head_dim,required,count"`
	// NumQueryHeads is the number of heads of the query. Required. At least 1.
	NumQueryHeads int `keras:"num_query_heads,required,count"`
	// NumKeyValueHeads is the number of heads of key and value. Required. At least 1.
	NumKeyValueHeads int `keras:"num_key_value_heads,required,count"`
	// Dropout is the probability that a weight of a mean is set to 0 in training. From 0 to 1. The default
	// is 0.
	Dropout float64 `keras:"dropout,min=0,max=1"`
	// NoBias omits all biases (Keras' use_bias=False). The default is false.
	NoBias bool `keras:"use_bias,inverted"`
	// UseGate multiplies the heads by a gate, sigmoid(q*kernel + bias). The default is false.
	UseGate bool `keras:"use_gate"`
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
	// ActivityRegularizer adds a penalty for the result of each product with a kernel, and for the result of
	// the layer, to the loss. The default is none.
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
func (GroupQueryAttention) Operands() (least, most int) { return 2, 3 }

// OperandNames implements Separate.
func (GroupQueryAttention) OperandNames() []string { return []string{"query", "value", "key"} }

// UsesCausalMask implements CausalMasked.
func (l GroupQueryAttention) UsesCausalMask() bool { return l.CausalMask }

// SetCausalMask implements CausalMasked.
func (l GroupQueryAttention) SetCausalMask(use bool) Layer { l.CausalMask = use; return l }

// Groups implements Grouped.
func (GroupQueryAttention) Groups() []Group {
	return []Group{
		{"_query_dense", "query", within("query")},
		{"_key_dense", "key", within("key")},
		{"_gate_dense", "gate", within("gate")},
		{"_value_dense", "value", within("value")},
		{"_output_dense", "attention_output", within("attention_output")},
	}
}

func (l GroupQueryAttention) check() error {
	if l.NumKeyValueHeads > 0 && l.NumQueryHeads%l.NumKeyValueHeads != 0 {
		return wrongf("NumQueryHeads is %d, want a multiple of NumKeyValueHeads, which is %d", l.NumQueryHeads, l.NumKeyValueHeads)
	}
	return nil
}

// Build implements Layer.
func (l GroupQueryAttention) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	operands, ok := operandsOf(b, l, x)
	if !ok {
		return b.Invalid()
	}
	l, _ = Ready(b, l, operands[0])
	query, value, key, ok := attended(b, operands, 3)
	if !ok {
		return b.Invalid()
	}
	if tooLarge(tensor.Shape{max(query.Shape[1], value.Shape[1]), l.NumQueryHeads, l.HeadDim}) {
		return b.Errorf("an example of the query, %v, would give more than %d numbers", query.Shape[1:], maxElements)
	}
	p := projection{
		weightOptions{l.KernelInitializer, l.KernelRegularizer, l.KernelConstraint}, weightOptions{l.BiasInitializer, l.BiasRegularizer, l.BiasConstraint},
		l.NoBias, l.ActivityRegularizer,
	}
	rows, keys, heads, shared, n := query.Shape[1], key.Shape[1], l.NumQueryHeads, l.NumKeyValueHeads, l.HeadDim
	q := b.Scale(p.apply(b, "query", query, 1, heads, n), 1/math.Sqrt(float64(n)))
	k := p.apply(b, "key", key, 1, shared, n)
	var gate *graph.Value
	if l.UseGate {
		gate = p.gate(b, query, heads, n)
	}
	v := p.apply(b, "value", value, 1, shared, n)

	// One product for each head of key and value, whose rows are those of all its heads of the query.
	q = b.Reshape(b.Transpose(q, 0, 2, 1, 3), tensor.Unknown, shared, heads/shared*rows, n)
	scores := b.BatchMatMul(q, b.Transpose(k, 0, 2, 3, 1))
	a := attention{l.CausalMask, l.SlidingWindow, l.Dropout, l.Seed}
	weights := a.weights(b, b.Reshape(scores, tensor.Unknown, heads, rows, keys))
	weights = b.Reshape(weights, tensor.Unknown, shared, heads/shared*rows, keys)
	y := b.BatchMatMul(weights, b.Transpose(v, 0, 2, 1, 3))
	y = b.Transpose(b.Reshape(y, tensor.Unknown, heads, rows, n), 0, 2, 1, 3)
	if gate != nil {
		y = b.Mul(y, gate)
	}
	return regularizeActivity(b, l.ActivityRegularizer, p.apply(b, "attention_output", y, 2, query.Shape[2]))
}
