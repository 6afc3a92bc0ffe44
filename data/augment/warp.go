package augment

import "math"

// pixels holds the values of one image, height x width x channels.
type pixels struct {
	pix     []float32
	h, w, c int
}

// target is the destination of transformed pixels. Pixels are written to their flipped positions and
// multiplied by scale in the same pass.
type target struct {
	pix          []float32
	flipH, flipV bool
	scale        float32
}

// at returns the offset of row i's first pixel and the step to the next.
func (t *target) at(i int, p *pixels) (offset, step int) {
	if t.flipV {
		i = p.h - 1 - i
	}
	if t.flipH {
		return ((i+1)*p.w - 1) * p.c, -p.c
	}
	return i * p.w * p.c, p.c
}

// copyFlipped applies a transform that only flips.
func copyFlipped(dst target, src *pixels) {
	for i := range src.h {
		row := src.pix[i*src.w*src.c:][:src.w*src.c]
		d, step := dst.at(i, src)
		if step > 0 {
			out := dst.pix[d:][:len(row)]
			if dst.scale == 1 {
				copy(out, row)
				continue
			}
			for k, v := range row {
				out[k] = v * dst.scale
			}
			continue
		}
		for j := 0; j < len(row); j += src.c {
			for k, v := range row[j : j+src.c] {
				dst.pix[d+k] = v * dst.scale
			}
			d += step
		}
	}
}

// warpLinear is scipy.ndimage.affine_transform with order=1. cols is scratch memory: it holds what each
// column adds to the two coordinates. The coordinates increase or decrease along a row, so the pixels that
// lie inside the source form one run, which needs no border handling.
//
// Every product and sum is rounded to float64 in SciPy's order. The float64() conversions keep the compiler
// from fusing them.
func warpLinear(dst target, src *pixels, mp mapping, mode FillMode, cval float32, cols *[2][]float64) {
	for a := range 2 {
		for j := range cols[a] {
			cols[a][j] = float64(float64(j) * mp.m[a][1])
		}
	}
	rowCols, colCols := cols[0], cols[1]
	for i := range src.h {
		row := mp.shift[0] + float64(float64(i)*mp.m[0][0])
		col := mp.shift[1] + float64(float64(i)*mp.m[1][0])
		from, to := inside(row, rowCols, src.h)
		f, t := inside(col, colCols, src.w)
		from, to = max(from, f), min(to, t)
		if from >= to {
			from, to = src.w, src.w
		}
		d, step := dst.at(i, src)
		border := func(from, to int) {
			for j := from; j < to; j++ {
				dst.border(d+j*step, src, row+rowCols[j], col+colCols[j], mode, cval)
			}
		}
		border(0, from)
		if src.c == 3 {
			dst.inside3(d+from*step, step, src, row, col, rowCols[from:to], colCols[from:to])
		} else {
			dst.inside(d+from*step, step, src, row, col, rowCols[from:to], colCols[from:to])
		}
		border(to, src.w)
	}
}

// inside returns the run of columns whose coordinate base+cols[j] is in [0, n-1).
func inside(base float64, cols []float64, n int) (from, to int) {
	first := func(limit float64, below bool) int {
		lo, hi := 0, len(cols)
		for lo < hi {
			mid := int(uint(lo+hi) >> 1)
			if (base+cols[mid] < limit) == below {
				lo = mid + 1
			} else {
				hi = mid
			}
		}
		return lo
	}
	last := float64(n - 1)
	if cols[len(cols)-1] >= 0 {
		return first(0, true), first(last, true)
	}
	return first(last, false), first(0, false)
}

func (t *target) inside3(d, step int, src *pixels, row, col float64, rowCols, colCols []float64) {
	stride := src.w * 3
	colCols = colCols[:len(rowCols)]
	out, pix, scale := t.pix, src.pix, t.scale
	for k, rc := range rowCols {
		y, x := row+rc, col+colCols[k]
		i, j := int(y), int(x)
		y0 := 1 - (y - float64(i))
		x0 := 1 - (x - float64(j))
		y1, x1 := 1-y0, 1-x0
		s := i*stride + j*3
		p := (*[6]float32)(pix[s:])
		q := (*[6]float32)(pix[s+stride:])
		o := (*[3]float32)(out[d:])
		o[0] = float32(lerp(p[0], p[3], q[0], q[3], y0, y1, x0, x1)) * scale
		o[1] = float32(lerp(p[1], p[4], q[1], q[4], y0, y1, x0, x1)) * scale
		o[2] = float32(lerp(p[2], p[5], q[2], q[5], y0, y1, x0, x1)) * scale
		d += step
	}
}

func (t *target) inside(d, step int, src *pixels, row, col float64, rowCols, colCols []float64) {
	for k := range rowCols {
		y, x := row+rowCols[k], col+colCols[k]
		i, j := int(y), int(x)
		y0 := 1 - (y - float64(i))
		x0 := 1 - (x - float64(j))
		t.pixel(d, src, tap{i, i + 1, y0, 1 - y0}, tap{j, j + 1, x0, 1 - x0})
		d += step
	}
}

func (t *target) border(d int, src *pixels, row, col float64, mode FillMode, cval float32) {
	y, ok := mode.tap(row, src.h)
	x, ok2 := mode.tap(col, src.w)
	if !ok || !ok2 {
		t.fill(d, src.c, cval)
		return
	}
	t.pixel(d, src, y, x)
}

func (t *target) fill(d, c int, v float32) {
	for k := range t.pix[d : d+c] {
		t.pix[d+k] = v * t.scale
	}
}

func (t *target) pixel(d int, src *pixels, y, x tap) {
	a, b := y.i0*src.w, y.i1*src.w
	p00, p01 := (a+x.i0)*src.c, (a+x.i1)*src.c
	p10, p11 := (b+x.i0)*src.c, (b+x.i1)*src.c
	for k := range src.c {
		v := lerp(src.pix[p00+k], src.pix[p01+k], src.pix[p10+k], src.pix[p11+k], y.w0, y.w1, x.w0, x.w1)
		t.pix[d+k] = float32(v) * t.scale
	}
}

func lerp(p00, p01, p10, p11 float32, y0, y1, x0, x1 float64) float64 {
	v := float64(float64(float64(p00)*y0) * x0)
	v += float64(float64(float64(p01)*y0) * x1)
	v += float64(float64(float64(p10)*y1) * x0)
	return v + float64(float64(float64(p11)*y1)*x1)
}

// warpNearest is scipy.ndimage.affine_transform with order=0.
func warpNearest(dst target, src *pixels, mp mapping, mode FillMode, cval float32) {
	for i := range src.h {
		d, step := dst.at(i, src)
		for j := range src.w {
			y, x, ok := mp.source(i, j, src, mode)
			if !ok {
				dst.fill(d, src.c, cval)
			} else {
				p := (clamp(int(math.Floor(y+.5)), src.h)*src.w + clamp(int(math.Floor(x+.5)), src.w)) * src.c
				for k, v := range src.pix[p : p+src.c] {
					dst.pix[d+k] = v * dst.scale
				}
			}
			d += step
		}
	}
}

// source returns the source position of destination (i, j). ok is false if the value is Cval.
func (mp *mapping) source(i, j int, src *pixels, mode FillMode) (y, x float64, ok bool) {
	y = mp.shift[0] + float64(float64(i)*mp.m[0][0]) + float64(float64(j)*mp.m[0][1])
	x = mp.shift[1] + float64(float64(i)*mp.m[1][0]) + float64(float64(j)*mp.m[1][1])
	y, ok = mode.place(y, src.h)
	x, ok2 := mode.place(x, src.w)
	return y, x, ok && ok2
}
