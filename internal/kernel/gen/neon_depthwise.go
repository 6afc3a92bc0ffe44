package main

import "fmt"

// This file has the parts of package depthwise that differ for NEON: groups of eight channels, which are two vectors,
// and depth multipliers.

// An entry of line.members, in bytes: the index for VTBL, then the distance from the vector that
// holds the member before.
const (
	neonMemberAdvance = 16
	neonMemberRow     = 32
)

// neonGroupStart moves x from a vector's channels to the first channel of its group of eight.
func (d *depthwiseFunction) neonGroupStart(x *reg) {
	in := d.general("in the group")
	d.i("MOVQ $16, %s\nANDQ %s, %s\nSUBQ %s, %s", in, d.channelAt(), in, in, x)
	d.free(in)
}

// neonStartGroup does this for a tile, and adds 16: members 0 to 3 of a group of eight are in its
// first vector, 4 to 7 in its second, and line.members steps back 16 bytes before member 0 and 16
// bytes forward before member 4.
func (t *depthwiseTile) neonStartGroup() {
	in := t.general("in the group")
	t.i("MOVQ %s, %s\nADDQ %s, %s\nANDQ %s, %s\nSUBQ %s, %s", t.l.field("groupBytes"), in, in, t.x, t.channelAt(), in, in, t.x)
	t.free(in)
}

// neonRepeat writes the function that repeats each number m times: two, four or eight.
func neonRepeat(f *family, m int) {
	a := f.fn(neonNative, fmt.Sprintf("repeat%d", m), fmt.Sprintf("sets dst[i] = x[i/%d] for n vectors of x.", m), "dst *float32", "x *float32", "n int")
	dst, x, n := a.param("dst"), a.param("x"), a.param("n")
	from, to := a.vector("x"), a.vectors("result", 2)
	a.comment("a vector of numbers is %d of results", m)
	a.n("PCALIGN $16")
	a.at("again")
	a.n("FMOVQ.P 16(%s), %s", x, from.as("F"))
	if m == 2 {
		a.n("VZIP1 %s.S4, %s.S4, %s.S4\nVZIP2 %s.S4, %s.S4, %s.S4", from, from, to[0], from, from, to[1])
		a.n("FSTPQ.P (%s, %s), 32(%s)", to[0].as("F"), to[1].as("F"), dst)
	} else {
		for lane := range 4 {
			a.n("VDUP %s.S[%d], %s.S4", from, lane, to[0])
			for range m / 4 {
				a.n("FMOVQ.P %s, 16(%s)", to[0].as("F"), dst)
			}
		}
	}
	a.n("SUBS $1, %s\nBNE again", n)
	a.end()
}
