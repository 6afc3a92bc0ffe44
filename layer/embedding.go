package layer

import (
	"github.com/lince-ml/lince/constraint"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/regularizer"
	"github.com/lince-ml/lince/tensor"
)

// Embedding replaces each integer by a learned vector (keras.layers.Embedding):
//
//	y[..., d] = embeddings[x[...], d]
//
// Input shape: (batch, ...). The numbers are integers from 0 to InputDim-1, of any integer type or
// as float32, whose fractions are cut off. -1 is the last vector, as in Keras. The vector of any
// other number is NaN. (In Keras such a number is an error.)
// Output shape: (batch, ..., OutputDim).
//
// Weights: embeddings (InputDim, OutputDim).
//
// Build reports an error if a field is out of range or the operand is a Bool. Masks (Keras'
// mask_zero) are not supported.
type Embedding struct {
	// InputDim is the number of vectors. Required. At least 1.
	InputDim int `keras:"input_dim,required,count"`
	// OutputDim is the length of a vector. Required. At least 1.
	OutputDim int `keras:"output_dim,required,count"`

	// EmbeddingsInitializer sets the initial values of the vectors. The default is RandomUniform.
	EmbeddingsInitializer initializer.Initializer `keras:"embeddings_initializer,default=RandomUniform"`
	// EmbeddingsRegularizer adds a penalty for the embeddings to the loss. The default is none.
	EmbeddingsRegularizer regularizer.Regularizer `keras:"embeddings_regularizer"`
	// ActivityRegularizer adds a penalty for the result of the layer to the loss. The default is none.
	ActivityRegularizer regularizer.Regularizer `keras:"activity_regularizer"`
	// EmbeddingsConstraint restricts the embeddings. The default is none.
	EmbeddingsConstraint constraint.Constraint `keras:"embeddings_constraint"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32

	_ struct{} `keras:"mask_zero,only=false"`
	_ struct{} `keras:"input_length,any,omit"` // written by Keras 2
}

// Build implements Layer.
func (l Embedding) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	if !ok {
		return b.Invalid()
	}
	like := &graph.Value{Type: op.Type{DType: tensor.Float32}}
	switch {
	case x.DType == tensor.Bool:
		return b.Errorf("got numbers of type %v, want integers", x.DType)
	case x.DType.IsFloat():
		like, x = x, b.Cast(x, tensor.Int32)
	}
	y := b.Gather(weight(b, "embeddings", like, weightOptions{l.EmbeddingsInitializer, l.EmbeddingsRegularizer, l.EmbeddingsConstraint}, l.InputDim, l.OutputDim), x)
	if !wantSmall(b, y) {
		return b.Invalid()
	}
	return regularizeActivity(b, l.ActivityRegularizer, y)
}
