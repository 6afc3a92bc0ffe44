package main

import (
	"bytes"
	"fmt"
)

// keeps are the numbers that a function of AVX-512 keeps in registers, as NEON does: a load of a number for each use takes as
// long as an instruction of arithmetic.
type keeps struct {
	at      int // where the loads are inserted in the family's text
	numbers []uint32
}

// firstKept is the first of the registers for numbers.
const firstKept = 8

// keepNumbers makes the function keep numbers in the registers from firstKept on, if it has that many. It is called before the
// loop that uses the numbers. Other code of the function may use lower registers only.
func (a *asm) keepNumbers() {
	a.only(firstKept)
	if a.is512() {
		a.keeps = &keeps{at: a.f.text.Len()}
	}
}

// kept returns the register that has a number in all lanes, or "" if there is none.
func (a *asm) kept(bits uint32) string {
	k := a.keeps
	if k == nil {
		return ""
	}
	for i, n := range k.numbers {
		if n == bits {
			return fmt.Sprintf("%s%d", a.r, firstKept+i)
		}
	}
	if firstKept+len(k.numbers) == a.regs {
		return ""
	}
	a.below = 0
	r := a.take(vectorClass, firstKept+len(k.numbers), fmt.Sprintf("number %#x", bits))
	a.below = firstKept
	a.written[r] = true // by loadKept
	k.numbers = append(k.numbers, bits)
	return r.String()
}

// loadKept inserts the loads of the kept numbers.
func (a *asm) loadKept() {
	k := a.keeps
	if k == nil {
		return
	}
	a.keeps = nil
	rest := bytes.Clone(a.f.text.Bytes()[k.at:])
	a.f.text.Truncate(k.at)
	for i, n := range k.numbers {
		fmt.Fprintf(&a.f.text, "\tVMOVUPS %s, %s%d\n", a.bits(n), a.r, firstKept+i)
	}
	a.f.text.Write(rest)
}

// step is a pointer, and the number of bytes by which a loop moves it for each vector.
type step struct {
	pointer *reg
	bytes   int
}

// steps returns steps for pointers to float32: a vector each.
func (a *asm) steps(pointers ...*reg) []step {
	var s []step
	for _, p := range pointers {
		s = append(s, step{p, a.bytes()})
	}
	return s
}

// eachVector writes a loop over the n vectors of the parameter n. It moves the pointers after each vector, and returns
// from the function at the end.
func (a *asm) eachVector(body func(), steps ...step) {
	n := a.param("n")
	a.comment("a vector at a time")
	a.loop("again")
	body()
	a.advance(steps...)
	a.i("DECQ %s\nJNE again", n)
	a.ret()
}

// advance moves each pointer by its step.
func (a *asm) advance(steps ...step) {
	for _, s := range steps {
		a.i("ADDQ $%d, %s", s.bytes, s.pointer)
	}
}
