package tflitegraph

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/lince-ml/lince/format/tflite"
	"github.com/lince-ml/lince/format/tflite/tflitefb"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// WriteOptions has what a file says about a model besides the graph.
type WriteOptions struct {
	Name        string // of the model
	Description string
	// Outputs has the names of the outputs, in order. The default is their keys in the graph.
	Outputs []string
	// Classes has a name for each index of the last dimension of the first output. They become a list of labels.
	Classes []string
	// Mean and Std are those of the normalization (x-Mean)/Std of pixels from 0 to 255 before the first input, each with one
	// element or one for each channel.
	Mean, Std []float64
	// Metadata is stored by name.
	Metadata map[string]string
}

// labels is the name of the list of classes in the archive that follows the model.
const labels = "labels.txt"

// minRuntime is the first version of the interpreter that has all operators which Write uses.
const minRuntime = "2.12.0"

// Write makes a model of a graph for predictions and its variables. Operations on variables alone, such as those of batch
// normalization, are computed here, and folded into the filter and the bias of the convolution or product before them. If the
// graph has ops that TensorFlow Lite cannot express, the error names all of them, with their layers.
func Write(g *graph.Graph, store *graph.Store, o WriteOptions) (*tflite.Model, error) {
	w := &writer{store: store, users: map[*graph.Value]int{}, consts: map[*graph.Value]*tensor.Tensor{}, index: map[*graph.Value]int{}, small: map[string]int{}}
	if err := w.fold(g); err != nil {
		return nil, err
	}
	sig := tflite.Signature{Key: "serving_default"}
	for _, v := range g.Inputs {
		key := v.Node.Op.(op.Input).Key
		i := w.add(v.Type, key)
		w.index[v] = i
		w.sub.Inputs = append(w.sub.Inputs, i)
		sig.Inputs = append(sig.Inputs, tflite.Named{Name: key, Tensor: i})
	}
	for _, s := range w.steps(g) {
		w.at = s.node
		s.emit(w)
	}
	for k, out := range g.Outputs {
		if o.Outputs != nil {
			out.Key = o.Outputs[k]
		}
		i := w.output(out)
		w.sub.Outputs = append(w.sub.Outputs, i)
		sig.Outputs = append(sig.Outputs, tflite.Named{Name: out.Key, Tensor: i})
	}
	if w.errs != nil {
		return nil, errors.Join(w.errs...)
	}
	m := &tflite.Model{Description: o.Description, Subgraphs: []tflite.Subgraph{w.sub}, Signatures: []tflite.Signature{sig}}
	m.Subgraphs[0].Name = "main"
	m.Metadata = []tflite.Metadata{{Name: "min_runtime_version", Data: append([]byte(minRuntime), make([]byte, 16-len(minRuntime))...)}}
	for _, name := range slices.Sorted(maps.Keys(o.Metadata)) {
		m.Metadata = append(m.Metadata, tflite.Metadata{Name: name, Data: []byte(o.Metadata[name])})
	}
	return m, inform(m, g, sig, o)
}

// inform adds the description of the inputs and outputs, and the list of labels.
func inform(m *tflite.Model, g *graph.Graph, sig tflite.Signature, o WriteOptions) error {
	info := &tflite.Info{Name: o.Name, Description: o.Description}
	for i, v := range g.Inputs {
		t := tflite.TensorInfo{Name: sig.Inputs[i].Name}
		if v.Rank() == 4 && v.Shape[3] == 3 {
			t.Color = tflitefb.ColorSpaceTypeRGB
		} else if v.Rank() == 4 && v.Shape[3] == 1 {
			t.Color = tflitefb.ColorSpaceTypeGRAYSCALE
		}
		info.Inputs = append(info.Inputs, t)
	}
	for _, out := range sig.Outputs {
		info.Outputs = append(info.Outputs, tflite.TensorInfo{Name: out.Name})
	}
	if len(info.Inputs) > 0 {
		info.Inputs[0].Mean, info.Inputs[0].Std = float32s(o.Mean), float32s(o.Std)
	}
	if len(o.Classes) > 0 && len(info.Outputs) > 0 {
		for _, c := range o.Classes {
			if strings.ContainsAny(c, "\r\n") {
				return fmt.Errorf("the class %q cannot be in a list of labels, because it has a line break", c)
			}
		}
		info.Outputs[0].Labels = labels
		m.Files = []tflite.File{{Name: labels, Data: []byte(strings.Join(o.Classes, "\n") + "\n")}}
	}
	m.Info = info
	return nil
}

func float32s(list []float64) []float32 {
	var to []float32
	for _, x := range list {
		to = append(to, float32(x))
	}
	return to
}

// writer builds a subgraph.
type writer struct {
	store  *graph.Store
	sub    tflite.Subgraph
	users  map[*graph.Value]int            // how often live nodes and outputs use a value
	consts map[*graph.Value]*tensor.Tensor // values that do not depend on the inputs
	index  map[*graph.Value]int            // the tensor of a value
	small  map[string]int                  // the tensors of constants, by content if they are small, or by weight
	at     *graph.Node                     // the node that is being written
	errs   []error
}

// fail records an error about the node that is being written.
func (w *writer) fail(format string, a ...any) {
	w.errs = append(w.errs, &graph.Error{Where: w.at.Layer, Op: w.at.Op.Name(), Err: fmt.Errorf(format, a...)})
}

// types has the types of tensors that the interpreter has kernels for.
var types = map[tensor.DType]tflitefb.TensorType{
	tensor.Float32: tflitefb.TensorTypeFLOAT32,
	tensor.Int32:   tflitefb.TensorTypeINT32,
	tensor.Int64:   tflitefb.TensorTypeINT64,
	tensor.Bool:    tflitefb.TensorTypeBOOL,
	tensor.Uint8:   tflitefb.TensorTypeUINT8,
}

// add adds a tensor that operators compute, and returns its index. Unknown dimensions are 1 until the caller of the interpreter
// resizes an input.
func (w *writer) add(t op.Type, name string) int {
	to := tflite.Tensor{Name: name, Shape: make([]int, t.Rank())}
	var ok bool
	if to.Type, ok = types[t.DType]; !ok {
		if w.at == nil {
			w.errs = append(w.errs, fmt.Errorf("input %s has the type %v, which TensorFlow Lite lacks", name, t.DType))
		} else {
			w.fail("TensorFlow Lite lacks the type %v", t.DType)
		}
	}
	for i, n := range t.Shape {
		to.Shape[i] = n
		if n == tensor.Unknown {
			to.Shape[i] = 1
			to.Signature = t.Shape.Clone()
		}
	}
	w.sub.Tensors = append(w.sub.Tensors, to)
	return len(w.sub.Tensors) - 1
}

// temp adds a tensor for a step of the node that is being written.
func (w *writer) temp(dtype tensor.DType, shape ...int) int {
	return w.add(op.Type{DType: dtype, Shape: shape}, w.name(fmt.Sprintf("%s_%d", w.at.Op.Name(), len(w.sub.Operators))))
}

// name returns the name of a tensor in the layer that is being written.
func (w *writer) name(of string) string {
	if w.at.Layer == "" {
		return of
	}
	return w.at.Layer + "/" + of
}

// result returns a new tensor for a value.
func (w *writer) result(v *graph.Value) int {
	i := w.add(v.Type, w.name(w.at.Op.Name()))
	w.index[v] = i
	return i
}

// tensor returns the tensor of a value that is constant or has been computed.
func (w *writer) tensor(v *graph.Value) int {
	if i, ok := w.index[v]; ok {
		return i
	}
	c := w.consts[v]
	if c == nil {
		w.fail("its operand %s has not been written", v.Node.Op.Name())
		return 0
	}
	i := w.constant(c, nameOf(v))
	w.index[v] = i
	return i
}

// nameOf returns the name of a constant's tensor: the path of the variable, or what computes it.
func nameOf(v *graph.Value) string {
	switch o := v.Node.Op.(type) {
	case op.Variable:
		return o.Path
	case op.Const:
		return strings.TrimPrefix(v.Node.Layer+"/const", "/")
	}
	return strings.TrimPrefix(v.Node.Layer+"/"+v.Node.Op.Name(), "/")
}

// constant adds a constant. Small ones that are equal are stored once.
func (w *writer) constant(c *tensor.Tensor, name string) int {
	key := ""
	if c.Len() <= 16 {
		key = fmt.Sprintf("%v %x", c, c.Raw())
		if i, ok := w.small[key]; ok {
			return i
		}
	}
	i := w.add(op.Type{DType: c.DType(), Shape: c.Shape()}, name)
	w.sub.Tensors[i].Data = little(c)
	if key != "" {
		w.small[key] = i
	}
	return i
}

// little returns the elements of a tensor in little endian. The bytes may be those of the tensor.
func little(c *tensor.Tensor) []byte {
	size := c.DType().Size()
	if size == 1 || binary.NativeEndian.Uint16([]byte{1, 0}) == 1 {
		return c.Raw()
	}
	b := slices.Clone(c.Raw())
	for i := 0; i < len(b); i += size {
		slices.Reverse(b[i : i+size])
	}
	return b
}

// ints returns a constant list of integers.
func (w *writer) ints(list ...int) int {
	c := tensor.New(tensor.Int32, len(list))
	for i, n := range list {
		if n > math.MaxInt32 {
			w.fail("the size %d is too large", n)
			return 0
		}
		tensor.Values[int32](c)[i] = int32(n)
	}
	return w.constant(c, "integers")
}

// integer returns a constant integer.
func (w *writer) integer(n int) int {
	return w.constant(tensor.Scalar(int32(n)), "integer")
}

// number returns a constant number.
func (w *writer) number(x float64) int {
	return w.constant(tensor.Scalar(float32(x)), "number")
}

// emit adds an operator of version 1.
func (w *writer) emit(code tflitefb.BuiltinOperator, options any, out int, in ...int) int {
	return w.emitVersion(1, code, options, out, in...)
}

// emitVersion adds an operator, and returns its output. A version says which features of an operator the file uses; an
// interpreter that lacks them refuses the file.
func (w *writer) emitVersion(version int, code tflitefb.BuiltinOperator, options any, out int, in ...int) int {
	w.sub.Operators = append(w.sub.Operators, tflite.Operator{Code: code, Version: version, Inputs: in, Outputs: []int{out}, Options: options})
	return out
}

// output returns the tensor of an output, which must be the result of an operator.
func (w *writer) output(o graph.Output) int {
	w.at = o.Value.Node
	i := w.tensor(o.Value)
	if w.sub.Tensors[i].Data != nil || slices.Contains(w.sub.Inputs, i) || slices.Contains(w.sub.Outputs, i) {
		shape := w.emit(tflitefb.BuiltinOperatorSHAPE, &tflitefb.ShapeOptionsT{OutType: tflitefb.TensorTypeINT32}, w.temp(tensor.Int32, o.Value.Rank()), i)
		i = w.emit(tflitefb.BuiltinOperatorRESHAPE, nil, w.add(o.Value.Type, o.Key), i, shape)
	}
	w.sub.Tensors[i].Name = o.Key
	return i
}
