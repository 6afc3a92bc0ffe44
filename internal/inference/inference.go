// Package inference runs model files of all kinds on named tensors, and reads, makes and compares these tensors. Inputs
// and outputs have the names, types and layouts that the file gives them.
package inference

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/internal/numbers"
	"github.com/lince-ml/lince/internal/suggest"
	"github.com/lince-ml/lince/tensor"
)

// Port is an input or an output of a network.
type Port struct {
	Name  string
	DType tensor.DType
	Shape tensor.Shape // tensor.Unknown where the size is not fixed; nil if the number of dimensions is not known
}

// String returns the type and the shape.
func (p Port) String() string {
	if p.DType == tensor.Invalid {
		return "unknown type"
	}
	if p.Shape == nil {
		return p.DType.String() + " of any shape"
	}
	return p.DType.String() + " " + p.Shape.String()
}

// Network is a model file, ready to run.
type Network interface {
	Inputs() []Port
	Outputs() []Port
	// prepare returns a function that computes the outputs, in order. in has a tensor of the right type for each input.
	prepare(in map[string]*tensor.Tensor) (func() ([]*tensor.Tensor, error), error)
}

// Open opens a model file of any kind. o.Threads is the number of threads that compute.
func Open(path string, o lince.Options) (Network, error) {
	if k, err := lince.FileKindOf(path); err == nil && k.Name == "onnx" {
		return openONNX(path, o.Threads)
	}
	m, err := o.Open(path)
	if err != nil {
		return nil, err
	}
	return Of(m), nil
}

// Run runs a network. It returns the outputs in the order of Outputs.
func Run(n Network, in map[string]*tensor.Tensor) ([]*tensor.Tensor, error) {
	run, err := Prepare(n, in)
	if err != nil {
		return nil, err
	}
	return run()
}

// Prepare checks the tensors for a network's inputs, converts them to the inputs' types, and returns a function that computes
// the outputs, in the order of Outputs. The error lists all mistakes.
func Prepare(n Network, in map[string]*tensor.Tensor) (run func() ([]*tensor.Tensor, error), err error) {
	ports := n.Inputs()
	converted := map[string]*tensor.Tensor{}
	var errs []error
	for _, p := range ports {
		x, ok := in[p.Name]
		if !ok {
			errs = append(errs, fmt.Errorf("there is no tensor for the input %s, which is %v", p.Name, p))
			continue
		}
		if p.Shape != nil && !p.Shape.Fits(x.Shape()) {
			errs = append(errs, fmt.Errorf("input %s: got shape %v, want %v", p.Name, x.Shape(), p.Shape))
			continue
		}
		if converted[p.Name], err = as(x, p.DType); err != nil {
			errs = append(errs, fmt.Errorf("input %s: %w", p.Name, err))
		}
	}
	names := Names(ports)
	for name := range in {
		if !slices.Contains(names, name) {
			errs = append(errs, fmt.Errorf("there is no input %s%s", name, suggest.Hint(name, names)))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return n.prepare(converted)
}

// as returns t with elements of another type.
func as(t *tensor.Tensor, dtype tensor.DType) (*tensor.Tensor, error) {
	if t.DType() == dtype {
		return t, nil
	}
	out := tensor.New(dtype, t.Shape()...)
	return out, numbers.Convert(out, t)
}

// Names returns the names of ports.
func Names(ports []Port) []string {
	names := make([]string, len(ports))
	for i, p := range ports {
		names[i] = p.Name
	}
	return names
}

// Of returns a model as a Network.
func Of(m *lince.Model) Network { return model{m} }

// model is a lince.Model. Its images have the layout (batch, height, width, channels).
type model struct{ *lince.Model }

func ports(names []string, symbols []*lince.Symbol) []Port {
	list := make([]Port, len(names))
	for i, s := range symbols {
		list[i] = Port{names[i], s.DType(), s.Shape()}
	}
	return list
}

// Inputs implements Network.
func (m model) Inputs() []Port { return ports(m.InputNames(), m.Model.Inputs().Values()) }

// Outputs implements Network.
func (m model) Outputs() []Port { return ports(m.OutputNames(), m.Model.Outputs().Values()) }

func (m model) prepare(in map[string]*tensor.Tensor) (func() ([]*tensor.Tensor, error), error) {
	var list []*tensor.Tensor
	for _, name := range m.InputNames() {
		list = append(list, in[name])
	}
	return func() ([]*tensor.Tensor, error) { return m.Call(list...) }, nil
}

// ParseShape parses a shape in the form 1x3x224x224, or "" for a single number.
func ParseShape(text string) (tensor.Shape, error) {
	shape := tensor.Shape{}
	if text == "" {
		return shape, nil
	}
	for part := range strings.SplitSeq(text, "x") {
		n := 0
		if _, err := fmt.Sscanf(part, "%d", &n); err != nil || fmt.Sprint(n) != part || n < 0 {
			return nil, fmt.Errorf("must be sizes such as 1x3x224x224, got %q", text)
		}
		shape = append(shape, n)
	}
	if _, err := shape.CheckedElements(); err != nil {
		return nil, err
	}
	return shape, nil
}
