package main

import "fmt"

// What NEON does in its own way for package depthwise: groups of eight channels, which are two
// vectors, and depth multipliers.

// groupRegister is how far a vector is from the start of its group, in bytes.
const groupRegister = "R26"

func (a *asm) neonStartGroup(channel string) {
	a.n("AND $16, %s, %s", generalRegister(channel), groupRegister)
}

// neonMember loads member j of the group of the vector at an address to all lanes.
func (a *asm) neonMember(m string, j, to int) {
	base, index, shift, offset := memory(m)
	if index == "" {
		a.n("SUB %s, %s, %s", groupRegister, base, addressRegister)
	} else {
		a.n("ADD %s<<%d, %s, %s", index, shift, base, addressRegister)
		a.n("SUB %s, %s", groupRegister, addressRegister)
	}
	if offset = plus(offset, 4*j); offset != "0" {
		a.n("ADD $%s, %s", offset, addressRegister)
	}
	a.n("VLD1R (%s), [V%d.S4]", addressRegister, to)
}

// neonRepeat writes each number m times: two, four or eight.
func neonRepeat(f *family, m int) {
	a := f.fn(neon, fmt.Sprintf("repeat%d", m), fmt.Sprintf("sets dst[i] = x[i/%d] for n vectors of x.", m), "dst *float32", "x *float32", "n int")
	a.loadNEON("R0", "R1", "R2")
	a.n("PCALIGN $16")
	a.at("again")
	a.n("FMOVQ.P 16(R1), F0")
	if m == 2 {
		a.n("VZIP1 V0.S4, V0.S4, V1.S4\n\tVZIP2 V0.S4, V0.S4, V2.S4")
		a.n("FSTPQ.P (F1, F2), 32(R0)")
	} else {
		for lane := range 4 {
			a.n("VDUP V0.S[%d], V1.S4", lane)
			for range m / 4 {
				a.n("FMOVQ.P F1, 16(R0)")
			}
		}
	}
	a.n("SUBS $1, R2\n\tBNE again")
	a.end()
}
