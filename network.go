package lince

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/lince-ml/lince/format/keras"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/config"
	"github.com/lince-ml/lince/internal/offheap"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// network is the structure of a model: layers, and calls that apply them to the inputs and to the results of
// other calls. Chains, graphs and nested models all have this form.
type network struct {
	class           string    // Keras' class: "Sequential" or "Functional"
	inputs, outputs []*Symbol // the inputs are results of layer.Input
	// Whether a single input (or output) was given as a list, and is a list in files.
	inputList, outputList bool
	// The keys of a file whose inputs (or outputs) are a dict, else nil.
	inputKeys, outputKeys []string

	calls  []*call          // in the order in which they run
	layers []*layerInstance // in the order of Keras' model.layers; without the Input of a Sequential
	chain  bool             // each call takes the result of the one before it, and nothing else
}

// trace finds the calls and layers that lead to the outputs, and puts both in Keras' order (keras.Graph).
// Files number layers in this order. With it, the bits of the trained weights do not depend on the order in
// which the network was built.
func (n *network) trace() error {
	found := n.reachable()
	var layers []*layerInstance
	place := map[*layerInstance]int{}
	for _, c := range found {
		if _, ok := place[c.layer]; !ok {
			place[c.layer] = len(layers)
			layers = append(layers, c.layer)
		}
	}
	calls, node := nodes(found)
	number := func(symbols []*Symbol) []keras.Call {
		var list []keras.Call
		for _, s := range symbols {
			if s.call != nil {
				list = append(list, keras.Call{Op: place[s.call.layer], Node: node[s.call]})
			}
		}
		return list
	}
	g := keras.Graph{Inputs: number(n.inputs), Outputs: number(n.outputs)}
	for _, l := range layers {
		name := l.Name()
		if name == "" {
			name = l.Class()
		}
		g.Names = append(g.Names, name)
		var operands [][]keras.Call
		for _, c := range calls[l] {
			operands = append(operands, number(c.arguments()))
		}
		g.Operands = append(g.Operands, operands)
	}
	order, _, err := g.Order()
	if err != nil {
		return err
	}
	run, err := g.Calls()
	if err != nil {
		return err
	}
	if n.chain, err = g.Chain(); err != nil {
		return err
	}
	n.layers, n.calls = nil, nil
	for _, i := range order {
		n.layers = append(n.layers, layers[i])
	}
	for _, c := range run {
		n.calls = append(n.calls, calls[layers[c.Op]][c.Node])
	}
	return nil
}

// reachable returns the calls on paths from the inputs to the outputs, including the calls of the inputs.
func (n *network) reachable() (found []*call) {
	met := map[*call]bool{}
	stop := map[*call]bool{}
	for _, s := range n.inputs {
		stop[s.call] = true
	}
	todo := slices.Concat(n.outputs, n.inputs)
	for len(todo) > 0 {
		c := todo[len(todo)-1].call
		todo = todo[:len(todo)-1]
		if c == nil || met[c] {
			continue
		}
		met[c] = true
		found = append(found, c)
		if !stop[c] {
			todo = append(todo, c.in...)
		}
	}
	return found
}

// nodes returns the calls of each layer in the order in which they were made, and the index of each call in
// that order, Keras' node index.
func nodes(calls []*call) (of map[*layerInstance][]*call, number map[*call]int) {
	of, number = map[*layerInstance][]*call{}, map[*call]int{}
	for _, c := range slices.SortedFunc(slices.Values(calls), func(a, b *call) int { return a.born - b.born }) {
		number[c] = len(of[c.layer])
		of[c.layer] = append(of[c.layer], c)
	}
	return of, number
}

// isInput reports whether the layer is a layer.Input.
func (l *layerInstance) isInput() bool {
	_, ok := l.config.(layer.Input)
	return ok
}

// nameLayers checks the names of layers, and names those that have none as Keras does (conv2d, conv2d_1,
// ...), in the order in which they were made. where names a layer in a message.
func nameLayers(layers []*layerInstance, where func(*layerInstance) string) error {
	var errs []error
	taken := map[string]*layerInstance{}
	layers = slices.Clone(layers)
	slices.SortFunc(layers, func(a, b *layerInstance) int { return a.born - b.born })
	for _, l := range layers {
		name := l.Name()
		if name == "" {
			continue
		}
		if err := checkName(name); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", where(l), err))
		}
		if first := taken[name]; first != nil {
			errs = append(errs, fmt.Errorf("%s: the name %q belongs to %s; set a different Name for one of them", where(l), name, where(first)))
			continue
		}
		if l.name == "" { // do not write: other models with the layer may be running
			l.name = name
		}
		taken[name] = l
	}
	count := map[string]int{}
	for _, l := range layers {
		if l.name != "" {
			continue
		}
		stem := "input_layer"
		if l.config != nil && !l.isInput() {
			stem = config.SnakeCase(l.Class())
		}
		for l.name == "" {
			name := stem
			if n := count[stem]; n > 0 {
				name += "_" + strconv.Itoa(n)
			}
			count[stem]++
			if taken[name] == nil {
				l.name = name
				taken[name] = l
			}
		}
		if m := l.Model(); m != nil && m.name != l.name {
			m.name = l.name
		}
	}
	return errors.Join(errs...)
}

// checkName returns an error if a layer or model cannot have this name.
func checkName(name string) error {
	switch {
	case strings.Contains(name, "/"):
		return fmt.Errorf("its name %q has a slash, which separates the parts of a variable's path", name)
	case strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return fmt.Errorf("its name %q has control characters", name)
	case len(name) > 5000:
		return fmt.Errorf("its name must have at most 5000 bytes, got %d", len(name))
	case slices.Contains(reserved, name):
		return fmt.Errorf("its name %q is reserved; choose another", name)
	}
	return nil
}

// forward adds the network's calls to a graph and returns its outputs. in are the values that the network is
// applied to; if it is nil, forward adds inputs to the graph, named after the input layers. label names a
// call in messages. If note is set, forward stores the inferred types in the symbols.
func (n *network) forward(b *graph.Builder, in []*graph.Value, label func(*call) string, note bool) []*graph.Value {
	values := n.values(b, in, label, note)
	out := make([]*graph.Value, len(n.outputs))
	for i, s := range n.outputs {
		if out[i] = values[s]; out[i] == nil {
			out[i] = b.Invalid()
		}
	}
	return out
}

// values is forward, but returns the values of all symbols.
func (n *network) values(b *graph.Builder, in []*graph.Value, label func(*call) string, note bool) map[*Symbol]*graph.Value {
	values := map[*Symbol]*graph.Value{}
	for i, s := range n.inputs {
		view := b.In(s.call.layer.name, label(s.call))
		var v *graph.Value
		switch {
		case in == nil:
			v = s.call.build(view, nil)
		case s.call.layer.isInput():
			v = s.call.layer.config.Build(view, in[i])
		}
		n.give(s.call, v, values, note)
	}
	for _, c := range n.calls {
		if len(c.in) == 0 {
			continue
		}
		operands := make([]*graph.Value, len(c.in))
		valid := true
		for i, x := range c.in {
			if operands[i] = values[x]; operands[i] == nil {
				operands[i] = b.Invalid()
			}
			valid = valid && operands[i].Valid()
		}
		view := b.In(c.layer.name, label(c))
		before := b.Mistakes()
		y := c.build(view, operands)
		switch {
		case c.err != nil:
			y = view.Errorf("%w", c.err)
		case y == nil:
			y = view.Errorf("Build returned nil")
		case y.IsList() && len(y.Values()) == 0:
			y = view.Errorf("Build returned no values")
		case !allValid(y.Values()):
			if valid && b.Mistakes() == before {
				y = view.Errorf("Build returned an invalid value without an error; call Errorf to report what is wrong")
			}
		default:
			for _, v := range y.Values() {
				if _, err := known(v.Shape).CheckedElements(); err != nil || slices.Contains(v.Shape[min(1, v.Rank()):], 0) {
					y = view.Errorf("the result would have shape %v, which is empty or too large", v.Shape)
					break
				}
			}
		}
		n.give(c, y, values, note)
	}
	return values
}

func allValid(values []*graph.Value) bool {
	return !slices.ContainsFunc(values, func(v *graph.Value) bool { return v == nil || !v.Valid() })
}

// give records the results of a call.
func (n *network) give(c *call, y *graph.Value, values map[*Symbol]*graph.Value, note bool) {
	if y == nil {
		return
	}
	for i, v := range y.Values() {
		if i == len(c.out) {
			return
		}
		values[c.out[i]] = v
		// Other models with the call may be running, so write only what changes.
		if note && v.Valid() && !c.out[i].typ.Equal(v.Type) {
			c.out[i].typ = op.Type{DType: v.DType, Shape: v.Shape.Clone()}
		}
	}
}

// known returns a shape with 1 for unknown dimensions.
func known(s tensor.Shape) tensor.Shape {
	s = s.Clone()
	for i, d := range s {
		if d == tensor.Unknown {
			s[i] = 1
		}
	}
	return s
}

// maxMemory limits the memory of a model's variables to 64 GiB. A network that needs more is reported as a
// mistake.
const maxMemory = 1 << 36

func checkMemory(vs []*graph.Variable) error {
	total := 0
	for _, v := range vs {
		n, err := v.Shape.CheckedElements()
		if err == nil && n <= maxMemory/max(v.DType.Size(), 1) {
			total += n * v.DType.Size()
		} else {
			total = maxMemory + 1
		}
		if total > maxMemory {
			return fmt.Errorf("the weights up to %s %v take more than 64 GiB; use smaller images, more pooling or fewer units", v.Path, v.Shape)
		}
	}
	if err := offheap.Check(total); err != nil {
		return fmt.Errorf("the weights, and what the optimizer and the metrics keep: %w; use smaller images, more pooling or fewer units", err)
	}
	return nil
}
