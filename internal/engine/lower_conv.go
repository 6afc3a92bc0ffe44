package engine

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/compile"
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/conv"
	"github.com/lince-ml/lince/internal/kernel/gemm"
	"github.com/lince-ml/lince/internal/kernel/pool"
	"github.com/lince-ml/lince/tensor"
)

// convShape is the shape of a convolution of images of shape x with a filter.
func convShape(w op.Window, x, filter tensor.Shape) conv.Shape {
	return conv.Shape{
		N: x[0], H: x[1], W: x[2], C: x[3],
		KH: filter[0], KW: filter[1], O: filter[3],
		StrideH: w.Stride[0], StrideW: w.Stride[1],
		DilationH: w.Dilation[0], DilationW: w.Dilation[1],
		PadTop: w.Before(0, x[1]), PadLeft: w.Before(1, x[2]),
		OH: w.Out(0, x[1]), OW: w.Out(1, x[2]),
	}
}

// limit is the upper limit of a ReLU; 0 means none.
func limit(relu6 bool) float32 {
	if relu6 {
		return 6
	}
	return 0
}

// conv2D lowers op.Conv2D and compile.Conv2D.
func conv2D(l *lowering) error {
	if o, ok := l.node.Op.(op.Conv2D); ok && o.Groups > 1 {
		return groupedConv2D(l)
	}
	f, ok := l.node.Op.(compile.Conv2D)
	if !ok {
		f.Window = l.node.Op.(op.Conv2D).Window
	}
	s := convShape(f.Window, l.node.In[0].Shape, l.node.In[1].Shape)
	if err := s.Validate(); err != nil {
		return err
	}
	e := conv.Epilogue{Bias: f.Bias, Residual: f.Residual, ReLU: f.ReLU || f.ReLU6, Limit: limit(f.ReLU6), Pool: f.Pool}
	k := conv.NewForward(l.isa, s, e)
	l.scratch, l.flops = k.ScratchLen(), s.FLOPs()
	l.choices = func() []conv.Choice { return conv.ForwardChoices(s, e) }
	l.pack(1, k.PackedLen())
	l.bind = func(b *binding) {
		packed := b.pack(1, k)
		x, y, bias, residual, argmax := b.in(0), b.out(0), &memory{}, &memory{}, &memory{}
		if f.Bias {
			bias = b.in(2)
		}
		if f.Residual {
			residual = b.in(len(l.node.In) - 1)
		}
		if f.Pool {
			argmax = b.out(1)
		}
		b.step(k.Parts(), func(part int, scratch []float32) {
			k.Run(part, x.f32, packed, bias.f32, residual.f32, y.f32, argmax.u8, scratch)
		})
	}
	return l.floats()
}

// convGradInput lowers op.Conv2DGradInput and compile.Conv2DGradInput.
func convGradInput(l *lowering) error {
	if o, ok := l.node.Op.(op.Conv2DGradInput); ok && o.Groups > 1 {
		return groupedGradInput(l)
	}
	f, ok := l.node.Op.(compile.Conv2DGradInput)
	if !ok {
		f.Window = l.node.Op.(op.Conv2DGradInput).Window
	}
	s := convShape(f.Window, l.node.Out[0].Shape, l.node.In[0].Shape)
	if err := s.Validate(); err != nil {
		return err
	}
	k := conv.NewGradInput(l.isa, s, f.Pooled)
	l.scratch, l.flops = k.ScratchLen(), s.FLOPs()
	l.choices = func() []conv.Choice { return conv.GradInputChoices(s, f.Pooled) }
	l.pack(0, k.PackedLen())
	l.bind = func(b *binding) {
		packed := b.pack(0, k)
		dy, dx, argmax := b.in(1), b.out(0), &memory{}
		if f.Pooled {
			argmax = b.in(2)
		}
		b.step(k.Parts(), func(part int, scratch []float32) {
			k.Run(part, dy.f32, argmax.u8, packed, dx.f32, scratch)
		})
	}
	return l.types(tensor.Float32, tensor.Float32)
}

// convTranspose lowers op.Conv2DTranspose.
func convTranspose(l *lowering) error {
	s := convShape(l.node.Op.(op.Conv2DTranspose).Window, l.node.Out[0].Shape, l.node.In[1].Shape)
	if err := s.Validate(); err != nil {
		return err
	}
	k := conv.NewGradInput(l.isa, s, false)
	l.scratch, l.flops = k.ScratchLen(), s.FLOPs()
	l.choices = func() []conv.Choice { return conv.GradInputChoices(s, false) }
	l.pack(1, k.PackedLen())
	l.bind = func(b *binding) {
		packed := b.pack(1, k)
		x, y := b.in(0), b.out(0)
		b.step(k.Parts(), func(part int, scratch []float32) { k.Run(part, x.f32, nil, packed, y.f32, scratch) })
	}
	return l.floats()
}

// fusedConvTranspose lowers compile.Conv2DTranspose.
func fusedConvTranspose(l *lowering) error {
	f := l.node.Op.(compile.Conv2DTranspose)
	s := convShape(f.Window, l.node.Out[0].Shape, l.node.In[1].Shape)
	if err := s.Validate(); err != nil {
		return err
	}
	k := conv.NewTransposed(l.isa, s, conv.Epilogue{Bias: f.Bias, ReLU: f.ReLU || f.ReLU6, Limit: limit(f.ReLU6)})
	l.scratch, l.flops = k.ScratchLen(), s.FLOPs()
	l.pack(1, k.PackedLen())
	l.bind = func(b *binding) {
		packed := b.pack(1, k)
		x, y, bias := b.in(0), b.out(0), &memory{}
		if f.Bias {
			bias = b.in(2)
		}
		b.step(k.Parts(), func(part int, scratch []float32) { k.Run(part, x.f32, packed, bias.f32, y.f32, scratch) })
	}
	return l.floats()
}

// convGradFilter lowers op.Conv2DGradFilter and compile.Conv2DGradFilter.
func convGradFilter(l *lowering) error {
	if o, ok := l.node.Op.(op.Conv2DGradFilter); ok && o.Groups > 1 {
		return groupedGradFilter(l)
	}
	f, ok := l.node.Op.(compile.Conv2DGradFilter)
	if !ok {
		f.Window = l.node.Op.(op.Conv2DGradFilter).Window
	}
	s := convShape(f.Window, l.node.In[0].Shape, l.node.Out[0].Shape)
	if err := s.Validate(); err != nil {
		return err
	}
	g := conv.Gradient{Pooled: f.Pooled, Bias: f.Bias}
	k := conv.NewGradFilter(l.isa, s, g)
	l.scratch, l.work, l.flops = k.ScratchLen(), k.PartialLen(), s.FLOPs()
	l.choices = func() []conv.Choice { return conv.GradFilterChoices(s, g) }
	l.bind = func(b *binding) {
		x, dy, dw, argmax, db, partial := b.in(0), b.in(1), b.out(0), &memory{}, &memory{}, b.work
		if f.Pooled {
			argmax = b.in(2)
		}
		if f.Bias {
			db = b.out(1)
		}
		b.step(k.Parts(), func(part int, scratch []float32) {
			k.Run(part, x.f32, dy.f32, argmax.u8, partial, dw.f32, db.f32, scratch)
		})
		b.step(k.ReduceParts(), func(part int, _ []float32) { k.Reduce(part, partial, dw.f32, db.f32) })
	}
	return l.types(tensor.Float32, tensor.Float32)
}

// matMul lowers op.MatMul and compile.MatMul.
func matMul(l *lowering) error {
	f, ok := l.node.Op.(compile.MatMul)
	if !ok {
		f.MatMul = l.node.Op.(op.MatMul)
	}
	a, c := l.node.In[0].Shape, l.node.Out[0].Shape
	s := gemm.Shape{M: c[0], N: c[1], K: a[1], TransA: f.TransposeA, TransB: f.TransposeB}
	if f.TransposeA {
		s.K = a[0]
	}
	if s.K == 0 {
		return l.noProducts(f.Bias, f.ReLU)
	}
	if err := s.Validate(); err != nil {
		return err
	}
	k := gemm.New(l.isa, s, gemm.Epilogue{Bias: f.Bias, ReLU: f.ReLU})
	l.scratch, l.work, l.flops = k.ScratchLen(), k.PartialLen(), s.FLOPs()
	l.bind = func(b *binding) {
		x, y, z, bias, partial := b.in(0), b.in(1), b.out(0), &memory{}, b.work
		if f.Bias {
			bias = b.in(2)
		}
		b.step(k.StartParts(), func(part int, _ []float32) { k.Start(part, x.f32, partial) })
		b.step(k.Parts(), func(part int, scratch []float32) {
			k.Run(part, x.f32, y.f32, bias.f32, z.f32, partial, scratch)
		})
		b.step(k.ReduceParts(), func(part int, _ []float32) { k.Reduce(part, partial, bias.f32, z.f32) })
	}
	return l.floats()
}

// batchMatMul lowers op.BatchMatMul: one kernel runs all products, which have one shape.
func batchMatMul(l *lowering) error {
	o, a, c := l.node.Op.(op.BatchMatMul), l.node.In[0].Shape, l.node.Out[0].Shape
	last := len(c) - 2
	s := gemm.Shape{M: c[last], N: c[last+1], K: a[last+1], TransA: o.TransposeA, TransB: o.TransposeB}
	if o.TransposeA {
		s.K = a[last]
	}
	if s.K == 0 {
		return l.noProducts(false, false)
	}
	if err := s.Validate(); err != nil {
		return err
	}
	n, lenA, lenB, lenC := c[:last].Elements(), s.M*s.K, s.K*s.N, s.M*s.N
	k := gemm.New(l.isa, s, gemm.Epilogue{})
	sums := k.PartialLen()
	l.scratch, l.work, l.flops = k.ScratchLen(), n*sums, n*s.FLOPs()
	l.bind = func(b *binding) {
		x, y, z, work := b.in(0), b.in(1), b.out(0), b.work
		matrix := func(all []float32, i, size int) []float32 { return all[i*size : (i+1)*size] }
		b.step(n*k.StartParts(), func(part int, _ []float32) {
			i := part / k.StartParts()
			k.Start(part%k.StartParts(), matrix(x.f32, i, lenA), matrix(work, i, sums))
		})
		b.step(n*k.Parts(), func(part int, scratch []float32) {
			i := part / k.Parts()
			k.Run(part%k.Parts(), matrix(x.f32, i, lenA), matrix(y.f32, i, lenB), nil, matrix(z.f32, i, lenC), matrix(work, i, sums), scratch)
		})
		b.step(n*k.ReduceParts(), func(part int, _ []float32) {
			i := part / k.ReduceParts()
			k.Reduce(part%k.ReduceParts(), matrix(work, i, sums), nil, matrix(z.f32, i, lenC))
		})
	}
	return l.floats()
}

// noProducts lowers a matrix product over a dimension of 0 elements: all sums are 0, as in NumPy.
func (l *lowering) noProducts(bias, relu bool) error {
	rows, cols := l.node.Out[0].Shape.Elements(), 1
	if bias {
		cols = l.node.Out[0].Shape[1]
		rows /= cols
	}
	parts := kernel.RowBlocks(rows, cols)
	l.bind = func(b *binding) {
		z, row := b.out(0), &memory{f32: make([]float32, cols)}
		if bias {
			row = b.in(2)
		}
		b.step(parts, func(part int, _ []float32) {
			lo, hi := kernel.Split(rows, parts, part)
			for i := lo; i < hi; i++ {
				for j, v := range row.f32 {
					if relu && v < 0 {
						v = 0
					}
					z.f32[i*cols+j] = v
				}
			}
		})
	}
	return l.floats()
}

func poolShape(w op.Window, x *graph.Value) pool.Shape {
	s := x.Shape
	return pool.Shape{
		N: s[0], H: s[1], W: s[2], C: s[3],
		KH: w.Size[0], KW: w.Size[1], StrideH: w.Stride[0], StrideW: w.Stride[1],
		PadTop: w.Before(0, s[1]), PadLeft: w.Before(1, s[2]),
		OH: w.Out(0, s[1]), OW: w.Out(1, s[2]),
	}
}

func maxPool(l *lowering) error {
	s := poolShape(l.node.Op.(op.MaxPool2D).Window, l.node.In[0])
	if err := s.ValidateMax(); err != nil {
		return err
	}
	k := pool.NewMax(l.isa, s)
	l.bind = func(b *binding) {
		x, y, argmax := b.in(0), b.out(0), b.out(1)
		b.step(k.Parts(), func(part int, _ []float32) { k.Run(part, x.f32, y.f32, argmax.u8) })
	}
	return l.floats()
}

func maxPoolGrad(l *lowering) error {
	s := poolShape(l.node.Op.(op.MaxPool2DGrad).Window, l.node.In[2])
	if err := s.ValidateMax(); err != nil {
		return err
	}
	k := pool.NewMaxGrad(l.isa, s)
	l.bind = func(b *binding) {
		dy, argmax, dx := b.in(0), b.in(1), b.out(0)
		b.step(k.Parts(), func(part int, _ []float32) { k.Run(part, dy.f32, argmax.u8, dx.f32) })
	}
	return l.types(tensor.Float32, tensor.Uint8)
}

func averagePool(l *lowering) error {
	s := poolShape(l.node.Op.(op.AveragePool2D).Window, l.node.In[0])
	if err := s.Validate(); err != nil {
		return err
	}
	k := pool.NewAverage(l.isa, s)
	l.bind = func(b *binding) {
		x, y := b.in(0), b.out(0)
		b.step(k.Parts(), func(part int, _ []float32) { k.Run(part, x.f32, y.f32) })
	}
	return l.floats()
}

func averagePoolGrad(l *lowering) error {
	s := poolShape(l.node.Op.(op.AveragePool2DGrad).Window, l.node.In[1])
	if err := s.Validate(); err != nil {
		return err
	}
	k := pool.NewAverageGrad(l.isa, s)
	l.bind = func(b *binding) {
		dy, dx := b.in(0), b.out(0)
		b.step(k.Parts(), func(part int, _ []float32) { k.Run(part, dy.f32, dx.f32) })
	}
	return l.types(tensor.Float32)
}
