package main

import "fmt"

// layernorm writes the loops of layer normalization. Rows have a multiple of 16 numbers. Sums along a row have a partial
// sum for each of 16 lanes, which total adds up.
func layernorm(f *family) {
	for _, v := range f.vecs {
		lnNormalize(f, v)
		lnGradient(f, v)
		lnColumns(f, v)
	}
	f.dispatch()
}

// total adds up the 16 lanes of sums, and sets all lanes of the first vector to the result; see fold.
func (a *asm) total(sums []*reg, spare *reg) { a.fold("VADDPS", sums, spare) }

// fold combines the 16 lanes of vectors by an instruction, those 8 apart, then 4, 2 and 1, and sets all lanes of the first
// vector to the result. It overwrites the other vectors and spare.
func (a *asm) fold(op string, vectors []*reg, spare *reg) {
	x := vectors[0]
	for n := len(vectors) / 2; n > 0; n /= 2 {
		for j := range n {
			a.v(op, vectors[j+n], vectors[j], vectors[j])
		}
	}
	if a.isNEON() {
		a.n("VEXT $8, %[1]s.B16, %[1]s.B16, %[2]s.B16", x, spare)
		a.v(op, spare, x, x)
		a.n("VTRN2 %[1]s.S4, %[1]s.S4, %[2]s.S4", x, spare)
		a.v(op, spare, x, x)
		a.n("VDUP %[1]s.S[0], %[1]s.S4", x)
		return
	}
	low, rest := x.as("X"), spare.as("X")
	if a.is512() {
		a.i("VEXTRACTF64X4 $1, %s, %s", x, spare.as("Y"))
		a.v(op, spare.as("Y"), x.as("Y"), x.as("Y"))
		a.i("VEXTRACTF32X4 $1, %s, %s", x.as("Y"), rest)
	} else {
		a.i("VEXTRACTF128 $1, %s, %s", x, rest)
	}
	a.v(op, rest, low, low)
	a.v("VMOVHLPS", low, low, rest)
	a.v(op, rest, low, low)
	a.v("VMOVSHDUP", low, rest)
	a.v(op, rest, low, low)
	a.v("VBROADCASTSS", low, x)
}

// storeFirst stores the first lane of x.
func (a *asm) storeFirst(x *reg, to string) {
	if a.isNEON() {
		a.replace(fmt.Sprintf("VMOVUPS %s, %s", x, to), func() { a.n("FMOVS %s, %s", x.as("F"), a.address(to)) })
		return
	}
	a.i("VMOVSS %s, %s", x.as("X"), to)
}

// alongRow writes a loop over the 16 numbers at a time of a row: code computes vector j of them, at the same offset from
// all pointers. offset is a free register, and width the length of a row in bytes.
func (a *asm) alongRow(label string, offset, width *reg, code func(j int, at func(r *reg) string)) {
	a.i("XORQ %s, %[1]s", offset)
	a.loop(label)
	for j := range 16 / a.lanes {
		code(j, func(r *reg) string { return r.memPlus(offset, 1, j*a.bytes()) })
	}
	a.i("ADDQ $64, %s\nCMPQ %[1]s, %s\nJLT %s", offset, width, label)
}

// nextRow moves pointers to rows, and pointers to a number for each row, to the next of the rows. It returns after the last.
func (a *asm) nextRow(width, rows *reg, lines, numbers []*reg) {
	for _, p := range lines {
		a.i("ADDQ %s, %s", width, p)
	}
	for _, p := range numbers {
		a.i("ADDQ $4, %s", p)
	}
	a.i("DECQ %s\nJNE row", rows)
	a.ret()
}

func lnNormalize(f *family, v vec) {
	a := f.fn(v, "normalize", "computes the mean of each row of x and the inverse 1/sqrt(variance + epsilon) of its deviation, "+
		"and sets y = (x-mean)*inverse*gamma + beta. constants are the length of a row, epsilon and 1; width is the length in bytes.",
		"y *float32", "mean *float32", "inverse *float32", "x *float32", "gamma *float32", "beta *float32", "constants *float32", "rows int", "width uintptr")
	y, means, inverses, x := a.param("y"), a.param("mean"), a.param("inverse"), a.param("x")
	gamma, beta, constants, rows, width := a.param("gamma"), a.param("beta"), a.param("constants"), a.param("rows"), a.param("width")
	offset := a.general("offset")
	vectors := 16 / a.lanes
	mean, sums, value, t := a.vector("mean"), a.vectors("sum", vectors), a.vector("value"), a.vector("t")
	a.at("row")
	a.comment("the mean")
	for _, sum := range sums {
		a.zero(sum)
	}
	a.alongRow("sum", offset, width, func(j int, at func(*reg) string) { a.v("VADDPS", at(x), sums[j], sums[j]) })
	a.total(sums, t)
	a.v("VBROADCASTSS", constants.mem(0), t)
	a.v("VDIVPS", t, sums[0], mean)
	a.storeFirst(mean, means.mem(0))
	a.comment("the variance")
	for _, sum := range sums {
		a.zero(sum)
	}
	a.alongRow("squares", offset, width, func(j int, at func(*reg) string) {
		a.v("VMOVUPS", at(x), value)
		a.v("VSUBPS", mean, value, value)
		a.v("VMULPS", value, value, value)
		a.v("VADDPS", value, sums[j], sums[j])
	})
	a.total(sums, t)
	inverse := sums[0]
	a.v("VBROADCASTSS", constants.mem(0), t)
	a.v("VDIVPS", t, inverse, inverse)
	a.v("VBROADCASTSS", constants.mem(4), t)
	a.v("VADDPS", t, inverse, inverse)
	a.v("VSQRTPS", inverse, inverse)
	a.v("VBROADCASTSS", constants.mem(8), t)
	a.v("VDIVPS", inverse, t, inverse)
	a.storeFirst(inverse, inverses.mem(0))
	a.comment("the result")
	a.alongRow("apply", offset, width, func(j int, at func(*reg) string) {
		a.v("VMOVUPS", at(x), value)
		a.v("VSUBPS", mean, value, value)
		a.v("VMULPS", inverse, value, value)
		a.v("VMULPS", at(gamma), value, value)
		a.v("VADDPS", at(beta), value, value)
		a.v("VMOVUPS", value, at(y))
	})
	a.nextRow(width, rows, []*reg{x, y}, []*reg{means, inverses})
}

func lnGradient(f *family, v vec) {
	a := f.fn(v, "gradient", "sets dx = (d - s - n*p)*inverse for each row, where n = (x-mean)*inverse, d = grad*gamma, "+
		"s is the mean of d, and p the mean of d*n. count is the length of a row; width is the length in bytes.",
		"dx *float32", "grad *float32", "x *float32", "mean *float32", "inverse *float32", "gamma *float32", "count *float32", "rows int", "width uintptr")
	dx, grads, x, means, inverses := a.param("dx"), a.param("grad"), a.param("x"), a.param("mean"), a.param("inverse")
	gamma, count, rows, width := a.param("gamma"), a.param("count"), a.param("rows"), a.param("width")
	offset := a.general("offset")
	vectors := 16 / a.lanes
	mean, inverse, d, n := a.vector("mean"), a.vector("inverse"), a.vector("d"), a.vector("n")
	sums, products := a.vectors("sum", vectors), a.vectors("product", vectors)
	load := func(at func(*reg) string) {
		a.v("VMOVUPS", at(grads), d)
		a.v("VMULPS", at(gamma), d, d)
		a.v("VMOVUPS", at(x), n)
		a.v("VSUBPS", mean, n, n)
		a.v("VMULPS", inverse, n, n)
	}
	a.at("row")
	a.v("VBROADCASTSS", means.mem(0), mean)
	a.v("VBROADCASTSS", inverses.mem(0), inverse)
	for j := range vectors {
		a.zero(sums[j])
		a.zero(products[j])
	}
	a.comment("the means of d and d*n")
	a.alongRow("sum", offset, width, func(j int, at func(*reg) string) {
		load(at)
		a.v("VADDPS", d, sums[j], sums[j])
		a.v("VMULPS", n, d, d)
		a.v("VADDPS", d, products[j], products[j])
	})
	a.total(sums, d)
	a.total(products, d)
	sum, product := sums[0], products[0]
	a.v("VBROADCASTSS", count.mem(0), d)
	a.v("VDIVPS", d, sum, sum)
	a.v("VDIVPS", d, product, product)
	a.comment("the result")
	a.alongRow("apply", offset, width, func(j int, at func(*reg) string) {
		load(at)
		a.v("VSUBPS", sum, d, d)
		a.v("VMULPS", product, n, n)
		a.v("VSUBPS", n, d, d)
		a.v("VMULPS", inverse, d, d)
		a.v("VMOVUPS", d, at(dx))
	})
	a.nextRow(width, rows, []*reg{x, grads, dx}, []*reg{means, inverses})
}

func lnColumns(f *family, v vec) {
	a := f.fn(v, "columns", "computes, for the columns of vectors, sums, which is the sum over the rows of grad, and products, which is the sum of grad*((x-mean)*inverse). "+
		"width is the length of a row in bytes.",
		"sums *float32", "products *float32", "grad *float32", "x *float32", "mean *float32", "inverse *float32", "vectors int", "rows int", "width uintptr")
	sums, products, grads, x := a.param("sums"), a.param("products"), a.param("grad"), a.param("x")
	means, inverses, vectors, rows, width := a.param("mean"), a.param("inverse"), a.param("vectors"), a.param("rows"), a.param("width")
	offset, row := a.general("offset"), a.general("row")
	a.columns(vectors, []*reg{sums, products, grads, x}, func(n int, label string) {
		sum, product := a.vectors("sum", n), a.vectors("product", n)
		mean, inverse, grad, d := a.vector("mean"), a.vector("inverse"), a.vector("gradient"), a.vector("difference")
		for j := range n {
			a.zero(sum[j])
			a.zero(product[j])
		}
		a.i("XORQ %s, %[1]s", offset)
		a.i("XORQ %s, %[1]s", row)
		a.loop(label)
		a.v("VBROADCASTSS", means.memPlus(row, 4, 0), mean)
		a.v("VBROADCASTSS", inverses.memPlus(row, 4, 0), inverse)
		for j := range n {
			at := func(r *reg) string { return r.memPlus(offset, 1, j*a.bytes()) }
			a.v("VMOVUPS", at(grads), grad)
			a.v("VMOVUPS", at(x), d)
			a.v("VSUBPS", mean, d, d)
			a.v("VMULPS", inverse, d, d)
			a.v("VMULPS", grad, d, d)
			a.v("VADDPS", grad, sum[j], sum[j])
			a.v("VADDPS", d, product[j], product[j])
		}
		a.i("ADDQ %s, %s\nINCQ %s\nCMPQ %s, %s\nJLT %s", width, offset, row, row, rows, label)
		for j := range n {
			a.v("VMOVUPS", sum[j], sums.mem(j*a.bytes()))
			a.v("VMOVUPS", product[j], products.mem(j*a.bytes()))
		}
		a.free(append(append([]*reg{mean, inverse, grad, d}, sum...), product...)...)
	})
}
