package onnxgraph

import (
	"bytes"
	"math"
	"slices"

	"github.com/lince-ml/lince/tensor"
)

// This file makes the batch free where a file fixes its size, if the network only carries the batch through. The reader takes the first
// dimension of the inputs for unknown. Numbers of the file in which the fixed size stands, such as the new shape of a Reshape, get the unknown size
// instead. A node that would compute across the examples of a batch is a mistake (node.across), and Read then keeps the size of the file.

// fixedBatch returns the size of the batch in the file: that of the first input with a known first dimension. It is 0 if there is none.
func (r *reader) fixedBatch() int {
	for _, in := range r.model.Graph.Input {
		if !slices.Contains(inputNames(r.model), in.GetName()) {
			continue
		}
		if d := in.GetType().GetTensorType().GetShape().GetDim(); len(d) > 1 && d[0].GetDimValue() > 0 {
			return int(min(d[0].GetDimValue(), math.MaxInt32))
		}
	}
	return 0
}

// keepsBatch reports whether a number of the file is the size of a batch that became unknown.
func (n *node) keepsBatch(d, number num) bool {
	return n.free != nil && d == num{1, n.free} && number == fixed(n.batch)
}

// across records that the node computes along an axis. That must not be the batch, if it has a fixed size in the file.
func (n *node) across(x *value, axes ...int) {
	for _, a := range axes {
		if n.free != nil && a >= 0 && x.dims[a].s == n.free {
			n.fail("computes along the batch")
		}
	}
}

// contracted has the operators of which no part of the reader checks along which axes they compute. The functions return these axes of
// operands 0 and 1.
var contracted = map[string]func(n *node) (first, second []int){
	"MatMul": products, "MatMulInteger": products,
	"Gemm": func(n *node) (first, second []int) {
		transposed := func(name string) int {
			if n.attrFlag(name, false) {
				return 1
			}
			return 0
		}
		return []int{1 - transposed("transA")}, []int{transposed("transB")}
	},
	"Conv": windows, "ConvInteger": windows, "ConvTranspose": windows,
	"MaxPool": windows, "AveragePool": windows, "LpPool": windows, "GlobalAveragePool": windows, "GlobalMaxPool": windows, "GlobalLpPool": windows,
	"GRU": sequences, "LSTM": sequences, "RNN": sequences,
}

func products(n *node) (first, second []int) {
	return []int{n.in(0).rank() - 1}, []int{max(n.in(1).rank()-2, 0)}
}

func windows(n *node) (first, second []int) {
	return plain(n.in(0).rank())[min(1, n.in(0).rank()):], nil
}

func sequences(n *node) (first, second []int) {
	if n.attrInt("layout", 0) == 1 {
		return []int{1}, nil
	}
	return []int{0}, nil
}

// checkBatch fails if the node computes along the batch.
func (n *node) checkBatch() {
	axes := contracted[n.key]
	if n.free == nil || axes == nil {
		return
	}
	first, second := axes(n)
	for i, along := range [][]int{first, second} {
		for _, a := range along {
			if n.has(i) && a < n.in(i).rank() {
				n.across(n.in(i), a)
			}
		}
	}
}

// reshapedBatch sets the batch in the new shape of a Reshape, where the file has its fixed size or a multiple of it. The elements of an example
// stay together only if as many elements are before the batch as in the old shape; otherwise it fails. open is the dimension that follows from
// the others, or negative.
func (n *node) reshapedBatch(from, to []num, open int) {
	at := slices.IndexFunc(from, func(d num) bool { return n.free != nil && d.s == n.free })
	if at < 0 {
		return
	}
	total, known := product(from...)
	before, _ := product(from[:at]...)
	sizes := slices.Clone(to) // those of the file
	if !known {
		return
	}
	for i, d := range sizes {
		if d.s == n.free {
			sizes[i] = fixed(d.k * float64(n.batch))
		}
	}
	if !allFixed(sizes) {
		return
	}
	if open >= 0 {
		sizes[open] = fixed(1)
		rest, _ := product(sizes...)
		sizes[open] = fixed(total.k * float64(n.batch) / rest.k)
	}
	for i, passed := 0, 1.; i < len(sizes) && passed <= before.k; passed, i = passed*sizes[i].k, i+1 {
		if passed != before.k {
			continue
		}
		switch d := sizes[i]; {
		case to[i].s != nil, i == open && d.k != 1:
			return // the number of the file is right
		case d.k == float64(n.batch), n.batch > 1 && math.Mod(d.k, float64(n.batch)) == 0:
			to[i] = num{d.k / float64(n.batch), n.free}
			return
		}
	}
	n.fail("cannot reshape %v to %v and keep the batch", n.in(0).shape(), shapeOf(to))
}

// shareRows replaces constants that repeat a row for each example of the batch by that row, for operators that broadcast it.
func (n *node) shareRows() {
	if n.free == nil || n.batch < 2 || !slices.Contains([]string{"Add", "Sub", "Mul", "Div", "Pow", "Where", "Min", "Max", "Concat"}, n.key) {
		return
	}
	batched := slices.IndexFunc(n.operands, func(x *value) bool {
		return x != nil && x.v != nil && x.rank() > 1 && x.dims[0] == num{1, n.free}
	})
	if batched < 0 {
		return
	}
	for i, x := range n.operands {
		if x == nil || x.t == nil || x.rank() != n.in(batched).rank() || x.dims[0] != fixed(n.batch) {
			continue
		}
		raw := x.t.Raw()
		size := len(raw) / n.batch
		for k := 1; k < n.batch; k++ {
			if !bytes.Equal(raw[:size], raw[k*size:(k+1)*size]) {
				return // the builder says that the shapes do not fit
			}
		}
		row := tensor.New(x.dtype, append([]int{1}, x.t.Shape()[1:]...)...)
		copy(row.Raw(), raw[:size])
		shared := constant(x.name, row)
		shared.weight, shared.role, shared.path = x.weight, x.role, x.path+"_row"
		n.operands[i] = shared
		if n.key == "Concat" { // it does not broadcast
			y := n.b.BroadcastLike(n.plain(i), n.reference(append([]num{n.in(batched).dims[0]}, shared.dims[1:]...)))
			n.operands[i] = &value{name: x.name, dtype: x.dtype, dims: append([]num{n.in(batched).dims[0]}, shared.dims[1:]...), v: y, layout: plain(x.rank())}
		}
	}
}
