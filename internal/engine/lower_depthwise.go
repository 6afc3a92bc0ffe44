package engine

import (
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/compile"
	"github.com/lince-ml/lince/internal/kernel/depthwise"
	"github.com/lince-ml/lince/tensor"
)

// depthwiseShape is the shape of a depthwise convolution of images of shape x with a filter.
func depthwiseShape(w op.Window, x, filter tensor.Shape) depthwise.Shape {
	return depthwise.Shape{
		N: x[0], H: x[1], W: x[2], C: x[3], M: filter[3],
		KH: filter[0], KW: filter[1],
		StrideH: w.Stride[0], StrideW: w.Stride[1],
		DilationH: w.Dilation[0], DilationW: w.Dilation[1],
		PadTop: w.Before(0, x[1]), PadLeft: w.Before(1, x[2]),
		OH: w.Out(0, x[1]), OW: w.Out(1, x[2]),
	}
}

// depthwiseConv2D lowers op.DepthwiseConv2D and compile.DepthwiseConv2D.
func depthwiseConv2D(l *lowering) error {
	f, ok := l.node.Op.(compile.DepthwiseConv2D)
	if !ok {
		f.Window = l.node.Op.(op.DepthwiseConv2D).Window
	}
	e := depthwise.Epilogue{Bias: f.Bias, ReLU: f.ReLU || f.ReLU6, Limit: limit(f.ReLU6)}
	return depthwiseForward(l, depthwiseShape(f.Window, l.node.In[0].Shape, l.node.In[1].Shape), e)
}

func depthwiseForward(l *lowering, s depthwise.Shape, e depthwise.Epilogue) error {
	if err := s.Validate(); err != nil {
		return err
	}
	k := depthwise.NewForward(l.isa, s, e)
	l.scratch, l.flops = k.ScratchLen(), s.FLOPs()
	l.bind = func(b *binding) {
		x, w, y, bias := b.in(0), b.in(1), b.out(0), &memory{}
		if e.Bias {
			bias = b.in(2)
		}
		b.step(k.Parts(), func(part int, scratch []float32) { k.Run(part, x.f32, w.f32, bias.f32, y.f32, scratch) })
	}
	return l.floats()
}

func depthwiseConv2DGradInput(l *lowering) error {
	w := l.node.Op.(op.DepthwiseConv2DGradInput).Window
	return depthwiseGradInput(l, depthwiseShape(w, l.node.Out[0].Shape, l.node.In[0].Shape))
}

func depthwiseGradInput(l *lowering, s depthwise.Shape) error {
	if err := s.Validate(); err != nil {
		return err
	}
	k := depthwise.NewGradInput(l.isa, s)
	l.scratch, l.flops = k.ScratchLen(), s.FLOPs()
	if k.PackedLen() > 0 {
		l.pack(0, k.PackedLen())
	}
	l.bind = func(b *binding) {
		w, dy, dx := b.in(0), b.in(1), b.out(0)
		if k.PackedLen() > 0 {
			w = &memory{f32: b.pack(0, k)}
		}
		b.step(k.Parts(), func(part int, scratch []float32) { k.Run(part, dy.f32, w.f32, dx.f32, scratch) })
	}
	return l.types(tensor.Float32, tensor.Float32)
}

// depthwiseConv2DGradFilter lowers op.DepthwiseConv2DGradFilter and
// compile.DepthwiseConv2DGradFilter.
func depthwiseConv2DGradFilter(l *lowering) error {
	f, bias := l.node.Op.(compile.DepthwiseConv2DGradFilter)
	if !bias {
		f.Window = l.node.Op.(op.DepthwiseConv2DGradFilter).Window
	}
	return depthwiseGradFilter(l, depthwiseShape(f.Window, l.node.In[0].Shape, l.node.Out[0].Shape), bias)
}

func depthwiseGradFilter(l *lowering, s depthwise.Shape, bias bool) error {
	if err := s.Validate(); err != nil {
		return err
	}
	k := depthwise.NewGradFilter(l.isa, s, bias)
	l.scratch, l.work, l.flops = k.ScratchLen(), k.PartialLen(), s.FLOPs()
	l.bind = func(b *binding) {
		x, dy, dw, db, partial := b.in(0), b.in(1), b.out(0), &memory{}, b.work
		if bias {
			db = b.out(1)
		}
		b.step(k.Parts(), func(part int, scratch []float32) { k.Run(part, x.f32, dy.f32, partial, scratch) })
		b.step(k.ReduceParts(), func(part int, _ []float32) { k.Reduce(part, partial, dw.f32, db.f32) })
	}
	return l.types(tensor.Float32, tensor.Float32)
}
