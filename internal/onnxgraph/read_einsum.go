package onnxgraph

import (
	"slices"
	"strings"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// labelled is a value whose dimensions have labels.
type labelled struct {
	v      *graph.Value
	labels []rune
}

// maxTerms limits the operands of Einsum, each of which is looked at for each other one.
const maxTerms = 64

// einsum builds Einsum: products of operands, summed over dimensions. The operands are multiplied one after another, each pair as a product of matrices.
func einsum(n *node) {
	terms, out := n.equation()
	for i, t := range terms {
		for a, l := range t {
			if !slices.Contains(out, l) {
				n.across(n.in(i), a)
			}
		}
	}
	x := n.diagonal(labelled{n.plain(0), terms[0]})
	for i, t := range terms[1:] {
		later := slices.Concat(append(slices.Clone(terms[i+2:]), out)...)
		x = n.contract(x, n.diagonal(labelled{n.plain(i + 1), t}), later)
	}
	x = n.sumLabels(x, out)
	perm := make([]int, len(out))
	for i, l := range out {
		perm[i] = slices.Index(x.labels, l)
	}
	n.out(move(n.b, x.v, perm))
}

// equation returns the labels of the dimensions of the operands and of the result. The dimensions of an ellipsis get the labels 0, 1 and so on.
func (n *node) equation() (terms [][]rune, out []rune) {
	text := strings.ReplaceAll(n.attrString("equation", ""), " ", "")
	left, right, explicit := strings.Cut(text, "->")
	parts := strings.Split(left, ",")
	if len(parts) > maxTerms {
		n.fail("equation has %d terms, lince allows %d", len(parts), maxTerms)
	}
	if len(parts) != len(n.operands) {
		n.fail("equation %q has %d terms for %d operands", text, len(parts), len(n.operands))
	}
	most := 0
	parse := func(s string, rank int) []rune {
		var labels []rune
		before, after, dots := strings.Cut(s, "...")
		for _, r := range before + after {
			if r < 'A' || r > 'z' || r > 'Z' && r < 'a' {
				n.fail("equation %q has the label %q", text, r)
			}
		}
		labels = []rune(before)
		if dots {
			k := rank - len(before) - len(after)
			for i := range max(k, 0) {
				labels = append(labels, rune(most-k+i))
			}
		}
		return append(labels, []rune(after)...)
	}
	for i, p := range parts {
		if strings.Contains(p, "...") {
			most = max(most, n.in(i).rank()-len(p)+3)
		}
	}
	count := map[rune]int{}
	for i, p := range parts {
		t := parse(p, n.in(i).rank())
		if len(t) != n.in(i).rank() {
			n.fail("equation %q names %d dimensions of operand %d, which has shape %v", text, len(t), i, n.in(i).shape())
		}
		for _, l := range t {
			count[l]++
		}
		terms = append(terms, t)
	}
	if explicit {
		out = parse(right, most+len(strings.ReplaceAll(right, "...", "")))
	} else {
		for l, k := range count {
			if k == 1 || l < 'A' {
				out = append(out, l)
			}
		}
		slices.Sort(out)
	}
	for i, l := range out {
		if count[l] == 0 || slices.Contains(out[:i], l) {
			n.fail("equation %q: a label of the result is not in a term, or is a duplicate", text)
		}
	}
	return terms, out
}

// diagonal takes the elements at which dimensions with one label have one index.
func (n *node) diagonal(x labelled) labelled {
	for i := 0; i < len(x.labels); i++ {
		j := slices.Index(x.labels[i+1:], x.labels[i])
		if j < 0 {
			continue
		}
		j += i + 1
		size := n.sizes(x.v)[i]
		if size == tensor.Unknown || x.v.Shape[j] != size {
			n.fail("a label is at dimensions %d and %d of shape %v, which must be equal and known", i, j, x.v.Shape)
		}
		l := slices.Delete(plain(len(x.labels)), j, j+1)
		l = slices.Insert(l, i+1, j) // the dimensions are neighbours
		v := move(n.b, x.v, l)
		shape := slices.Clone(v.Shape)
		shape = slices.Replace(shape, i, i+2, size*size)
		n.afford(size)
		at := make([]int64, size)
		for k := range at {
			at[k] = int64(k * (size + 1))
		}
		v = n.b.GatherAxis(n.b.Reshape(v, shape...), n.b.Op(op.Const{Value: tensor.Of(at, size)}), i)
		x = labelled{v, slices.Delete(slices.Clone(x.labels), j, j+1)}
		i--
	}
	return x
}

// sumLabels sums over the dimensions whose labels are not needed.
func (n *node) sumLabels(x labelled, needed []rune) labelled {
	var axes []int
	var rest []rune
	for i, l := range x.labels {
		if slices.Contains(needed, l) {
			rest = append(rest, l)
		} else {
			axes = append(axes, i)
		}
	}
	if axes == nil {
		return x
	}
	return labelled{n.b.Sum(x.v, axes...), rest}
}

// contract multiplies two values and sums over the labels that are not needed later.
func (n *node) contract(x, y labelled, later []rune) labelled {
	b := n.b
	x, y = n.sumLabels(x, append(slices.Clone(y.labels), later...)), n.sumLabels(y, append(slices.Clone(x.labels), later...))
	if !x.v.Valid() || !y.v.Valid() {
		return labelled{b.Invalid(), nil}
	}
	// Each label belongs to a group: batch labels are in both and needed, summed ones are in both, the others in one.
	var batch, summed, left, right []rune
	for _, l := range x.labels {
		switch {
		case !slices.Contains(y.labels, l):
			left = append(left, l)
		case slices.Contains(later, l):
			batch = append(batch, l)
		default:
			summed = append(summed, l)
		}
	}
	for _, l := range y.labels {
		if !slices.Contains(x.labels, l) {
			right = append(right, l)
		}
	}
	size := func(l rune) int {
		d := 1
		for _, v := range []labelled{x, y} {
			if i := slices.Index(v.labels, l); i >= 0 && (d == 1 || v.v.Shape[i] != 1) {
				if d != 1 && d != v.v.Shape[i] {
					n.fail("the operands have the sizes %d and %d for one label", d, v.v.Shape[i])
				}
				d = v.v.Shape[i]
			}
		}
		return d
	}
	// merged returns a value as (batch, rows, columns).
	merged := func(v labelled, groups ...[]rune) *graph.Value {
		var perm, shape []int
		for _, g := range groups {
			d := 1
			for _, l := range g {
				i := slices.Index(v.labels, l)
				perm = append(perm, i)
				k := v.v.Shape[i]
				if k != size(l) {
					n.fail("lince has no Einsum that broadcasts a dimension")
				}
				if d *= k; k == tensor.Unknown || d < 0 {
					d = tensor.Unknown
				}
			}
			shape = append(shape, d)
		}
		if first := slices.Index(shape, tensor.Unknown); first >= 0 && slices.Contains(shape[first+1:], tensor.Unknown) {
			n.fail("operands have shapes %v and %v; only one dimension may be unknown", x.v.Shape, y.v.Shape)
		}
		return b.Reshape(move(b, v.v, perm), shape...)
	}
	z := b.BatchMatMul(merged(x, batch, left, summed), merged(y, batch, summed, right))
	labels := slices.Concat(batch, left, right)
	shape := make([]int, len(labels))
	for i, l := range labels {
		shape[i] = size(l)
	}
	return labelled{b.Reshape(z, shape...), labels}
}
