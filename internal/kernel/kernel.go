// Package kernel says which instruction sets there are and how work is cut into parts; the
// packages below it hold the kernels, one package a family.
//
// A kernel is prepared once for a shape and an instruction set, and immutable after that.
// Its work is cut into parts by the shape alone, so that the same bits come out whichever
// worker runs which part, in which order, at the same time or not. An element of a result
// is always summed in one order with one kind of rounding: AVX2, AVX-512 and NEON agree bit
// for bit; the portable code differs from them by rounding where they contract a multiplication
// and an addition (FMA).
//
// Denormal numbers are numbers: nothing is flushed to zero, neither operands nor results, on
// any instruction set, as IEEE 754 and Go have it. (TensorFlow's threads flush both.) Processors
// that take long for them, as Intel's do, take long.
package kernel

//go:generate go run ./gen

import (
	"fmt"
	"os"
)

// ISA is an instruction set that kernels are written for.
type ISA uint8

// The instruction sets. Generic is portable Go, the reference of all others.
const (
	Generic ISA = iota
	AVX2        // with FMA
	AVX512      // F, BW, DQ, VL
	NEON        // Advanced SIMD, which every arm64 has
)

// isas lists them in order of preference, with the word that LINCE_ISA knows them by.
var isas = []struct {
	isa  ISA
	name string
}{
	{AVX512, "avx512"},
	{AVX2, "avx2"},
	{NEON, "neon"},
	{Generic, "generic"},
}

// String is the word that LINCE_ISA takes.
func (i ISA) String() string {
	for _, s := range isas {
		if s.isa == i {
			return s.name
		}
	}
	return fmt.Sprintf("ISA(%d)", uint8(i))
}

// Lanes is the number of float32 in a vector; 0 for Generic, which has no vectors.
func (i ISA) Lanes() int { return [...]int{Generic: 0, AVX2: 8, AVX512: 16, NEON: 4}[i] }

// Vectors is the number of whole vectors in n float32; 0 for Generic.
func (i ISA) Vectors(n int) int {
	if i == Generic {
		return 0
	}
	return n / i.Lanes()
}

// Available lists what this machine can run, best first; Generic is always the last.
func Available() []ISA {
	var list []ISA
	for _, s := range isas {
		if supported(s.isa) {
			list = append(list, s.isa)
		}
	}
	return list
}

// Detect is the best instruction set of this machine, or the one that the environment
// variable LINCE_ISA names; an unknown or unsupported name is an error.
func Detect() (ISA, error) {
	return detect(os.Getenv("LINCE_ISA"))
}

func detect(name string) (ISA, error) {
	available := Available()
	if name == "" {
		return available[0], nil
	}
	for _, s := range isas {
		if s.name != name {
			continue
		}
		if !supported(s.isa) {
			return Generic, fmt.Errorf("LINCE_ISA=%s: this machine has no %s; it has %v", name, name, available)
		}
		return s.isa, nil
	}
	return Generic, fmt.Errorf("LINCE_ISA=%s: unknown instruction set, want one of generic, avx2, avx512, neon", name)
}
