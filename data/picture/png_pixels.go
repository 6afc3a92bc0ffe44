package picture

import "bytes"

// pngPainter makes pixels of the samples of a PNG file, as Pillow does.
type pngPainter struct {
	f      *pngFile
	n      native
	levels *levels
	colors [256][4]byte // of the palette
	clear  [3]byte      // the transparent color
}

func (f *pngFile) painter(d *Decoder, n native) *pngPainter {
	p := &pngPainter{f: f, n: n, levels: &d.levels}
	t := f.transparent
	switch {
	case f.kind == pngPalette:
		for i := range p.colors { // beyond the palette, black
			if 3*i+3 <= len(f.palette) {
				copy(p.colors[i][:], f.palette[3*i:])
			}
			if p.colors[i][3] = 255; i < len(t) {
				p.colors[i][3] = t[i]
			}
		}
	case t == nil:
	case f.kind == pngRGB:
		p.clear = [3]byte{t[1], t[3], t[5]}
	case f.depth == 1 && (t[0] != 0 || t[1] != 0):
		p.clear[0] = 255
	default:
		p.clear[0] = t[1]
	}
	return p
}

// row paints w pixels of a row: those of the columns x0, x0+dx, and so on. src has their samples.
func (p *pngPainter) row(src []byte, y, x0, dx, w int) {
	size := layoutBytes[p.n.layout]
	out := p.n.pix[(y*p.n.w+x0)*size:]
	step := dx * size
	f := p.f
	bytes := f.depth / 8 // of a sample; 0 if it is smaller
	switch {
	case f.kind == pngPalette:
		for x := range w {
			c := &p.colors[bitsAt(src, x, f.depth)]
			copy(out[x*step:][:size], c[:])
		}
	case f.kind == pngGray && f.depth == 16:
		p.deepRow(src, out, step, w)
	case f.kind == pngGray && f.depth < 8:
		scale := 255 / (1<<f.depth - 1)
		for x := range w {
			v := byte(bitsAt(src, x, f.depth) * scale)
			if out[x*step] = v; size == 2 {
				out[x*step+1] = p.alpha(v)
			}
		}
	case f.kind == pngGray && size > 1:
		for x := range w {
			out[x*step], out[x*step+1] = src[x], p.alpha(src[x])
		}
	case dx == 1 && bytes == 1 && size == pngDepths[f.kind].samples:
		copy(out, src)
	default: // the high bytes of the first samples
		unit := pngDepths[f.kind].samples * bytes
		samples := min(size, pngDepths[f.kind].samples)
		for x := range w {
			from, o := src[x*unit:][:unit], out[x*step:][:size]
			for s := range samples {
				o[s] = from[s*bytes]
			}
			if samples == 3 && size == 4 {
				o[3] = 255
				if [3]byte(o) == p.clear {
					o[3] = 0
				}
			}
		}
	}
}

// alpha returns the alpha of a gray pixel.
func (p *pngPainter) alpha(v byte) byte {
	if v == p.clear[0] {
		return 0
	}
	return 255
}

// deepRow paints gray pixels of 16 bits. Pillow compares the transparent color with the pixels after they were cut off, and only its lower byte.
func (p *pngPainter) deepRow(src, out []byte, step, w int) {
	scales := p.levels.scales()
	for x := range w {
		sample := src[2*x:][:2]
		v := p.levels.level(float64(int(sample[0])<<8 | int(sample[1])))
		o := out[x*step:]
		if o[0] = v; p.n.layout != rgba {
			continue
		}
		o[1], o[2], o[3] = v, v, 255
		if scales && bytes.Equal(sample, p.f.transparent[:2]) || !scales && v == p.clear[0] {
			o[3] = 0
		}
	}
}

// bitsAt returns sample x of a row of samples with at most 8 bits.
func bitsAt(row []byte, x, depth int) int {
	bit := x * depth
	return int(row[bit/8]) >> (8 - depth - bit%8) & (1<<depth - 1)
}
