package main

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// This file translates operands of amd64 for neon.go: registers, addresses and numbers.

// move translates MOVQ between general registers, from or to memory, or of a number.
func (a *asm) move(from, to string) {
	switch {
	case general[to] == "":
		if from == "$0" {
			a.n("MOVD ZR, %s", a.address(to))
			return
		}
		a.n("MOVD %s, %s", generalRegister(from), a.address(to))
	case strings.HasPrefix(from, "$"):
		a.n("MOVD %s, %s", from, generalRegister(to))
	case general[from] != "":
		a.n("MOVD %s, %s", generalRegister(from), generalRegister(to))
	default:
		a.n("MOVD %s, %s", a.address(from), generalRegister(to))
	}
}

// change adds to, or subtracts from, a register or memory.
func (a *asm) change(op, by, to string) {
	if general[to] != "" {
		a.n("%s %s, %s", op, by, generalRegister(to))
		return
	}
	m := a.address(to)
	a.n("MOVD %s, %s", m, changeRegister)
	a.n("%s %s, %s", op, by, changeRegister)
	a.n("MOVD %s, %s", changeRegister, m)
}

// compare sets the flags for x - y. One of the operands may be in memory.
func (a *asm) compare(x, y string) {
	if y == "$0" {
		a.n("CMP $0, %s", a.value(x))
		return
	}
	a.n("CMP %s, %s", a.value(y), generalRegister(x))
}

// setLanes sets the number of lanes that moveSome moves. The operand in memory is 1, 3 or 7 for one to three lanes.
func (a *asm) setLanes(from string) {
	a.replace("TESTQ "+from, func() { a.n("MOVD %s, %s", a.address(from), lanesRegister) })
}

// moveSome loads or stores the first lanes of a vector. Their number is that of setLanes. It does not change the flags.
func (a *asm) moveSome(o []string) {
	load := !isVector(o[0])
	m, register := o[0], o[len(o)-1]
	if !load {
		m, register = o[2], o[0]
	}
	base, index, shift, offset := memory(m)
	if index == "" {
		a.n("ADD $%s, %s, %s", offset, base, addressRegister)
	} else {
		a.n("ADD %s<<%d, %s, %s", index, shift, base, addressRegister)
		if offset != "0" {
			a.n("ADD $%s, %s", offset, addressRegister)
		}
	}
	n := vectorRegister(register)
	two, done := fmt.Sprintf("two%d", a.labels), fmt.Sprintf("moved%d", a.labels)
	a.labels++
	move := func(op, m string) {
		if load {
			a.n("%s %s, F%d", op, m, n)
		} else {
			a.n("%s F%d, %s", op, n, m)
		}
	}
	a.n("TBNZ $1, %s, %s", lanesRegister, two)
	move("FMOVS", "("+addressRegister+")")
	a.n("JMP %s", done)
	a.at(two)
	move("FMOVD", "("+addressRegister+")")
	a.n("TBZ $2, %s, %s", lanesRegister, done)
	a.n("ADD $8, %s", addressRegister)
	if load {
		a.n("VLD1 (%s), V%d.S[2]", addressRegister, n)
	} else {
		a.n("VST1 V%d.S[2], (%s)", n, addressRegister)
	}
	a.at(done)
}

// value returns an operand as a number or a general register. It loads an operand in memory.
func (a *asm) value(operand string) string {
	switch {
	case strings.HasPrefix(operand, "$"):
		return operand
	case general[operand] != "":
		return generalRegister(operand)
	}
	a.n("MOVD %s, %s", a.address(operand), valueRegister)
	return valueRegister
}

func (a *asm) moveVector(from, to string) {
	if !isVector(to) {
		a.vectorInMemory(false, vectorRegister(from), to)
		return
	}
	n := vectorRegister(to)
	if isVector(from) || strings.HasSuffix(from, "(SB)") {
		a.copyVector(a.source(from), n)
		return
	}
	a.vectorInMemory(true, n, from)
}

// vectorInMemory loads or stores a vector. It encodes addresses of two registers, which Go's assembler does not know
// for vectors.
func (a *asm) vectorInMemory(load bool, n int, operand string) {
	base, index, shift, offset := memory(operand)
	if shift > 0 {
		index = a.scaled[scaled{index, shift}]
	}
	switch {
	case offset == "0" && index != "":
		op := "STR"
		if load {
			op = "LDR"
		}
		a.n("WORD $%#08x // %s Q%d, [%s, %s]", encodeIndexed(load, generalNumber(base), generalNumber(index), n), op, n, base, index)
	case load:
		a.n("FMOVQ %s, F%d", a.address(operand), n)
	default:
		a.n("FMOVQ F%d, %s", n, a.address(operand))
	}
}

// keepScaled keeps two and four times a register in other registers. Addresses of vectors can scale an index by these
// numbers on amd64, but not on arm64.
func (a *asm) keepScaled(register string) {
	if a.scaled == nil {
		a.scaled = map[scaled]string{}
	}
	for shift := 1; shift <= 2; shift++ {
		to := fmt.Sprintf("R%d", 21+len(a.scaled))
		a.n("LSL $%d, %s, %s", shift, generalRegister(register), to)
		a.scaled[scaled{generalRegister(register), shift}] = to
	}
	if len(a.scaled) > 5 {
		panic(a.name + ": too few registers")
	}
}

func generalNumber(register string) int {
	n, err := strconv.Atoi(strings.TrimPrefix(register, "R"))
	if err != nil {
		panic(err) // a mistake in this generator
	}
	return n
}

func (a *asm) copyVector(from, to int) {
	if from != to {
		a.n("VMOV V%d.B16, V%d.B16", from, to)
	}
}

// source returns the number of the vector register that has an operand. It loads an operand in memory.
func (a *asm) source(operand string) int {
	switch {
	case isVector(operand):
		return vectorRegister(operand)
	case strings.HasSuffix(operand, "<>(SB)"):
		return a.numberRegister(operand)
	}
	n := a.takeSpare()
	a.vectorInMemory(true, n, operand)
	return n
}

// numberRegister returns the register that has the number of a symbol in all lanes. If too many registers have numbers,
// it loads the number to a spare register.
func (a *asm) numberRegister(symbol string) int {
	parsed, err := strconv.ParseUint(strings.TrimSuffix(strings.TrimPrefix(symbol, "c"), "<>(SB)"), 16, 32)
	if err != nil {
		panic(err) // a mistake in this generator
	}
	bits := uint32(parsed)
	at := slices.Index(a.numbers, bits)
	most := lastNumber - firstNumber + 1
	if a.below > 0 {
		most += firstSpare - a.below
	}
	if at < 0 && len(a.numbers) < most {
		at = len(a.numbers)
		a.numbers = append(a.numbers, bits)
	}
	if at >= 0 {
		return numberedRegister(at)
	}
	n := a.takeSpare()
	a.n("MOVD $%#08x, %s", bits, addressRegister)
	a.n("VDUP %s, V%d.S4", addressRegister, n)
	return n
}

// numberedRegister returns the register of the n-th number.
func numberedRegister(n int) int {
	if n <= lastNumber-firstNumber {
		return lastNumber - n
	}
	return firstSpare - 1 - (n - (lastNumber - firstNumber + 1))
}

// only limits the function to registers below n. NEON keeps numbers in the others.
func (a *asm) only(n int) { a.below = n }

// takeSpare returns the spare registers in turn. An instruction may use the register only in its own translation.
func (a *asm) takeSpare() int {
	n := firstSpare + a.spare%(lastSpare-firstSpare+1)
	a.spare++
	return n
}

func generalRegister(operand string) string {
	r, ok := general[operand]
	if !ok {
		panic("no general register: " + operand)
	}
	return r
}

func isVector(operand string) bool { return operand[0] == 'V' }

func vectorRegister(operand string) int {
	n, err := strconv.Atoi(strings.TrimPrefix(operand, "V"))
	if err != nil {
		panic(err) // a mistake in this generator
	}
	return n
}

// address returns an address in the form of arm64. It computes an address that has an index.
func (a *asm) address(operand string) string {
	if strings.HasSuffix(operand, "(FP)") {
		return operand
	}
	base, index, shift, offset := memory(operand)
	if index == "" {
		return memAt(offset, base)
	}
	if shift == 0 {
		a.n("ADD %s, %s, %s", index, base, addressRegister)
	} else {
		a.n("ADD %s<<%d, %s, %s", index, shift, base, addressRegister)
	}
	return memAt(offset, addressRegister)
}

// memAt is mem for an offset that may be a symbol.
func memAt(offset, reg string) string {
	if offset == "0" {
		offset = ""
	}
	return offset + "(" + reg + ")"
}

var memoryForm = regexp.MustCompile(`^(-?[\w+]+)?\((\w+)\)(?:\((\w+)\*(\d)\))?$`)

// memory parses offset(base)(index*scale). The offset is a number, or symbols of go_asm.h and numbers.
func memory(operand string) (base, index string, shift int, offset string) {
	m := memoryForm.FindStringSubmatch(operand)
	if m == nil {
		panic("no address: " + operand)
	}
	if offset = m[1]; offset == "" {
		offset = "0"
	}
	shift = map[string]int{"": 0, "1": 0, "2": 1, "4": 2, "8": 3}[m[4]]
	if m[3] != "" {
		index = generalRegister(m[3])
	}
	return generalRegister(m[2]), index, shift, offset
}
