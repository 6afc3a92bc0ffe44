package layer

import (
	"fmt"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/config"
	"github.com/lince-ml/lince/tensor"
)

// Rescaling multiplies by a number and adds another (keras.layers.Rescaling):
//
//	y = x*Scale + Offset
//
// For example, Scale: []float64{1. / 255} maps pixels from 0 to 255 to numbers from 0 to 1.
//
// Input shape: (batch, ..., features). Integers are converted to float32.
// Output shape: the input shape.
//
// Build reports an error if the operand is a Bool, or if Scale or Offset does not have one number,
// or one for each feature.
type Rescaling struct {
	// Scale is one number, or one number for each feature, in the range of float32. Required.
	Scale Numbers `keras:"scale,required"`
	// Offset is one number, or one number for each feature, in the range of float32. The default is
	// 0.
	Offset Numbers `keras:"offset,default=0"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32
}

// Numbers is either one number for all features, such as []float64{1. / 255}, or one number for
// each feature, such as []float64{.229, .224, .225}.
type Numbers []float64

// Build implements Layer.
func (l Rescaling) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	if !ok {
		return b.Invalid()
	}
	x, ok = toFloat(b, x)
	if !ok || !l.Scale.fit(b, "Scale", x) || !l.Offset.fit(b, "Offset", x) {
		return b.Invalid()
	}
	return b.Add(b.Mul(x, l.Scale.constant(b)), l.Offset.constant(b))
}

// toFloat converts integers to Float32.
func toFloat(b *graph.Builder, x *graph.Value) (*graph.Value, bool) {
	switch {
	case x.DType == tensor.Bool:
		b.Errorf("got values of type %v, want numbers", x.DType)
		return nil, false
	case !x.DType.IsFloat():
		return b.Cast(x, tensor.Float32), true
	}
	return x, true
}

// fit checks that n has one number, or one for each feature of x.
func (n Numbers) fit(b *graph.Builder, what string, x *graph.Value) bool {
	if len(n) == 1 || x.Rank() > 1 && x.Shape[x.Rank()-1] == len(n) {
		return true
	}
	b.Errorf("%s has %d numbers for shape %v, want 1 or one for each index of the last dimension", what, len(n), x.Shape)
	return false
}

// constant adds the numbers to a graph, as a scalar or a vector.
func (n Numbers) constant(b *graph.Builder) *graph.Value {
	if len(n) == 1 {
		return b.Constant(tensor.Float32, n[0])
	}
	v := make([]float32, len(n))
	for i, x := range n {
		v[i] = float32(x)
	}
	return b.Op(op.Const{Value: tensor.Of(v, len(v))})
}

func encodeNumbers(n Numbers) any { return config.EncodeFloats(n) }

// decodeNumbers reads a number, a list of numbers or a serialized NumPy array.
func decodeNumbers(r *config.Reader, key string, v any) (Numbers, bool) {
	of := v
	if class, conf := config.Object(v); class == "__numpy__" {
		of = conf["value"]
	}
	n, ok := config.DecodeFloats(of)
	if !ok || checkNumbers(n) != nil {
		r.Errorf("%s is %s, want a number or a list of numbers", key, config.Show(v))
		return nil, false
	}
	return n, true
}

func checkNumbers(n Numbers) error {
	if len(n) == 0 {
		return fmt.Errorf("got no numbers, want 1 or one for each feature")
	}
	return finite(n)
}
