package main

// reduce writes sums down columns and along a row.
func reduce(f *family) {
	for _, v := range f.vecs {
		addRows(f, v)
		sumLanes(f, v)
	}
}

func addRows(f *family, v vec) {
	a := f.fn(v, "addRows", "adds to dst[c] each src[r*stride+c] in order of r, for c below the lanes of vectors; stride is in bytes.",
		"dst *float32", "src *float32", "vectors int", "rows int", "stride uintptr")
	a.load("DI", "SI", "CX", "R8", "R9")
	for _, n := range []int{4, 1} {
		group, done, down := "group", "singles", "down"
		if n == 1 {
			group, done, down = "single", "done", "downone"
		}
		a.at(group)
		a.i("CMPQ CX, $%d\nJLT %s", n, done)
		for j := range n {
			a.v("VMOVUPS", mem(j*a.bytes(), "DI"), j)
		}
		a.i("MOVQ SI, BX\nMOVQ R8, DX")
		a.at(down)
		for j := range n {
			a.v("VADDPS", mem(j*a.bytes(), "BX"), j, j)
		}
		a.i("ADDQ R9, BX\nDECQ DX\nJNE %s", down)
		for j := range n {
			a.v("VMOVUPS", j, mem(j*a.bytes(), "DI"))
		}
		a.i("ADDQ $%d, DI\nADDQ $%d, SI\nSUBQ $%d, CX\nJMP %s", n*a.bytes(), n*a.bytes(), n, group)
		a.at(done)
	}
	a.ret()
}

func sumLanes(f *family, v vec) {
	a := f.fn(v, "sumLanes", "adds to sums[i%16] each src[i] in order of i, for i < 16*n; n is at least 1.",
		"sums *[16]float32", "src *float32", "n int")
	a.load("DI", "SI", "CX")
	regs := 16 / a.lanes
	for j := range regs {
		a.v("VMOVUPS", mem(j*a.bytes(), "DI"), j)
	}
	a.loop("again")
	for j := range regs {
		a.v("VADDPS", mem(j*a.bytes(), "SI"), j, j)
	}
	a.i("ADDQ $64, SI\nDECQ CX\nJNE again")
	for j := range regs {
		a.v("VMOVUPS", j, mem(j*a.bytes(), "DI"))
	}
	a.ret()
}
