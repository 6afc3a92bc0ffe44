package jpeg

// Constants of libjpeg's jidctint.c ("slow but accurate integer" inverse DCT, after Loeffler, Ligtenberg and Moschytz), in fixed
// point with 13 bits.
const (
	fix0298631336 = 2446
	fix0390180644 = 3196
	fix0541196100 = 4433
	fix0765366865 = 6270
	fix0899976223 = 7373
	fix1175875602 = 9633
	fix1501321110 = 12299
	fix1847759065 = 15137
	fix1961570560 = 16069
	fix2053119869 = 16819
	fix2562915447 = 20995
	fix3072711026 = 25172

	constBits = 13
	pass1Bits = 2

	// The shifts of the two passes, and their rounding terms. The second also adds 128, the level shift.
	shift1 = constBits - pass1Bits
	half1  = 1 << (shift1 - 1)
	shift2 = constBits + pass1Bits + 3
	half2  = 1<<(shift2-1) + 128<<shift2
)

func clamp8(v int32) byte {
	if uint32(v) > 255 {
		return byte(^(v >> 31))
	}
	return byte(v)
}

// inverseDCTGo computes the 8x8 samples of a block. The result equals that of libjpeg's jpeg_idct_islow in every bit. All coefficients after
// zigzag position last must be zero.
func inverseDCTGo(dst []byte, stride int, block *[64]int16, quant *[64]uint16, last int) {
	if last == 0 {
		// Shift as the full transform does, so that overflows are the same.
		dc := (int32(block[0])*int32(quant[0])<<constBits + half1) >> shift1
		v := clamp8((dc<<constBits + half2) >> shift2)
		for y := range 8 {
			row := dst[y*stride:][:8]
			for x := range row {
				row[x] = v
			}
		}
		return
	}
	var ws [64]int32
	for x := range 8 {
		c := block[x:]
		q := quant[x:]
		_, _ = c[56], q[56]
		if c[8]|c[16]|c[24]|c[32]|c[40]|c[48]|c[56] == 0 {
			v := (int32(c[0])*int32(q[0])<<constBits + half1) >> shift1
			for y := range 8 {
				ws[y*8+x] = v
			}
			continue
		}
		z2, z3 := int32(c[16])*int32(q[16]), int32(c[48])*int32(q[48])
		z1 := (z2 + z3) * fix0541196100
		t2 := z1 - z3*fix1847759065
		t3 := z1 + z2*fix0765366865
		z2, z3 = int32(c[0])*int32(q[0]), int32(c[32])*int32(q[32])
		t0 := (z2 + z3) << constBits
		t1 := (z2 - z3) << constBits
		t10, t13 := t0+t3, t0-t3
		t11, t12 := t1+t2, t1-t2

		t0, t1 = int32(c[56])*int32(q[56]), int32(c[40])*int32(q[40])
		t2, t3 = int32(c[24])*int32(q[24]), int32(c[8])*int32(q[8])
		z1, z2, z3 = t0+t3, t1+t2, t0+t2
		z4 := t1 + t3
		z5 := (z3 + z4) * fix1175875602
		t0 *= fix0298631336
		t1 *= fix2053119869
		t2 *= fix3072711026
		t3 *= fix1501321110
		z1 *= -fix0899976223
		z2 *= -fix2562915447
		z3 = z3*-fix1961570560 + z5
		z4 = z4*-fix0390180644 + z5
		t0 += z1 + z3
		t1 += z2 + z4
		t2 += z2 + z3
		t3 += z1 + z4

		ws[x] = (t10 + t3 + half1) >> shift1
		ws[56+x] = (t10 - t3 + half1) >> shift1
		ws[8+x] = (t11 + t2 + half1) >> shift1
		ws[48+x] = (t11 - t2 + half1) >> shift1
		ws[16+x] = (t12 + t1 + half1) >> shift1
		ws[40+x] = (t12 - t1 + half1) >> shift1
		ws[24+x] = (t13 + t0 + half1) >> shift1
		ws[32+x] = (t13 - t0 + half1) >> shift1
	}
	for y := range 8 {
		w := ws[y*8:][:8]
		row := dst[y*stride:][:8]
		z2, z3 := w[2], w[6]
		z1 := (z2 + z3) * fix0541196100
		t2 := z1 - z3*fix1847759065
		t3 := z1 + z2*fix0765366865
		t0 := (w[0] + w[4]) << constBits
		t1 := (w[0] - w[4]) << constBits
		t10, t13 := t0+t3, t0-t3
		t11, t12 := t1+t2, t1-t2

		t0, t1, t2, t3 = w[7], w[5], w[3], w[1]
		z1, z2, z3 = t0+t3, t1+t2, t0+t2
		z4 := t1 + t3
		z5 := (z3 + z4) * fix1175875602
		t0 *= fix0298631336
		t1 *= fix2053119869
		t2 *= fix3072711026
		t3 *= fix1501321110
		z1 *= -fix0899976223
		z2 *= -fix2562915447
		z3 = z3*-fix1961570560 + z5
		z4 = z4*-fix0390180644 + z5
		t0 += z1 + z3
		t1 += z2 + z4
		t2 += z2 + z3
		t3 += z1 + z4

		row[0] = clamp8((t10 + t3 + half2) >> shift2)
		row[7] = clamp8((t10 - t3 + half2) >> shift2)
		row[1] = clamp8((t11 + t2 + half2) >> shift2)
		row[6] = clamp8((t11 - t2 + half2) >> shift2)
		row[2] = clamp8((t12 + t1 + half2) >> shift2)
		row[5] = clamp8((t12 - t1 + half2) >> shift2)
		row[3] = clamp8((t13 + t0 + half2) >> shift2)
		row[4] = clamp8((t13 - t0 + half2) >> shift2)
	}
}
