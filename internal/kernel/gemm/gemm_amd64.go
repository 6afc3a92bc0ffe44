package gemm

import "github.com/lince-ml/lince/internal/kernel"

// streams reports whether there is assembly for runTile and runShort.
func streams(isa kernel.ISA) bool { return isa == kernel.AVX2 || isa == kernel.AVX512 }

// addsRows reports whether there is assembly for sumRows.
func addsRows(isa kernel.ISA) bool { return streams(isa) }

// runTile computes a tile and packs B.
func runTile(isa kernel.ISA, height int, t *tile) {
	if isa == kernel.AVX512 {
		tileAVX512(height, t)
	} else {
		tileAVX2(height, t)
	}
}

// runShort computes rows of short tiles.
func runShort(isa kernel.ISA, height int, t *short) {
	if isa == kernel.AVX512 {
		shortAVX512(height, t)
	} else {
		shortAVX2(height, t)
	}
}

// sumRows adds multiples of 4*fours rows of B to one or two rows of C, n floats of each.
func sumRows(isa kernel.ISA, rows int, c []float32, cStride int, a []float32, aRow, aK int, b []float32, bStride, n, fours int) {
	ahead := uintptr(16 * bStride * kernel.CeilDiv(aheadFloat, 4*n))
	cBytes, rowBytes, kBytes, bBytes := uintptr(4*cStride), uintptr(4*aRow), uintptr(4*aK), uintptr(4*bStride)
	if isa == kernel.AVX512 {
		mask := kernel.LaneMask(n % 16)
		if rows == 1 {
			sumRows1AVX512(&c[0], cBytes, &a[0], rowBytes, kBytes, &b[0], bBytes, n, fours, ahead, mask)
		} else {
			sumRows2AVX512(&c[0], cBytes, &a[0], rowBytes, kBytes, &b[0], bBytes, n, fours, ahead, mask)
		}
		return
	}
	mask := kernel.LaneMask(n % 8)
	if rows == 1 {
		sumRows1AVX2(&c[0], cBytes, &a[0], rowBytes, kBytes, &b[0], bBytes, n, fours, ahead, mask)
	} else {
		sumRows2AVX2(&c[0], cBytes, &a[0], rowBytes, kBytes, &b[0], bBytes, n, fours, ahead, mask)
	}
}

// dotRows is the maximum number of rows of A in a call of addDots.
func dotRows(isa kernel.ISA) int {
	if isa == kernel.AVX512 {
		return 4
	}
	return 1
}

// addDots adds dot products of rows of A and B to a block of C, which has one or four columns.
func addDots(isa kernel.ISA, rows, columns int, c []float32, cStride int, a, b []float32, stride, k int) {
	if !streams(isa) {
		addDotsGo(rows, columns, c, cStride, a, b, stride, k)
		return
	}
	cBytes, bytes, ahead := uintptr(4*cStride), uintptr(4*stride), uintptr(16*stride)
	mask := kernel.LaneMask(k % 16)
	switch {
	case isa == kernel.AVX512 && columns == 4:
		dots4AVX512(rows, &c[0], cBytes, &a[0], bytes, &b[0], bytes, k, mask, ahead)
	case isa == kernel.AVX512:
		dots1AVX512(rows, &c[0], cBytes, &a[0], bytes, &b[0], bytes, k, mask, ahead)
	case columns == 4:
		dots1x4AVX2(&c[0], cBytes, &a[0], bytes, &b[0], bytes, k, mask, ahead)
	default:
		dots1x1AVX2(&c[0], cBytes, &a[0], bytes, &b[0], bytes, k, mask, ahead)
	}
}

func dots4AVX512(rows int, c *float32, cStride uintptr, x *float32, xStride uintptr, b *float32, bStride uintptr, k int, mask *int32, ahead uintptr) {
	switch rows {
	case 1:
		dots1x4AVX512(c, cStride, x, xStride, b, bStride, k, mask, ahead)
	case 2:
		dots2x4AVX512(c, cStride, x, xStride, b, bStride, k, mask, ahead)
	case 3:
		dots3x4AVX512(c, cStride, x, xStride, b, bStride, k, mask, ahead)
	default:
		dots4x4AVX512(c, cStride, x, xStride, b, bStride, k, mask, ahead)
	}
}

func dots1AVX512(rows int, c *float32, cStride uintptr, x *float32, xStride uintptr, b *float32, bStride uintptr, k int, mask *int32, ahead uintptr) {
	switch rows {
	case 1:
		dots1x1AVX512(c, cStride, x, xStride, b, bStride, k, mask, ahead)
	case 2:
		dots2x1AVX512(c, cStride, x, xStride, b, bStride, k, mask, ahead)
	case 3:
		dots3x1AVX512(c, cStride, x, xStride, b, bStride, k, mask, ahead)
	default:
		dots4x1AVX512(c, cStride, x, xStride, b, bStride, k, mask, ahead)
	}
}
