package main

import (
	"fmt"

	"github.com/lince-ml/lince/internal/kernel"
)

// sparse writes the products of package sparse, for 3x3 filters of one, two and three channels. The four
// candidates for a tap lie together, and argmax chooses one for each lane.
func sparse(f *family) {
	sparseQuads(f)
	for channels := 1; channels <= 3; channels++ {
		sparse512(f, channels)
		sparse256(f, channels)
	}
	sparseSwitch(f)
}

// sparseSwitch writes the Go function that chooses by channels.
func sparseSwitch(f *family) {
	f.dispatch()
	text := "\n// addChannels calls the assembly for a number of channels.\n" +
		"func addChannels(isa kernel.ISA, channels int, sums, q0, q1, q2, dy *float32, argmax *uint8, stride uintptr, pixels int) {\n\tswitch channels {\n"
	for channels := 1; channels <= 3; channels++ {
		text += fmt.Sprintf("\tcase %d:\n\t\tadd%[1]dVectors(isa, sums, q0, q1, q2, dy, argmax, stride, pixels)\n", channels)
	}
	text += "\t}\n}\n"
	f.code.WriteString(text)
	f.other.WriteString(text)
}

// sparseQuads writes the function that gathers candidates, with vectors of four.
func sparseQuads(f *family) {
	a := f.fn(avx2, "quads", "is Quads for 4*n positions; step is in bytes.", "dst *float32", "upper *float32", "lower *float32", "step uintptr", "n int")
	dst, lines, pixel := a.param("dst"), []*reg{a.param("upper"), a.param("lower")}, a.param("step")
	var low, high [2]*reg // of a line: the pixel and its right neighbor, alternating
	for i := range lines {
		low[i], high[i] = a.vector("low"), a.vector("high")
	}
	x, y, out := a.vector("x"), a.vector("y"), a.vector("out")
	a.eachVector(func() {
		for i, line := range lines {
			a.i("VMOVUPS %s, %s\nVMOVUPS %s, %s", line.mem(0), x.as("X"), line.memPlus(pixel, 1, 0), y.as("X"))
			a.i("VUNPCKLPS %s, %s, %s\nVUNPCKHPS %[1]s, %[2]s, %[4]s", y.as("X"), x.as("X"), low[i].as("X"), high[i].as("X"))
		}
		for q, half := range [][2]*reg{low, low, high, high} {
			a.i("%s %s, %s, %s\nVMOVUPS %[4]s, %s", []string{"VUNPCKLPD", "VUNPCKHPD"}[q%2], half[1].as("X"), half[0].as("X"), out.as("X"), dst.mem(16*q))
		}
	}, step{lines[0], 16}, step{lines[1], 16}, step{dst, 64})
}

// sparseAdd are the registers of a function that adds products.
type sparseAdd struct {
	*asm
	sums, dy, argmax, stride, pixels *reg
	quads                            []*reg // of the filter's rows
}

func newSparseAdd(f *family, v vec, channels int) *sparseAdd {
	a := f.fn(v, fmt.Sprintf("add%d", channels), fmt.Sprintf("is Add for a vector of output channels. It adds products to %d rows of sums, and the gradient to one more. stride is in floats.", 9*channels),
		"sums *float32", "q0 *float32", "q1 *float32", "q2 *float32", "dy *float32", "argmax *uint8", "stride uintptr", "pixels int")
	return &sparseAdd{
		asm: a, sums: a.param("sums"), quads: []*reg{a.param("q0"), a.param("q1"), a.param("q2")},
		dy: a.param("dy"), argmax: a.param("argmax"), stride: a.param("stride"), pixels: a.param("pixels"),
	}
}

// half512 is AVX-512 with vectors of eight: it has its registers, but not the longer vectors, whose permutations
// take twice as long.
var half512 = vec{kernel.AVX512, "AVX512", 8, 32, "Y"}

func sparse512(f *family, channels int) {
	a := newSparseAdd(f, half512, channels)
	taps := 9 * channels
	candidates := []*reg{a.vector("candidates 0"), a.vector("candidates 1")}
	sums, dy, argmax := a.vectors("sum", taps+1), a.vector("dy"), a.vector("argmax")
	row := a.general("row")
	a.comment("load the sums")
	a.rows(row, sums, true)
	ahead := a.general("next row of windows")
	a.i("MOVQ %s, %s\nIMULQ %s, %[2]s", a.pixels, ahead, a.stride)
	a.comment("a pooled pixel")
	a.loop("again")
	a.gradient(dy, argmax, candidates[0])
	a.i("PREFETCHT0 %s\nPREFETCHT0 %s", a.dy.memPlus(ahead, 4, 0), a.argmax.memPlus(ahead, 1, 0))
	a.v("VADDPS", dy, sums[taps], sums[taps])
	for tap, sum := range sums[:taps] {
		a.tap(a.quads[tap/(3*channels)].mem(16*(tap%(3*channels))), argmax, dy, candidates[tap%2], sum)
	}
	for _, line := range a.quads {
		a.i("ADDQ $%d, %s", 2*16*channels, line)
	}
	a.next(a.pixels, "again")
	a.comment("store the sums")
	a.rows(row, sums, false)
	a.ret()
}

// tap adds a product to a sum: argmax chooses one of the candidates at an address.
func (a *sparseAdd) tap(m string, argmax, dy, candidates, sum *reg) {
	a.i("VBROADCASTF128 %s, %s", m, candidates)
	a.v("VPERMILPS", argmax, candidates, candidates) // it uses the last two bits of argmax
	a.v("VFMADD231PS", dy, candidates, sum)
}

// next moves to the next pooled pixel.
func (a *sparseAdd) next(left *reg, label string) {
	a.i("LEAQ (%s)(%s*4), %[1]s\nADDQ %[2]s, %[3]s\nDECQ %[4]s\nJNE %[5]s", a.dy, a.stride, a.argmax, left, label)
}

// gradient loads argmax and dy, which it sets to 0 where argmax is 4.
func (a *sparseAdd) gradient(dy, argmax, none *reg) {
	a.v("VPMOVZXBD", a.argmax.mem(0), argmax)
	a.v("VPSLLD", "$29", argmax, none) // moves the bit of 4 to the sign
	a.v("VPSRAD", "$31", none, none)
	a.v("VANDNPS", a.dy.mem(0), none, dy)
}

// rows loads or stores rows of sums; row is scratch.
func (a *sparseAdd) rows(row *reg, sums []*reg, load bool) {
	a.i("MOVQ %s, %s", a.sums, row)
	for r, sum := range sums {
		if load {
			a.v("VMOVUPS", row.mem(0), sum)
		} else {
			a.v("VMOVUPS", sum, row.mem(0))
		}
		if r < len(sums)-1 {
			a.i("LEAQ (%s)(%s*4), %[1]s", row, a.stride)
		}
	}
}

// sparse256 has registers for the taps of one row of the filter, so it goes over the pixels three times.
func sparse256(f *family, channels int) {
	a := newSparseAdd(f, avx2, channels)
	sums, dy, argmax, none := a.vectors("sum", 3*channels+1), a.vector("dy"), a.vector("argmax"), a.vector("none")
	candidates := a.vectors("candidates", 3)
	firstDY, firstArgmax, left, row := a.general("first dy"), a.general("first argmax"), a.general("pixels left"), a.general("row")
	a.i("MOVQ %s, %s\nMOVQ %s, %s", a.dy, firstDY, a.argmax, firstArgmax)
	for line, quads := range a.quads {
		rows := sums[:3*channels]
		if line == 2 {
			rows = sums // the last one has the sum of the gradient
		}
		a.comment("row %d of the filter", line)
		a.i("MOVQ %s, %s\nMOVQ %s, %s\nMOVQ %s, %s", firstDY, a.dy, firstArgmax, a.argmax, a.pixels, left)
		a.rows(row, rows, true)
		again := fmt.Sprintf("again%d", line)
		a.loop(again)
		a.gradient(dy, argmax, none)
		if line == 2 {
			a.v("VADDPS", dy, sums[3*channels], sums[3*channels])
		}
		for tap, sum := range sums[:3*channels] {
			a.tap(quads.mem(16*tap), argmax, dy, candidates[tap%3], sum)
		}
		a.i("ADDQ $%d, %s", 2*16*channels, quads)
		a.next(left, again)
		a.rows(row, rows, false)
		if line < 2 {
			a.i("LEAQ (%s)(%s*4), %s", row, a.stride, a.sums)
		}
	}
	a.ret()
}
