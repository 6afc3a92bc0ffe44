//go:build amd64 || arm64

package depthwise

import (
	"math"
	"unsafe"

	"github.com/lince-ml/lince/internal/kernel"
)

// line has the arguments of an assembly function, which computes tiles of a row of results or adds
// a row of results to the gradient of the filters. Distances are in bytes. The assembly takes the
// fields' offsets from go_asm.h.
type line struct {
	x      unsafe.Pointer // source: first pixel of the first row under the window, first channel
	xRow   int            // from row to row of the window
	xTap   int            // from tap to tap; for the filters' gradient, from result to result
	xPixel int            // from the first tap of a result to that of the next; for windows and the filters' gradient, from pixel to pixel
	xAt    int            // from x to the first tap of the first result
	column int            // of the source, under the first tap of the first result
	width  int            // columns of the source

	w    unsafe.Pointer // first tap; for the filters' gradient, its sums
	wRow int            // from row to row of the window
	wTap int            // from tap to tap

	y      unsafe.Pointer // first result; for the filters' gradient, that of the results
	yPixel int            // from result to result
	yAt    int            // from y to the first result; for the filters' gradient, columns from result to result

	bias      unsafe.Pointer // or nil; for the filters' gradient, its sums
	low, high float32        // minimum and maximum result

	rows, taps int // of the window
	tiles      int // number of tiles
	pixels     int // results in a tile
	columns    int // columns of the source under a tile, for windows

	xTile, yTile, columnTile int // added to xAt, yAt and column after each tile

	last    int            // from the first channel to the first of the last vector
	lanes   unsafe.Pointer // mask, 0 or -1 for each lane: those of the last vector that do not overlap the vector before; if the image has fewer channels than lanes, its channels
	mask    uint64         // the same as bits; AVX-512 and NEON
	channel int            // used by assembly only: from the first channel to the first of a vector

	left, middle, atRight int // for the filters' gradient: results at the left edge, at no edge, at the right edge
	right                 int // column of the source under the first tap of the first result at the right edge

	stream  int // AVX-512: 1: store past the caches; results are aligned
	ahead   int // from the first tap to the row to prefetch
	fetch   int // number of rows to prefetch; for the filters' gradient with stride 2, from the first row to the second
	fetched int // pixels of a row to prefetch for a tile
	yAhead  int // for the filters' gradient: from a result to the one to prefetch

	group      int            // channels in a group
	wMember    int            // from the weights of a group's member to those of the next
	members    unsafe.Pointer // for each member, the lanes of a pixel that hold it: groupMembers
	groupBytes int            //nolint:unused // NEON: 16 for groups of eight, else 0
}

// window is a window for which there is assembly: 3 or 5 pixels wide, with stride 1 or 2, of which at most half lies
// outside the image at the edges. A width of 0 means any other window.
type window struct{ width, stride int }

// kind is the window's number in the generated switches.
func (w window) kind() int { return w.width*2 + w.stride }

// Other kinds of functions in the generated switches: for groups of channels, and for images with
// fewer channels than a vector has lanes.
const (
	groupKind = iota + 16
	narrowKind
	narrowGroupKind
)

// windowFor returns the window for which there is assembly, or none. g.pad must be set.
func (g *gather) windowFor(stride, dilation int) window {
	if g.members > 1 || narrow(g.isa, g.channels) {
		return window{}
	}
	over := (g.width-1)*stride - g.pad + g.kw - g.source
	if (g.kw == 3 || g.kw == 5) && stride <= 2 && dilation == 1 && g.pad >= 0 && g.pad <= g.kw/2 && over <= g.kw/2 {
		return window{g.kw, stride}
	}
	return window{}
}

// vector computes channels [lo, hi) of the rows, like part. It returns false if there is no assembly.
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
	l.groups(g.members, size)
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
	// Runs of one result, at the edges, form tiles with the same results of the rows below.
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

// row sets the operands for a row of the result, the n-th of y.
func (g *gather) row(l *line, x, y []float32, v *taps, top, n, lo int) {
	size := 4 * g.channels
	l.rows = v.n
	if v.n > 0 {
		l.x = unsafe.Pointer(&x[(v.at-top)*g.source*g.channels+lo])
	}
	l.y = unsafe.Pointer(&y[n*g.width*g.channels+lo])
	l.xRow, l.wRow = v.step*g.source*size, v.tapStep*g.kw*g.members*size
}

// run sets the operands for a run of results of a row.
func (g *gather) run(l *line, w []float32, v *taps, c *run, lo int) {
	size := 4 * g.channels
	l.taps = c.n
	l.w = unsafe.Pointer(&w[(v.tap*g.kw+c.tap)*g.members*g.channels+lo])
	l.wTap = c.tapStep * size
	if g.members > 1 {
		l.wTap = (c.tapStep - 1) * g.members * size // after the last member
	}
	l.xTap, l.xPixel, l.yPixel = c.step*size, c.advance*size, c.every*size
	l.xAt, l.yAt = c.at*size, c.first*size
}

// kindOf is the kind of function for a window, and for images with a number of channels in groups of members.
func kindOf(isa kernel.ISA, w window, channels, members int) int {
	switch few := narrow(isa, channels); {
	case few && members > 1:
		return narrowGroupKind
	case few:
		return narrowKind
	case members > 1:
		return groupKind
	}
	return w.kind()
}

// The maximum number of results in a tile, and in a tile for groups of images with few channels.
const (
	tilePixels      = 8
	groupTilePixels = 6
)

// tiles cuts results into tiles of about the same size. Windows have tiles of seven and eight, and a
// smaller one only at the end of a row: elsewhere it would do as many multiplications as a larger one.
func (g *gather) tiles(l *line, results int) {
	most := tilePixels
	if g.members > 1 && narrow(g.isa, g.channels) {
		most = groupTilePixels
	}
	tiles := kernel.CeilDiv(results, most)
	if g.window.width > 0 && results < 7*tiles {
		g.tile(l, 7, tiles-1)
		g.tile(l, results-7*(tiles-1), 1)
		return
	}
	pixels, more := results/tiles, results%tiles
	g.tile(l, pixels+1, more)
	g.tile(l, pixels, tiles-more)
}

// tile computes a number of tiles of the same size.
func (g *gather) tile(l *line, results, tiles int) {
	if tiles == 0 {
		return
	}
	stride := max(1, g.window.stride)
	l.tiles, l.pixels = tiles, results
	l.xTile, l.yTile, l.columnTile = results*stride*l.xPixel, results*l.yPixel, results*stride
	l.fetched, l.columns = results*stride, (results-1)*stride+g.window.width
	tile(g.isa, kindOf(g.isa, g.window, g.channels, g.members), results, l)
}

// narrow reports whether there are fewer channels than a vector has lanes.
func narrow(isa kernel.ISA, channels int) bool { return channels < isa.Lanes() }

// channels sets the number of channels. It may be less than the number of lanes only if the image has so few channels.
func (l *line) channels(isa kernel.ISA, n int) {
	lanes := isa.Lanes()
	switch rest := n % lanes; {
	case n < lanes:
		l.lanes, l.mask = unsafe.Pointer(kernel.LaneMask(n)), 1<<n-1
	case isa == kernel.AVX512:
		l.last, l.mask = 4*(n-lanes), (1<<rest-1)<<(lanes-rest)
	default:
		l.last, l.lanes = 4*(n-lanes), unsafe.Pointer(kernel.LastLaneMask(lanes, rest))
	}
}

// windowFor returns the window for which there is assembly, or none.
func (b *GradFilter) windowFor() window {
	s := b.shape
	if s.members() == 1 && (s.KW == 3 || s.KW == 5 && !narrow(b.isa, s.channels())) && s.DilationW == 1 {
		return window{s.KW, 1}
	}
	return window{}
}

// sumRows is the number of the remaining rows of taps that one call of assembly sums.
func (w window) sumRows(isa kernel.ISA, rows int) int {
	switch {
	case w.width == 3:
		return min(3, rows)
	case isa == kernel.AVX512:
		return min(5, rows)
	}
	return min(2, rows)
}

// vector adds the products of a row of the gradient to the sums, for channels [lo, hi). The rows of pixels under the
// window are at, at+step and so on of x. It returns false if there is no assembly.
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
		l.left, l.middle, l.atRight = b.edges[0], b.edges[1], b.edges[2]
		l.right = (b.edges[0]+b.edges[1])*s.StrideW - s.PadLeft
		l.bias = bias
		for t := 0; t < v.n; {
			kind, n := b.window.kind(), b.window.sumRows(b.isa, v.n-t)
			taps := n
			if narrow(b.isa, channels) { // one row of taps, or three
				kind, n = narrowKind, max(1, n/3*3)
				taps = n * b.window.width
			}
			l.x = unsafe.Pointer(&x[(at+t*step)*s.W*channels+lo])
			if fetches && b.large && t == 0 {
				l.ahead, l.yAhead = v.n*l.xRow, s.OW*size
				if s.StrideW > 1 {
					l.fetch = l.xRow
				}
			} else {
				l.ahead, l.fetch, l.yAhead = 0, 0, 0
			}
			l.w = unsafe.Pointer(&sums[(v.tap+t)*s.KW*channels+lo])
			addSums(b.isa, kind, taps, &l)
			l.bias = nil
			t += n
		}
		return true
	}
	l.groups(s.members(), size)
	kind := kindOf(b.isa, window{1, 1}, channels, s.members())
	for t := range v.n {
		for kw, c := range b.columns {
			if c.lo == c.hi {
				continue
			}
			l.middle = c.hi - c.lo
			l.x, l.xAt = unsafe.Pointer(&x[((at+t*step)*s.W+c.at)*channels+lo]), 0
			l.y = unsafe.Pointer(&dy[c.lo*channels+lo])
			l.w = unsafe.Pointer(&sums[((v.tap+t)*s.KW+kw)*s.members()*channels+lo])
			addSums(b.isa, kind, s.members(), &l)
		}
	}
	b.addBias(dy, sums, lo, hi)
	return true
}
