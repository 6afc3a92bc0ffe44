package layer

import (
	"slices"
	"strings"
)

// Separate is implemented by layers whose call in Keras takes each operand as a separate argument, such as
// MultiHeadAttention's layer(query, value). Other layers with several operands take a list.
type Separate interface {
	// OperandNames returns the names of the arguments, in order.
	OperandNames() []string
}

// CausalMasked is implemented by layers whose call in Keras takes the argument use_causal_mask. It is no part of
// the layer's config: files store it with the call.
type CausalMasked interface {
	Layer
	// UsesCausalMask returns the value of the argument.
	UsesCausalMask() bool
	// SetCausalMask returns the layer with another value of the argument.
	SetCausalMask(use bool) Layer
}

// Grouped is implemented by layers that consist of others, as in Keras, so that files store their variables in several
// groups.
type Grouped interface {
	// Groups returns the groups of the variables.
	Groups() []Group
}

// Group is a group of variables in Keras' files of weights.
type Group struct {
	Path string // relative to the layer's path, such as "query_dense"; "" for the layer's own variables
	Name string // the name of the object in Keras, such as "query"; "" for the layer's
	// Has reports whether the group has the variable with a path relative to the layer's, such as
	// "query/kernel".
	Has func(path string) bool
}

// within returns the Has of a group with the variables below a path.
func within(path string) func(string) bool {
	return func(p string) bool { return strings.HasPrefix(p, path+"/") }
}

// groupsOf returns the groups of a layer inside another, whose group and path in variables are given.
func groupsOf(l Layer, group, path string) []Group {
	inner, ok := l.(Grouped)
	if !ok {
		return []Group{{Path: group, Name: NameOf(l), Has: within(path)}}
	}
	groups := slices.Clone(inner.Groups())
	for i, g := range groups {
		groups[i].Path = strings.TrimSuffix(group+"/"+g.Path, "/")
		groups[i].Has = func(p string) bool {
			rest, ok := strings.CutPrefix(p, path+"/")
			return ok && g.Has(rest)
		}
	}
	return groups
}
