//go:build !amd64 && !arm64

package winograd

import "github.com/lince-ml/lince/internal/kernel"

func imageVector(_ kernel.ISA, _ Rows, _ []float32, _, _ int, _ []float32, _, _, _, _ int) bool {
	return false
}

func resultVector(_ kernel.ISA, _ []float32, _, _ int, _ []float32, _, _ int, _ []float32, _ bool, _, _ int) bool {
	return false
}

func resultPoolVector(_ kernel.ISA, _ []float32, _ []uint8, _, _ int, _ []float32, _, _ int, _ []float32, _, _ int) bool {
	return false
}

func gradientVector(_ kernel.ISA, _ Rows, _ []float32, _, _ int, _ []float32, _, _, _, _ int) bool {
	return false
}

func gradientPooledVector(_ kernel.ISA, _ Rows, _ []float32, _, _ int, _ []float32, _ []uint8, _, _, _, _ int) bool {
	return false
}

func addImageVector(_ kernel.ISA, _ []float32, _ int, _ []float32, _, _ int, _ []float32, _, _, _, _ int) bool {
	return false
}

func filterVector(_ kernel.ISA, _ []float32, _, _ int) bool { return false }

func filterGradientVector(_ kernel.ISA, _ []float32, _ int, _ []float32, _, _ int) bool {
	return false
}

func ahead(kernel.ISA, []float32, bool) {}

func products(kernel.ISA, int, *Products) { panic("winograd: no products") }
