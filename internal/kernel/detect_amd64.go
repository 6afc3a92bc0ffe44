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
