package layer

import (
	"slices"

	"github.com/lince-ml/lince/constraint"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/regularizer"
	"github.com/lince-ml/lince/tensor"
)

// Dense computes a weighted sum of the features for each unit (keras.layers.Dense):
//
//	y[u] = Activation(bias[u] + sum over f of x[f] * kernel[f,u])
//
// Input shape: (batch, ..., features). The features are the last dimension.
// Output shape: (batch, ..., Units).
//
// Weights: kernel (features, Units) and bias (Units).
//
// Build reports an error if a field is out of range, the operand is not float32 or has fewer
// than two dimensions, or the number of features is unknown. With more than two dimensions, all
// dimensions after the batch must be known, except for the height and width of images, shape
// (batch, height, width, features).
type Dense struct {
	// Units is the number of units. Each unit gives one output feature. Required. At least 1.
	Units int `keras:"units,required,count"`
	// Activation is applied to the result. The default is Linear.
	Activation Activation `keras:"activation,default=linear"`
	// NoBias omits the bias (Keras' use_bias=False). The default is false.
	NoBias bool `keras:"use_bias,inverted"`

	// KernelInitializer sets the initial values of the kernel. The default is GlorotUniform.
	KernelInitializer initializer.Initializer `keras:"kernel_initializer,default=GlorotUniform"`
	// BiasInitializer sets the initial values of the bias. The default is Zeros.
	BiasInitializer initializer.Initializer `keras:"bias_initializer,default=Zeros"`
	// KernelRegularizer adds a penalty for the kernel to the loss. The default is none.
	KernelRegularizer regularizer.Regularizer `keras:"kernel_regularizer"`
	// BiasRegularizer adds a penalty for the bias to the loss. The default is none.
	BiasRegularizer regularizer.Regularizer `keras:"bias_regularizer"`
	// ActivityRegularizer adds a penalty for the result of the layer to the loss. The default is none.
	ActivityRegularizer regularizer.Regularizer `keras:"activity_regularizer,omitempty"`
	// KernelConstraint restricts the kernel. The default is none.
	KernelConstraint constraint.Constraint `keras:"kernel_constraint"`
	// BiasConstraint restricts the bias. The default is none.
	BiasConstraint constraint.Constraint `keras:"bias_constraint"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32
}

// FinalActivation implements Activated.
func (l Dense) FinalActivation() Function { return finalOf(l.Activation) }

// Build implements Layer.
func (l Dense) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	if !ok || !wantFloat(b, x) {
		return b.Invalid()
	}
	rank := x.Rank()
	if rank < 2 {
		return b.Errorf("got shape %v, want (batch, features)", x.Shape)
	}
	in := x.Shape[rank-1]
	if in == tensor.Unknown {
		return b.Errorf("got shape %v, want a known number of features; set all sizes in the Shape of Input", x.Shape)
	}
	if !wantSmall(b, x) {
		return b.Invalid()
	}
	kernel := weight(b, "kernel", x, weightOptions{l.KernelInitializer, l.KernelRegularizer, l.KernelConstraint}, in, l.Units)
	var y *graph.Value
	unknown := slices.Contains(x.Shape[1:], tensor.Unknown)
	switch {
	case unknown && rank == 4: // images; a 1x1 convolution is the same
		y = b.Conv2D(x, b.Reshape(kernel, 1, 1, in, l.Units), op.Window{Size: [2]int{1, 1}, Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}})
	case unknown:
		return b.Errorf("got shape %v, want known dimensions after the batch", x.Shape)
	case rank > 2:
		y = b.MatMul(b.Reshape(x, tensor.Unknown, in), kernel)
	default:
		y = b.MatMul(x, kernel)
	}
	if !l.NoBias {
		y = b.Add(y, weight(b, "bias", x, weightOptions{l.BiasInitializer, l.BiasRegularizer, l.BiasConstraint}, l.Units))
	}
	if rank > 2 && !unknown {
		shape := x.Shape.Clone()
		shape[rank-1] = l.Units
		y = b.Reshape(y, shape...)
	}
	if !wantSmall(b, y) {
		return b.Invalid()
	}
	return regularizeActivity(b, l.ActivityRegularizer, activate(b, l.Activation, y))
}
