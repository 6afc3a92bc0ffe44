package onnxgraph

import (
	"cmp"
	"math"
	"slices"

	"github.com/lince-ml/lince/format/onnx/onnxpb"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/interp"
	"github.com/lince-ml/lince/tensor"
)

// Ops whose results have shapes that depend on the elements of operands. These operands must be constants.

// give sets a result to a constant.
func (n *node) give(i int, t *tensor.Tensor) {
	if n.wants(i) {
		n.put(i, constant("", t))
	}
}

// nonZero builds NonZero: the places of the elements that are not 0, a row for each dimension.
func nonZero(n *node) {
	t := n.tensor(0)
	shape, values := t.Shape(), interp.FromTensor(t).V
	var at []int
	for i, v := range values {
		if v != 0 {
			at = append(at, i)
		}
	}
	n.afford(len(shape) * len(at))
	y := tensor.New(tensor.Int64, max(len(shape), 1), len(at))
	for j, i := range at {
		for d := len(shape) - 1; d >= 0; d-- {
			tensor.Values[int64](y)[d*len(at)+j] = int64(i % shape[d])
			i /= shape[d]
		}
	}
	n.give(0, y)
}

// compress builds Compress: it takes the elements along an axis whose condition is true.
func compress(n *node) {
	x, condition := n.in(0), n.tensor(1)
	if condition.DType() != tensor.Bool || len(condition.Shape()) != 1 {
		n.fail("the condition is %v, want a vector of bools", condition)
	}
	var at []int64
	for i, v := range tensor.Values[bool](condition) {
		if v {
			at = append(at, int64(i))
		}
	}
	v, axis := n.plain(0), 0
	if a := n.attribute("axis", onnxpb.AttributeProto_INT); a != nil {
		axis = n.axis(int(a.GetI()), x.rank())
		n.across(x, axis)
	} else {
		v = n.b.Reshape(v, -1)
	}
	n.out(n.b.GatherAxis(v, n.b.Op(op.Const{Value: tensor.Of(at, len(at))}), axis))
}

// eyeLike builds EyeLike: a matrix with ones on a diagonal.
func eyeLike(n *node) {
	x := n.wantRank(0, 2)
	d, k := x.dtype, n.attrInt("k", 0)
	if t := n.attrInt("dtype", 0); t != 0 {
		var err error
		if d, err = n.dtype(int32(t)); err != nil {
			n.fail("%w", err)
		}
	}
	rows, columns := n.known(x, 0), n.known(x, 1)
	n.afford(rows * columns)
	ones := make([]float64, rows*columns)
	for i := range rows {
		if j := i + k; j >= 0 && j < columns {
			ones[i*columns+j] = 1
		}
	}
	n.give(0, fromFloats(ones, d, tensor.Shape{rows, columns}))
}

// unique builds Unique: the elements, or the slices along an axis, each once.
func unique(n *node) {
	t := n.tensor(0)
	shape, values := t.Shape(), interp.FromTensor(t).V
	outer, count, inner := 1, len(values), 1
	axis := n.attribute("axis", onnxpb.AttributeProto_INT)
	if axis != nil {
		a := n.axis(int(axis.GetI()), len(shape))
		outer, count, inner = shape[:a].Elements(), shape[a], shape[a+1:].Elements()
	}
	// element returns element j of slice i.
	element := func(i, j int) float64 { return values[(j/inner*count+i)*inner+j%inner] }
	compare := func(a, b int) int {
		for j := range outer * inner {
			if c := cmp.Compare(element(a, j), element(b, j)); c != 0 {
				return c
			}
		}
		return 0
	}
	order := plain(count)
	slices.SortStableFunc(order, compare)
	var first, counts []int64
	inverse := make([]int64, count)
	for i, s := range order {
		if i == 0 || compare(order[i-1], s) != 0 {
			first, counts = append(first, int64(s)), append(counts, 0)
		}
		inverse[s] = int64(len(first) - 1)
		counts[len(counts)-1]++
	}
	if !n.attrFlag("sorted", true) {
		by := plain(len(first))
		slices.SortFunc(by, func(a, b int) int { return cmp.Compare(first[a], first[b]) })
		rank := make([]int64, len(by))
		sorted, sizes := make([]int64, len(by)), make([]int64, len(by))
		for i, j := range by {
			rank[j], sorted[i], sizes[i] = int64(i), first[j], counts[j]
		}
		for i, j := range inverse {
			inverse[i] = rank[j]
		}
		first, counts = sorted, sizes
	}
	y := make([]float64, 0, outer*len(first)*inner)
	for o := range outer {
		for _, s := range first {
			for k := range inner {
				y = append(y, element(int(s), o*inner+k))
			}
		}
	}
	to := tensor.Shape{len(first)}
	if axis != nil {
		to = shape.Clone()
		to[n.axis(int(axis.GetI()), len(shape))] = len(first)
	}
	n.give(0, fromFloats(y, t.DType(), to))
	for i, v := range [][]int64{first, inverse, counts} {
		n.give(1+i, tensor.Of(v, len(v)))
	}
}

// suppress builds NonMaxSuppression: the boxes of each class in the order of their scores, without those that overlap one before.
func suppress(n *node) {
	boxes, scores := n.tensor(0), n.tensor(1)
	b, s := boxes.Shape(), scores.Shape()
	if len(b) != 3 || len(s) != 3 || b[2] != 4 || b[0] != s[0] || b[1] != s[2] || boxes.DType() != tensor.Float32 || scores.DType() != tensor.Float32 {
		n.fail("boxes are %v and scores %v, want float32 (batch, boxes, 4) and (batch, classes, boxes)", boxes, scores)
	}
	most, overlap, least := 0, 0., math.Inf(-1)
	if n.has(2) {
		most = n.int(2)
	}
	if n.has(3) {
		overlap = n.float(3)
	}
	if n.has(4) {
		least = n.float(4)
	}
	center := n.attrFlag("center_point_box", false)
	var chosen []int64
	for i := range s[0] {
		for c := range s[1] {
			score := scores.Float32s()[(i*s[1]+c)*s[2]:][:s[2]]
			order := plain(len(score))
			slices.SortStableFunc(order, func(a, b int) int { return -cmp.Compare(score[a], score[b]) })
			var kept []box
			for _, j := range order {
				if len(kept) >= most || !(float64(score[j]) > least) {
					break
				}
				n.afford(1 + len(kept))
				x := newBox(boxes.Float32s()[(i*b[1]+j)*4:][:4], center)
				if slices.ContainsFunc(kept, func(y box) bool { return x.overlap(y) > overlap }) {
					continue
				}
				kept = append(kept, x)
				chosen = append(chosen, int64(i), int64(c), int64(j))
			}
		}
	}
	n.give(0, tensor.Of(chosen, len(chosen)/3, 3))
}

// box has the coordinates of two opposite corners.
type box struct{ top, left, bottom, right float64 }

func newBox(v []float32, center bool) box {
	x := [4]float64{float64(v[0]), float64(v[1]), float64(v[2]), float64(v[3])}
	if center { // x, y, width, height
		return box{x[1] - x[3]/2, x[0] - x[2]/2, x[1] + x[3]/2, x[0] + x[2]/2}
	}
	return box{min(x[0], x[2]), min(x[1], x[3]), max(x[0], x[2]), max(x[1], x[3])}
}

func (a box) area() float64 { return max(a.bottom-a.top, 0) * max(a.right-a.left, 0) }

// overlap is the area of the intersection divided by that of the union.
func (a box) overlap(b box) float64 {
	both := box{max(a.top, b.top), max(a.left, b.left), min(a.bottom, b.bottom), min(a.right, b.right)}.area()
	if union := a.area() + b.area() - both; union > 0 {
		return both / union
	}
	return 0
}
