package winograd

import (
	"iter"
	"math"

	"github.com/lince-ml/lince/internal/kernel"
)

// Each of these processes all channels of all tiles, or returns false if there is no assembly.

// runs divides channels into runs of n vectors, each starting at a channel. If channels do not fill vectors,
// the second run is one vector that ends with the last channel and overlaps the first run.
func runs(isa kernel.ISA, channels int) iter.Seq2[int, int] {
	return func(yield func(at, n int) bool) {
		if !yield(0, isa.Vectors(channels)) || channels%isa.Lanes() == 0 {
			return
		}
		yield(channels-isa.Lanes(), 1)
	}
}

func bytes(floats int) uintptr { return uintptr(4 * floats) }

// floors are the lower bounds of results, without and with ReLU.
var floors = func() (f [2][16]float32) {
	for i := range f[0] {
		f[0][i] = float32(math.Inf(-1))
	}
	return f
}()

func imageVector(isa kernel.ISA, rows Rows, dst []float32, plane, tile int, x []float32, row, pixel, channels, tiles int) bool {
	if isa == kernel.Generic {
		return false
	}
	upper, lower := rows.halves()
	for at, n := range runs(isa, channels) {
		imageVectors(isa, &dst[at], bytes(plane), bytes(tile), &x[at], bytes(row), bytes(pixel), n, tiles, upper, lower)
	}
	return true
}

func resultVector(isa kernel.ISA, y []float32, row, pixel int, m []float32, plane, tile int, bias []float32, relu bool, channels, tiles int) bool {
	if isa == kernel.Generic {
		return false
	}
	floor := &floors[0]
	if relu {
		floor = &floors[1]
	}
	for at, n := range runs(isa, channels) {
		resultVectors(isa, &y[at], bytes(row), bytes(pixel), &m[at], bytes(plane), bytes(tile), &bias[at], n, floor, tiles)
	}
	return true
}

func resultPoolVector(isa kernel.ISA, y []float32, argmax []uint8, row, pixel int, m []float32, plane, tile int, bias []float32, channels, tiles int) bool {
	if isa == kernel.Generic {
		return false
	}
	for at, n := range runs(isa, channels) {
		resultPoolVectors(isa, &y[at], bytes(row), bytes(pixel), &m[at], bytes(plane), bytes(tile), &bias[at], n, &argmax[at], uintptr(row), uintptr(pixel), tiles)
	}
	return true
}

func gradientVector(isa kernel.ISA, rows Rows, dst []float32, plane, tile int, dy []float32, row, pixel, channels, tiles int) bool {
	if isa == kernel.Generic {
		return false
	}
	upper, lower := rows.halves()
	for at, n := range runs(isa, channels) {
		gradientVectors(isa, &dst[at], bytes(plane), bytes(tile), &dy[at], bytes(row), bytes(pixel), n, tiles, upper, lower)
	}
	return true
}

func gradientPooledVector(isa kernel.ISA, rows Rows, dst []float32, plane, tile int, g []float32, argmax []uint8, row, pixel, channels, tiles int) bool {
	if isa == kernel.Generic {
		return false
	}
	upper, lower := rows.halves()
	for at, n := range runs(isa, channels) {
		gradientPooledVectors(isa, &dst[at], bytes(plane), bytes(tile), &g[at], bytes(row), bytes(pixel), n, &argmax[at], uintptr(row), uintptr(pixel), tiles, upper, lower)
	}
	return true
}

func addImageVector(isa kernel.ISA, dx []float32, row int, carry []float32, carryRow, pixel int, v []float32, plane, tile, channels, tiles int) bool {
	if isa == kernel.Generic {
		return false
	}
	addImageVectors(isa, &dx[0], bytes(row), &carry[0], bytes(carryRow), bytes(pixel), &v[0], bytes(plane), bytes(tile), isa.Vectors(channels), tiles)
	return true
}

func filterVector(isa kernel.ISA, planes []float32, plane, n int) bool {
	if isa == kernel.AVX512 && n%16 != 0 {
		isa = kernel.AVX2
	}
	if isa == kernel.Generic {
		return false
	}
	filterVectors(isa, &planes[0], bytes(plane), isa.Vectors(n))
	return true
}

func filterGradientVector(isa kernel.ISA, dw []float32, dwPlane int, u []float32, plane, channels int) bool {
	if isa == kernel.Generic {
		return false
	}
	for at, n := range runs(isa, channels) {
		filterGradientVectors(isa, &dw[at], bytes(dwPlane), &u[at], bytes(plane), n)
	}
	return true
}

func narrowVector(isa kernel.ISA, m, v []float32, row, channels int, u []float32, padded int) bool {
	if isa == kernel.Generic {
		return false
	}
	if isa == kernel.AVX512 && padded < 16 {
		isa = kernel.AVX2
	}
	m, v, u = m[:Planes*NarrowTiles*NarrowColumns], v[:(Planes*channels-1)*row+NarrowTiles], u[:Planes*channels*padded]
	columns := min(padded, 2*isa.Lanes())
	for at := 0; at < padded; at += columns {
		narrowProducts(isa, channels, columns, &m[at], &v[0], bytes(row), &u[at], bytes(padded))
	}
	return true
}
