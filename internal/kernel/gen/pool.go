package main

// pool writes the inner loops of pooling over channels; n is in vectors and at least 1.
func pool(f *family) {
	for _, v := range f.vecs {
		takePlace(f, v)
		take(f, v)
		give(f, v)
		unpool(f, v)
		addScaled(f, v)
	}
}

func takePlace(f *family, v vec) {
	a := f.fn(v, "takePlace", "sets best[c], at[c] = x[c], place where x[c] > best[c].",
		"best *float32", "at *uint8", "x *float32", "place int", "n int")
	a.load("DI", "R8", "SI", "AX", "CX")
	if a.is512() {
		a.i("VMOVD AX, X4\nVPBROADCASTB X4, X4")
	} else {
		a.spread("AX", 4)
	}
	a.at("again")
	a.v("VMOVUPS", "(SI)", 0)
	a.v("VMOVUPS", "(DI)", 1)
	if a.is512() {
		a.v("VCMPPS", "$0x1e", 1, 0, "K1")
		a.v("VMOVUPS", 0, "K1", "(DI)")
		a.i("VMOVDQU8 X4, K1, (R8)")
	} else {
		a.v("VCMPPS", "$0x1e", 1, 0, 2)
		a.v("VBLENDVPS", 2, 0, 1, 1)
		a.v("VMOVUPS", 1, "(DI)")
		a.v("VPMOVZXBD", "(R8)", 3)
		a.v("VBLENDVPS", 2, 4, 3, 3)
		a.storeBytes(3, 5, "(R8)")
	}
	a.i("ADDQ $%d, SI\nADDQ $%d, DI\nADDQ $%d, R8\nDECQ CX\nJNE again", a.bytes(), a.bytes(), a.lanes)
	a.ret()
}

func take(f *family, v vec) {
	a := f.fn(v, "take", "sets best[c] = x[c] where x[c] > best[c].", "best *float32", "x *float32", "n int")
	a.load("DI", "SI", "CX")
	a.at("again")
	a.v("VMOVUPS", "(SI)", 0)
	a.v("VMAXPS", "(DI)", 0, 0) // best where x > best is false, NaN included
	a.v("VMOVUPS", 0, "(DI)")
	a.i("ADDQ $%d, SI\nADDQ $%d, DI\nDECQ CX\nJNE again", a.bytes(), a.bytes())
	a.ret()
}

func give(f *family, v vec) {
	a := f.fn(v, "give", "adds grad[c] to x[c] where at[c] == place.",
		"x *float32", "grad *float32", "at *uint8", "place int", "n int")
	a.load("DI", "SI", "R8", "AX", "CX")
	a.spread("AX", 4)
	a.at("again")
	a.v("VPMOVZXBD", "(R8)", 0)
	a.v("VMOVUPS", "(DI)", 1)
	if a.is512() {
		a.v("VPCMPEQD", 4, 0, "K1")
		a.v("VADDPS", "(SI)", 1, "K1", 1)
	} else {
		a.v("VPCMPEQD", 4, 0, 0)
		a.v("VADDPS", "(SI)", 1, 2)
		a.v("VBLENDVPS", 0, 2, 1, 1)
	}
	a.v("VMOVUPS", 1, "(DI)")
	a.i("ADDQ $%d, SI\nADDQ $%d, DI\nADDQ $%d, R8\nDECQ CX\nJNE again", a.bytes(), a.bytes(), a.lanes)
	a.ret()
}

func unpool(f *family, v vec) {
	a := f.fn(v, "unpool", "sets, for each of pixels*n vectors, the pixel p of four whose place at says to grad, the others to 0: "+
		"upper[2p], upper[2p+1], lower[2p], lower[2p+1].",
		"upper *float32", "lower *float32", "grad *float32", "at *uint8", "pixels int", "n int")
	a.load("DI", "DX", "SI", "R8", "R9", "R10")
	for n := 1; n < 4; n++ {
		a.integer(uint32(n), 8+n)
	}
	a.zero(8)
	a.i("MOVQ R10, R11\nIMULQ $%d, R11", a.bytes()) // from a pixel to its right neighbour
	a.at("pixel")
	a.i("MOVQ R10, CX")
	a.at("again")
	a.v("VPMOVZXBD", "(R8)", 0)
	a.v("VMOVUPS", "(SI)", 1)
	for n, m := range []string{"(DI)", "(DI)(R11*1)", "(DX)", "(DX)(R11*1)"} {
		if a.is512() {
			a.i("VPCMPEQD Z%d, Z0, K%d", 8+n, n+1)
			a.i("VMOVAPS.Z Z1, K%d, Z%d", n+1, 2+n)
		} else {
			a.v("VPCMPEQD", 8+n, 0, 2+n)
			a.v("VANDPS", 1, 2+n, 2+n)
		}
		a.v("VMOVUPS", 2+n, m)
	}
	a.i("ADDQ $%d, SI\nADDQ $%d, DI\nADDQ $%d, DX\nADDQ $%d, R8\nDECQ CX\nJNE again", a.bytes(), a.bytes(), a.bytes(), a.lanes)
	a.i("ADDQ R11, DI\nADDQ R11, DX\nDECQ R9\nJNE pixel")
	a.ret()
}

func addScaled(f *family, v vec) {
	a := f.fn(v, "addDivided", "adds x[c]/by to dst[c].", "dst *float32", "x *float32", "by *float32", "n int")
	a.load("DI", "SI", "AX", "CX")
	a.v("VBROADCASTSS", "(AX)", 4)
	a.at("again")
	a.v("VMOVUPS", "(SI)", 0)
	a.v("VDIVPS", 4, 0, 0)
	a.v("VADDPS", "(DI)", 0, 0)
	a.v("VMOVUPS", 0, "(DI)")
	a.i("ADDQ $%d, SI\nADDQ $%d, DI\nDECQ CX\nJNE again", a.bytes(), a.bytes())
	a.ret()
}
