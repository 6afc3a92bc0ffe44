package main

import "fmt"

// winogradNarrow writes the 36 products of images of few channels: four tiles by one or two
// vectors of results' channels. The transformed filters of a plane are in registers; what the
// packages' constants say of distances is here, too.
func winogradNarrow(f *family, v vec) {
	fmt.Fprintf(&f.code, "\nfunc narrow%s(channels, vectors int, m, v *float32, row uintptr, u *float32, uRow uintptr) {\nswitch 2*channels+vectors {\n", v.name)
	for channels := 1; channels <= 4; channels++ {
		for vectors := 1; vectors <= 2; vectors++ {
			if v.lanes*vectors < 8 {
				continue
			}
			narrow(f, v, channels, vectors)
			fmt.Fprintf(&f.code, "case 2*%d+%d:\nnarrow%dx%d%s(m, v, row, u, uRow)\n", channels, vectors, channels, vectors, v.name)
		}
	}
	fmt.Fprintf(&f.code, "default:\npanic(\"winograd: no such tile\")\n}\n}\n")
}

func narrow(f *family, v vec, channels, vectors int) {
	const tiles, columns = 4, 32 // NarrowTiles, NarrowColumns
	a := f.fn(v, fmt.Sprintf("narrow%dx%d", channels, vectors), "is Narrow for as many columns; strides are in bytes.",
		"m *float32", "v *float32", "row uintptr", "u *float32", "uRow uintptr")
	a.load("DI", "SI", "R9", "DX", "R8")
	a.i("MOVQ $36, CX\nLEAQ (R9)(R9*2), R10\nLEAQ (R8)(R8*2), R11")
	at := []string{"(SI)", "(SI)(R9*1)", "(SI)(R9*2)", "(SI)(R10*1)"}
	filters := []string{"(DX)", "(DX)(R8*1)", "(DX)(R8*2)", "(DX)(R11*1)"}
	filter := func(c, n int) int { return c*vectors + n }
	x := vectors * channels
	sum := func(t, n int) int { return x + 1 + (t*vectors+n)%(a.regs-x-1) }
	a.loop("again")
	for c := range channels {
		for n := range vectors {
			a.v("VMOVUPS", fmt.Sprintf("%d%s", n*a.bytes(), filters[c]), filter(c, n))
		}
	}
	for t := range tiles {
		for c := range channels {
			a.v("VBROADCASTSS", fmt.Sprintf("%d%s", 4*t, at[c]), x)
			for n := range vectors {
				if c == 0 {
					a.v("VMULPS", x, filter(c, n), sum(t, n))
				} else {
					a.v("VFMADD231PS", x, filter(c, n), sum(t, n))
				}
			}
		}
		for n := range vectors {
			a.v("VMOVUPS", sum(t, n), mem(4*columns*t+n*a.bytes(), "DI"))
		}
	}
	a.i("ADDQ $%d, DI", 4*tiles*columns)
	if channels == 3 {
		a.i("ADDQ R10, SI\nADDQ R11, DX")
	} else {
		a.i("LEAQ (SI)(R9*%d), SI\nLEAQ (DX)(R8*%d), DX", channels, channels)
	}
	a.i("DECQ CX\nJNE again")
	a.ret()
}
