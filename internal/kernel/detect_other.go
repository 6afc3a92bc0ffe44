//go:build !amd64 && !arm64

package kernel

func supported(i ISA) bool { return i == Generic }

// Halves says whether this processor does AVX-512 in halves.
var Halves = false
