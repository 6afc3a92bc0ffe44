package tflitegraph

import (
	"slices"

	"github.com/lince-ml/lince/format/tflite/tflitefb"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// span is a slice begin:end:stride of a dimension, as in Python.
type span struct {
	begin, end, stride int
	first, last        bool // begin or end are left out
	shrink             bool // one element; the dimension is removed
	insert             bool // a new dimension of size 1
}

func readStridedSlice(n *node) {
	begin, end, stride := n.numbers(1), n.numbers(2), n.numbers(3)
	if begin == nil || end == nil || stride == nil {
		return
	}
	o := options[tflitefb.StridedSliceOptionsT](n)
	if len(begin) != len(end) || len(begin) != len(stride) || len(begin) > 32 {
		n.b.Errorf("has begin %v, end %v and strides %v, want lists of one length", begin, end, stride)
		return
	}
	list, known := n.sizes()
	var x *graph.Value
	rank := 1
	if !known {
		if x = n.in(0); !x.Valid() {
			return
		}
		rank = x.Rank()
	}
	if o.Offset {
		n.b.Errorf("lince lacks ends that are offsets")
		return
	}
	spans, ok := n.spans(begin, end, stride, o, rank)
	if !ok {
		return
	}
	if known {
		n.sliceKnown(list, spans)
		return
	}
	n.sliceValue(x, spans)
}

// spans returns a span for each dimension, and for each new one.
func (n *node) spans(begin, end, stride []int, o *tflitefb.StridedSliceOptionsT, rank int) ([]span, bool) {
	has := func(mask int32, i int) bool { return mask>>i&1 != 0 }
	given := 0
	for i := range begin {
		if !has(o.NewAxisMask, i) && !has(o.EllipsisMask, i) {
			given++
		}
	}
	all := span{stride: 1, first: true, last: true}
	var spans []span
	for i := range begin {
		switch {
		case has(o.EllipsisMask, i):
			for range rank - given {
				spans = append(spans, all)
			}
			given = rank
		case has(o.NewAxisMask, i):
			spans = append(spans, span{insert: true})
		default:
			spans = append(spans, span{begin[i], end[i], stride[i], has(o.BeginMask, i), has(o.EndMask, i), has(o.ShrinkAxisMask, i), false})
		}
	}
	for range rank - given {
		spans = append(spans, all)
	}
	dims := 0
	for _, s := range spans {
		if !s.insert {
			dims++
		}
	}
	if dims != rank {
		n.b.Errorf("slices %d dimensions of a value with %d", dims, rank)
		return nil, false
	}
	return spans, true
}

// resolve returns the range of a dimension of a known size. ok is false if the stride is not positive.
func (s span) resolve(size int) (begin, end int, ok bool) {
	clamp := func(i int) int {
		if i < 0 {
			i += size
		}
		return min(max(i, 0), size)
	}
	begin, end = clamp(s.begin), clamp(s.end)
	if s.first && !s.shrink {
		begin = 0
	}
	if s.last {
		end = size
	}
	if s.shrink {
		end = begin + 1
	}
	return begin, max(begin, end), s.stride > 0 && end <= size
}

func (n *node) sliceKnown(list []int, spans []span) {
	if len(spans) != 1 {
		n.b.Errorf("cannot slice a list of sizes in several dimensions")
		return
	}
	begin, end, ok := spans[0].resolve(len(list))
	if !ok {
		n.b.Errorf("cannot slice a list of %d sizes from %d to %d", len(list), spans[0].begin, spans[0].end)
		return
	}
	var indices []int
	for i := begin; i < end; i += spans[0].stride {
		indices = append(indices, i)
	}
	n.pick(list, indices)
}

func (n *node) sliceValue(x *graph.Value, spans []span) {
	begin, size, end := make([]int, x.Rank()), slices.Repeat([]int{tensor.Unknown}, x.Rank()), make([]int, x.Rank())
	strides := slices.Repeat([]int{1}, x.Rank())
	d := 0
	for _, s := range spans {
		if s.insert {
			continue
		}
		total := x.Shape[d]
		whole := s.first && s.last && !s.shrink
		switch {
		case s.stride < 1:
			n.b.Errorf("lince lacks the stride %d", s.stride)
			return
		case whole || n.isBatch(x, d) && !s.shrink && (s.first || s.begin == 0) && (s.last || s.end == n.batch):
		case total == tensor.Unknown:
			// Begin and end are counted from the ends that they are near.
			if s.shrink || !s.first && s.begin < 0 || !s.last && s.end >= 0 {
				n.b.Errorf("cannot slice dimension %d of %v, whose size is not known", d, x.Shape)
				return
			}
			if !s.first {
				begin[d] = s.begin
			}
			if !s.last {
				end[d] = -s.end
			}
		default:
			from, to, ok := s.resolve(total)
			if !ok {
				n.b.Errorf("cannot take element %d of dimension %d of %v", s.begin, d, x.Shape)
				return
			}
			begin[d], size[d] = from, to-from
		}
		strides[d] = s.stride
		d++
	}
	y := n.b.Op(op.Slice{Begin: begin, Size: size, End: end}, x)
	if x.Shape.Known() || slices.Max(end) == 0 {
		y = n.b.Slice(x, begin, size)
	}
	y = n.strided(y, strides)
	d = 0
	for _, s := range spans {
		switch {
		case s.insert:
			y = n.b.ExpandDims(y, d)
			d++
		case s.shrink:
			y = n.b.Squeeze(y, d)
		default:
			d++
		}
	}
	n.set(y)
}

// strided takes each strides[i]-th element of dimension i: a pool with windows of one element does that for images.
func (n *node) strided(x *graph.Value, strides []int) *graph.Value {
	if slices.Max(append(strides, 1)) == 1 {
		return x
	}
	if x.Rank() != 4 || strides[0] != 1 || strides[3] != 1 {
		return n.b.Errorf("lince lacks the strides %v of %v", strides, x.Shape)
	}
	return n.b.AveragePool2D(x, op.Window{Size: [2]int{1, 1}, Stride: [2]int{strides[1], strides[2]}, Dilation: [2]int{1, 1}})
}
