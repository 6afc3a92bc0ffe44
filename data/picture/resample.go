package picture

import "math"

// Pillow's filters (Resample.c). The explicit conversions keep compilers from fusing multiplications and additions, which would
// change the last bit on some machines.

func box(x float64) float64 {
	if x > -.5 && x <= .5 {
		return 1
	}
	return 0
}

func triangle(x float64) float64 {
	if x = math.Abs(x); x < 1 {
		return 1 - x
	}
	return 0
}

func hamming(x float64) float64 {
	x = math.Abs(x)
	if x == 0 {
		return 1
	}
	if x >= 1 {
		return 0
	}
	x *= math.Pi
	return math.Sin(x) / x * (.54 + float64(.46*math.Cos(x)))
}

func bicubic(x float64) float64 {
	const a = -.5
	x = math.Abs(x)
	if x < 1 {
		return float64(float64(float64((a+2)*x)-(a+3))*x*x) + 1
	}
	if x < 2 {
		return (float64((float64((x-5)*x)+8)*x) - 4) * a
	}
	return 0
}

func lanczos(x float64) float64 {
	if x >= -3 && x < 3 {
		return sinc(x) * sinc(x/3)
	}
	return 0
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	x *= math.Pi
	return math.Sin(x) / x
}

// precision is the number of fraction bits of the weights: 32 minus 8 for a sample and 2 for overshoot.
const precision = 32 - 8 - 2

// weights holds the fixed-point weights of one direction. Output i is the sum of source first[i]+k times w[i*size+k] for k
// below count[i].
type weights struct {
	size         int
	first, count []int
	w            []int32
	axis         axis
	filter       *interpolation
}

// axis is one direction of a resize. The samples lo to lo+size of the from samples become n samples.
type axis struct{ n, from, lo, size int }

func (a axis) unchanged() bool { return a.n == a.from && a.size == a.from }

// set computes the weights of a direction, unless they are computed already.
func (w *weights) set(a axis, f *interpolation) {
	if w.axis == a && w.filter == f {
		return
	}
	w.axis, w.filter = a, f
	n, from := a.n, a.from
	scale := float64(a.size) / float64(n)
	stretch := max(scale, 1)
	support := f.support * stretch
	w.size = int(math.Ceil(support))*2 + 1
	w.first, w.count = make([]int, n), make([]int, n)
	w.w = make([]int32, n*w.size)
	k := make([]float64, w.size)
	inv := 1 / stretch
	for i := range n {
		center := float64(a.lo) + float64((float64(i)+.5)*scale)
		lo := max(int(center-support+.5), 0)
		count := min(int(center+support+.5), from) - lo
		sum := 0.
		for x := range count {
			k[x] = f.filter((float64(x+lo) - center + .5) * inv)
			sum += k[x]
		}
		w.first[i], w.count[i] = lo, count
		for x := range count {
			v := k[x]
			if sum != 0 {
				v /= sum
			}
			v *= 1 << precision
			if v < 0 {
				w.w[i*w.size+x] = int32(v - .5)
			} else {
				w.w[i*w.size+x] = int32(v + .5)
			}
		}
	}
}

// resampler holds weights and buffers for resizing.
type resampler struct {
	x, y  weights
	index []int
	tmp   []byte
	pre   []byte
}

// resample is Pillow's ImagingResample for 8 bits: a horizontal pass, rounded to 8 bits, and then a vertical pass. An unchanged
// direction needs no pass. Like Pillow 13, it starts with the vertical pass if the height shrinks by more than twice as many pixels as
// the width. Near the edges of the crop, the filter also reads pixels outside of it.
func (r *resampler) resample(out, img Image, from crop, f *interpolation) {
	c := img.C
	x, y := axis{out.W, img.W, from.x, from.w}, axis{out.H, img.H, from.y, from.h}
	r.x.set(x, f)
	r.y.set(y, f)
	dy, dx := img.H-out.H, img.W-out.W
	switch {
	case y.unchanged():
		r.x.rows(out.Pix, img.Pix, img.H, c)
	case x.unchanged():
		r.y.vertical(out.Pix, img.Pix, img.W*c)
	case dy > 0 && dy > 2*dx:
		tmp := grow(&r.tmp, out.H*img.W*c)
		r.y.vertical(tmp, img.Pix, img.W*c)
		r.x.rows(out.Pix, tmp, out.H, c)
	default:
		tmp := grow(&r.tmp, img.H*out.W*c)
		r.x.rows(tmp, img.Pix, img.H, c)
		r.y.vertical(out.Pix, tmp, out.W*c)
	}
}

// rows resamples n rows horizontally.
func (w *weights) rows(dst, src []byte, n, c int) {
	to, from := w.axis.n*c, w.axis.from*c
	for y := range n {
		w.horizontal(dst[y*to:][:to], src[y*from:][:from], c)
	}
}

func clipped(sum int32) byte {
	sum >>= precision
	if uint32(sum) > 255 {
		return byte(^(sum >> 31))
	}
	return byte(sum)
}

const half = 1 << (precision - 1)

func (w *weights) horizontal(dst, src []byte, c int) {
	for x, first := range w.first {
		k := w.w[x*w.size:][:w.count[x]]
		switch c {
		case 3:
			r, g, b := int32(half), int32(half), int32(half)
			s := src[first*3:][:3*len(k)]
			for _, kk := range k {
				r += int32(s[0]) * kk
				g += int32(s[1]) * kk
				b += int32(s[2]) * kk
				s = s[3:]
			}
			o := dst[3*x:][:3]
			o[0], o[1], o[2] = clipped(r), clipped(g), clipped(b)
		default:
			for ch := range c {
				sum := int32(half)
				for i, kk := range k {
					sum += int32(src[(first+i)*c+ch]) * kk
				}
				dst[x*c+ch] = clipped(sum)
			}
		}
	}
}

func (w *weights) vertical(dst, src []byte, row int) {
	for y, first := range w.first {
		k := w.w[y*w.size:][:w.count[y]]
		o := dst[y*row:][:row]
		from := src[first*row:][:len(k)*row]
		x := 0
		for ; x+8 <= row; x += 8 { // keep eight sums in registers
			s0, s1, s2, s3 := int32(half), int32(half), int32(half), int32(half)
			s4, s5, s6, s7 := s0, s1, s2, s3
			p := x
			for _, kk := range k {
				v := from[p:][:8]
				s0 += int32(v[0]) * kk
				s1 += int32(v[1]) * kk
				s2 += int32(v[2]) * kk
				s3 += int32(v[3]) * kk
				s4 += int32(v[4]) * kk
				s5 += int32(v[5]) * kk
				s6 += int32(v[6]) * kk
				s7 += int32(v[7]) * kk
				p += row
			}
			to := o[x:][:8]
			to[0], to[1], to[2], to[3] = clipped(s0), clipped(s1), clipped(s2), clipped(s3)
			to[4], to[5], to[6], to[7] = clipped(s4), clipped(s5), clipped(s6), clipped(s7)
		}
		for ; x < row; x++ {
			sum := int32(half)
			for i, kk := range k {
				sum += int32(from[i*row+x]) * kk
			}
			o[x] = clipped(sum)
		}
	}
}

// premultiplied resizes an RGBA image. Pillow multiplies the colors by alpha before resizing and divides afterwards.
func (r *resampler) premultiplied(out, img Image, from crop, f *interpolation) {
	pre := Image{H: img.H, W: img.W, C: 4, Pix: grow(&r.pre, len(img.Pix))}
	for i := 0; i < len(img.Pix); i += 4 {
		p, o := img.Pix[i:][:4], pre.Pix[i:][:4]
		o[0], o[1], o[2], o[3] = mulDiv255(p[0], p[3]), mulDiv255(p[1], p[3]), mulDiv255(p[2], p[3]), p[3]
	}
	r.resample(out, pre, from, f)
	for i := 0; i < len(out.Pix); i += 4 {
		p := out.Pix[i:][:4]
		if a := uint32(p[3]); a != 0 && a != 255 {
			for c := range 3 {
				p[c] = byte(min(255, 255*uint32(p[c])/a))
			}
		}
	}
}
