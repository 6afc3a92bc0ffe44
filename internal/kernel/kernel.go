// Package kernel defines the instruction sets and how work is divided into parts. The packages below it hold
// the kernels, one package for each family.
//
// A kernel is prepared once for a shape and an instruction set, and is then immutable. Its work is divided into
// parts that depend on the shape only, so the results are bit for bit the same whichever worker runs a part, in
// any order, concurrently or not. An element of a result is always summed in one order, with the same rounding:
// AVX2, AVX-512 and NEON agree bit for bit. Portable Go differs from them by rounding where they use a fused
// multiply-add.
//
// Denormal numbers are not flushed to zero, neither in operands nor in results, on any instruction set, as in
// IEEE 754 and Go. (TensorFlow's threads flush both.) Some processors, such as Intel's, compute with them
// slowly.
package kernel

//go:generate go run ./gen

import (
	"fmt"
	"os"
	"strings"
)

// ISA is an instruction set.
type ISA uint8

// The instruction sets. Generic is portable Go, the reference for all others.
const (
	Generic ISA = iota
	AVX2        // with FMA
	AVX512      // F, BW, DQ, VL
	NEON        // Advanced SIMD, which all arm64 processors have
)

// isas lists the instruction sets in order of preference, with their names in LINCE_ISA.
var isas = []struct {
	isa  ISA
	name string
}{
	{AVX512, "avx512"},
	{AVX2, "avx2"},
	{NEON, "neon"},
	{Generic, "generic"},
}

// String returns the name in LINCE_ISA.
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

// Available lists the instruction sets that this machine supports, best first. Generic is always the last.
func Available() []ISA {
	var list []ISA
	for _, s := range isas {
		if supported(s.isa) {
			list = append(list, s.isa)
		}
	}
	return list
}

// Detect returns the best instruction set of this machine, or the one in the environment variable LINCE_ISA. An
// unknown or unsupported name is an error.
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
			return Generic, fmt.Errorf("LINCE_ISA=%s: this machine has no %s, want one of %v", name, name, available)
		}
		return s.isa, nil
	}
	var names []string
	for _, s := range isas {
		names = append(names, s.name)
	}
	return Generic, fmt.Errorf("LINCE_ISA=%s: must be one of %s", name, strings.Join(names, ", "))
}
