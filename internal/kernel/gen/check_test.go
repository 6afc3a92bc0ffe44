package main

import (
	"strings"
	"testing"
)

// TestChecks checks that the generator panics for each mistake in the use of registers.
func TestChecks(t *testing.T) {
	for _, c := range []struct {
		name, want string
		v          vec
		write      func(a *asm)
	}{
		{"use after free", "use after free", avx2, func(a *asm) {
			x := a.vector("x")
			a.zero(x)
			a.free(x)
			a.v("VADDPS", x, x, x)
		}},
		{"use after free, of a number", "is free", avx2, func(a *asm) {
			x := a.vector("x")
			a.free(x)
			a.n3("FADD", x, x, x)
		}},
		{"use after free, of the lower half", "use after free", avx2, func(a *asm) {
			x := a.vector("x")
			a.zero(x)
			a.free(x)
			a.i("VMOVQ %s, %s", x.as("X"), a.param("src").mem(0))
		}},
		{"freed twice", "is free already", avx2, func(a *asm) {
			x := a.vector("x")
			a.free(x)
			a.free(x)
		}},
		{"a register of another name, in an address made before", "has no name", avx2, func(a *asm) {
			src := a.param("src")
			m := src.mem(8)
			a.free(src)
			a.v("VMOVUPS", m, a.vector("x"))
		}},
		{"two names for one register", "SI for y is x already", avx2, func(a *asm) {
			a.generalAt("x", "SI")
			a.generalAt("y", "SI")
		}},
		{"too few registers", "too few registers", avx2, func(a *asm) { a.vectors("x", 17) }},
		{"too few general registers", "too few registers", avx512, func(a *asm) {
			for range 15 {
				a.general("x")
			}
		}},
		{"a register that does not exist", "no register -1", avx2, func(a *asm) { a.generalAt("x", "R16") }},
		{"a register out of the range of the instruction set", "has no name", avx2, func(a *asm) {
			a.general("x")
			a.i("VXORPS Y16, Y16, Y16")
		}},
		{"no name", "R9 has no name", avx2, func(a *asm) { a.i("ADDQ $8, R9") }},
		{"no name in an address", "R9 has no name", avx2, func(a *asm) { a.i("MOVQ 8(%s)(R9*4), %s", a.param("src"), a.general("x")) }},
		{"no name, under another letter", "V3 has no name", avx2, func(a *asm) { a.i("VMOVQ X3, %s", a.param("src").mem(0)) }},
		{"read before it is written", "x is read before", avx2, func(a *asm) { a.v("VMOVUPS", a.vector("x"), a.param("src").mem(0)) }},
		{"added to before it is written", "x is read before", avx2, func(a *asm) { a.i("INCQ %s", a.general("x")) }},
		{"a sum without an initial value", "sum is read before", avx512, func(a *asm) {
			x, sum := a.vector("x"), a.vector("sum")
			a.zero(x)
			a.v("VFMADD231PS", x, x, sum)
		}},
		{"lanes kept of a register that is not written", "y is read before", avx512, func(a *asm) {
			x, y, k := a.vector("x"), a.vector("y"), a.mask("k")
			a.zero(x)
			a.v("VCMPPS", "$0x1e", x, x, k)
			a.blend(k, x, y)
		}},
		{"written on one of two paths", "x is read before", avx2, func(a *asm) {
			n, x := a.param("n"), a.vector("x")
			a.i("TESTQ %s, %s\nJEQ done", n, n)
			a.zero(x)
			a.at("done")
			a.v("VMOVUPS", x, a.param("src").mem(0))
		}},
		{"a loop that needs a freed register", "the loop needs x", avx2, func(a *asm) {
			n, x := a.param("n"), a.vector("x")
			a.zero(x)
			a.at("again")
			a.free(x)
			a.i("DECQ %s\nJNE again", n)
		}},
		{"code that no path leads to", "no path leads to", avx2, func(a *asm) {
			a.param("n")
			a.ret()
			a.at("after")
		}},
		{"no register at all", "has no named register", avx2, func(a *asm) { a.ret() }},
		{"NEON: no register at all", "has no named register", neonNative, func(a *asm) { a.end() }},
		{"only bytes, which are not checked", "has no named register", avx2, func(a *asm) { a.i("BYTE $0x90\nRET") }},
		{"no return", "does not return", avx2, func(a *asm) { a.param("n") }},
		{"a return on one of two paths", "does not return", avx2, func(a *asm) {
			n := a.param("n")
			a.i("TESTQ %s, %s\nJEQ zero\nRET", n, n)
			a.at("zero")
		}},
		{"a field of a parameter that points to no struct", "points to no struct", avx2, func(a *asm) { a.general("x").field("K") }},
		{"a nil register", "fAVX2: VADDPS: operand 2 is nil", avx2, func(a *asm) {
			x := a.vector("x")
			a.zero(x)
			a.v("VADDPS", x, (&elements{}).one, x)
		}},
		{"a nil register in other instructions", "fAVX2: ADDQ <nil>, AX: a register is nil", avx2, func(a *asm) { a.i("ADDQ %s, %s", (*reg)(nil), a.param("n")) }},
		{"a parameter called g", "hAVX2: a parameter cannot be called g", avx2, func(a *asm) { a.f.last = nil; a.f.fn(avx2, "h", "", "g *float32") }},
		{"NEON: a nil register", "fNEON: an operand is nil", neonNative, func(a *asm) { a.n3("FADD", a.vector("x"), (*reg)(nil), a.vector("y")) }},
		{"NEON: no name", "V9 has no name", neonNative, func(a *asm) { a.n3("FADD", 9, 9, a.vector("x")) }},
		{"NEON: read before it is written", "x is read before", neonNative, func(a *asm) { a.n("FMOVQ %s, %s", a.vector("x").as("F"), a.param("src").mem(0)) }},
		{"NEON: a branch", "x is read before", neonNative, func(a *asm) { a.n("CBZ %s, done", a.general("x")) }},
		{"NEON translated: no name", "V9 has no name", neon, func(a *asm) { a.v("VADDPS", "V9", "V9", a.vector("x")) }},
		{"NEON translated: too few registers", "too few registers", neon, func(a *asm) { a.vectors("x", 17) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			defer func() {
				if got, _ := recover().(string); !strings.Contains(got, c.want) {
					t.Errorf("got %q, want %q", got, c.want)
				}
			}()
			f := &family{}
			c.write(f.fn(c.v, "f", "", "src *float32", "n int"))
			f.finish()
		})
	}
}

// TestCheckPasses checks that correct code passes, and its text.
func TestCheckPasses(t *testing.T) {
	f := &family{}
	a := f.fn(avx512, "f", "", "args *Args", "n int")
	args, n, x, k := a.param("args"), a.param("n"), a.vector("x"), a.mask("lanes")
	a.i("KMOVW %s, %s", args.field("Mask"), k)
	a.i("TESTQ %s, %s\nJEQ zero", n, n)
	a.loadPart(args.field("Numbers+64"), k, x)
	a.i("JMP begin")
	a.at("zero")
	a.zero(x)
	a.at("begin")
	a.comment("twice")
	a.v("VADDPS", x, x, x)
	a.free(k)
	a.v("VMOVUPS", x, args.mem(0))
	a.ret()
	want := "\tVMOVUPS.Z Args_Numbers+64(AX), K1, Z0\n\tJMP begin\nzero:\n\tVPXORQ Z0, Z0, Z0\nbegin:\n\t// twice\n"
	if !strings.Contains(f.text.String(), want) {
		t.Errorf("%s\ndoes not contain\n%s", f.text.String(), want)
	}
}
