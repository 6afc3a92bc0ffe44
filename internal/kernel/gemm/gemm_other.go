//go:build !amd64 && !arm64

package gemm

import "github.com/lince-ml/lince/internal/kernel"

// There is no assembly: functions that panic are not called, because streams and addsRows return false.

func streams(kernel.ISA) bool { return false }

func addsRows(kernel.ISA) bool { return false }

func runTile(kernel.ISA, int, *tile) { panic("gemm: no such tile") }

func runShort(kernel.ISA, int, *short) { panic("gemm: no such tile") }

func sumRows(kernel.ISA, int, []float32, int, []float32, int, int, []float32, int, int, int) {
	panic("gemm: no such kernel")
}

func dotRows(kernel.ISA) int { return 1 }

func addDots(_ kernel.ISA, rows, columns int, c []float32, cStride int, a, b []float32, stride, k int) {
	addDotsGo(rows, columns, c, cStride, a, b, stride, k)
}
