package conv

import (
	"unsafe"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/micro"
)

// A convolution with filters of one pixel, stride 1 and no padding is a product of matrices:
// all pixels of all images, one after the other, with the filters. So is its gradient for the
// images, with the filters transposed. A part is some of the pixels and some of the columns.

// pointwiseFits says whether a convolution is such a product.
func pointwiseFits(s Shape) bool {
	return s.KH == 1 && s.KW == 1 && s.StrideH == 1 && s.StrideW == 1 && s.PadTop == 0 && s.PadLeft == 0 && s.OH == s.H && s.OW == s.W
}

// pointwise is the product of rows [rows, k] with packed filters [k, columns].
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

// PackedLen is the number of floats of the packed filters.
func (p *pointwise) PackedLen() int { return p.k * p.tiling.Padded() }

// Parts is the number of parts of the product.
func (p *pointwise) Parts() int { return p.blocks * p.columns.groups }

// ScratchLen is the number of floats that each worker needs: none.
func (p *pointwise) ScratchLen() int { return 0 }

// region is the rows and the columns that a part makes.
func (p *pointwise) region(part int) (from, to, first, end int) {
	from, to = kernel.Split(p.rows, p.blocks, part/p.columns.groups)
	first, end = p.columns.at(part % p.columns.groups)
	return from, to, first, end
}

// nearFloats is how much of the images goes through all columns at once: it stays in the
// second cache beside the filters that pass by.
const nearFloats = 48 << 10

// run multiplies a part: x and y start at the first row. a says what is done to sums.
func (p *pointwise) run(part int, x, packed, bias, residual, y []float32, a *micro.Args) {
	n := p.columns.n
	from, to, start, end := p.region(part)
	a.K, a.Segs, a.Seg = p.k, 1, &noSegment
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

// pointwiseForward is such a convolution.
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
	if !f.epilogue.Add {
		residual = nil
	}
	f.run(part, x, packed, bias, residual, y, &a)
}

// pointwiseBackwardData is the gradient of such a convolution with respect to its images.
type pointwiseBackwardData struct{ pointwise }

func newPointwiseBackwardData(isa kernel.ISA, s Shape, _ bool) BackwardData {
	return &pointwiseBackwardData{newPointwise(isa, s.N*s.H*s.W, s.O, s.C)}
}

// PackParts implements BackwardData.
func (b *pointwiseBackwardData) PackParts() int { return b.tiling.Tiles() }

// Pack implements BackwardData.
func (b *pointwiseBackwardData) Pack(part int, w, packed []float32) {
	first, columns, padded := b.tiling.At(part)
	micro.PackTransposed(b.isa, packed[first*b.k:], w[first*b.k:], b.k, b.k, columns, padded)
}

// Run implements BackwardData.
func (b *pointwiseBackwardData) Run(part int, dy []float32, _ []uint8, packed, dx, _ []float32) {
	var a micro.Args
	b.run(part, dy, packed, nil, nil, dx, &a)
}
