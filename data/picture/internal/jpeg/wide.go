package jpeg

// libjpeg-turbo's inverse DCT (jidctint-avx2.asm) computes with 16 bits where inverseDCT computes with 32. The results are equal
// unless coefficients are much larger than those of any image of 8 bits, as in damaged files. Blocks that may overflow are computed here with
// 16 bits.

// wideLimit is the largest product of a coefficient and its step that is not checked further. The coefficients of an image of 8
// bits are at most 1024, plus rounding.
const wideLimit = 2047

// setWide sets wideSize for the quantization table.
func (c *component) setWide() {
	most := uint32(1)
	for _, q := range c.quant[1:] {
		most = max(most, uint32(q))
	}
	c.wideSize = 0
	for (uint32(1)<<c.wideSize-1)*most <= wideLimit && c.wideSize < 16 {
		c.wideSize++
	}
}

func (c *component) isWideDC(dc int16) bool {
	v := int32(dc) * int32(c.quant[0])
	return v > wideLimit || v < -wideLimit
}

// inverseDCTChecked is inverseDCT for any coefficients.
func inverseDCTChecked(dst []byte, stride int, block *[64]int16, quant *[64]uint16, last int) {
	// A value after the first pass is at most 4*1.387 times the sum of its column. Two of them are added in 16 bits.
	const safe = (1<<15 - 1) / 2 * 1000 / (4 * 1388)
	sum := int64(0)
	for i, v := range block {
		p := int64(v) * int64(quant[i])
		negative := p >> 63 // a branch would be mispredicted often
		sum += (p ^ negative) - negative
	}
	if sum > safe {
		inverseDCT16(dst, stride, block, quant)
		return
	}
	inverseDCT(dst, stride, block, quant, last)
}

// inverseDCT16 computes a block as jidctint-avx2.asm does, with its overflows and saturation.
func inverseDCT16(dst []byte, stride int, block *[64]int16, quant *[64]uint16) {
	var in, ws [64]int16
	flat := true // rows 1 to 7 are zero
	for i, v := range block {
		in[i] = int16(uint16(v) * quant[i])
		flat = flat && (i < 8 || v == 0)
	}
	for x := range 8 {
		if flat {
			for y := range 8 {
				ws[8*y+x] = in[x] << pass1Bits
			}
			continue
		}
		column(&ws, &in, x, 8, shift1)
	}
	for y := range 8 {
		column(&ws, &ws, 8*y, 1, shift2)
		for x, v := range ws[8*y:][:8] {
			dst[y*stride+x] = byte(min(max(v, -128), 127) + 128)
		}
	}
}

// column computes the inverse DCT of the 8 values in[at+i*step]. Products have 32 bits, sums of inputs 16.
func column(out, in *[64]int16, at, step int, shift uint) {
	v := func(i int) int16 { return in[at+i*step] }
	mul := func(a int16, x int32, b int16, y int32) int32 { return int32(a)*x + int32(b)*y }

	t2 := mul(v(2), fix0541196100, v(6), fix0541196100-fix1847759065)
	t3 := mul(v(2), fix0541196100+fix0765366865, v(6), fix0541196100)
	t0, t1 := int32(v(0)+v(4))<<constBits, int32(v(0)-v(4))<<constBits
	t10, t13, t11, t12 := t0+t3, t0-t3, t1+t2, t1-t2

	z3, z4 := v(7)+v(3), v(5)+v(1)
	z3w := mul(z3, fix1175875602-fix1961570560, z4, fix1175875602)
	z4w := mul(z3, fix1175875602, z4, fix1175875602-fix0390180644)
	t0 = mul(v(7), fix0298631336-fix0899976223, v(1), -fix0899976223) + z3w
	t1 = mul(v(5), fix2053119869-fix2562915447, v(3), -fix2562915447) + z4w
	t2 = mul(v(5), -fix2562915447, v(3), fix3072711026-fix2562915447) + z3w
	t3 = mul(v(7), -fix0899976223, v(1), fix1501321110-fix0899976223) + z4w

	round := int32(1) << (shift - 1)
	for i, s := range [8]int32{t10 + t3, t11 + t2, t12 + t1, t13 + t0, t13 - t0, t12 - t1, t11 - t2, t10 - t3} {
		out[at+i*step] = int16(min(max((s+round)>>shift, -1<<15), 1<<15-1))
	}
}
