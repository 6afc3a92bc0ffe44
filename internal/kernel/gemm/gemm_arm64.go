package gemm

import (
	"unsafe"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/micro"
)

// All tiles are those of package micro: functions that panic are not called, because streams returns false.

func streams(kernel.ISA) bool { return false }

func runTile(kernel.ISA, int, *tile) { panic("gemm: no such tile") }

func runShort(kernel.ISA, int, *short) { panic("gemm: no such tile") }

// addsRows reports whether there is assembly for sumRows.
func addsRows(isa kernel.ISA) bool { return isa == kernel.NEON }

// sumRows adds multiples of 4*fours rows of B to one or two rows of C, n floats of each.
func sumRows(isa kernel.ISA, rows int, c []float32, cStride int, a []float32, aRow, aK int, b []float32, bStride, n, fours int) {
	cBytes, rowBytes, kBytes, bBytes := uintptr(4*cStride), uintptr(4*aRow), uintptr(4*aK), uintptr(4*bStride)
	whole := n / 4
	switch {
	case whole == 0:
	case rows == 1:
		sumRows1NEON(&c[0], cBytes, &a[0], rowBytes, kBytes, &b[0], bBytes, whole, fours)
	default:
		sumRows2NEON(&c[0], cBytes, &a[0], rowBytes, kBytes, &b[0], bBytes, whole, fours)
	}
	done := 4 * whole
	if done == n {
		return
	}
	// A narrow tile computes the last columns.
	args := micro.Args{
		A: unsafe.Pointer(&a[0]), B: unsafe.Pointer(&b[done]), C: unsafe.Pointer(&c[done]), Init: unsafe.Pointer(&c[done]),
		BStride: bBytes, CStride: cBytes, IStride: cBytes,
	}
	args.Contiguous(4 * fours)
	args.Columns(isa, n-done)
	if aK == 1 {
		args.AStride = rowBytes
		micro.N(rows, &args)
	} else {
		args.AStride = kBytes
		micro.T(rows, &args)
	}
}

// dotRows is the maximum number of rows of A in a call of addDots.
func dotRows(kernel.ISA) int { return 1 }

// addDots adds dot products of a row of A and rows of B to one or four numbers of C.
func addDots(isa kernel.ISA, rows, columns int, c []float32, cStride int, a, b []float32, stride, k int) {
	if isa != kernel.NEON {
		addDotsGo(rows, columns, c, cStride, a, b, stride, k)
		return
	}
	// The last products, fewer than sixteen, are padded with zeros.
	var last [5 * 16]float32
	var tail *float32
	if whole := k &^ 15; whole < k {
		tail = &last[0]
		copy(last[:16], a[whole:k])
		for n := range columns {
			copy(last[16*(n+1):16*(n+2)], b[n*stride+whole:n*stride+k])
		}
	}
	if columns == 4 {
		dots4NEON(&c[0], &a[0], &b[0], uintptr(4*stride), k/16, tail)
	} else {
		dots1NEON(&c[0], &a[0], &b[0], uintptr(4*stride), k/16, tail)
	}
}
