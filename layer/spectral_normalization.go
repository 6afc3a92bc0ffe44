package layer

import (
	"cmp"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/internal/config"
	"github.com/lince-ml/lince/tensor"
)

// SpectralNormalization divides the kernel of a layer by an estimate of its spectral norm, its largest
// singular value, in each training step (keras.layers.SpectralNormalization):
//
//	v = u W' / |u W'|;  u = v W / |v W|     (PowerIterations times)
//	kernel = kernel / (v W u')
//
// W is the kernel as a matrix (..., units), and u is vector_u. The layer computes its result and its
// gradient with the new kernel, and the optimizer updates it. A kernel of zeros is not changed. In
// prediction, the layer uses its kernel unchanged. With Frozen, the kernel is still normalized in training, as in
// Keras.
//
// Input shape: that of Layer.
// Output shape: that of Layer.
//
// Weights: those of Layer. State: vector_u (1, units).
//
// Build reports an error if a field is out of range, if Layer has neither a kernel nor embeddings or reports an
// error, or, in training, if the layer is applied twice or the kernel has a regularizer.
//
// Source: Miyato et al., 2018 (arXiv:1802.05957).
type SpectralNormalization struct {
	// Layer is the layer whose kernel is normalized, such as Dense or Conv2D. Required.
	Layer Layer `keras:"layer,required"`
	// PowerIterations is the number of iterations of each step. At least 1. The default is 1.
	PowerIterations int `keras:"power_iterations,default=1,min=1,max=1000"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32
}

// FinalActivation implements Activated.
func (l SpectralNormalization) FinalActivation() Function {
	f, _ := FinalActivation(l.Layer)
	return f
}

// Groups implements Grouped. As in Keras, the kernel is in the file twice.
func (l SpectralNormalization) Groups() []Group {
	inner := l.inner()
	own := func(p string) bool { return p == inner+"/kernel" || p == inner+"/embeddings" || p == "vector_u" }
	return append([]Group{{"", "", own}}, groupsOf(l.Layer, "layer", inner)...)
}

// inner is the path of the layer's variables.
func (l SpectralNormalization) inner() string {
	return cmp.Or(NameOf(l.Layer), config.SnakeCase(ClassOf(l.Layer)))
}

// Build implements Layer.
func (l SpectralNormalization) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	if l.Layer == nil {
		return b.Invalid()
	}
	if least, _ := Operands(l.Layer); least > 1 {
		return b.Errorf("Layer is %s, want a layer with one operand and a kernel", ClassOf(l.Layer))
	}
	var kernel, normal, vector *graph.Value
	mistakes := b.Mistakes()
	in := b.In(l.inner(), "")
	if ConfigOf(l.Layer)["trainable"] == false {
		in = in.Freeze()
	}
	y := l.Layer.Build(in.Replace(func(path string, w *graph.Value) *graph.Value {
		if path != "kernel" && path != "embeddings" || !w.Valid() {
			return w
		}
		kernel = w
		vector = b.Variable(graph.Variable{
			Path: "vector_u", Type: op.Type{DType: w.DType, Shape: tensor.Shape{1, w.Shape[w.Rank()-1]}}, Role: graph.State,
			Init: initializer.TruncatedNormal{Stddev: .02},
		})
		if !b.Training() {
			return w
		}
		if v := b.Store().Lookup(in.Path() + "/" + path); v != nil && v.Regularizer != nil {
			return b.Errorf("a regularizer of the %s is not supported together with spectral normalization", path)
		}
		normal = l.normalize(b, w, vector)
		return normal
	}), x)
	switch {
	case !ok:
		return b.Invalid()
	case b.Mistakes() == mistakes && kernel == nil:
		return b.Errorf("Layer is %s, which has neither a kernel nor embeddings", ClassOf(l.Layer))
	}
	return y
}

// normalize returns the normalized kernel, and updates the kernel and u.
func (l SpectralNormalization) normalize(b *graph.Builder, kernel, vector *graph.Value) *graph.Value {
	if b.Updates(vector) {
		return b.Errorf("the layer is applied twice, which is not supported in training")
	}
	w := b.Reshape(kernel, tensor.Unknown, vector.Shape[1])
	const least = 1e-7
	u := vector
	var v *graph.Value
	for range l.PowerIterations {
		v = unit(b, b.Op(op.MatMul{TransposeB: true}, u, w), least)
		u = unit(b, b.MatMul(v, w), least)
	}
	sigma := b.Reshape(b.Op(op.MatMul{TransposeB: true}, b.MatMul(v, w), u))
	some := b.Binary(op.Greater, b.Op(op.Reduce{Fn: op.ReduceMax}, b.Abs(kernel)), b.Constant(kernel.DType, 0))
	normal := b.Op(op.StraightThrough{}, kernel, b.Select(some, b.Div(kernel, sigma), kernel))
	b.Assign(kernel, normal)
	b.Assign(vector, b.Select(some, u, vector))
	return normal
}

func encodeLayer(l Layer) any { return config.Same{Module: "keras.layers", Of: l} }

func decodeLayer(r *config.Reader, key string, v any) (Layer, bool) {
	class, conf := config.Object(v)
	if class == "" {
		r.Errorf("%s is %s, want a layer", key, config.Show(v))
		return nil, false
	}
	l, err := r.Same(class, conf)
	if err != nil {
		r.Fail(key, err)
		return nil, false
	}
	return l.(Layer), true
}
