package main

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// The generator panics if a function
//
//   - uses a register after free, or has two names for one register;
//   - has more registers than the instruction set;
//   - uses a register that has no name, or a nil one;
//   - reads a register before it is written, on some path;
//   - frees a register in a loop that needs it when it jumps back;
//   - has a parameter called g, which is a register of arm64;
//   - does not return, or has no named register, so that there was nothing to check.
//
// Instructions that are written as WORD or BYTE are not checked themselves. The functions that encode instructions
// check the operands instead.

// flow is the state of the checks at the current end of the text.
type flow struct {
	owners  map[string]*reg          // names in use, by physical register
	named   bool                     // a register has been taken
	written map[*reg]bool            // registers that are written on all paths to here
	never   bool                     // no path leads here: after a jump or return
	forward map[string]map[*reg]bool // registers that are written on all jumps forward to a label
	heads   map[string][]*reg        // registers that are written at a label, which a jump back needs
}

func newFlow() flow {
	return flow{owners: map[string]*reg{}, written: map[*reg]bool{}, forward: map[string]map[*reg]bool{}, heads: map[string][]*reg{}}
}

// finish checks the end of the last function. If the function took no register, check has checked nothing.
func (f *family) finish() {
	switch a := f.last; {
	case a == nil:
	case !a.never:
		panic(a.name + ": the function does not return")
	case !a.named:
		panic(a.name + ": the function has no named register")
	}
	f.last = nil
}

// registerWord finds registers. In symbols of go_asm.h, letters or underscores surround similar words.
var registerWord = regexp.MustCompile(`\b(?:AX|BX|CX|DX|SI|DI|BP|K[0-7]|[RXYZVF]\d+)\b`)

// keyOf returns reg.key of a register in a text.
func keyOf(text string) string {
	if strings.ContainsRune("XYZVF", rune(text[0])) {
		return "V" + text[1:]
	}
	return text
}

// check checks an instruction and updates the state.
func (a *asm) check(line string) {
	if a.translating {
		return
	}
	op, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
	if op == "WORD" || op == "BYTE" {
		return // n2, n3 and fmla check the instruction that they encode
	}
	if strings.Contains(rest, "<nil>") {
		panic(fmt.Sprintf("%s: %s: a register is nil", a.name, line))
	}
	if i := strings.IndexByte(rest, '!'); i >= 0 {
		panic(fmt.Sprintf("%s: %s: use after free", a.name, line))
	}
	operands := operandsOf(rest)
	if a.jump(op, operands, line) {
		return
	}
	reads, writes := a.effects(op, operands)
	for _, r := range reads {
		a.reads(r, line)
	}
	for _, r := range writes {
		a.written[a.owner(r, line)] = true
	}
}

// reads checks that a register has been written.
func (a *asm) reads(key, line string) {
	if r := a.owner(key, line); !a.written[r] && !a.never {
		panic(fmt.Sprintf("%s: %s: %s is read before it is written", a.name, line, r.name))
	}
}

func (a *asm) owner(key, line string) *reg {
	r := a.owners[key]
	if r == nil {
		panic(fmt.Sprintf("%s: %s: %s has no name", a.name, line, key))
	}
	return r
}

// operandsOf splits a list of operands at its commas, except for those inside parentheses or brackets.
func operandsOf(text string) []string {
	var operands []string
	depth, start := 0, 0
	for i, c := range text {
		switch c {
		case '(', '[':
			depth++
		case ')', ']':
			depth--
		case ',':
			if depth == 0 {
				operands = append(operands, strings.TrimSpace(text[start:i]))
				start = i + 1
			}
		}
	}
	if rest := strings.TrimSpace(text[start:]); rest != "" {
		operands = append(operands, rest)
	}
	return operands
}

func keysIn(text string) []string {
	var keys []string
	for _, r := range registerWord.FindAllString(text, -1) {
		keys = append(keys, keyOf(r))
	}
	return keys
}

var (
	// comparisons are instructions that only write flags or memory.
	comparisons = regexp.MustCompile(`^(CMP|TEST|BT|PREFETCH|VST1|FSTP|FCMP)`)
	// accumulates are instructions that also read their destination, with any number of operands.
	accumulates = regexp.MustCompile(`^(VF(N?M(ADD|SUB))|CMOV|INC|DEC|NEG|VBIT|VBIF|VBSL|FML|SHA)`)
	// computes are instructions that also read their destination if they have two operands.
	computes = regexp.MustCompile(`^(ADD|SUB|AND|OR|XOR|SHL|SHR|SAR|IMUL|ADC|SBB|MUL|LSL|LSR|ASR|EOR|BIC)`)
	isMemory = regexp.MustCompile(`\((\w+)\)(\(\w+(\*\d)?\))?$`)
)

// effects returns the registers that an instruction reads and those that it writes. The last operand is the
// destination.
func (a *asm) effects(op string, operands []string) (reads, writes []string) {
	if len(operands) == 0 {
		return nil, nil
	}
	last := operands[len(operands)-1]
	sources := operands[:len(operands)-1]
	pair := strings.HasPrefix(last, "(F") || strings.HasPrefix(last, "[")
	for _, o := range sources {
		reads = append(reads, keysIn(o)...)
	}
	if comparisons.MatchString(op) || isMemory.MatchString(last) && !pair {
		return append(reads, keysIn(last)...), nil
	}
	writes = keysIn(last)
	merges := slices.ContainsFunc(sources, func(o string) bool { return strings.HasPrefix(o, "K") }) && strings.HasPrefix(op, "V") && !strings.HasSuffix(op, ".Z")
	if accumulates.MatchString(op) || len(operands) == 2 && computes.MatchString(op) || merges && len(writes) > 0 && writes[0][0] == 'V' {
		reads = append(reads, writes...)
	}
	if clears(op, operands) {
		reads = nil
	}
	return reads, writes
}

// clears reports whether an instruction sets all bits of a register to 0 or to 1, so that its old value does not matter.
func clears(op string, operands []string) bool {
	switch op {
	case "VXORPS", "VPXORQ", "VPXORD", "VPXOR", "VEOR", "XORQ", "XORL", "VPCMPEQD", "KXNORW":
		return len(operands) > 1 && len(slices.Compact(slices.Clone(operands))) == 1
	}
	return false
}

// jump updates the state for a jump or return. It returns false for other instructions.
func (a *asm) jump(op string, operands []string, line string) bool {
	switch {
	case op == "RET":
		a.never = true
		return true
	case op[0] == 'J' && len(operands) == 1:
	case a.isNEON() && len(operands) > 0 && (op == "B" || slices.Contains([]string{"BEQ", "BNE", "BLT", "BGE", "BGT", "BLE", "BHS", "BLO", "CBZ", "CBNZ", "TBZ", "TBNZ"}, op)):
		for _, o := range operands[:len(operands)-1] {
			for _, key := range keysIn(o) {
				a.reads(key, line)
			}
		}
	default:
		return false
	}
	label := operands[len(operands)-1]
	if needed, back := a.heads[label]; back {
		for _, r := range needed {
			if r.freed {
				panic(fmt.Sprintf("%s: %s: the loop needs %s, which is free", a.name, line, r.name))
			}
		}
	} else if !a.never {
		a.forward[label] = common(a.forward[label], a.written)
	}
	if op == "JMP" || op == "B" {
		a.never = true
	}
	return true
}

// common returns the registers that are in both x and y, or those in y if x is nil.
func common(x, y map[*reg]bool) map[*reg]bool {
	out := maps.Clone(y)
	if x != nil {
		maps.DeleteFunc(out, func(r *reg, _ bool) bool { return !x[r] })
	}
	return out
}

// reached updates the state at a label: a register is written if it is written before all jumps to the label and, if
// execution also reaches the label from above, there.
func (a *asm) reached(label string) {
	from, jumped := a.forward[label]
	switch {
	case jumped && a.never:
		a.written = maps.Clone(from)
	case jumped:
		a.written = common(from, a.written)
	case a.never:
		panic(fmt.Sprintf("%s: no path leads to %s", a.name, label))
	}
	a.never = false
	maps.DeleteFunc(a.written, func(r *reg, _ bool) bool { return r.freed })
	a.heads[label] = slices.Collect(maps.Keys(a.written))
}
