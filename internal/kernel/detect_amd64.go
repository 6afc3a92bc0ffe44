package kernel

import "golang.org/x/sys/cpu"

func supported(i ISA) bool {
	switch i {
	case AVX512:
		return supported(AVX2) && cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512VL
	case AVX2:
		return cpu.X86.HasAVX2 && cpu.X86.HasFMA
	}
	return i == Generic
}

// Halves reports whether this processor executes AVX-512 instructions in two halves, as Zen 4 does. Its peak is
// that of AVX2, which narrower tiles reach too. Halves may affect the choice of tiles, which all give the same
// bits, but never the order of sums.
var Halves = halves()

func halves() bool {
	_, b, c, d := cpuid(0)
	if b != 0x68747541 || d != 0x69746e65 || c != 0x444d4163 { // AuthenticAMD
		return false
	}
	a, _, _, _ := cpuid(1)
	family := a >> 8 & 15
	if family == 15 {
		family += a >> 20 & 255
	}
	return family == 0x19
}

// cpuid executes the CPUID instruction for a leaf without subleaves.
func cpuid(leaf uint32) (a, b, c, d uint32)
