package main

import (
	"fmt"
	"slices"
	"strings"
)

// Registers have names. A function takes a register with general, vector, mask or param, uses it in instructions with
// %s, and returns it with free. The generator panics if registers are used incorrectly; see check.go.

// class is a kind of register.
type class int

const (
	generalClass class = iota
	vectorClass
	maskClass
)

// reg is a register with a name.
type reg struct {
	a         *asm
	name      string
	structure string // name of the Go struct to which a parameter points
	class     class
	number    int // of the register; for general registers, its index in generals()
	freed     bool
}

// The general registers that functions may use: generalNames are those of amd64, which neon.go translates, and armNames
// those of arm64 for native functions. Go's linker may use R16 and R17 between functions. The operating system uses
// R18, the assembler R27, and Go's runtime R28.
var (
	generalNames = []string{"AX", "BX", "CX", "DX", "SI", "DI", "R8", "R9", "R10", "R11", "R12", "R13", "R14", "R15"}
	armNames     = []string{
		"R0", "R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8", "R9", "R10", "R11", "R12", "R13", "R14", "R15",
		"R19", "R20", "R21", "R22", "R23", "R24", "R25", "R26", "R16", "R17",
	}
)

// String returns the name of the register in an instruction.
func (r *reg) String() string {
	if r.freed {
		return "!" + r.name // check panics when it finds the mark; fmt would recover a panic here
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

// as returns a vector register with another letter, for instructions on its lower part: X or Y, or F on arm64.
func (r *reg) as(letter string) string {
	if r.freed {
		return r.String()
	}
	return letter + r.String()[1:]
}

// mem returns the address offset bytes after a register.
func (r *reg) mem(offset int) string { return mem(offset, r.String()) }

// memPlus is mem plus index*scale. scale is 1, 2, 4 or 8.
func (r *reg) memPlus(index *reg, scale, offset int) string {
	return fmt.Sprintf("%s(%s*%d)", r.mem(offset), index, scale)
}

// field returns the address of a field of the struct to which a parameter points. Its offset is in go_asm.h, which
// Go's toolchain writes. "Ahead+8" is eight bytes after the field Ahead.
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
	if a.isNative() {
		return armNames
	}
	return generalNames
}

// isNative reports whether a function is written with instructions of arm64: with n, not i.
func (a *asm) isNative() bool { return a.isNEON() && a.regs == neonNative.regs }

// size is the number of registers in a class.
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

// take gives a register a name.
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

// key returns the same name of a physical register for all letters of a vector register.
func (r *reg) key() string {
	if r.class == vectorClass {
		return fmt.Sprintf("V%d", r.number)
	}
	return r.physical()
}

// run takes the first free registers with consecutive numbers, one for each name.
func (a *asm) run(c class, names ...string) []*reg {
	first := 0
	if c == maskClass {
		first = 1 // K0 cannot be used as a mask
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

// unused is the number of free registers in a class.
func (a *asm) unused(c class) int {
	n := a.size(c)
	for _, r := range a.owners {
		if r.class == c {
			n--
		}
	}
	return n
}

// upTo returns n consecutive numbers, starting with first.
func upTo(first, n int) []int {
	var numbers []int
	for i := range n {
		numbers = append(numbers, first+i)
	}
	return numbers
}

// general takes a general register.
func (a *asm) general(name string) *reg { return a.run(generalClass, name)[0] }

// generalAt takes the general register with a physical name.
func (a *asm) generalAt(name, physical string) *reg {
	return a.take(generalClass, slices.Index(a.generals(), physical), name)
}

// vector takes a vector register.
func (a *asm) vector(name string) *reg { return a.run(vectorClass, name)[0] }

// vectors takes n consecutive vector registers.
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

// mask takes a register for the result of a comparison, or for the lanes of a load or store: a mask register on
// AVX-512, else a vector register.
func (a *asm) mask(name string) *reg {
	if a.is512() || a.masks512 {
		return a.run(maskClass, name)[0]
	}
	return a.vector(name)
}

// free returns registers, which can then be taken again.
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

// param takes a general register and loads a parameter to it.
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
			if a.isNative() {
				a.n("MOVD %s, %s", a.arg(name), to)
			} else {
				a.i("MOVQ %s, %s", a.arg(name), to)
			}
			return
		}
	}
	panic(a.name + ": no parameter " + name)
}
