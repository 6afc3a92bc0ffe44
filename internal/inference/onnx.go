package inference

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/lince-ml/lince/format/onnx"
	"github.com/lince-ml/lince/format/onnx/onnxpb"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/backend"
	"github.com/lince-ml/lince/internal/beside"
	"github.com/lince-ml/lince/internal/engine"
	"github.com/lince-ml/lince/internal/onnxgraph"
	"github.com/lince-ml/lince/internal/patherr"
	"github.com/lince-ml/lince/tensor"
)

// onnxNetwork is an ONNX file. Its tensors have the file's types and layouts, unlike those of a lince.Model of the file. Its graph is
// built for the shapes of each run.
type onnxNetwork struct {
	file    *onnx.Model
	threads int
	in, out []Port
}

// openONNX opens an ONNX file.
func openONNX(path string, threads int) (Network, error) {
	n, err := readONNX(path, threads)
	if err != nil {
		return nil, fmt.Errorf("opening the model %s: %w", path, err)
	}
	return n, nil
}

func readONNX(path string, threads int) (*onnxNetwork, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, patherr.Bare(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, patherr.Bare(err)
	}
	others := beside.To(path)
	file, err := onnx.Read(f, info.Size(), others.Open)
	if err != nil {
		return nil, err
	}
	n := &onnxNetwork{file: file, threads: threads}
	initial := map[string]bool{}
	for _, t := range file.Graph.Initializer {
		initial[t.GetName()] = true
	}
	for _, t := range file.Graph.SparseInitializer {
		initial[t.GetValues().GetName()] = true
	}
	var errs []error
	for _, v := range file.Graph.Input {
		if initial[v.GetName()] {
			continue // a default value, which old files list as an input
		}
		p, err := onnxPort(v)
		if err != nil {
			errs = append(errs, fmt.Errorf("input %s: %w", v.GetName(), err))
		}
		n.in = append(n.in, p)
	}
	for _, v := range file.Graph.Output {
		p, err := onnxPort(v)
		if err != nil {
			p = Port{Name: v.GetName()} // the type of an output may be missing
		}
		n.out = append(n.out, p)
	}
	return n, errors.Join(errs...)
}

func onnxPort(v *onnxpb.ValueInfoProto) (Port, error) {
	p := Port{Name: v.GetName()}
	t := v.GetType().GetTensorType()
	if t == nil {
		return p, errors.New("is not a tensor; lince has no sequences, maps and optional values")
	}
	var err error
	if p.DType, err = onnx.DType(onnxpb.TensorProto_DataType(t.GetElemType())); err != nil {
		return p, err
	}
	if t.Shape == nil {
		return p, nil
	}
	p.Shape = tensor.Shape{}
	for _, d := range t.Shape.Dim {
		size := tensor.Unknown
		if v, ok := d.GetValue().(*onnxpb.TensorShapeProto_Dimension_DimValue); ok && v.DimValue >= 0 {
			size = int(v.DimValue)
		}
		p.Shape = append(p.Shape, size)
	}
	return p, nil
}

// Inputs implements Network.
func (n *onnxNetwork) Inputs() []Port { return slices.Clone(n.in) }

// Outputs implements Network.
func (n *onnxNetwork) Outputs() []Port { return slices.Clone(n.out) }

func (n *onnxNetwork) prepare(in map[string]*tensor.Tensor) (func() ([]*tensor.Tensor, error), error) {
	r, err := n.read(in)
	if err != nil {
		return nil, err
	}
	e, err := engine.New(engine.Options{Threads: n.threads})
	if err != nil {
		return nil, err
	}
	p, err := e.Compile(r.Graph, r.Store)
	if err != nil {
		return nil, err
	}
	inputs := make([]*tensor.Tensor, len(r.Graph.Inputs))
	shapes := make([]tensor.Shape, len(inputs))
	for i, v := range r.Graph.Inputs {
		if inputs[i], err = as(in[v.Node.Op.(op.Input).Key], v.DType); err != nil {
			return nil, err
		}
		shapes[i] = inputs[i].Shape()
	}
	g := r.Graph
	if slices.ContainsFunc(g.Outputs, func(o graph.Output) bool { return !o.Value.Shape.Known() }) {
		if g, err = g.Specialize(shapes); err != nil {
			return nil, err
		}
	}
	return func() ([]*tensor.Tensor, error) {
		out, err := backend.Outputs(g, inputs)
		if err != nil {
			return nil, err
		}
		return out, p.Run(inputs, out)
	}, nil
}

// read builds the graph for inputs. An op may need an input as numbers, such as the shape of Reshape; then the graph is for these numbers
// only.
func (n *onnxNetwork) read(in map[string]*tensor.Tensor) (*onnxgraph.Result, error) {
	o := onnxgraph.ReadOptions{Shapes: map[string]tensor.Shape{}, Values: map[string]*tensor.Tensor{}}
	for name, x := range in {
		o.Shapes[name] = x.Shape()
	}
	for {
		r, err := onnxgraph.Read(n.file, o)
		var needs *onnxgraph.NeedsValue
		if !errors.As(err, &needs) {
			return r, err
		}
		before := len(o.Values)
		for _, name := range needs.Inputs {
			if x := in[name]; x != nil {
				o.Values[name] = x
			}
		}
		if len(o.Values) == before {
			return nil, err
		}
	}
}
