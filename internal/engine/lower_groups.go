package engine

import (
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/compile"
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/conv"
	"github.com/lince-ml/lince/internal/kernel/depthwise"
	"github.com/lince-ml/lince/tensor"
)

// A convolution in groups runs as one convolution for each group. Before it, the channels of each
// group are gathered into a matrix in working memory; after it, the results are scattered again. Where
// groups are small, package depthwise runs the convolution instead.

// groupRuns is a matrix of rows with groups*columns numbers that is split into a matrix of
// rows x columns for each group.
type groupRuns struct{ rows, groups, columns int }

func (r groupRuns) len() int { return r.rows * r.groups * r.columns }

func (r groupRuns) parts() int { return kernel.RowBlocks(r.rows, r.groups*r.columns) }

// group returns the matrix of group g in x, the result of split.
func (r groupRuns) group(x []float32, g int) []float32 {
	return x[g*r.rows*r.columns : (g+1)*r.rows*r.columns]
}

// split copies a part of the rows of x to the groups' matrices in dst.
func (r groupRuns) split(part int, x, dst []float32) {
	lo, hi := kernel.Split(r.rows, r.parts(), part)
	for g := range r.groups {
		to := r.group(dst, g)
		for i := lo; i < hi; i++ {
			copy(to[i*r.columns:(i+1)*r.columns], x[(i*r.groups+g)*r.columns:])
		}
	}
}

// join is the inverse of split.
func (r groupRuns) join(part int, x, dst []float32) {
	lo, hi := kernel.Split(r.rows, r.parts(), part)
	for g := range r.groups {
		from := r.group(x, g)
		for i := lo; i < hi; i++ {
			copy(dst[(i*r.groups+g)*r.columns:(i*r.groups+g+1)*r.columns], from[i*r.columns:])
		}
	}
}

// grouped is the shape of the convolution of one group, and how the images x, the filter w and the
// results y are split into groups.
type grouped struct {
	conv.Shape
	x, w, y groupRuns
}

func newGrouped(o op.Conv2D, x, w tensor.Shape) (grouped, error) {
	s := convShape(o.Window, x, w)
	s.C, s.O = s.C/o.Groups, s.O/o.Groups
	return grouped{
		s,
		groupRuns{s.N * s.H * s.W, o.Groups, s.C},
		groupRuns{s.KH * s.KW * s.C, o.Groups, s.O},
		groupRuns{s.N * s.OH * s.OW, o.Groups, s.O},
	}, s.Validate()
}

// announce announces what pack packs.
func (s grouped) announce(l *lowering, i int, k conv.Packer) {
	l.pack(i, s.w.len())
	l.pack(i, k.PackedLen()*s.w.groups)
}

// pack packs the filter, operand i, and returns a function that gives the packed filter of a group.
func (s grouped) pack(b *binding, i int, k conv.Packer) func(group int) []float32 {
	n, parts := k.PackedLen(), k.PackParts()
	apart := b.pack(i, packer{s.w.len(), s.w.parts(), s.w.split})
	packed := b.pack(i, packer{n * s.w.groups, parts * s.w.groups, func(part int, _, packed []float32) {
		g := part / parts
		k.Pack(part%parts, s.w.group(apart, g), packed[g*n:(g+1)*n])
	}})
	return func(g int) []float32 { return packed[g*n : (g+1)*n] }
}

// asDepthwise returns the shape with which package depthwise runs a convolution in groups; ok is false
// if it does not. Package depthwise runs groups of one input channel, and small groups with as many
// output channels as input channels.
func asDepthwise(o op.Conv2D, x, w tensor.Shape) (shape depthwise.Shape, ok bool) {
	s := depthwiseShape(o.Window, x, w)
	channels, outputs := w[2], w[3]/o.Groups
	switch {
	case channels == 1:
		s.M = outputs
	case channels == outputs && depthwise.Fast(channels):
		s.M, s.Group = 1, channels
	default:
		return s, false
	}
	return s, true
}

// groupedConv2D lowers op.Conv2D in groups and compile.GroupedConv2D.
func groupedConv2D(l *lowering) error {
	f, ok := l.node.Op.(compile.GroupedConv2D)
	if !ok {
		f.Conv2D = l.node.Op.(op.Conv2D)
	}
	x, w := l.node.In[0].Shape, l.node.In[1].Shape
	if s, ok := asDepthwise(f.Conv2D, x, w); ok {
		return depthwiseForward(l, s, depthwise.Epilogue{Bias: f.Bias, ReLU: f.ReLU || f.ReLU6, Limit: limit(f.ReLU6)})
	}
	s, err := newGrouped(f.Conv2D, x, w)
	if err != nil {
		return err
	}
	k := conv.NewForward(l.isa, s.Shape, conv.Epilogue{Bias: f.Bias, ReLU: f.ReLU || f.ReLU6, Limit: limit(f.ReLU6)})
	l.scratch, l.work, l.flops = k.ScratchLen(), s.x.len()+s.y.len(), s.FLOPs()*s.x.groups
	s.announce(l, 1, k)
	l.bind = func(b *binding) {
		packed := s.pack(b, 1, k)
		x, y, bias := b.in(0), b.out(0), &memory{}
		if f.Bias {
			bias = b.in(2)
		}
		xs, ys := b.work[:s.x.len()], b.work[s.x.len():]
		b.step(s.x.parts(), func(part int, _ []float32) { s.x.split(part, x.f32, xs) })
		b.step(k.Parts()*s.x.groups, func(part int, scratch []float32) {
			g := part / k.Parts()
			var row []float32
			if f.Bias {
				row = bias.f32[g*s.O : (g+1)*s.O]
			}
			k.Run(part%k.Parts(), s.x.group(xs, g), packed(g), row, nil, s.y.group(ys, g), nil, scratch)
		})
		b.step(s.y.parts(), func(part int, _ []float32) { s.y.join(part, ys, y.f32) })
	}
	return l.floats()
}

func groupedGradInput(l *lowering) error {
	o, x, w := op.Conv2D(l.node.Op.(op.Conv2DGradInput)), l.node.Out[0].Shape, l.node.In[0].Shape
	if s, ok := asDepthwise(o, x, w); ok {
		return depthwiseGradInput(l, s)
	}
	s, err := newGrouped(o, x, w)
	if err != nil {
		return err
	}
	k := conv.NewGradInput(l.isa, s.Shape, false)
	l.scratch, l.work, l.flops = k.ScratchLen(), s.x.len()+s.y.len(), s.FLOPs()*s.x.groups
	s.announce(l, 0, k)
	l.bind = func(b *binding) {
		packed := s.pack(b, 0, k)
		dy, dx := b.in(1), b.out(0)
		xs, ys := b.work[:s.x.len()], b.work[s.x.len():]
		b.step(s.y.parts(), func(part int, _ []float32) { s.y.split(part, dy.f32, ys) })
		b.step(k.Parts()*s.x.groups, func(part int, scratch []float32) {
			g := part / k.Parts()
			k.Run(part%k.Parts(), s.y.group(ys, g), nil, packed(g), s.x.group(xs, g), scratch)
		})
		b.step(s.x.parts(), func(part int, _ []float32) { s.x.join(part, xs, dx.f32) })
	}
	return l.types(tensor.Float32, tensor.Float32)
}

func groupedGradFilter(l *lowering) error {
	o, x, w := op.Conv2D(l.node.Op.(op.Conv2DGradFilter)), l.node.In[0].Shape, l.node.Out[0].Shape
	if s, ok := asDepthwise(o, x, w); ok {
		return depthwiseGradFilter(l, s, false)
	}
	s, err := newGrouped(o, x, w)
	if err != nil {
		return err
	}
	k := conv.NewGradFilter(l.isa, s.Shape, conv.Gradient{})
	n := k.PartialLen()
	l.scratch, l.flops = k.ScratchLen(), s.FLOPs()*s.x.groups
	l.work = s.x.len() + s.y.len() + s.w.len() + n*s.x.groups
	l.bind = func(b *binding) {
		x, dy, dw := b.in(0), b.in(1), b.out(0)
		xs, rest := b.work[:s.x.len()], b.work[s.x.len():]
		ys, rest := rest[:s.y.len()], rest[s.y.len():]
		ws, sums := rest[:s.w.len()], rest[s.w.len():]
		of := func(g int) []float32 { return sums[g*n : (g+1)*n] }
		b.step(s.x.parts(), func(part int, _ []float32) { s.x.split(part, x.f32, xs) })
		b.step(s.y.parts(), func(part int, _ []float32) { s.y.split(part, dy.f32, ys) })
		b.step(k.Parts()*s.x.groups, func(part int, scratch []float32) {
			g := part / k.Parts()
			k.Run(part%k.Parts(), s.x.group(xs, g), s.y.group(ys, g), nil, of(g), s.w.group(ws, g), nil, scratch)
		})
		b.step(k.ReduceParts()*s.x.groups, func(part int, _ []float32) {
			g := part / k.ReduceParts()
			k.Reduce(part%k.ReduceParts(), of(g), s.w.group(ws, g), nil)
		})
		b.step(s.w.parts(), func(part int, _ []float32) { s.w.join(part, ws, dw.f32) })
	}
	return l.types(tensor.Float32, tensor.Float32)
}
