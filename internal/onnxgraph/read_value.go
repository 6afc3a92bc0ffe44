package onnxgraph

import (
	"fmt"
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/numbers"
	"github.com/lince-ml/lince/tensor"
)

// value is a value of the file while its graph is read. It is at least one of these: a value of the graph, in some
// layout; a constant; numbers, some of which may depend on the batch size.
type value struct {
	name  string
	dtype tensor.DType // in the file
	dims  []num        // in the order of the file
	elem  int32        // the type of an input or initializer in the file, which dtype may only contain; or 0

	v      *graph.Value
	layout layout // in which v is stored

	t       *tensor.Tensor // the constant, in the order of the file
	weight  bool           // t comes from an initializer, so it may become a variable
	role    graph.Role     // of the variable
	path    string         // of the variable
	numbers []num          // of a scalar or a vector
	fill    *tensor.Tensor // the element that a large constant repeats, as a scalar

	forms map[string]*graph.Value // see as
	bad   bool                    // an error about it is recorded

	absent bool // an operand of a function that the call leaves out
}

func (x *value) rank() int { return len(x.dims) }

// shape returns the shape in the order of the file.
func (x *value) shape() tensor.Shape { return shapeOf(x.dims) }

// String describes the value for messages.
func (x *value) String() string { return x.dtype.String() + " " + x.shape().String() }

// constant returns a value with the elements of t.
func constant(name string, t *tensor.Tensor) *value {
	x := &value{name: name, dtype: t.DType(), t: t, path: name}
	for _, d := range t.Shape() {
		x.dims = append(x.dims, fixed(d))
	}
	return x
}

// nums returns the elements of a scalar or vector, as far as they are known when the graph is built, or nil.
func (x *value) nums() []num {
	if x.numbers == nil && x.t != nil && x.rank() <= 1 && x.t.Len() <= maxNumbers {
		x.numbers = numbersOf(x.t)
	}
	return x.numbers
}

// like makes the symbols of dimensions that are not known those of the same dimensions of y, which has the same rank. It is for
// ops that keep the sizes of these dimensions; axes lists them, none means all.
func (x *value) like(y *value, axes ...int) *value {
	for a, d := range x.dims {
		if d.s != nil && a < y.rank() && y.dims[a].s != nil && (len(axes) == 0 || slices.Contains(axes, a)) {
			x.dims[a] = y.dims[a]
		}
	}
	return x
}

// operandForm is a way in which an op takes a value: its dimensions are reshaped to pre, then permuted, then reshaped to
// post. nil leaves a step out. With a shape, all dimensions of the value must be known, except that there may be one that is unknown.
type operandForm struct {
	pre  tensor.Shape
	perm []int
	post tensor.Shape
}

// of applies the form to a value that is stored as in the file.
func (f operandForm) of(b *graph.Builder, v *graph.Value) *graph.Value {
	if f.pre != nil && v.Valid() && !v.Shape.Equal(f.pre) {
		v = b.Reshape(v, f.pre...)
	}
	if f.perm != nil {
		v = move(b, v, f.perm)
	}
	if f.post != nil && v.Valid() && !v.Shape.Equal(f.post) {
		v = b.Reshape(v, f.post...)
	}
	return v
}

// shape returns the shape of the result for a value of a shape.
func (f operandForm) shape(s tensor.Shape) tensor.Shape {
	if f.pre != nil {
		s = f.pre
	}
	if f.post != nil {
		return f.post
	}
	if f.perm != nil {
		return store(f.perm, s)
	}
	return s
}

// undo is the inverse of of, for a value whose shape in the file is known.
func (f operandForm) undo(b *graph.Builder, v *graph.Value, shape tensor.Shape) *graph.Value {
	pre := f.pre
	if pre == nil {
		pre = shape
	}
	if f.perm != nil {
		if f.post != nil {
			v = b.Reshape(v, store(f.perm, pre)...)
		}
		v = move(b, v, layout(f.perm).to(plain(len(f.perm))))
	}
	if !v.Shape.Equal(shape) {
		v = b.Reshape(v, shape...)
	}
	return v
}

// ofTensor applies the form to a tensor.
func (f operandForm) ofTensor(t *tensor.Tensor) *tensor.Tensor {
	if f.pre != nil {
		t = t.Reshape(f.pre...)
	}
	if f.perm != nil {
		t = numbers.Permute(t, f.perm)
	}
	if f.post != nil {
		t = t.Reshape(f.post...)
	}
	return t
}

// get returns x as a value of the graph that is stored in layout l.
func (r *reader) get(b *graph.Builder, x *value, l layout) *graph.Value {
	if x.v != nil && x.t == nil {
		if x.v.DType != x.dtype && x.v.Valid() { // integers of a quantized model, held as floats
			x.v, x.forms = b.Cast(x.v, x.dtype), nil
		}
		if slices.Equal(x.layout, l) {
			return x.v
		}
		key := fmt.Sprint(l)
		if x.forms[key] == nil {
			x.keep(key, move(b, x.v, x.layout.to(l)))
		}
		return x.forms[key]
	}
	return r.as(b, x, operandForm{perm: l})
}

func (x *value) keep(key string, v *graph.Value) {
	if x.forms == nil {
		x.forms = map[string]*graph.Value{}
	}
	x.forms[key] = v
}

// as returns x as a value of the graph in a form. An initializer of several floats becomes a variable, which is stored in
// the form in which it is needed first.
func (r *reader) as(b *graph.Builder, x *value, f operandForm) *graph.Value {
	key := fmt.Sprint(f)
	if v := x.forms[key]; v != nil {
		return v
	}
	var v *graph.Value
	switch {
	case x.t != nil && x.variable():
		v = r.variable(b, x, f)
	case x.t != nil:
		t := f.ofTensor(x.t)
		if x.weight && shared(t, x.t) { // the memory may be that of the file
			t = t.Clone()
		}
		v = b.Op(op.Const{Value: t})
	case x.fill != nil:
		v = r.filled(b, x.fill, f.shape(x.shape()))
	case x.v != nil:
		v = f.of(b, r.get(b, x, plain(x.rank())))
	default:
		v = f.of(b, r.computed(b, x))
	}
	x.keep(key, v)
	return v
}

// variable reports whether a constant becomes a variable. A single number is part of a formula, not a weight.
func (x *value) variable() bool { return x.weight && x.dtype.IsFloat() && x.t.Len() > 1 }

// shared reports whether two tensors begin at the same memory.
func shared(x, y *tensor.Tensor) bool {
	return x.Len() > 0 && y.Len() > 0 && &x.Raw()[0] == &y.Raw()[0]
}

// stored is a variable with the form in which it is stored.
type stored struct {
	v     *graph.Variable
	form  operandForm
	shape tensor.Shape // of the initializer
}

func (r *reader) variable(b *graph.Builder, x *value, f operandForm) *graph.Value {
	if s, ok := r.variables[x.path]; ok {
		v := s.form.undo(b, b.Read(s.v), s.shape)
		if !v.Shape.Equal(x.t.Shape()) {
			v = b.Reshape(v, x.t.Shape()...)
		}
		return f.of(b, v)
	}
	t := f.ofTensor(x.t)
	v, err := r.store.Declare(graph.Variable{Path: x.path, Type: op.Type{DType: t.DType(), Shape: t.Shape()}, Role: x.role})
	if err == nil {
		set := r.store.Take
		if shared(t, x.t) {
			set = r.store.Set
		}
		err = set(v, t)
	}
	if err != nil {
		return b.Errorf("%w", err)
	}
	r.variables[x.path] = stored{v, f, x.t.Shape()}
	return b.Read(v)
}

// computed makes a value of the graph of numbers, some of which depend on symbols.
func (r *reader) computed(b *graph.Builder, x *value) *graph.Value {
	parts := make([]*graph.Value, len(x.numbers))
	for i, k := range x.numbers {
		parts[i] = r.number(b, k, x.dtype)
		if x.rank() == 1 {
			parts[i] = b.Reshape(parts[i], 1)
		}
	}
	if x.rank() == 0 {
		return parts[0]
	}
	return b.Concat(0, parts...)
}

// filled returns a constant that repeats an element. It is not made before the run.
func (r *reader) filled(b *graph.Builder, fill *tensor.Tensor, shape tensor.Shape) *graph.Value {
	one := b.Op(op.Const{Value: fill.Reshape(slices.Repeat([]int{1}, len(shape))...)})
	if fill.DType() != tensor.Float32 || slices.Contains(shape, 0) {
		return b.Errorf("a constant of type %v and shape %v is too large", fill.DType(), shape)
	}
	after := make([]int, len(shape))
	for i, d := range shape {
		after[i] = d - 1
	}
	return b.Pad(one, make([]int, len(shape)), after, float64(fill.Float32s()[0]))
}

// number returns a number as a scalar of the graph.
func (r *reader) number(b *graph.Builder, k num, dtype tensor.DType) *graph.Value {
	if k.s == nil {
		return b.Op(op.Const{Value: tensorOf([]num{k}, dtype)})
	}
	size := b.Op(op.Size{Axes: []int{k.s.axis}, DType: dtype}, k.s.of)
	if k.k == 1 {
		return size
	}
	return b.Mul(size, b.Op(op.Const{Value: tensorOf([]num{fixed(k.k)}, dtype)}))
}
