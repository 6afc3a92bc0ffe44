package jpeg

// Tables of libjpeg's jdcolor.c: YCbCr to RGB in fixed point with 16 bits.
var crR, cbB, crG, cbG = colorTables()

func colorTables() (crR, cbB, crG, cbG [256]int32) {
	const half = 1 << 15
	for i := range 256 {
		x := int32(i) - 128
		crR[i] = (91881*x + half) >> 16  // 1.40200
		cbB[i] = (116130*x + half) >> 16 // 1.77200
		crG[i] = -46802 * x              // 0.71414
		cbG[i] = -22554*x + half         // 0.34414
	}
	return
}

func ycc2rgbGo(dst, y, cb, cr []byte, n int) {
	y, cb, cr = y[:n], cb[:n], cr[:n]
	dst = dst[:3*n]
	for i, yy := range y {
		l, b, r := int32(yy), cb[i], cr[i]
		o := dst[3*i:][:3]
		o[0] = clamp8(l + crR[r])
		o[1] = clamp8(l + (cbG[b]+crG[r])>>16)
		o[2] = clamp8(l + cbB[b])
	}
}

// convert writes n pixels from the rows of all components.
func (d *Decoder) convert(dst []byte, rows *[4][]byte, n int) {
	switch d.hdr.ColorSpace {
	case Gray:
		copy(dst, rows[0][:n])
	case YCbCr:
		ycc2rgb(dst, rows[0], rows[1], rows[2], n)
	case RGB, CMYK:
		for c := range d.n {
			for i, v := range rows[c][:n] {
				dst[i*d.n+c] = v
			}
		}
	case YCCK:
		y, cb, cr, k := rows[0][:n], rows[1][:n], rows[2][:n], rows[3][:n]
		for i, yy := range y {
			l, b, r := int32(yy), cb[i], cr[i]
			o := dst[4*i:][:4]
			o[0] = clamp8(255 - (l + crR[r]))
			o[1] = clamp8(255 - (l + (cbG[b]+crG[r])>>16))
			o[2] = clamp8(255 - (l + cbB[b]))
			o[3] = k[i]
		}
	}
}
