package picture

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// tiffMode says how pixels are made of the samples.
type tiffMode struct {
	layout  layout
	ycc     bool // the samples are YCbCr
	levels  bool // gray of at most 8 bits, and palettes
	depth   Depth
	premult bool // alpha is premultiplied
	palette []byte
}

// bytes returns the bytes of a pixel.
func (m *tiffMode) bytes() int { return layoutBytes[m.layout] }

// mode finds the mode, as Pillow's OPEN_INFO does.
func (f *tiffInfo) mode() (*tiffMode, error) {
	extras := f.extras
	shades := f.photometric == whiteIsZero || f.photometric == blackIsZero
	if f.planar && !slices.ContainsFunc(extras, func(kind int) bool { return kind != 0 }) && (!shades || len(extras) == 1) {
		extras = nil // Planes that are not used. (Pillow also takes the first one of many bands for the image.)
	}
	// extra returns what the first sample beside the colors is, -1 if there is none. ok is false if there are more samples than Pillow passes over.
	extra := func(most int) (kind int, ok bool) {
		if len(extras) == 0 {
			return -1, true
		}
		return extras[0], len(extras) <= most && !slices.ContainsFunc(extras[1:], func(kind int) bool { return kind != 0 })
	}
	colors := f.samples - len(f.extras)
	no := func() (*tiffMode, error) {
		if f.samples > 4 && f.photometric <= tiffRGB || shades && f.samples > 2 {
			return nil, f.bandsError()
		}
		what := map[int]string{whiteIsZero: "gray", blackIsZero: "gray", tiffRGB: "RGB colors", tiffPalette: "a palette", tiffCMYK: "CMYK colors", tiffYCbCr: "YCbCr colors"}[f.photometric]
		if name := tiffColorNames[f.photometric]; name != "" {
			what = name
		} else if what == "" {
			what = fmt.Sprintf("unknown colors (PhotometricInterpretation %d)", f.photometric)
		}
		kind := map[int]string{2: " signed", 3: " floating-point", 4: " untyped", 5: " complex", 6: " complex"}[f.format]
		return nil, fmt.Errorf("TIFF files of %s with %d%s samples of %d bits are not supported%s", what, f.samples, kind, f.bits, tiffAdvice)
	}
	whole := f.format == 1
	switch f.photometric {
	case whiteIsZero, blackIsZero:
		kind, ok := extra(1)
		switch {
		case colors != 1 || !ok || kind >= 0 && (f.bits != 8 || !whole || f.photometric == whiteIsZero):
		case kind == 0:
			return &tiffMode{layout: gray, levels: true}, nil
		case kind == 1 || kind == 2:
			return &tiffMode{layout: grayAlpha, levels: true, premult: kind == 1}, nil
		case kind > 0:
		case (f.bits == 1 || f.bits == 2 || f.bits == 4) && whole, f.bits == 8 && f.format <= 2:
			return &tiffMode{layout: gray, levels: true}, nil
		case f.bits == 12 && whole && !f.tiled, (f.bits == 16 || f.bits == 32) && f.format <= 2:
			return &tiffMode{layout: gray, depth: Deep}, nil
		case f.bits == 32 && f.format == 3:
			return &tiffMode{layout: gray, depth: Floating}, nil
		}
	case tiffRGB:
		most := 1
		if f.bits == 8 {
			most = 3
		}
		kind, ok := extra(most)
		switch {
		case !ok || !whole || f.bits != 8 && f.bits != 16:
		case colors == 3 && kind <= 0:
			return &tiffMode{layout: rgb}, nil
		case colors == 4 && kind < 0, colors == 3 && (kind <= 2 || kind == 999 && len(extras) == 1 && f.bits == 8):
			return &tiffMode{layout: rgba, premult: kind == 1}, nil
		}
	case tiffPalette:
		kind, ok := extra(1)
		if colors != 1 || !whole || !ok || !slices.Contains([]int{1, 2, 4, 8}, f.bits) || kind >= 0 && f.bits != 8 || kind != -1 && kind != 0 && kind != 2 {
			return no()
		}
		m := &tiffMode{layout: rgb, levels: true}
		if kind == 2 {
			m.layout = rgba
		}
		values, err := f.numbers(tiffColors)
		if err != nil {
			return nil, err
		}
		n := 1 << f.bits
		if len(values) < 3*n {
			return nil, fmt.Errorf("corrupt TIFF: a palette of %d numbers, want %d", len(values), 3*n)
		}
		for i := range n {
			m.palette = append(m.palette, byte(values[i]>>8), byte(values[n+i]>>8), byte(values[2*n+i]>>8))
		}
		return m, nil
	case tiffCMYK:
		most := 0
		if f.bits == 8 {
			most = 2
		}
		if kind, ok := extra(most); ok && kind <= 0 && colors == 4 && whole && (f.bits == 8 || f.bits == 16) {
			return &tiffMode{layout: cmyk}, nil
		}
	case tiffYCbCr:
		switch {
		case len(extras) > 0 || f.bits != 8 || !whole:
		case colors == 1:
			return &tiffMode{layout: gray, levels: true}, nil
		case colors == 3:
			if sub := f.subsampleX*10 + f.subsampY; f.compression != tiffJPEG && (f.tiled && sub != 11 || f.predictor != 1 || !slices.Contains([]int{11, 12, 21, 22, 41, 42, 44, 14, 24}, sub)) {
				return nil, fmt.Errorf("TIFF files of YCbCr colors with the subsampling %dx%d, tiles or a predictor are not supported%s", f.subsampleX, f.subsampY, tiffAdvice)
			}
			return &tiffMode{layout: rgb, ycc: true}, nil
		}
	}
	return no()
}

// deepColors reports whether an image has colors of 16 bits. Those of CMYK are not counted: 0 is white.
func (f *tiffInfo) deepColors(m *tiffMode) bool {
	return f.bits == 16 && m.depth == Shallow && (m.layout == rgb || m.layout == rgba)
}

// bandsError is the error of an image with many bands.
func (f *tiffInfo) bandsError() error {
	scale, note := " -scale 0 3000 0 255", ", and the values that become black and white"
	if f.bits == 8 {
		scale, note = "", ""
	}
	kind := map[int]string{2: "signed ", 3: "floating-point "}[f.format]
	return fmt.Errorf("TIFF files with %d bands (%ssamples of %d bits) are not supported: choose three of them as red, green and blue of 8 bits, for example with GDAL: gdal_translate -of PNG -ot Byte%s -b 4 -b 3 -b 2 FILE FILE.png (change the numbers of the bands%s; these are those of Sentinel-2)",
		f.samples, kind, f.bits, scale, note)
}

// sampler reads the samples of an image whose rows were unpacked.
type sampler struct {
	f       *tiffInfo
	rows    []byte
	row     int // bytes
	samples int // of a pixel in a plane
	levels  *levels
}

// at returns sample s of a pixel, unchanged.
func (r *sampler) at(x, y, s int) uint32 {
	k := x*r.samples + s
	if r.f.planar {
		y += s * r.f.h
		k = x
	}
	row := r.rows[y*r.row:][:r.row]
	switch r.f.bits {
	case 8:
		return uint32(row[k])
	case 16:
		return uint32(r.f.order.Uint16(row[2*k:]))
	case 32:
		return r.f.order.Uint32(row[4*k:])
	case 12:
		at := k / 2 * 3
		if k%2 == 0 {
			return uint32(row[at])<<4 | uint32(row[at+1])>>4
		}
		return uint32(row[at+1]&15)<<8 | uint32(row[at+2])
	default:
		bit := k * r.f.bits
		return uint32(row[bit/8]>>(8-r.f.bits-bit%8)) & (1<<r.f.bits - 1)
	}
}

// high returns the upper 8 bits of a sample of 8 or 16 bits, as Pillow does.
func (r *sampler) high(x, y, s int) byte {
	v := r.at(x, y, s)
	if r.f.bits == 16 {
		v >>= 8
	}
	return byte(v)
}

// pixels makes the pixels of the unpacked rows.
func (m *tiffMode) pixels(f *tiffInfo, rows, pix []byte, deep *levels) error {
	_, samples := f.planes()
	r := &sampler{f, rows, f.rowBytes(f.w), samples, deep}
	if f.bits == 8 && !f.planar && samples == m.bytes() && !m.levels && !m.ycc && !m.premult {
		copy(pix, rows)
		if m.layout == cmyk {
			invert(pix)
		}
		return nil
	}
	pixel, err := m.pixel(r)
	if err != nil {
		return err
	}
	size := m.bytes()
	for y := range f.h {
		for x := range f.w {
			pixel(pix[(y*f.w+x)*size:][:size], x, y)
		}
	}
	return nil
}

func invert(b []byte) {
	for i, v := range b {
		b[i] = 255 - v
	}
}

// pixel returns the function that makes a pixel.
func (m *tiffMode) pixel(r *sampler) (func(o []byte, x, y int), error) {
	f := r.f
	switch {
	case m.palette != nil:
		return func(o []byte, x, y int) {
			copy(o, m.palette[3*r.at(x, y, 0):][:3])
			if len(o) == 4 {
				o[3] = byte(r.at(x, y, 1))
			}
		}, nil
	case m.levels:
		scale := uint32(255) / (1<<f.bits - 1)
		return func(o []byte, x, y int) {
			o[0] = byte(r.at(x, y, 0) * scale)
			if f.photometric == whiteIsZero && len(o) == 1 {
				o[0] = ^o[0]
			}
			if len(o) == 2 {
				o[1] = byte(r.at(x, y, 1))
				if m.premult {
					unmultiply(o)
				}
			}
		}, nil
	case m.depth != Shallow:
		value := func(v uint32) float64 { return float64(v) }
		switch {
		case m.depth == Floating:
			value = func(v uint32) float64 { return float64(math.Float32frombits(v)) }
		case f.bits == 32 && (f.format == 2 || !r.levels.scales()): // Pillow takes all of them as signed
			value = func(v uint32) float64 { return float64(int32(v)) }
		case f.bits == 16 && f.format == 2:
			value = func(v uint32) float64 { return float64(int16(v)) }
		}
		return func(o []byte, x, y int) { o[0] = r.levels.level(value(r.at(x, y, 0))) }, nil
	case m.ycc:
		return m.fromYCbCr(r)
	case m.layout == cmyk:
		return func(o []byte, x, y int) {
			for s := range o {
				o[s] = 255 - r.high(x, y, s)
			}
		}, nil
	}
	return func(o []byte, x, y int) {
		for s := range o {
			o[s] = r.high(x, y, s)
		}
		if m.premult {
			unmultiply(o)
		}
	}, nil
}

// unmultiply turns premultiplied alpha into straight alpha, as Pillow does. Alpha is the last byte.
func unmultiply(o []byte) {
	last := len(o) - 1
	switch a := int(o[last]); a {
	case 0:
		clear(o[:last])
	case 255:
	default:
		for i, v := range o[:last] {
			o[i] = byte(min(255, int(v)*255/a))
		}
	}
}

// fromYCbCr returns the function for YCbCr colors: as Pillow converts those of files without compression, and as libtiff converts others. In JPEG, they are
// converted already.
func (m *tiffMode) fromYCbCr(r *sampler) (func(o []byte, x, y int), error) {
	f := r.f
	if f.compression == tiffJPEG {
		return func(o []byte, x, y int) {
			o[0], o[1], o[2] = byte(r.at(x, y, 0)), byte(r.at(x, y, 1)), byte(r.at(x, y, 2))
		}, nil
	}
	clip := func(v int32) byte { return byte(max(0, min(255, v))) }
	if f.compression == tiffRaw {
		return func(o []byte, x, y int) {
			l, cb, cr := int32(r.at(x, y, 0)), int32(r.at(x, y, 1)), int32(r.at(x, y, 2))
			o[0] = clip(l + pillowChroma(1.40200, cr))
			o[1] = clip(l + pillowGreen(cb, cr))
			o[2] = clip(l + pillowChroma(1.77200, cb))
		}, nil
	}
	luma := f.fractions(tiffYCbCrFactors, []float32{.299, .587, .114})
	ref := f.fractions(tiffReferenceLevels, []float32{0, 255, 128, 255, 128, 255})
	if luma[1] == 0 {
		return nil, errors.New("corrupt TIFF: YCbCrCoefficients with 0 for green")
	}
	fix := func(v float32) int32 { return int32(float64(v)*65536 + .5) }
	red, blue := 2-2*luma[0], 2-2*luma[2]
	d1, d2 := fix(red), -fix(luma[0]*red/luma[1])
	d3, d4 := fix(blue), -fix(luma[2]*blue/luma[1])
	code := func(c int32, black, white, span float32) int32 {
		if white == black {
			white = black + 1
		}
		v := (float32(c) - float32(int32(black))) * span / (white - black)
		return int32(max(-128*32, min(128*32, v)))
	}
	return func(o []byte, x, y int) {
		l := code(int32(r.at(x, y, 0)), ref[0], ref[1], 255)
		cb := code(int32(r.at(x, y, 1))-128, ref[2]-128, ref[3]-128, 127)
		cr := code(int32(r.at(x, y, 2))-128, ref[4]-128, ref[5]-128, 127)
		o[0] = clip(l + (d1*cr+1<<15)>>16)
		o[1] = clip(l + (d4*cb+1<<15+d2*cr)>>16)
		o[2] = clip(l + (d3*cb+1<<15)>>16)
	}, nil
}

// pillowChroma is Pillow's conversion of a chroma sample, with 6 bits after the point. Pillow has it as tables, from which this formula differs by 1 for three
// of the 256 values.
func pillowChroma(factor float64, c int32) int32 { return int32(factor*64*float64(c-128)) >> 6 }

// pillowGreen is the sum of both chroma samples for green. It differs from Pillow's by 1 in about 1% of the combinations.
func pillowGreen(cb, cr int32) int32 {
	return (int32(math.Ceil(-.34404*64*float64(cb-128))) + int32(math.Ceil(-.714*64*float64(cr-128)))) >> 6
}
