package main

import (
	"fmt"
	"slices"
	"strings"
)

// Registers have names. A function takes one with general, vector, mask or param, writes it into
// instructions with %s, and gives it back with free. What is wrong with the use of registers
// stops the generator: see check.go.

// class is a kind of register.
type class int

const (
	generalClass class = iota
	vectorClass
	maskClass
)

// reg is a register under a name.
type reg struct {
	a         *asm
	name      string
	structure string // the Go struct that a parameter points to
	class     class
	number    int // in its class; of a general one: in generalNames
	freed     bool
}

// generalNames are the general registers that functions may use: of amd64, whose names neon.go
// translates, and of arm64 for functions in its own words. (R16 and R17 are last there: Go's linker
// may use them between functions. R18 belongs to the system, R27 to the assembler, R28 to Go.)
var (
	generalNames = []string{"AX", "BX", "CX", "DX", "SI", "DI", "R8", "R9", "R10", "R11", "R12", "R13", "R14", "R15"}
	armNames     = []string{
		"R0", "R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8", "R9", "R10", "R11", "R12", "R13", "R14", "R15",
		"R19", "R20", "R21", "R22", "R23", "R24", "R25", "R26", "R16", "R17",
	}
)

// String is the register in the text of an instruction.
func (r *reg) String() string {
	if r.freed {
		return "!" + r.name // fmt would swallow a panic: check finds the mark
	}
	return r.physical()
}

func (r *reg) physical() string {
	switch r.class {
	case generalClass:
		return r.a.generals()[r.number]
	case maskClass:
		return fmt.Sprintf("K%d", r.number)
	}
	return fmt.Sprintf("%s%d", r.a.r, r.number)
}

// as is a vector register under another letter, for an instruction on a part of it: X, Y; for
// arm64: F.
func (r *reg) as(letter string) string {
	if r.freed {
		return r.String()
	}
	return letter + r.String()[1:]
}

// mem is the memory that a register points to, offset bytes on.
func (r *reg) mem(offset int) string { return mem(offset, r.String()) }

// memPlus is mem with an index: scale is 1, 2, 4 or 8.
func (r *reg) memPlus(index *reg, scale, offset int) string {
	return fmt.Sprintf("%s(%s*%d)", r.mem(offset), index, scale)
}

// field is a field of the struct that a parameter points to. Its offset is of go_asm.h, which
// Go's toolchain writes; "Ahead+8" is eight bytes on.
func (r *reg) field(name string) string {
	if r.structure == "" {
		panic(fmt.Sprintf("%s: %s points to no struct", r.a.name, r.name))
	}
	first, rest, _ := strings.Cut(name, "+")
	r.a.f.uses(r.structure, first)
	for part := range strings.SplitSeq(rest, "+") {
		if structure, field, ok := strings.Cut(part, "_"); ok && field != "_size" {
			r.a.f.uses(structure, field)
		}
	}
	return fmt.Sprintf("%s_%s(%s)", r.structure, name, r)
}

func (a *asm) generals() []string {
	if a.ownWords() {
		return armNames
	}
	return generalNames
}

// ownWords says that a function is written in arm64's own words: with n, not i.
func (a *asm) ownWords() bool { return a.isNEON() && a.regs == neonOwn.regs }

// size is how many registers of a class there are.
func (a *asm) size(c class) int {
	switch {
	case c == generalClass:
		return len(a.generals())
	case c == maskClass:
		return 8
	case a.below > 0:
		return a.below
	}
	return a.regs
}

// take gives a name the register of a number.
func (a *asm) take(c class, number int, name string) *reg {
	if number < 0 || number >= a.size(c) {
		panic(fmt.Sprintf("%s: no register %d for %s", a.name, number, name))
	}
	r := &reg{a: a, name: name, class: c, number: number}
	if other := a.owners[r.key()]; other != nil {
		panic(fmt.Sprintf("%s: %s for %s is %s already", a.name, r.physical(), name, other.name))
	}
	a.owners[r.key()], a.named = r, true
	return r
}

// key names a physical register whatever letter a vector has.
func (r *reg) key() string {
	if r.class == vectorClass {
		return fmt.Sprintf("V%d", r.number)
	}
	return r.physical()
}

// run finds free registers that follow one another.
func (a *asm) run(c class, names ...string) []*reg {
	first := 0
	if c == maskClass {
		first = 1 // K0 as a mask means: no mask
	}
	for ; first+len(names) <= a.size(c); first++ {
		taken := func(n int) bool {
			return a.owners[(&reg{a: a, class: c, number: n}).key()] != nil
		}
		if !slices.ContainsFunc(upTo(first, len(names)), taken) {
			var regs []*reg
			for n, name := range names {
				regs = append(regs, a.take(c, first+n, name))
			}
			return regs
		}
	}
	panic(fmt.Sprintf("%s: too few registers for %s", a.name, strings.Join(names, ", ")))
}

// unused is how many registers of a class are free.
func (a *asm) unused(c class) int {
	n := a.size(c)
	for _, r := range a.owners {
		if r.class == c {
			n--
		}
	}
	return n
}

// upTo is n numbers from first on.
func upTo(first, n int) []int {
	var numbers []int
	for i := range n {
		numbers = append(numbers, first+i)
	}
	return numbers
}

// general takes a general register.
func (a *asm) general(name string) *reg { return a.run(generalClass, name)[0] }

// generalAt takes a certain one.
func (a *asm) generalAt(name, physical string) *reg {
	return a.take(generalClass, slices.Index(a.generals(), physical), name)
}

// vector takes a vector register.
func (a *asm) vector(name string) *reg { return a.run(vectorClass, name)[0] }

// vectors takes n that follow one another.
func (a *asm) vectors(name string, n int) []*reg {
	if n == 0 {
		return nil
	}
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("%s %d", name, i)
	}
	return a.run(vectorClass, names...)
}

// mask takes a register for the result of a comparison or the lanes of a load: K1 to K7 in
// AVX-512, else a vector.
func (a *asm) mask(name string) *reg {
	if a.is512() || a.masks512 {
		return a.run(maskClass, name)[0]
	}
	return a.vector(name)
}

// free gives registers back.
func (a *asm) free(regs ...*reg) {
	for _, r := range regs {
		if r.freed {
			panic(fmt.Sprintf("%s: %s is free already", a.name, r.name))
		}
		r.freed = true
		delete(a.owners, r.key())
		delete(a.written, r)
	}
}

// param takes a register for a parameter and loads it.
func (a *asm) param(name string) *reg {
	r := a.general(name)
	a.loadParam(name, r)
	return r
}

// loadParam loads a parameter to a register.
func (a *asm) loadParam(name string, to *reg) {
	for n, p := range a.params {
		if p == name {
			to.structure = strings.TrimPrefix(a.types[n], "*")
			if a.ownWords() {
				a.n("MOVD %s, %s", a.arg(name), to)
			} else {
				a.i("MOVQ %s, %s", a.arg(name), to)
			}
			return
		}
	}
	panic(a.name + ": no parameter " + name)
}
