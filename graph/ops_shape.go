package graph

import "github.com/lince-ml/lince/graph/op"

// ExpandDims inserts a dimension of size 1 before dimension axis.
func (b *Builder) ExpandDims(x *Value, axis int) *Value { return b.Op(op.ExpandDims{Axis: axis}, x) }

// Squeeze removes dimension axis, whose size is 1.
func (b *Builder) Squeeze(x *Value, axis int) *Value { return b.Op(op.Squeeze{Axis: axis}, x) }
