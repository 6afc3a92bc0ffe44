package winograd

import "github.com/lince-ml/lince/internal/kernel"

// Each of these does all channels of all tiles, or says that there is no assembly. Channels that do not
// fill a vector are done in one that ends with them and overlaps the one before.

func imageVector(isa kernel.ISA, rows Rows, dst []float32, plane, tile int, x []float32, row, pixel, channels, tiles int) bool {
	if isa != kernel.NEON {
		return false
	}
	n, last := vectors(4, channels)
	for at := 0; ; at, n = last, 1 {
		switch rows {
		case UpperRows:
			imageUpperNEON(&dst[at], bytes(plane), bytes(tile), &x[at], bytes(row), bytes(pixel), n, tiles)
		case LowerRows:
			imageLowerNEON(&dst[at], bytes(plane), bytes(tile), &x[at], bytes(row), bytes(pixel), n, tiles)
		default:
			imageNEON(&dst[at], bytes(plane), bytes(tile), &x[at], bytes(row), bytes(pixel), n, tiles)
		}
		if at == last {
			return true
		}
	}
}

func resultVector(isa kernel.ISA, y []float32, row, pixel int, m []float32, plane, tile int, bias []float32, relu bool, channels, tiles int) bool {
	if isa != kernel.NEON {
		return false
	}
	floor := &floors[0]
	if relu {
		floor = &floors[1]
	}
	n, last := vectors(4, channels)
	for at := 0; ; at, n = last, 1 {
		resultNEON(&y[at], bytes(row), bytes(pixel), &m[at], bytes(plane), bytes(tile), &bias[at], n, floor, tiles)
		if at == last {
			return true
		}
	}
}

func resultPoolVector(isa kernel.ISA, y []float32, places []uint8, row, pixel int, m []float32, plane, tile int, bias []float32, channels, tiles int) bool {
	if isa != kernel.NEON {
		return false
	}
	n, last := vectors(4, channels)
	for at := 0; ; at, n = last, 1 {
		resultPoolNEON(&y[at], bytes(row), bytes(pixel), &m[at], bytes(plane), bytes(tile), &bias[at], n, &places[at], uintptr(row), uintptr(pixel), tiles)
		if at == last {
			return true
		}
	}
}

func gradientVector(isa kernel.ISA, rows Rows, dst []float32, plane, tile int, dy []float32, row, pixel, channels, tiles int) bool {
	if isa != kernel.NEON {
		return false
	}
	n, last := vectors(4, channels)
	for at := 0; ; at, n = last, 1 {
		switch rows {
		case UpperRows:
			gradientUpperNEON(&dst[at], bytes(plane), bytes(tile), &dy[at], bytes(row), bytes(pixel), n, tiles)
		case LowerRows:
			gradientLowerNEON(&dst[at], bytes(plane), bytes(tile), &dy[at], bytes(row), bytes(pixel), n, tiles)
		default:
			gradientNEON(&dst[at], bytes(plane), bytes(tile), &dy[at], bytes(row), bytes(pixel), n, tiles)
		}
		if at == last {
			return true
		}
	}
}

func gradientPooledVector(isa kernel.ISA, rows Rows, dst []float32, plane, tile int, g []float32, places []uint8, row, pixel, channels, tiles int) bool {
	if isa != kernel.NEON {
		return false
	}
	n, last := vectors(4, channels)
	for at := 0; ; at, n = last, 1 {
		switch rows {
		case UpperRows:
			gradientPooledUpperNEON(&dst[at], bytes(plane), bytes(tile), &g[at], bytes(row), bytes(pixel), n, &places[at], uintptr(row), uintptr(pixel), tiles)
		case LowerRows:
			gradientPooledLowerNEON(&dst[at], bytes(plane), bytes(tile), &g[at], bytes(row), bytes(pixel), n, &places[at], uintptr(row), uintptr(pixel), tiles)
		default:
			gradientPooledNEON(&dst[at], bytes(plane), bytes(tile), &g[at], bytes(row), bytes(pixel), n, &places[at], uintptr(row), uintptr(pixel), tiles)
		}
		if at == last {
			return true
		}
	}
}

func addImageVector(isa kernel.ISA, dx []float32, row int, carry []float32, carryRow, pixel int, v []float32, plane, tile, channels, tiles int) bool {
	if isa != kernel.NEON {
		return false
	}
	addImageNEON(&dx[0], bytes(row), &carry[0], bytes(carryRow), bytes(pixel), &v[0], bytes(plane), bytes(tile), channels/4, tiles)
	return true
}

func filterVector(isa kernel.ISA, planes []float32, plane, n int) bool {
	if isa != kernel.NEON {
		return false
	}
	filterNEON(&planes[0], bytes(plane), n/4)
	return true
}

func filterGradientVector(isa kernel.ISA, dw []float32, dwPlane int, u []float32, plane, n int) bool {
	if isa != kernel.NEON {
		return false
	}
	n, last := vectors(4, n)
	for at := 0; ; at, n = last, 1 {
		filterGradientNEON(&dw[at], bytes(dwPlane), &u[at], bytes(plane), n)
		if at == last {
			return true
		}
	}
}

func ahead(kernel.ISA, []float32, bool) {}

func products(kernel.ISA, int, *Products) { panic("winograd: no products") }
