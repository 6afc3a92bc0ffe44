package onnxgraph

import (
	"fmt"
	"slices"

	"github.com/lince-ml/lince/format/onnx/onnxpb"
	"github.com/lince-ml/lince/tensor"
)

// input reads an input of the model.
func (s *scope) input(in *onnxpb.ValueInfoProto) {
	name := in.GetName()
	if s.values[name] != nil {
		s.errorf("there are two inputs %q", name)
		return
	}
	x, err := s.readInput(in)
	if err != nil {
		s.errorf("input %q: %w", name, err)
		x = &value{bad: true}
	}
	x.name = name
	s.values[name] = x
}

func (s *scope) readInput(in *onnxpb.ValueInfoProto) (*value, error) {
	name := in.GetName()
	dtype, dims, err := s.inputType(in)
	if err != nil {
		return nil, err
	}
	if t := s.o.Values[name]; t != nil {
		t = s.float32(t)
		if t.DType() != dtype {
			return nil, fmt.Errorf("the value given is %v, want %v", t, dtype)
		}
		if dims != nil && !shapeOf(dims).Fits(t.Shape()) {
			return nil, fmt.Errorf("the value given is %v, want shape %v", t, shapeOf(dims))
		}
		x := constant(name, t)
		x.elem = in.GetType().GetTensorType().GetElemType()
		return x, nil
	}
	given, ok := s.o.Shapes[name]
	if dims == nil && !ok {
		return nil, fmt.Errorf("the file does not say how many dimensions it has; give its shape (--input-shape, Options.InputShapes)")
	}
	if ok {
		if dims, err = withShape(dims, given); err != nil {
			return nil, err
		}
	}
	if s.free != nil && (!ok || given[0] == tensor.Unknown) && len(dims) > 1 && dims[0] == fixed(s.batch) {
		dims[0] = num{1, s.free}
	}
	l := plain(len(dims))
	if s.o.ChannelsLast && s.isImage(name, dims) {
		l = channelsLast(4)
	}
	x := &value{dtype: dtype, dims: dims, layout: l, elem: in.GetType().GetTensorType().GetElemType()}
	x.v = s.b.Input(name, dtype, store(l, shapeOf(dims))...)
	for i, a := range l {
		if sym := dims[a].s; sym != nil && sym.of == nil {
			sym.of, sym.axis = x.v, i
		}
	}
	return x, nil
}

// inputType returns the type of an input. dims is nil if the file does not have the number of dimensions. The first
// dimension is the batch if it has no name.
func (s *scope) inputType(in *onnxpb.ValueInfoProto) (dtype tensor.DType, dims []num, err error) {
	t := in.GetType().GetTensorType()
	if t == nil {
		return 0, nil, fmt.Errorf("it is not a tensor; lince has no sequences, maps and optional values")
	}
	if dtype, err = s.dtype(t.GetElemType()); err != nil {
		return 0, nil, err
	}
	if t.Shape == nil {
		return dtype, nil, nil
	}
	if n := len(t.Shape.Dim); n > maxRank {
		return 0, nil, fmt.Errorf("it has %d dimensions, lince allows %d", n, maxRank)
	}
	dims = []num{}
	for i, d := range t.Shape.Dim {
		size := d.GetDimValue()
		_, known := d.GetValue().(*onnxpb.TensorShapeProto_Dimension_DimValue)
		switch {
		case known && size > maxElements:
			return 0, nil, fmt.Errorf("dimension %d has the size %d", i, size)
		case known && size >= 0:
			dims = append(dims, fixed(int(size)))
		default:
			name := d.GetDimParam()
			if name == "" && i == 0 {
				name = "the batch"
			}
			dims = append(dims, num{1, s.symbol(name)})
		}
	}
	return dtype, dims, nil
}

// symbol returns the symbol of a dimension with a name. Without a name it is a new one.
func (r *reader) symbol(name string) *symbol {
	if name == "" {
		return &symbol{}
	}
	if r.symbols[name] == nil {
		r.symbols[name] = &symbol{name: name}
	}
	return r.symbols[name]
}

// withShape sets the dimensions that a shape knows.
func withShape(dims []num, given tensor.Shape) ([]num, error) {
	if dims == nil {
		for range given {
			dims = append(dims, num{1, &symbol{}})
		}
	}
	if len(given) != len(dims) {
		return nil, fmt.Errorf("the shape given is %v, want %v", given, shapeOf(dims))
	}
	shaped := slices.Clone(dims)
	for i, d := range given {
		switch {
		case d == tensor.Unknown:
		case d < 0 || d > maxElements || dims[i].s == nil && dims[i] != fixed(d):
			return nil, fmt.Errorf("the shape given is %v, want %v", given, shapeOf(dims))
		default:
			shaped[i] = fixed(d)
		}
	}
	return shaped, nil
}

// isImage reports whether an input is a batch of images with the channels first. The ops that take it say so: a
// model with the channels last begins with a Transpose. If nothing does, the number of channels decides.
func (s *scope) isImage(name string, dims []num) bool {
	if len(dims) != 4 {
		return false
	}
	names := map[string]bool{name: true}
	for _, n := range s.model.Graph.Node {
		if !slices.ContainsFunc(n.Input, func(i string) bool { return names[i] }) {
			continue
		}
		switch n.GetOpType() {
		case "Conv", "ConvTranspose", "MaxPool", "AveragePool", "LpPool", "GlobalAveragePool", "GlobalMaxPool", "BatchNormalization",
			"InstanceNormalization", "LRN", "QLinearConv", "ConvInteger", "DepthToSpace", "SpaceToDepth":
			return names[n.Input[0]]
		case "Transpose":
			return false
		case "Identity", "Cast", "Add", "Sub", "Mul", "Div", "Clip", "Relu", "Pad", "Dropout", "QuantizeLinear", "DequantizeLinear", "Resize", "Upsample", "Slice":
			for _, o := range n.Output {
				names[o] = true
			}
		}
	}
	few := func(d num) bool { return d == fixed(1) || d == fixed(3) || d == fixed(4) }
	return few(dims[1]) && !few(dims[3])
}
