package main

// pool writes the inner loops of pooling, over n vectors of channels; n is at least 1.
func pool(f *family) {
	for _, v := range f.vecs {
		poolMaxArgmax(f, v)
		poolMax(f, v)
		poolMaxGrad(f, v)
		poolUnpool(f, v)
		poolAddDivided(f, v)
	}
	f.dispatch()
}

func poolMaxArgmax(f *family, v vec) {
	a := f.fn(v, "maxArgmax", "sets best[c], argmax[c] = x[c], position where x[c] > best[c].",
		"best *float32", "argmax *uint8", "x *float32", "position int", "n int")
	best, argmax, x, position := a.param("best"), a.param("argmax"), a.param("x"), a.param("position")
	positions, value, high := a.vector("positions"), a.vector("value"), a.vector("high")
	greater := a.mask("greater")
	if a.is512() {
		a.i("VMOVD %s, %s\nVPBROADCASTB %[2]s, %[2]s", position, positions.as("X"))
	} else {
		a.spread(position, positions)
	}
	a.eachVector(func() {
		a.v("VMOVUPS", x.mem(0), value)
		a.v("VMOVUPS", best.mem(0), high)
		a.v("VCMPPS", "$0x1e", high, value, greater)
		if a.is512() {
			a.v("VMOVUPS", value, greater, best.mem(0))
			a.v("VMOVDQU8", positions.as("X"), greater, argmax.mem(0))
			return
		}
		a.blend(greater, value, high)
		a.v("VMOVUPS", high, best.mem(0))
		old := a.vector("old argmax")
		a.v("VPMOVZXBD", argmax.mem(0), old)
		a.blend(greater, positions, old)
		spare := a.vector("spare")
		a.storeBytes(old, spare, argmax.mem(0))
		a.free(old, spare)
	}, step{x, a.bytes()}, step{best, a.bytes()}, step{argmax, a.lanes})
}

func poolMax(f *family, v vec) {
	a := f.fn(v, "max", "sets best[c] = x[c] where x[c] > best[c].", "best *float32", "x *float32", "n int")
	best, x, value := a.param("best"), a.param("x"), a.vector("value")
	a.eachVector(func() {
		a.v("VMOVUPS", x.mem(0), value)
		a.v("VMAXPS", best.mem(0), value, value) // best unless x > best, also for NaN
		a.v("VMOVUPS", value, best.mem(0))
	}, a.steps(x, best)...)
}

func poolMaxGrad(f *family, v vec) {
	a := f.fn(v, "maxGrad", "adds grad[c] to x[c] where argmax[c] == position.",
		"x *float32", "grad *float32", "argmax *uint8", "position int", "n int")
	x, grad, argmax, position := a.param("x"), a.param("grad"), a.param("argmax"), a.param("position")
	positions, value, here := a.vector("positions"), a.vector("value"), a.vector("argmax")
	a.spread(position, positions)
	a.eachVector(func() {
		a.v("VPMOVZXBD", argmax.mem(0), here)
		a.v("VMOVUPS", x.mem(0), value)
		if a.is512() {
			equal := a.mask("equal")
			a.v("VPCMPEQD", positions, here, equal)
			a.v("VADDPS", grad.mem(0), value, equal, value)
			a.free(equal)
		} else {
			sum := a.vector("sum")
			a.v("VPCMPEQD", positions, here, here)
			a.v("VADDPS", grad.mem(0), value, sum)
			a.blend(here, sum, value)
			a.free(sum)
		}
		a.v("VMOVUPS", value, x.mem(0))
	}, step{grad, a.bytes()}, step{x, a.bytes()}, step{argmax, a.lanes})
}

func poolUnpool(f *family, v vec) {
	a := f.fn(v, "unpool", "sets the four pixels of each window, of n vectors each, to grad if argmax has their position, else to 0. "+
		"The pixels of window p are upper[2p], upper[2p+1], lower[2p] and lower[2p+1].",
		"upper *float32", "lower *float32", "grad *float32", "argmax *uint8", "pixels int", "n int")
	upper, lower, grad, argmax := a.param("upper"), a.param("lower"), a.param("grad"), a.param("argmax")
	pixels, n := a.param("pixels"), a.param("n")
	positions := a.vectors("position", 4)
	a.zero(positions[0])
	for i := 1; i < 4; i++ {
		a.integer(uint32(i), positions[i])
	}
	value, here, out := a.vector("value"), a.vector("argmax"), a.vector("out")
	right, left := a.general("right neighbor"), a.general("vectors left")
	a.i("MOVQ %s, %s\nIMULQ $%d, %[2]s", n, right, a.bytes())
	a.comment("a pooled pixel")
	a.at("pixel")
	a.i("MOVQ %s, %s", n, left)
	a.comment("a vector of its channels, which goes to four pixels")
	a.at("again")
	a.v("VPMOVZXBD", argmax.mem(0), here)
	a.v("VMOVUPS", grad.mem(0), value)
	for i, m := range []string{upper.mem(0), upper.memPlus(right, 1, 0), lower.mem(0), lower.memPlus(right, 1, 0)} {
		if a.is512() {
			equal := a.mask("equal")
			a.v("VPCMPEQD", positions[i], here, equal)
			a.v("VMOVAPS.Z", value, equal, out)
			a.free(equal)
		} else {
			a.v("VPCMPEQD", positions[i], here, out)
			a.v("VANDPS", value, out, out)
		}
		a.v("VMOVUPS", out, m)
	}
	a.advance(step{grad, a.bytes()}, step{upper, a.bytes()}, step{lower, a.bytes()}, step{argmax, a.lanes})
	a.i("DECQ %s\nJNE again", left)
	a.i("ADDQ %s, %s\nADDQ %[1]s, %[3]s\nDECQ %[4]s\nJNE pixel", right, upper, lower, pixels)
	a.ret()
}

func poolAddDivided(f *family, v vec) {
	a := f.fn(v, "addDivided", "adds x[c]/by to dst[c].", "dst *float32", "x *float32", "by *float32", "n int")
	dst, x, by := a.param("dst"), a.param("x"), a.param("by")
	divisor, value := a.vector("divisor"), a.vector("value")
	a.v("VBROADCASTSS", by.mem(0), divisor)
	a.eachVector(func() {
		a.v("VMOVUPS", x.mem(0), value)
		a.v("VDIVPS", divisor, value, value)
		a.v("VADDPS", dst.mem(0), value, value)
		a.v("VMOVUPS", value, dst.mem(0))
	}, a.steps(x, dst)...)
}
