package conv

import (
	"unsafe"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/micro"
)

// A convolution with a filter of one pixel, stride 1 and no padding is a matrix product of the pixels of
// all images and the filter. Its gradient with respect to the images is a product with the transposed
// filter. A part is some of the pixels and some of the columns.

// pointwiseFits reports whether a convolution is such a product.
func pointwiseFits(s Shape) bool {
	return s.KH == 1 && s.KW == 1 && s.StrideH == 1 && s.StrideW == 1 && s.PadTop == 0 && s.PadLeft == 0 && s.OH == s.H && s.OW == s.W
}

// pointwise is the product of pixels [rows, k] and a packed filter [k, columns].
type pointwise struct {
	isa     kernel.ISA
	rows, k int
	tiling  micro.Tiling
	columns columns
	blocks  int // of rows
}

func newPointwise(isa kernel.ISA, rows, k, n int) pointwise {
	p := pointwise{isa: isa, rows: rows, k: k, tiling: micro.NewTiling(isa, n)}
	p.blocks, p.columns = cutProduct(rows, k, n)
	return p
}

// PackedLen is the length of the packed filter.
func (p *pointwise) PackedLen() int { return p.k * p.tiling.Padded() }

// Parts is the number of parts of the product.
func (p *pointwise) Parts() int { return p.blocks * p.columns.groups }

// ScratchLen is the length of scratch: none is needed.
func (p *pointwise) ScratchLen() int { return 0 }

// region returns the rows [from, to) and columns [first, end) of a part.
func (p *pointwise) region(part int) (from, to, first, end int) {
	from, to = kernel.Split(p.rows, p.blocks, part/p.columns.groups)
	first, end = p.columns.at(part % p.columns.groups)
	return from, to, first, end
}

// nearFloats is the number of floats of the images that are multiplied by all columns before the next are
// read: they stay in the second cache while the filter is read.
const nearFloats = 48 << 10

// run multiplies a part. a says what is done to the sums.
func (p *pointwise) run(part int, x, packed, bias, residual, y []float32, a *micro.Args) {
	n := p.columns.n
	from, to, start, end := p.region(part)
	a.Contiguous(p.k)
	a.AStride, a.CStride = uintptr(4*p.k), uintptr(4*n)
	near := max(28, nearFloats/p.k)
	blocks := kernel.CeilDiv(to-from, near)
	width := 2 * micro.Lanes(p.isa)
	for block := range blocks {
		lo, hi := kernel.Split(to-from, blocks, block)
		lo, hi = from+lo, from+hi
		for tile := start / width; tile*width < end; tile++ {
			first, columns, padded := p.tiling.At(tile)
			a.Columns(p.isa, columns)
			a.Zero()
			if bias != nil {
				a.Init = unsafe.Pointer(&bias[first])
			}
			if residual != nil {
				a.Residual = unsafe.Pointer(&residual[lo*n+first])
			}
			a.A, a.C = unsafe.Pointer(&x[lo*p.k]), unsafe.Pointer(&y[lo*n+first])
			a.B, a.BStride = unsafe.Pointer(&packed[first*p.k]), uintptr(4*padded)
			micro.N(hi-lo, a)
		}
	}
}

// pointwiseForward is a pointwise convolution.
type pointwiseForward struct {
	pointwise
	epilogue Epilogue
}

func newPointwiseForward(isa kernel.ISA, s Shape, e Epilogue) Forward {
	return &pointwiseForward{newPointwise(isa, s.N*s.OH*s.OW, s.C, s.O), e}
}

// PackParts implements Forward.
func (f *pointwiseForward) PackParts() int { return packParts(f.k, f.columns.n) }

// Pack implements Forward.
func (f *pointwiseForward) Pack(part int, w, packed []float32) {
	packRows(f.isa, f.tiling, part, f.k, f.columns.n, w, packed)
}

// Run implements Forward.
func (f *pointwiseForward) Run(part int, x, packed, bias, residual, y []float32, _ []uint8, _ []float32) {
	var a micro.Args
	if f.epilogue.ReLU {
		a.ReLU, a.Limit = 1, f.epilogue.Limit
	}
	if !f.epilogue.Bias {
		bias = nil
	}
	if !f.epilogue.Residual {
		residual = nil
	}
	f.run(part, x, packed, bias, residual, y, &a)
}

// pointwiseGradInput is the gradient of a pointwise convolution with respect to its images.
type pointwiseGradInput struct{ pointwise }

func newPointwiseGradInput(isa kernel.ISA, s Shape, _ bool) GradInput {
	return &pointwiseGradInput{newPointwise(isa, s.N*s.H*s.W, s.O, s.C)}
}

// PackParts implements GradInput.
func (b *pointwiseGradInput) PackParts() int { return b.tiling.Tiles() }

// Pack implements GradInput.
func (b *pointwiseGradInput) Pack(part int, w, packed []float32) {
	first, columns, padded := b.tiling.At(part)
	micro.PackTransposed(b.isa, packed[first*b.k:], w[first*b.k:], b.k, b.k, columns, padded)
}

// Run implements GradInput.
func (b *pointwiseGradInput) Run(part int, dy []float32, _ []uint8, packed, dx, _ []float32) {
	var a micro.Args
	b.run(part, dy, packed, nil, nil, dx, &a)
}
