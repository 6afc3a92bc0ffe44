package main

// softmax writes softmax along rows with a multiple of 16 numbers, and its gradient. Sums along a row have a partial sum
// for each of 16 lanes, which total adds up.
func softmax(f *family) {
	for _, v := range f.vecs {
		smRows(f, v)
		smGradient(f, v)
	}
	f.dispatch()
}

func smRows(f *family, v vec) {
	a := f.fn(v, "rows", "sets y = exp(x - max(x)) / sum(exp(x - max(x))) for each row, approximately. width is the length of a row in bytes.",
		"y *float32", "x *float32", "rows int", "width uintptr")
	y, x, rows, width := a.param("y"), a.param("x"), a.param("rows"), a.param("width")
	offset := a.general("offset")
	a.only(12) // NEON has the numbers of exp in the others
	vectors := 16 / a.lanes
	e := &elements{asm: a, x: a.vector("x"), s: a.vector("s"), t: a.vector("t")}
	top, sums := a.vector("maximum"), a.vectors("sum", vectors)
	a.at("row")
	a.comment("the maximum")
	for j := range vectors {
		a.v("VMOVUPS", x.mem(j*a.bytes()), sums[j])
	}
	a.alongRow("max", offset, width, func(j int, at func(*reg) string) {
		a.v("VMOVUPS", at(x), e.x)
		a.v("VMAXPS", e.x, sums[j], sums[j])
	})
	a.fold("VMAXPS", sums, e.x)
	a.v("VMOVAPS", sums[0], top)
	a.comment("the exponentials and their sum")
	for _, sum := range sums {
		a.zero(sum)
	}
	a.alongRow("exp", offset, width, func(j int, at func(*reg) string) {
		a.v("VMOVUPS", at(x), e.x)
		a.v("VSUBPS", top, e.x, e.x)
		e.exp()
		a.v("VMOVUPS", e.x, at(y))
		a.v("VADDPS", e.x, sums[j], sums[j])
	})
	a.total(sums, e.x)
	a.v("VMOVUPS", a.number(1), top)
	a.v("VDIVPS", sums[0], top, top)
	a.comment("the result")
	a.alongRow("scale", offset, width, func(_ int, at func(*reg) string) {
		a.v("VMULPS", at(y), top, e.x)
		a.v("VMOVUPS", e.x, at(y))
	})
	a.nextRow(width, rows, []*reg{x, y}, nil)
}

func smGradient(f *family, v vec) {
	a := f.fn(v, "gradient", "sets dx = y*(grad - sum(grad*y)) for each row. width is the length of a row in bytes.",
		"dx *float32", "grad *float32", "y *float32", "rows int", "width uintptr")
	dx, grads, y, rows, width := a.param("dx"), a.param("grad"), a.param("y"), a.param("rows"), a.param("width")
	offset := a.general("offset")
	sums, value := a.vectors("sum", 16/a.lanes), a.vector("value")
	a.at("row")
	for _, sum := range sums {
		a.zero(sum)
	}
	a.alongRow("sum", offset, width, func(j int, at func(*reg) string) {
		a.v("VMOVUPS", at(grads), value)
		a.v("VMULPS", at(y), value, value)
		a.v("VADDPS", value, sums[j], sums[j])
	})
	a.total(sums, value)
	a.alongRow("apply", offset, width, func(_ int, at func(*reg) string) {
		a.v("VMOVUPS", at(grads), value)
		a.v("VSUBPS", sums[0], value, value)
		a.v("VMULPS", at(y), value, value)
		a.v("VMOVUPS", value, at(dx))
	})
	a.nextRow(width, rows, []*reg{y, grads, dx}, nil)
}
