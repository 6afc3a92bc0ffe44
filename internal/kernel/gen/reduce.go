package main

// reduce writes sums down columns and along rows.
func reduce(f *family) {
	for _, v := range f.vecs {
		addRows(f, v)
		sumLanes(f, v)
	}
	f.dispatch()
}

func addRows(f *family, v vec) {
	a := f.fn(v, "addRows", "adds src[r*stride+c] to dst[c] for each row r, in order, and for c < vectors*lanes; stride is in bytes.",
		"dst *float32", "src *float32", "vectors int", "rows int", "stride uintptr")
	dst, src, vectors, rows, stride := a.param("dst"), a.param("src"), a.param("vectors"), a.param("rows"), a.param("stride")
	row, left := a.general("row"), a.general("rows left")
	for _, n := range []int{4, 1} {
		group, done, down := "group", "singles", "down"
		if n == 1 {
			group, done, down = "single", "done", "downone"
		}
		sums := a.vectors("sum", n)
		a.comment("columns in steps of %d vectors, down all rows", n)
		a.at(group)
		a.i("CMPQ %s, $%d\nJLT %s", vectors, n, done)
		for j, sum := range sums {
			a.v("VMOVUPS", dst.mem(j*a.bytes()), sum)
		}
		a.i("MOVQ %s, %s\nMOVQ %s, %s", src, row, rows, left)
		a.at(down)
		for j, sum := range sums {
			a.v("VADDPS", row.mem(j*a.bytes()), sum, sum)
		}
		a.i("ADDQ %s, %s\nDECQ %s\nJNE %s", stride, row, left, down)
		for j, sum := range sums {
			a.v("VMOVUPS", sum, dst.mem(j*a.bytes()))
		}
		a.i("ADDQ $%d, %s\nADDQ $%d, %s\nSUBQ $%d, %s\nJMP %s", n*a.bytes(), dst, n*a.bytes(), src, n, vectors, group)
		a.at(done)
		a.free(sums...)
	}
	a.ret()
}

func sumLanes(f *family, v vec) {
	a := f.fn(v, "sumLanes", "adds src[i] to sums[i%16] for i < 16*n, in order; n is at least 1.",
		"sums *[16]float32", "src *float32", "n int")
	sums, src, n := a.param("sums"), a.param("src"), a.param("n")
	regs := a.vectors("sum", 16/a.lanes)
	for j, sum := range regs {
		a.v("VMOVUPS", sums.mem(j*a.bytes()), sum)
	}
	a.comment("sixteen numbers at a time")
	a.loop("again")
	for j, sum := range regs {
		a.v("VADDPS", src.mem(j*a.bytes()), sum, sum)
	}
	a.i("ADDQ $64, %s\nDECQ %s\nJNE again", src, n)
	for j, sum := range regs {
		a.v("VMOVUPS", sum, sums.mem(j*a.bytes()))
	}
	a.ret()
}
