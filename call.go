package lince

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lince-ml/lince/format/keras"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/layer"
)

// Most layers are called as layer(x) or layer([x, y]) in Keras, and have their variables in one group of a file. This file has
// the rules for the others: layer.Separate, layer.CausalMasked and layer.Grouped.

// causalMask is the argument of a call that the field CausalMask of layers stands for.
const causalMask = "use_causal_mask"

// operandNames returns the names of the operands if Keras takes them as separate arguments, else nil.
func (l *layerInstance) operandNames() []string {
	if s, ok := l.config.(layer.Separate); ok {
		return s.OperandNames()
	}
	return nil
}

// operandsOf returns the operands of a call in a file and their keywords, if Keras takes them as separate arguments. The
// operands are in the order of operandNames. For other layers it returns nil.
func (l *layerInstance) operandsOf(c keras.NetworkCall) (refs []keras.TensorRef, keywords []string, err error) {
	names := l.operandNames()
	if names == nil {
		return nil, nil, nil
	}
	args := map[string]keras.Arg{}
	given := map[string]string{}
	for i, a := range c.Args {
		if i >= len(names) {
			if _, constant := a.(keras.Constant); !constant {
				return nil, nil, fmt.Errorf("argument %d of its call is a tensor, which is not supported", i)
			}
			continue
		}
		args[names[i]] = a
	}
	for _, key := range slices.Sorted(maps.Keys(c.Kwargs)) {
		a := c.Kwargs[key]
		if _, constant := a.(keras.Constant); !constant && !slices.Contains(names, key) {
			return nil, nil, fmt.Errorf("it is called with a tensor as %s, which is not supported", key)
		}
		if slices.Contains(names, key) && args[key] == nil {
			args[key], given[key] = a, key
		}
	}
	end := false
	for _, name := range names {
		switch a := args[name].(type) {
		case keras.TensorRef:
			if end {
				return nil, nil, fmt.Errorf("it is called with %s, but without an operand before it: want %s", name, strings.Join(names, ", "))
			}
			refs, keywords = append(refs, a), append(keywords, given[name])
		case nil, keras.Constant: // plainCall refuses constants other than None
			end = true
		default:
			return nil, nil, fmt.Errorf("it is called with a list as %s, want a tensor", name)
		}
	}
	if len(refs) == 0 {
		return nil, nil, errors.New("it is called without operands")
	}
	return refs, keywords, nil
}

// applyWith is like apply for operands of which some are keyword arguments.
func applyWith(l *layerInstance, in []*Symbol, keywords []string) *Symbol {
	y := apply(l, in[:len(keywords)])
	if strings.Join(keywords, "") != "" {
		y.Values()[0].call.keywords = keywords
	}
	return y
}

// arguments returns the operands in Keras' order: positional arguments first, then keyword arguments, sorted.
func (c *call) arguments() []*Symbol {
	if c.keywords == nil {
		return c.in
	}
	at := make([]int, len(c.in))
	for i := range at {
		at[i] = i
	}
	slices.SortStableFunc(at, func(i, j int) int { return strings.Compare(c.keywords[i], c.keywords[j]) })
	in := make([]*Symbol, len(at))
	for i, j := range at {
		in[i] = c.in[j]
	}
	return in
}

// withKeywords returns a call in the form of files, whose operands are positional arguments, with the keywords of c and the
// arguments that are fields of the layer.
func (c *call) withKeywords(n keras.NetworkCall) keras.NetworkCall {
	causal, ok := c.layer.config.(layer.CausalMasked)
	if ok = ok && causal.UsesCausalMask(); !ok && c.keywords == nil {
		return n
	}
	args := n.Args
	n.Args, n.Kwargs = nil, map[string]keras.Arg{}
	for i, a := range args {
		if c.keywords != nil && c.keywords[i] != "" {
			n.Kwargs[c.keywords[i]] = a
		} else {
			n.Args = append(n.Args, a)
		}
	}
	if ok {
		n.Kwargs[causalMask] = keras.Constant("true")
	}
	return n
}

// setCall sets the fields of the layer that files store as arguments of its calls. It returns an error if the calls differ.
func (l *layerInstance) setCall(calls []keras.NetworkCall) error {
	causal, ok := l.config.(layer.CausalMasked)
	if !ok {
		return nil
	}
	for i, c := range calls {
		use := false
		if v, ok := c.Kwargs[causalMask].(keras.Constant); ok && !isNone(v) {
			if use = string(v) == "true"; !use && string(v) != "false" {
				return fmt.Errorf("it is called with %s=%.100s, want true or false", causalMask, v)
			}
		}
		if i > 0 && use != causal.UsesCausalMask() {
			return fmt.Errorf("it is called with %s=True and without, which is not supported for one layer", causalMask)
		}
		causal = causal.SetCausalMask(use).(layer.CausalMasked)
	}
	l.config = causal
	return nil
}

// varGroup is a group of a layer's variables in a file.
type varGroup struct {
	path, name string
	variables  []*graph.Variable
}

// in names the group in a message about the layer at a path.
func (g varGroup) in(path string) string {
	if g.path == path {
		return ""
	}
	return " in " + strings.TrimPrefix(g.path, path+"/")
}

// groups returns the groups of the variables of a layer whose path in the file is at. The first is the layer's own.
func (l *layerInstance) groups(at string) []varGroup {
	grouped, ok := l.config.(layer.Grouped)
	if !ok {
		return []varGroup{{at, l.name, l.variables}}
	}
	list := []varGroup{{path: at, name: l.name}}
	for _, g := range grouped.Groups() {
		to := varGroup{path: at + "/" + g.Path, name: g.Name}
		for _, v := range l.variables {
			if g.Has(l.relative(v)) {
				to.variables = append(to.variables, v)
			}
		}
		switch {
		case g.Path == "":
			list[0].variables = to.variables
		case len(to.variables) > 0:
			list = append(list, to)
		}
	}
	return list
}

// relative returns the path of a variable relative to the layer's.
func (l *layerInstance) relative(v *graph.Variable) string {
	return strings.TrimPrefix(strings.TrimPrefix(v.Path, l.name), "/")
}

// groupOf returns the index of the first group that has a variable, 0 if the layer has only one.
func (l *layerInstance) groupOf(v *graph.Variable) int {
	grouped, ok := l.config.(layer.Grouped)
	if !ok {
		return 0
	}
	return slices.IndexFunc(grouped.Groups(), func(g layer.Group) bool { return g.Has(l.relative(v)) })
}
