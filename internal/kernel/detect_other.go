//go:build !amd64 && !arm64

package kernel

func supported(i ISA) bool { return i == Generic }
