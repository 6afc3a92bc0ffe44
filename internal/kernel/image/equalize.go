package image

import (
	"math"

	"github.com/lince-ml/lince/internal/kernel"
)

// Equalize is the kernel of op.EqualizeHistogram.
type Equalize struct{ pixels, channels, bins int }

// NewEqualize returns a kernel for a number of pixels in all images, of channels and of classes.
func NewEqualize(pixels, channels, bins int) *Equalize { return &Equalize{pixels, channels, bins} }

// TableLen is the length of the tables that Count writes.
func (k *Equalize) TableLen() int { return k.channels * (k.bins + 1) }

// table returns the table of a channel. Its last number is 1 if the table is to be used.
func (k *Equalize) table(t []float32, channel int) []float32 {
	return t[channel*(k.bins+1) : (channel+1)*(k.bins+1)]
}

// CountLen is the length of the memory for counts that Count needs.
func (k *Equalize) CountLen() int { return k.channels * k.bins }

// Count makes the table of channel part.
func (k *Equalize) Count(part int, x, tables []float32, counts []int) {
	count, top := counts[part*k.bins:(part+1)*k.bins], float32(k.bins-1)
	clear(count)
	for i := range k.pixels {
		count[k.class(float32(x[i*k.channels+part]*top)/255)]++
	}
	used, first := 0, 0
	for _, n := range count {
		if n > 0 {
			if used++; used == 1 {
				first = n
			}
		}
	}
	rest, sum, t := max(k.pixels-first, 1), 0, k.table(tables, part)
	for i, n := range count {
		sum += n
		t[i] = float32(min(max(math.RoundToEven(float64((sum-first)*255)/float64(rest)), 0), 255))
	}
	t[k.bins] = 0
	if used > 1 {
		t[k.bins] = 1
	}
}

func (k *Equalize) class(v float32) int {
	if !(v > 0) {
		return 0
	}
	return int(min(v, float32(k.bins-1)))
}

// Parts is the number of parts of Run.
func (k *Equalize) Parts() int { return kernel.RowBlocks(k.pixels, k.channels) }

// Run maps a part of x by the tables.
func (k *Equalize) Run(part int, x, tables, y []float32) {
	lo, hi := kernel.Split(k.pixels, k.Parts(), part)
	top := float32(k.bins - 1)
	for c := range k.channels {
		t := k.table(tables, c)
		for i := lo*k.channels + c; i < hi*k.channels; i += k.channels {
			v := x[i]
			if t[k.bins] == 1 {
				v = t[k.class(v/255*top)]
			}
			y[i] = v
		}
	}
}

// Local is the kernel of op.LocalEqualization.
type Local struct {
	n, rows, columns, channels int
	limit                      float32
	grid, tile                 [2]int
}

const classes = 256

// NewLocal returns a kernel for n images.
func NewLocal(n, rows, columns, channels int, limit float64, grid [2]int) *Local {
	tile := [2]int{kernel.CeilDiv(rows, grid[0]), kernel.CeilDiv(columns, grid[1])}
	return &Local{n, rows, columns, channels, float32(limit), grid, tile}
}

// TableLen is the length of the tables that Count writes.
func (k *Local) TableLen() int { return k.n * k.channels * k.grid[0] * k.grid[1] * classes }

// Parts is the number of parts of Count and of Run: a channel of an image each.
func (k *Local) Parts() int { return k.n * k.channels }

func (k *Local) tables(part int, t []float32) []float32 {
	n := k.grid[0] * k.grid[1] * classes
	return t[part*n : (part+1)*n]
}

// at is the index of the channel of a part in a pixel.
func (k *Local) at(part, r, c int) int {
	return ((part/k.channels*k.rows+r)*k.columns+c)*k.channels + part%k.channels
}

func class256(v float32) int {
	if !(v > 0) {
		return 0
	}
	return int(min(v, classes-1))
}

// mirror reflects a row or column at the end of an image of size n.
func mirror(i, n int) int {
	if i >= n {
		return 2*n - 1 - i
	}
	return i
}

// Count makes the tables of a part.
func (k *Local) Count(part int, x, tables []float32) {
	all := k.tables(part, tables)
	clear(all)
	for tile := range k.grid[0] * k.grid[1] {
		t := all[tile*classes : (tile+1)*classes]
		for r := range k.tile[0] {
			for c := range k.tile[1] {
				at := k.at(part, mirror(tile/k.grid[1]*k.tile[0]+r, k.rows), mirror(tile%k.grid[1]*k.tile[1]+c, k.columns))
				t[class256(x[at])]++
			}
		}
		k.cumulate(t)
	}
}

// cumulate turns a histogram into the table of new values.
func (k *Local) cumulate(h []float32) {
	n := float32(k.tile[0] * k.tile[1])
	if k.limit > 0 {
		top, excess := float32(k.limit*n)/classes, float32(0)
		for i, v := range h {
			h[i] = min(v, top)
			excess += v - h[i]
		}
		for i := range h {
			h[i] += excess / classes
		}
	}
	sum, first := float32(0), h[0]
	rest := n - first
	if rest == 0 {
		rest = 1
	}
	for i, v := range h {
		sum += v
		h[i] = min(max(float32((sum-first)*255)/rest, 0), 255)
	}
}

// Run maps a part of x by the tables.
func (k *Local) Run(part int, x, tables, y []float32) {
	all := k.tables(part, tables)
	for r := range k.rows {
		top, wr := k.between(r, 0)
		for c := range k.columns {
			left, wc := k.between(c, 1)
			at := k.at(part, r, c)
			v := class256(x[at])
			value := func(tr, tc int) float32 { return all[(tr*k.grid[1]+tc)*classes+v] }
			upper := float32(value(top[0], left[0])*(1-wc)) + float32(value(top[0], left[1])*wc)
			lower := float32(value(top[1], left[0])*(1-wc)) + float32(value(top[1], left[1])*wc)
			y[at] = float32(upper*(1-wr)) + float32(lower*wr)
		}
	}
}

// between returns the two tiles around row, or column, i, and the weight of the second.
func (k *Local) between(i, axis int) (tiles [2]int, weight float32) {
	size := float32(k.tile[axis])
	v := (float32(i)-size/2)/size + 1
	first := floor(v)
	for j := range tiles {
		tiles[j] = min(max(first-1+j, 0), k.grid[axis]-1)
	}
	return tiles, v - float32(first)
}
