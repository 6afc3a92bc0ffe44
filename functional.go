package lince

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// Functional makes a model from the layers between inputs and outputs, with default Options. See
// Options.Functional.
func Functional(inputs, outputs *Symbol) (*Model, error) {
	return Options{}.Functional(inputs, outputs)
}

// Functional makes a model from the layers between inputs and outputs (keras.Model(inputs, outputs)). Use List
// to pass several inputs or outputs. New weights get their initial values. Layers that are already in other
// models share their weights with the new model.
//
//	in := lince.Input(layer.Input{Shape: []int{32, 32, 3}})
//	x := in.Then(layer.Conv2D{Filters: 8, Kernel: layer.Size{3, 3}, Padding: layer.Same})
//	y := lince.Apply(layer.Add{}, x, in.Then(layer.Conv2D{Filters: 8, Kernel: layer.Size{1, 1}}))
//	model, err := lince.Functional(in, y.Then(layer.Flatten{}, layer.Dense{Units: 10}))
//
// To compute what an inner layer computes, such as features of images, make a model that ends there:
//
//	features, err := lince.Functional(model.Inputs(), model.Layer("classes").Input())
//
// Inputs need not be results of Input: with any other symbol as input, the new model begins there, and the
// layers before it are left out.
//
// The error lists all mistakes, each with the layer's name and the names of the layers that feed it.
func (o Options) Functional(inputs, outputs *Symbol) (*Model, error) {
	m, err := o.between(inputs, outputs)
	if err != nil {
		return nil, err
	}
	return m.initialized()
}

// between makes a Functional model. Its new variables have no values yet.
func (o Options) between(inputs, outputs *Symbol) (*Model, error) {
	m, err := o.model("Functional", "functional")
	if err != nil {
		return nil, err
	}
	var errs []error
	if err := checkName(m.name); err != nil {
		errs = append(errs, fmt.Errorf("the model: %w", err))
	}
	if errs = append(errs, m.setEnds(inputs, outputs)...); errs != nil {
		return nil, errors.Join(errs...)
	}
	if err := m.fromInputs(); err != nil {
		return nil, err
	}
	if err := m.trace(); err != nil {
		return nil, err
	}
	for _, c := range m.calls {
		for i, x := range c.in {
			if x.call == nil && c.err == nil {
				c.err = fmt.Errorf("operand %d is not a symbol made by Input or Apply", i)
			}
		}
	}
	where := func(l *layerInstance) string {
		if l.Name() != "" {
			return fmt.Sprintf("layer %s (%s)", l.Name(), l.Class())
		}
		return fmt.Sprintf("a layer (%s)", l.Class())
	}
	if err := nameLayers(m.layers, where); err != nil {
		errs = append(errs, err)
	}
	return m.built(errs, labelOf)
}

// setEnds sets the network's inputs and outputs, and returns all mistakes in them.
func (m *Model) setEnds(inputs, outputs *Symbol) (errs []error) {
	for _, side := range []struct {
		what   string
		symbol *Symbol
		to     *[]*Symbol
		list   *bool
	}{{"input", inputs, &m.inputs, &m.inputList}, {"output", outputs, &m.outputs, &m.outputList}} {
		if side.symbol == nil {
			errs = append(errs, fmt.Errorf("the network has no %ss: the symbol is nil", side.what))
			continue
		}
		*side.to, *side.list = slices.Clone(side.symbol.Values()), side.symbol.list != nil
		if len(*side.to) == 0 {
			errs = append(errs, fmt.Errorf("the network has no %ss: the list is empty", side.what))
		}
		met := map[*Symbol]bool{}
		for i, s := range *side.to {
			switch {
			case s.call == nil:
				errs = append(errs, fmt.Errorf("%s %d is not a symbol made by Input or Apply", side.what, i))
			case met[s] && side.what == "input":
				errs = append(errs, fmt.Errorf("input %d is listed twice", i))
			}
			met[s] = true
		}
	}
	return errs
}

// labelOf names a call in messages: the layer, and the layers that feed it.
func labelOf(c *call) string {
	s := fmt.Sprintf("layer %s (%s)", c.layer.name, c.layer.Class())
	var from []string
	for _, x := range c.in {
		if x.call != nil {
			from = append(from, x.call.layer.name)
		}
	}
	if len(from) > 3 {
		from = append(from[:3], "...")
	}
	if from != nil {
		s += " of " + strings.Join(from, ", ")
	}
	return s
}

// fromInputs replaces each input that is not the result of a layer.Input with a new one that is. It makes
// new calls of the same layers for all symbols that depend on such an input.
func (m *Model) fromInputs() error {
	replace := map[*Symbol]*Symbol{}
	for i, s := range m.inputs {
		if s.call.layer.isInput() {
			continue
		}
		if s.typ.DType == tensor.Invalid {
			return fmt.Errorf("input %d, the result of %s, has no shape because of a mistake before it", i, labelOf(s.call))
		}
		if len(s.typ.Shape) == 0 {
			return fmt.Errorf("input %d, the result of %s, is a scalar; want one value for each example, shape (batch, ...)", i, labelOf(s.call))
		}
		in := layer.Input{Shape: s.typ.Shape[1:], DType: s.typ.DType}
		if s.typ.Shape[0] != tensor.Unknown {
			in.Batch = s.typ.Shape[0]
		}
		m.inputs[i] = Input(in)
		replace[s] = m.inputs[i]
	}
	if len(replace) == 0 {
		return nil
	}
	calls := map[*call]*call{}
	var renew func(s *Symbol) *Symbol
	renew = func(s *Symbol) *Symbol {
		if to := replace[s]; to != nil {
			return to
		}
		if s.call == nil || len(s.call.in) == 0 {
			return s
		}
		if calls[s.call] == nil {
			in := make([]*Symbol, len(s.call.in))
			changed := false
			for i, x := range s.call.in {
				in[i] = renew(x)
				changed = changed || in[i] != x
			}
			calls[s.call] = s.call
			if changed {
				calls[s.call] = apply(s.call.layer, in).Values()[0].call
			}
		}
		return calls[s.call].out[s.index]
	}
	for i, s := range m.outputs {
		m.outputs[i] = renew(s)
	}
	return nil
}
