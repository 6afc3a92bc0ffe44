package main

import "fmt"

// Narrow's products, for images of 2 to 4 channels: four tiles by one or two vectors of output channels. The
// transformed filter of a plane is in registers.

const (
	narrowMin, narrowMax         = 2, 4  // channels
	narrowTiles, narrowRowFloats = 4, 32 // winograd.NarrowTiles, NarrowColumns
)

func winogradNarrow(f *family, v vec) {
	for channels := narrowMin; channels <= narrowMax; channels++ {
		for vectors := 1; vectors <= 2; vectors++ {
			if v.lanes*vectors >= 8 {
				narrow(f, v, channels, vectors)
			}
		}
	}
}

// winogradNarrowSwitch writes the Go function that chooses a product.
func winogradNarrowSwitch(f *family) {
	fmt.Fprint(&f.code, "\n// narrowProducts calls the assembly for a number of channels and of columns.\n"+
		"func narrowProducts(isa kernel.ISA, channels, columns int, m, v *float32, row uintptr, u *float32, uRow uintptr) {\n")
	for _, v := range f.vecs {
		for channels := narrowMin; channels <= narrowMax; channels++ {
			for vectors := 1; vectors <= 2; vectors++ {
				if v.lanes*vectors < 8 {
					continue
				}
				fmt.Fprintf(&f.code, "if isa == kernel.%s && channels == %d && columns == %d {\nnarrow%dx%d%[1]s(m, v, row, u, uRow)\nreturn\n}\n", v.name, channels, vectors*v.lanes, channels, vectors)
			}
		}
	}
	fmt.Fprint(&f.code, "panic(\"winograd: no such product\")\n}\n")
	fmt.Fprint(&f.other, "\nfunc narrowProducts(_ kernel.ISA, _, _ int, _, _ *float32, _ uintptr, _ *float32, _ uintptr) {\npanic(\"no assembly on this architecture\")\n}\n")
}

func narrow(f *family, v vec, channels, vectors int) {
	a := f.fn(v, fmt.Sprintf("narrow%dx%d", channels, vectors), fmt.Sprintf("is Narrow for %d channels and %d columns; strides are in bytes.", channels, vectors*v.lanes),
		"m *float32", "v *float32", "row uintptr", "u *float32", "uRow uintptr")
	m, pixels, row, u, uRow := a.param("m"), a.param("v"), a.param("row"), a.param("u"), a.param("uRow")
	left := a.general("planes left")
	a.i("MOVQ $36, %s", left)
	var row3, uRow3 *reg
	if channels > 2 {
		row3, uRow3 = a.general("3*row"), a.general("3*uRow")
		a.i("LEAQ (%s)(%[1]s*2), %s\nLEAQ (%s)(%[3]s*2), %s", row, row3, uRow, uRow3)
	}
	at := func(base, one, three *reg, c, offset int) string {
		switch c {
		case 0:
			return base.mem(offset)
		case 3:
			return base.memPlus(three, 1, offset)
		}
		return base.memPlus(one, c, offset)
	}
	filter := a.vectors("filter", vectors*channels)
	x := a.vector("pixel")
	sums := a.vectors("sum", min(narrowTiles*vectors, a.unused(vectorClass)))
	a.comment("load the filter of a plane")
	a.loop("again")
	for c := range channels {
		for n := range vectors {
			a.v("VMOVUPS", at(u, uRow, uRow3, c, n*a.bytes()), filter[c*vectors+n])
		}
	}
	for tile := range narrowTiles {
		a.comment("tile %d", tile)
		sum := func(n int) *reg { return sums[(tile*vectors+n)%len(sums)] }
		for c := range channels {
			a.v("VBROADCASTSS", at(pixels, row, row3, c, 4*tile), x)
			for n := range vectors {
				if c == 0 {
					a.v("VMULPS", x, filter[c*vectors+n], sum(n))
				} else {
					a.v("VFMADD231PS", x, filter[c*vectors+n], sum(n))
				}
			}
		}
		for n := range vectors {
			a.v("VMOVUPS", sum(n), m.mem(4*narrowRowFloats*tile+n*a.bytes()))
		}
	}
	a.i("ADDQ $%d, %s", 4*narrowTiles*narrowRowFloats, m)
	if channels == 3 {
		a.i("ADDQ %s, %s\nADDQ %s, %s", row3, pixels, uRow3, u)
	} else {
		a.i("LEAQ (%s)(%s*%d), %[1]s\nLEAQ (%[4]s)(%[5]s*%[3]d), %[4]s", pixels, row, channels, u, uRow)
	}
	a.i("DECQ %s\nJNE again", left)
	a.ret()
}
