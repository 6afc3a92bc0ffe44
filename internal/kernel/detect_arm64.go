package kernel

func supported(i ISA) bool { return i == NEON || i == Generic }

// Halves says whether this processor does AVX-512 in halves.
var Halves = false
