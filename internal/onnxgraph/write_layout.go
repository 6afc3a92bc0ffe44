package onnxgraph

import (
	"fmt"
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/tensor"
)

// form is a tensor that holds a value, with its dimensions in some order: dimension i of the tensor is dimension perm[i] of the value.
// A value may have several forms.
type form struct {
	perm []int
	*ref
}

func identity(rank int) []int {
	perm := make([]int, rank)
	for i := range perm {
		perm[i] = i
	}
	return perm
}

// channelsFirst returns the order of dimensions in which ONNX's convolutions take images: the batch, the channels, and the others.
func channelsFirst(rank int) []int {
	if rank < 3 {
		return identity(rank)
	}
	perm := append([]int{0, rank - 1}, identity(rank - 1)[1:]...)
	return perm
}

// lastTwoSwapped returns the order of a stack of transposed matrices.
func lastTwoSwapped(rank int) []int {
	perm := identity(rank)
	perm[rank-1], perm[rank-2] = rank-2, rank-1
	return perm
}

// pick returns the elements of s at the indexes.
func pick[S ~[]E, E any](s S, indexes []int) S {
	out := make(S, len(indexes))
	for i, j := range indexes {
		out[i] = s[j]
	}
	return out
}

// set records the form in which a value was written.
func (w *writer) set(v *graph.Value, r *ref, perm []int) {
	w.forms[v] = append(w.forms[v], form{perm, r})
}

// alias makes v another name for the value of the forms.
func (w *writer) alias(v *graph.Value, forms []form) { w.forms[v] = slices.Clone(forms) }

// any returns the first form of a value.
func (w *writer) any(v *graph.Value) form {
	if f, ok := w.rows[v]; ok && len(w.forms[v]) == 0 { // images of one row are needed after all
		at := channelsFirst(4)
		w.set(v, w.node("Unsqueeze", []*ref{f.ref, w.integers(2)}), at)
	}
	if len(w.forms[v]) == 0 {
		w.get(v, identity(v.Rank()))
	}
	return w.forms[v][0]
}

// get returns a value with its dimensions in the given order.
func (w *writer) get(v *graph.Value, perm []int) *ref {
	return w.having(v, perm, func(p []int) bool { return slices.Equal(p, perm) }).ref
}

// having returns a form of v whose order of dimensions is allowed. If there is none, it makes the form of order perm.
func (w *writer) having(v *graph.Value, perm []int, allowed func(perm []int) bool) form {
	s := w.static(v)
	if s == nil {
		w.any(v) // so that there is one
	}
	for _, f := range w.forms[v] {
		if allowed(f.perm) {
			return f
		}
	}
	if s != nil {
		add := w.initializer
		if s.constant {
			add = w.constant
		}
		w.set(v, add(s.name, permuted(s.value, perm)), perm)
	} else {
		from := w.forms[v][0]
		q := make([]int, len(perm))
		for i, d := range perm {
			q[i] = slices.Index(from.perm, d)
		}
		w.set(v, w.node("Transpose", []*ref{from.ref}, ints("perm", q...)), perm)
	}
	return w.forms[v][len(w.forms[v])-1]
}

// has reports whether a value has been written in an order, or can be without a node.
func (w *writer) has(v *graph.Value, perm []int) bool {
	return w.static(v) != nil || slices.ContainsFunc(w.forms[v], func(f form) bool { return slices.Equal(f.perm, perm) })
}

// align returns the operands of an op that broadcasts them to the given rank, in one order of dimensions: the one that
// needs the least work.
func (w *writer) align(rank int, in ...*graph.Value) ([]*ref, []int) {
	best, least := identity(rank), -1
	for _, v := range in {
		if w.static(v) != nil {
			continue
		}
		w.any(v) // so that there is a form
		if v.Rank() < rank {
			continue
		}
		for _, f := range w.forms[v] {
			cost := 0
			for _, u := range in {
				if sub := inner(f.perm, u.Rank()); !w.has(u, sub) {
					cost += work(u.Shape)
				}
			}
			if least < 0 || cost < least {
				best, least = f.perm, cost
			}
		}
	}
	refs := make([]*ref, len(in))
	for i, v := range in {
		refs[i] = w.spread(v, best)
	}
	return refs, best
}

// work estimates the elements of a shape, for one example.
func work(s tensor.Shape) int {
	n := 1
	for i, d := range s {
		switch {
		case d == tensor.Unknown && i > 0:
			n *= 64
		case d > 0:
			n *= d
		}
	}
	return n
}

// inner returns the order of the last dimensions, as a value that has only these is broadcast.
func inner(perm []int, rank int) []int {
	var sub []int
	for _, d := range perm {
		if d >= len(perm)-rank {
			sub = append(sub, d-(len(perm)-rank))
		}
	}
	return sub
}

// spread returns a value so that it is broadcast to a result with its dimensions in the order perm.
func (w *writer) spread(v *graph.Value, perm []int) *ref {
	missing := len(perm) - v.Rank()
	first := slices.IndexFunc(perm, func(d int) bool { return d >= missing })
	var ones []int // among the dimensions from first on
	if first >= 0 {
		for i, d := range perm[first:] {
			if d < missing {
				ones = append(ones, i)
			}
		}
	}
	sub := inner(perm, v.Rank())
	if len(ones) == 0 {
		return w.get(v, sub)
	}
	if s := w.static(v); s != nil {
		key := shaped{s, fmt.Sprint(perm)}
		if w.shaped[key] == nil {
			t := permuted(s.value, sub)
			shape := slices.Clone(t.Shape())
			for _, i := range ones {
				shape = slices.Insert(shape, i, 1)
			}
			w.shaped[key] = w.initializer(s.name, t.Reshape(shape...))
		}
		return w.shaped[key]
	}
	return w.node("Unsqueeze", []*ref{w.get(v, sub), w.integers(ones...)})
}
