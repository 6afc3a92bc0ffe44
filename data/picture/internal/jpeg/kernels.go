package jpeg

func inverseDCT(dst []byte, stride int, block *[64]int16, quant *[64]uint16, last int) {
	inverseDCTGo(dst, stride, block, quant, last)
}

func ycc2rgb(dst, y, cb, cr []byte, n int) { ycc2rgbGo(dst, y, cb, cr, n) }
