//go:build amd64 || arm64

package depthwise

import (
	"math"
	"unsafe"

	"github.com/lince-ml/lince/internal/kernel"
)

// line describes a call of assembly: tiles of a row of results, or a row's products for the
// gradient of the filters. The assembly knows the offsets (see internal/kernel/gen); distances
// are in bytes.
type line struct {
	x       unsafe.Pointer // 0: source: first pixel of the first row under the window, first channel
	w       unsafe.Pointer // 8: first tap; for the filters' gradient, its sums
	y       unsafe.Pointer // 16: first result; for the filters' gradient, that of the results
	bias    unsafe.Pointer // 24: or nil; for the filters' gradient, its sums
	xRow    int            // 32: of the source from row to row of the window
	xTap    int            // 40: from tap to tap; for the filters' gradient, from result to result
	xPixel  int            // 48: from the first tap of a result to that of the next; for windows and the filters' gradient, from pixel to pixel
	xAt     int            // 56: from x to the first tap of the first result
	wRow    int            // 64: of the taps from row to row
	wTap    int            // 72: from tap to tap
	yPixel  int            // 80: from result to result
	yAt     int            // 88: from y to the first result; for the filters' gradient, columns from result to result
	rows    int            // 96: of the window
	taps    int            // 104: of a row
	column  int            // 112: of the source, under the first tap of the first result
	width   int            // 120: columns of the source
	tiles   int            // 128: of results
	vectors int            // 136: whole vectors of channels
	mask    uint64         // 144: lanes of a last vector; 0: there is none
	lanes   unsafe.Pointer // 152: AVX2: the same as a vector of 0 and -1
	low     float32        // 160: least result
	high    float32        // 164: greatest result
	pixels  [3]int         // 168: for the filters' gradient: results at the left edge, without an edge, at the right edge
	_       int            // 192: assembly's own
	stream  int            // 200: AVX-512: 1: whole vectors of results, which must be aligned, do not go to the caches
	ahead   int            // 208: from the first tap to the row that is fetched ahead
	fetch   int            // 216: how many rows are; for the filters' gradient, with stride 2, from the first to the second
	yAhead  int            // 224: for the filters' gradient: from a result to the one that is fetched ahead
	right   int            // 232: for the filters' gradient: column at the right edge
	_       int            // 240: assembly's own: bytes
	wMember int            // 248: groups: from the weights of a member to those of the next
	members unsafe.Pointer // 256: AVX-512, groups of eight: the lanes of each member
}

// The assembly knows the places of line's fields. TestLayout holds all of them; a longer or
// shorter line does not compile.
var _ = [1]struct{}{}[unsafe.Sizeof(line{})-264]

// window is the window that assembly is written for: 3 or 5 pixels wide, every pixel or every
// second, and at the edges at most half of it outside of the image. A width of 0 is any other.
type window struct{ width, stride int }

// code is what the generated switches know a window by.
func (w window) code() int { return w.width*2 + w.stride }

// groupCode is what the generated switches know groups of channels by.
func groupCode(members int) int { return 16 + members }

// windowFor is the window of a walk at a stride, whose pad is known.
func (g *gather) windowFor(stride, dilation int) window {
	if g.members > 1 {
		return window{}
	}
	over := (g.width-1)*stride - g.pad + g.kw - g.source
	if (g.kw == 3 || g.kw == 5) && stride <= 2 && dilation == 1 && g.pad >= 0 && g.pad <= g.kw/2 && over <= g.kw/2 {
		return window{g.kw, stride}
	}
	return window{}
}

// The most results of a tile; and with groups of channels.
const (
	maxPixels      = 8
	maxGroupPixels = 6
)

// vector does what part does for channels [lo, hi), if there is assembly.
func (g *gather) vector(x []float32, top int, w, bias, y []float32, from, to, lo, hi int) bool {
	if g.isa == kernel.Generic || !hasGroups(g.members) {
		return false
	}
	size := 4 * g.channels
	var l line
	l.channels(g.isa, hi-lo)
	if g.stream && size%64 == 0 && lo%16 == 0 && uintptr(unsafe.Pointer(&y[0]))%64 == 0 {
		l.stream = 1
	}
	l.low, l.high = float32(math.Inf(-1)), float32(math.Inf(1))
	if g.epilogue.Bias {
		l.bias = unsafe.Pointer(&bias[lo])
	}
	if g.epilogue.ReLU {
		l.low = 0
		if g.epilogue.Limit > 0 {
			l.high = g.epilogue.Limit
		}
	}
	l.wMember = size
	first := 0 // tap of a window
	if g.window.width > 0 {
		l.wTap = size
		if g.reversed {
			first, l.wTap = g.kw-1, -size
		}
		l.xPixel, l.yPixel, l.width = size, size, g.source
	}
	for r := from; r < to; r++ {
		v := &g.rows[r]
		g.row(&l, x, y, v, top, r-from, lo)
		if fetches && g.large && v.n > 0 {
			l.ahead, l.fetch = v.n*l.xRow, g.newRows
		}
		if g.window.width > 0 {
			l.w = unsafe.Pointer(&w[(v.tap*g.kw+first)*g.channels+lo])
			l.column, l.xAt, l.yAt = -g.pad, -g.pad*size, 0
			g.tiles(&l, g.width)
			continue
		}
		for i := range g.columns {
			if c := &g.columns[i]; c.count > 1 {
				g.run(&l, w, v, c, lo)
				g.tiles(&l, c.count)
			}
		}
	}
	if g.window.width > 0 {
		return true
	}
	// Results that are alone in their row, at the edges, make tiles with those of the rows below.
	l.fetch = 0
	for r := from; r < to; {
		v := &g.rows[r]
		count, advance := 1, 0
		for r+count < to && g.rows[r+count].like(v) {
			next := g.rows[r+count].at - g.rows[r+count-1].at
			if count > 1 && next != advance {
				break
			}
			count, advance = count+1, next
		}
		g.row(&l, x, y, v, top, r-from, lo)
		for i := range g.columns {
			if c := &g.columns[i]; c.count == 1 {
				g.run(&l, w, v, c, lo)
				l.xPixel, l.yPixel = advance*g.source*size, g.width*size
				g.tiles(&l, count)
			}
		}
		r += count
	}
	return true
}

// row sets what a row of the result, the n-th of y, sees.
func (g *gather) row(l *line, x, y []float32, v *taps, top, n, lo int) {
	size := 4 * g.channels
	l.rows = v.n
	if v.n > 0 {
		l.x = unsafe.Pointer(&x[(v.at-top)*g.source*g.channels+lo])
	}
	l.y = unsafe.Pointer(&y[n*g.width*g.channels+lo])
	l.xRow, l.wRow = v.step*g.source*size, v.tapStep*g.kw*g.members*size
}

// run sets what a run of results sees in each row.
func (g *gather) run(l *line, w []float32, v *taps, c *run, lo int) {
	size := 4 * g.channels
	l.taps = c.n
	l.w = unsafe.Pointer(&w[(v.tap*g.kw+c.tap)*g.members*g.channels+lo])
	l.wTap = c.tapStep * size
	if g.members > 1 {
		l.wTap = (c.tapStep - 1) * g.members * size // from behind the last member
	}
	l.xTap, l.xPixel, l.yPixel = c.step*size, c.advance*size, c.every*size
	l.xAt, l.yAt = c.at*size, c.first*size
}

// tiles cuts results evenly into tiles.
func (g *gather) tiles(l *line, results int) {
	most, code := maxPixels, g.window.code()
	if g.members > 1 {
		most, code = maxGroupPixels, groupCode(g.members)
	}
	tiles := kernel.CeilDiv(results, most)
	pixels, more := results/tiles, results%tiles
	for _, t := range [2][2]int{{pixels + 1, more}, {pixels, tiles - more}} {
		if t[1] == 0 {
			continue
		}
		l.tiles = t[1]
		tile(g.isa, code, t[0], l)
		l.column += t[0] * t[1] * g.window.stride
	}
}

// windowFor says whether the edges of the results are where assembly looks for them.
func (b *GradFilter) windowFor() window {
	s := b.shape
	if s.members() == 1 && (s.KW == 3 || s.KW == 5) && s.DilationW == 1 {
		return window{s.KW, s.StrideW}
	}
	return window{}
}

// sumRows is how many rows of the filters' gradient assembly makes at once.
func (w window) sumRows(isa kernel.ISA) int {
	switch {
	case w.width == 0:
		return 1
	case w.width == 5 && isa != kernel.AVX512:
		return 2
	}
	return w.width
}

// vector adds the products of a row of the gradient, for channels [lo, hi), if there is
// assembly: the rows of pixels under the window begin at row `at` of x, `step` apart.
func (b *GradFilter) vector(x, dy, sums []float32, v taps, at, step, lo, hi int) bool {
	if b.isa == kernel.Generic || !hasGroups(b.shape.members()) {
		return false
	}
	s, channels := b.shape, b.shape.channels()
	size := 4 * channels
	var l line
	l.channels(b.isa, hi-lo)
	l.xRow, l.xPixel, l.xTap = step*s.W*size, size, s.StrideW*size
	l.wTap = size
	l.y, l.yPixel, l.yAt = unsafe.Pointer(&dy[lo]), size, s.StrideW
	l.column, l.width, l.xAt = -s.PadLeft, s.W, -s.PadLeft*size
	var bias unsafe.Pointer
	if b.bias {
		bias = unsafe.Pointer(&sums[b.filter()+lo])
	}
	if b.window.width > 0 && v.n > 0 {
		l.pixels = b.edges
		l.right = (b.edges[0]+b.edges[1])*s.StrideW - s.PadLeft
		l.bias = bias
		for t := 0; t < v.n; {
			n := min(v.n-t, b.window.sumRows(b.isa))
			l.x = unsafe.Pointer(&x[(at+t*step)*s.W*channels+lo])
			if fetches && b.large && t == 0 {
				l.ahead, l.fetch, l.yAhead = v.n*l.xRow, l.xRow, s.OW*size
			} else {
				l.ahead, l.fetch, l.yAhead = 0, 0, 0
			}
			l.w = unsafe.Pointer(&sums[(v.tap+t)*s.KW*channels+lo])
			addSums(b.isa, n, window{b.window.width, min(2, s.StrideW)}.code(), &l)
			l.bias = nil
			t += n
		}
		return true
	}
	l.wMember = size
	code := window{1, 1}.code()
	if s.members() > 1 {
		code = groupCode(s.members())
	}
	for t := range v.n {
		for kw, c := range b.columns {
			if c.lo == c.hi {
				continue
			}
			l.pixels = [3]int{1: c.hi - c.lo}
			l.x, l.xAt = unsafe.Pointer(&x[((at+t*step)*s.W+c.at)*channels+lo]), 0
			l.y = unsafe.Pointer(&dy[c.lo*channels+lo])
			l.w = unsafe.Pointer(&sums[((v.tap+t)*s.KW+kw)*s.members()*channels+lo])
			addSums(b.isa, 1, code, &l)
		}
	}
	b.addBias(dy, sums, lo, hi)
	return true
}
