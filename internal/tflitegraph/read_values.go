package tflitegraph

import (
	"encoding/binary"
	"fmt"

	"github.com/lince-ml/lince/format/tflite"
	"github.com/lince-ml/lince/format/tflite/tflitefb"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/numbers"
	"github.com/lince-ml/lince/tensor"
)

// has reports whether input i is given.
func (n *node) has(i int) bool { return i < len(n.Inputs) && n.Inputs[i] >= 0 }

// in returns input i as a value of the graph. An input that is not given is an error.
func (n *node) in(i int) *graph.Value {
	if !n.has(i) {
		return n.b.Errorf("lacks input %d", i)
	}
	return n.value(n.b, n.Inputs[i])
}

// set sets output 0.
func (n *node) set(v *graph.Value) { n.values[n.Outputs[0]] = v }

// options returns an operator's options, or their zero value if the operator has none.
func options[T any](n *node) *T {
	if o, ok := n.Options.(*T); ok && o != nil {
		return o
	}
	return new(T)
}

// value returns tensor i. A constant becomes a weight of b if it has several floating-point numbers, else a constant.
func (r *reader) value(b *graph.Builder, i int) *graph.Value {
	if v := r.values[i]; v != nil {
		return v
	}
	t := &r.sub.Tensors[i]
	if list, ok := r.ints[i]; ok {
		v := r.integers(b, t, list)
		r.values[i] = v
		return v
	}
	c, err := r.constant(i)
	if err != nil {
		return b.Errorf("%v", err)
	}
	var v *graph.Value
	if c.DType() == tensor.Float32 && c.Len() > 1 {
		v = r.weight(b, "constant", c)
	} else {
		v = b.Op(op.Const{Value: c})
	}
	r.values[i] = v
	return v
}

// integers returns known integers as a value.
func (r *reader) integers(b *graph.Builder, t *tflite.Tensor, list []int) *graph.Value {
	c := tensor.New(tensor.Int32, len(list))
	for j, n := range list {
		if n == tensor.Unknown {
			return b.Errorf("its input %q depends on the batch size", t.Name)
		}
		c.Raw() // Int32
		tensor.Values[int32](c)[j] = int32(n)
	}
	if len(t.Shape) == 0 && len(list) == 1 {
		c = c.Reshape()
	}
	return b.Cast(b.Op(op.Const{Value: c}), dtypeOf(t))
}

func dtypeOf(t *tflite.Tensor) tensor.DType {
	if t.Type == tflitefb.TensorTypeINT64 {
		return tensor.Int64
	}
	return tensor.Int32
}

// weight declares a weight with a value, which becomes part of it. Its name is name, or name_2, name_3 and so on.
func (r *reader) weight(b *graph.Builder, name string, c *tensor.Tensor) *graph.Value {
	path := name
	for k := 2; r.store.Lookup(b.Path()+"/"+path) != nil; k++ {
		path = fmt.Sprintf("%s_%d", name, k)
	}
	v := b.Variable(graph.Variable{Path: path, Type: op.Type{DType: c.DType(), Shape: c.Shape()}, Role: graph.Weight})
	if v.Valid() {
		if err := r.store.Take(r.store.Lookup(v.Node.Op.(op.Variable).Path), c); err != nil {
			return b.Errorf("%v", err)
		}
	}
	return v
}

// isConstant reports whether the file has the value of tensor i.
func (r *reader) isConstant(i int) bool {
	return r.consts[i] != nil || r.sub.Tensors[i].Data != nil || r.values[i] == nil && tensor.Shape(r.sub.Tensors[i].Shape).Elements() == 0
}

// view is constant for callers that do not keep the result: it may share memory with the file.
func (r *reader) view(i int) (*tensor.Tensor, error) {
	t := &r.sub.Tensors[i]
	native := binary.NativeEndian.Uint16([]byte{1, 0}) == 1 && tensor.Misaligned(t.Data, 4) == 0
	if r.consts[i] != nil || t.Type != tflitefb.TensorTypeFLOAT32 || t.Sparse || t.Data == nil || !native {
		return r.constant(i)
	}
	return tensor.Wrap(tensor.Float32, t.Shape, t.Data), nil
}

// constant returns the value of a constant. Half floats and quantized integers become float32.
func (r *reader) constant(i int) (*tensor.Tensor, error) {
	if c := r.consts[i]; c != nil {
		return c, nil
	}
	t := &r.sub.Tensors[i]
	switch {
	case !r.isConstant(i):
		return nil, fmt.Errorf("input %q is used before it is computed", t.Name)
	case t.Sparse:
		return nil, fmt.Errorf("the weights %q are stored in a sparse format, which lince does not read", t.Name)
	}
	elements, err := tensor.Shape(t.Shape).CheckedElements()
	if err != nil {
		return nil, fmt.Errorf("the constant %q: %w", t.Name, err)
	}
	need := len(t.Data) + 4*min(elements, 1<<40)
	if r.left -= min(need, 1<<50); r.left < 0 {
		return nil, fmt.Errorf("the constant %q and those before it need more memory than the size of the file justifies", t.Name)
	}
	if t.Quantization != nil && t.Type != tflitefb.TensorTypeFLOAT32 {
		return r.dequantized(t)
	}
	kind := numberTypes[t.Type]
	if kind == 0 {
		return nil, fmt.Errorf("the constant %q has the type %v, which lince does not read", t.Name, t.Type)
	}
	// The copy is aligned, which a hostile file's data need not be.
	data := tensor.Bytes(len(t.Data))
	copy(data, t.Data)
	c, err := kind.Decode(t.Shape, data)
	if err != nil {
		return nil, fmt.Errorf("the constant %q: %w", t.Name, err)
	}
	if c.DType() == tensor.BFloat16 {
		f := tensor.New(tensor.Float32, t.Shape...)
		err, c = numbers.Convert(f, c), f
	}
	return c, err
}

// numberTypes has the types of constants that can be read.
var numberTypes = map[tflitefb.TensorType]numbers.Type{
	tflitefb.TensorTypeFLOAT32:  numbers.Float32,
	tflitefb.TensorTypeFLOAT16:  numbers.Float16,
	tflitefb.TensorTypeBFLOAT16: numbers.BFloat16,
	tflitefb.TensorTypeINT32:    numbers.Int32,
	tflitefb.TensorTypeINT64:    numbers.Int64,
	tflitefb.TensorTypeBOOL:     numbers.Bool,
}

const weightsNote = "Weights of type "

// dequantized returns the real numbers of quantized weights.
func (r *reader) dequantized(t *tflite.Tensor) (*tensor.Tensor, error) {
	q := t.Quantization
	inner, count := 1, 1
	if len(q.Scale) > 1 {
		if q.Axis < 0 || q.Axis >= len(t.Shape) {
			return nil, fmt.Errorf("the weights %q are quantized along dimension %d of %v", t.Name, q.Axis, t.Shape)
		}
		count = t.Shape[q.Axis]
		inner = tensor.Shape(t.Shape[q.Axis+1:]).Elements()
	}
	if q.Custom || len(q.Scale) != count || len(q.ZeroPoint) > 0 && len(q.ZeroPoint) != count {
		return nil, fmt.Errorf("the weights %q are quantized in a way that lince does not read", t.Name)
	}
	r.note(weightsNote+"%v were read as float32. The TensorFlow Lite interpreter may also quantize what they are multiplied with, so its results differ a little.", t.Type)
	c := tensor.New(tensor.Float32, t.Shape...)
	for j := range c.Float32s() {
		var x int64
		switch t.Type {
		case tflitefb.TensorTypeINT8:
			x = int64(int8(t.Data[j]))
		case tflitefb.TensorTypeUINT8:
			x = int64(t.Data[j])
		case tflitefb.TensorTypeINT16:
			x = int64(int16(binary.LittleEndian.Uint16(t.Data[2*j:])))
		case tflitefb.TensorTypeINT32:
			x = int64(int32(binary.LittleEndian.Uint32(t.Data[4*j:])))
		default:
			return nil, fmt.Errorf("the weights %q are quantized as %v, which lince does not read", t.Name, t.Type)
		}
		k := j / max(inner, 1) % max(count, 1)
		if len(q.ZeroPoint) > 0 {
			x -= q.ZeroPoint[k]
		}
		c.Float32s()[j] = float32(float64(q.Scale[k]) * float64(x))
	}
	return c, nil
}

// numbers returns input i as integers, which must be known while the graph is built; an unknown batch size is tensor.Unknown. It
// returns nil and records an error if they are not known.
func (n *node) numbers(i int) []int {
	if !n.has(i) {
		n.b.Errorf("lacks input %d", i)
		return nil
	}
	list, err := n.known(n.Inputs[i])
	if err != nil {
		n.b.Errorf("input %d: %v", i, err)
	}
	return list
}

// known returns the integers of tensor i.
func (r *reader) known(i int) ([]int, error) {
	if list, ok := r.ints[i]; ok {
		return list, nil
	}
	t := &r.sub.Tensors[i]
	if !r.isConstant(i) || t.Sparse {
		return nil, fmt.Errorf("%q must be known before the network runs", t.Name)
	}
	const most = 1 << 16 // no list of axes, sizes or indices of these operators is as long
	if len(t.Data) > 8*most {
		return nil, fmt.Errorf("%q has %d bytes, which is too long a list", t.Name, len(t.Data))
	}
	list := []int{}
	switch t.Type {
	case tflitefb.TensorTypeINT32:
		for d := t.Data; len(d) >= 4; d = d[4:] {
			list = append(list, int(int32(binary.LittleEndian.Uint32(d))))
		}
	case tflitefb.TensorTypeINT64:
		for d := t.Data; len(d) >= 8; d = d[8:] {
			x := int64(binary.LittleEndian.Uint64(d))
			if int64(int32(x)) != x {
				return nil, fmt.Errorf("%q has the element %d, which is too large", t.Name, x)
			}
			list = append(list, int(x))
		}
	default:
		return nil, fmt.Errorf("%q has the type %v, want integers", t.Name, t.Type)
	}
	return list, nil
}

// axes returns input i as dimensions of a value of the given rank, and ok if they are valid. A negative one counts from the end.
func (n *node) axes(i, rank int) (list []int, ok bool) {
	given := n.numbers(i)
	if given == nil {
		return nil, false
	}
	list = []int{}
	for _, a := range given {
		a, ok := n.axis(a, rank)
		if !ok {
			return nil, false
		}
		list = append(list, a)
	}
	return list, true
}

// axis returns a dimension of a value of the given rank.
func (n *node) axis(a, rank int) (int, bool) {
	if a < -rank || a >= rank {
		n.b.Errorf("there is no axis %d in %d dimensions", a, rank)
		return 0, false
	}
	return (a + rank) % rank, true
}
