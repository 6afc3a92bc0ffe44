package kernel

func supported(i ISA) bool { return i == NEON || i == Generic }

// Halves reports whether this processor executes AVX-512 instructions in two halves.
var Halves = false
