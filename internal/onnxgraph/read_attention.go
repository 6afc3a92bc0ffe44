package onnxgraph

import (
	"math"
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// heads returns an operand of Attention as (batch, heads, sequence, size).
func (n *node) heads(i int, attribute string) *graph.Value {
	x := n.wantRank(i, 3, 4)
	v := n.plain(i)
	if x.rank() == 4 {
		return v
	}
	count := n.attrInt(attribute, 0)
	if d := n.known(x, 2); count < 1 || d%count != 0 {
		n.fail("operand %d has shape %v, which does not divide into %d heads", i, x.shape(), count)
	}
	return n.b.Transpose(n.b.Reshape(v, -1, n.known(x, 1), count, n.known(x, 2)/count), 0, 2, 1, 3)
}

// attention builds Attention.
func attention(n *node) {
	b := n.b
	q, k, v := n.heads(0, "q_num_heads"), n.heads(1, "kv_num_heads"), n.heads(2, "kv_num_heads")
	if !q.Valid() || !k.Valid() || !v.Valid() {
		n.put(0, &value{bad: true})
		return
	}
	past := 0
	if n.has(4) {
		past = n.known(n.wantRank(4, 4), 2)
		k = b.Concat(2, n.plain(4), k)
	}
	if n.has(5) {
		v = b.Concat(2, n.plain(5), v)
	}
	for i, x := range []*graph.Value{k, v} {
		if n.wants(1 + i) {
			n.set(1+i, x, plain(4))
		}
	}
	heads, groups, queries, keys := q.Shape[1], k.Shape[1], q.Shape[2], k.Shape[2]
	size := q.Shape[3]
	for _, d := range []int{heads, groups, queries, keys, size} {
		if d < 1 {
			n.fail("the queries have shape %v and the keys %v, want known sizes after the batch", q.Shape, k.Shape)
		}
	}
	if heads%groups != 0 {
		n.fail("%d heads of queries for %d heads of keys", heads, groups)
	}
	k, v = n.repeatHeads(k, heads/groups), n.repeatHeads(v, heads/groups)
	scale := n.attrFloat("scale", 1/math.Sqrt(float64(size)))
	scores := b.Op(op.BatchMatMul{TransposeB: true}, b.Scale(q, math.Sqrt(scale)), b.Scale(k, math.Sqrt(scale)))
	raw := scores
	if softcap := n.attrFloat("softcap", 0); softcap > 0 {
		scores = b.Scale(b.Tanh(b.Scale(scores, 1/softcap)), softcap)
	}
	capped := scores
	bias := n.attentionBias(q.DType, queries, keys, past)
	if bias != nil {
		scores = b.Add(scores, bias)
	}
	biased := scores
	if bias != nil { // a row without any key is 0
		lowest := b.BroadcastLike(b.ReduceMaxKeep(b.BroadcastLike(bias, scores), 3), scores)
		none := b.Binary(op.Equal, lowest, constantLike(b, lowest, math.Inf(-1)))
		scores = b.Select(none, constantLike(b, scores, 0), b.Softmax(b.Select(none, constantLike(b, scores, 0), scores)))
	} else {
		scores = b.Softmax(scores)
	}
	if n.wants(3) {
		out := []*graph.Value{raw, capped, biased, scores}
		mode := n.attrInt("qk_matmul_output_mode", 0)
		if mode < 0 || mode > 3 {
			n.fail("qk_matmul_output_mode is %d, want 0 to 3", mode)
		}
		n.set(3, out[mode], plain(4))
	}
	y := b.BatchMatMul(scores, v)
	if n.in(0).rank() == 3 && y.Valid() {
		y = b.Reshape(b.Transpose(y, 0, 2, 1, 3), -1, queries, heads*y.Shape[3])
	}
	n.out(y).like(n.in(0), 0)
}

// repeatHeads repeats each head.
func (n *node) repeatHeads(x *graph.Value, times int) *graph.Value {
	if times == 1 {
		return x
	}
	heads := n.sizes(x)[1]
	n.afford(heads * times)
	at := make([]int64, heads*times)
	for i := range at {
		at[i] = int64(i / times)
	}
	return n.b.GatherAxis(x, n.b.Op(op.Const{Value: tensor.Of(at, len(at))}), 1)
}

// attentionBias returns what Attention adds to the scores (batch, heads, queries, keys), or nil: -Inf for keys that do not count.
func (n *node) attentionBias(dtype tensor.DType, queries, keys, past int) *graph.Value {
	b := n.b
	var bias *graph.Value
	add := func(v *graph.Value) {
		if bias != nil {
			v = b.Add(bias, v)
		}
		bias = v
	}
	zero, none := b.Constant(dtype, 0), b.Constant(dtype, math.Inf(-1))
	if n.has(3) {
		mask := n.plain(3)
		if missing := keys - n.known(n.in(3), n.in(3).rank()-1); missing > 0 {
			after := make([]int, mask.Rank())
			after[mask.Rank()-1] = missing
			fill := math.Inf(-1)
			if mask.DType == tensor.Bool {
				fill = 0
			}
			mask = b.Pad(mask, make([]int, mask.Rank()), after, fill)
		}
		if mask.DType == tensor.Bool {
			mask = b.Select(mask, zero, none)
		}
		add(mask)
	}
	row, column := b.Op(op.Const{Value: n.counted(queries).Reshape(queries, 1)}), b.Op(op.Const{Value: n.counted(keys)})
	ahead := b.Sub(column, row) // of the first query, if it is at position 0
	offset := b.Constant(tensor.Int64, float64(past))
	if n.has(6) {
		lengths := b.Reshape(b.Cast(n.plain(6), tensor.Int64), -1, 1, 1, 1)
		if !n.has(4) {
			offset = b.Offset(lengths, float64(-queries))
		}
		add(b.Select(b.Binary(op.Less, column, lengths), zero, none))
	}
	ahead = b.Sub(ahead, offset)
	limit := func(fn op.BinaryFn, k int) {
		add(b.Select(b.Binary(fn, ahead, constantLike(b, ahead, float64(k))), zero, none))
	}
	if n.attrFlag("is_causal", false) {
		limit(op.LessEqual, 0)
	}
	if k := n.attrInt("left_window_size", -1); k >= 0 {
		limit(op.GreaterEqual, -k)
	}
	if k := n.attrInt("right_window_size", -1); k >= 0 {
		limit(op.LessEqual, k)
	}
	return bias
}

// rotaryEmbedding builds RotaryEmbedding: it rotates pairs of elements by angles that depend on the position.
func rotaryEmbedding(n *node) {
	x, b := n.wantRank(0, 3, 4), n.b
	v := n.plain(0) // becomes (batch, sequence, heads, size)
	if x.rank() == 4 {
		v = b.Transpose(v, 0, 2, 1, 3)
	} else {
		heads := n.attrInt("num_heads", 0)
		if d := n.known(x, 2); heads < 1 || d%heads != 0 {
			n.fail("operand has shape %v, which does not divide into %d heads", x.shape(), heads)
		}
		v = b.Reshape(v, -1, n.known(x, 1), heads, n.known(x, 2)/heads)
	}
	if !v.Valid() || !v.Shape[1:].Known() {
		n.fail("operand has shape %v; the dimensions after the batch must be known", x.shape())
	}
	size := v.Shape[3]
	rotated := n.attrInt("rotary_embedding_dim", 0)
	if rotated == 0 {
		rotated = size
	}
	if rotated < 2 || rotated > size || rotated%2 != 0 {
		n.fail("rotary_embedding_dim is %d, want an even number up to %d", rotated, size)
	}
	half := rotated / 2
	angles := func(i int) *graph.Value {
		c := n.plain(i)
		if n.has(3) {
			c = b.Gather(c, n.plain(3))
		}
		return b.ExpandDims(c, 2)
	}
	cos, sin := angles(1), angles(2)
	rest := n.cut(v, 3, rotated, size-rotated)
	v = n.cut(v, 3, 0, rotated)
	var first, second *graph.Value
	interleaved := n.attrFlag("interleaved", false)
	pairs := append(slices.Clone(v.Shape[:3]), half, 2)
	pairs[0] = -1
	if interleaved {
		p := b.Reshape(v, pairs...)
		first, second = b.Squeeze(n.cut(p, 4, 0, 1), 4), b.Squeeze(n.cut(p, 4, 1, 1), 4)
	} else {
		first, second = n.cut(v, 3, 0, half), n.cut(v, 3, half, half)
	}
	re := b.Sub(b.Mul(cos, first), b.Mul(sin, second))
	im := b.Add(b.Mul(sin, first), b.Mul(cos, second))
	var y *graph.Value
	if interleaved {
		y = b.Concat(4, b.ExpandDims(re, 4), b.ExpandDims(im, 4))
		y = b.Reshape(y, pairs[0], pairs[1], pairs[2], rotated)
	} else {
		y = b.Concat(3, re, im)
	}
	if rotated < size {
		y = b.Concat(3, y, rest)
	}
	if x.rank() == 4 {
		y = b.Transpose(y, 0, 2, 1, 3)
	} else if y.Valid() {
		y = b.Reshape(y, -1, y.Shape[1], y.Shape[2]*size)
	}
	n.out(y).like(x)
}

// rmsNormalization builds RMSNormalization.
func rmsNormalization(n *node) {
	x, b := n.in(0), n.b
	first := n.axis(n.attrInt("axis", -1), x.rank())
	axes := plain(x.rank())[first:]
	n.across(x, axes...)
	v := n.plain(0)
	y := b.Div(v, b.Sqrt(b.Offset(meanKeep(b, b.Square(v), axes), n.attrFloat("epsilon", 1e-5))))
	n.out(b.Mul(y, n.plain(1))).like(x)
}

// swiGLU builds SwiGLU.
func swiGLU(n *node) {
	v, l := n.broadcast(0, 1)
	n.setBroadcast(n.b.Mul(n.b.Mul(v[0], n.b.Sigmoid(n.b.Scale(v[0], n.attrFloat("alpha", 1)))), v[1]), l, 0, 1)
}

// causalConvolution builds CausalConvWithState: a convolution of each channel of sequences over the elements before.
func causalConvolution(n *node) {
	x, w, b := n.wantRank(0, 3), n.wantRank(1, 3), n.b
	channels, k := n.known(x, 1), n.known(w, 2)
	if n.known(w, 0) != channels || n.known(w, 1) != 1 {
		n.fail("operands have shapes %v and %v, want (batch, channels, length) and (channels, 1, k)", x.shape(), w.shape())
	}
	v := n.plain(0)
	if n.has(3) {
		v = b.Concat(2, n.plain(3), v)
	} else {
		v = b.Pad(v, []int{0, 0, k - 1}, []int{0, 0, 0}, 0)
	}
	length := n.known(x, 2)
	if n.wants(1) {
		n.set(1, n.cut(v, 2, length, k-1), plain(3)).like(x, 0)
	}
	images := b.ExpandDims(b.Transpose(v, 0, 2, 1), 1)
	filter := b.Reshape(b.Transpose(n.plain(1), 2, 0, 1), 1, k, channels, 1)
	y := b.Squeeze(b.DepthwiseConv2D(images, filter, op.Window{Size: [2]int{1, k}, Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}}), 1)
	if n.has(2) {
		y = b.Add(y, n.plain(2))
	}
	switch a := n.attrString("activation", "none"); a {
	case "none":
	case "silu", "swish":
		y = b.Mul(y, b.Sigmoid(y))
	default:
		n.fail("activation is %q, want none, silu or swish", a)
	}
	n.set(0, b.Transpose(y, 0, 2, 1), plain(3)).like(x, 0)
}
