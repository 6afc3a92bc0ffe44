package winograd

import "github.com/lince-ml/lince/internal/kernel"

// Each of these does all channels of all tiles, or says that there is no assembly. Channels that
// do not fill a vector are done in one that ends with them and overlaps the one before.

func lanes(isa kernel.ISA) int {
	if isa == kernel.AVX512 {
		return 16
	}
	return 8
}

func imageVector(isa kernel.ISA, rows Rows, dst []float32, plane, tile int, x []float32, row, pixel, channels, tiles int) bool {
	if isa == kernel.Generic {
		return false
	}
	n, last := vectors(lanes(isa), channels)
	for at := 0; ; at, n = last, 1 {
		switch {
		case isa == kernel.AVX512 && rows == UpperRows:
			imageUpperAVX512(&dst[at], bytes(plane), bytes(tile), &x[at], bytes(row), bytes(pixel), n, tiles)
		case isa == kernel.AVX512 && rows == LowerRows:
			imageLowerAVX512(&dst[at], bytes(plane), bytes(tile), &x[at], bytes(row), bytes(pixel), n, tiles)
		case isa == kernel.AVX512:
			imageAVX512(&dst[at], bytes(plane), bytes(tile), &x[at], bytes(row), bytes(pixel), n, tiles)
		case rows == UpperRows:
			imageUpperAVX2(&dst[at], bytes(plane), bytes(tile), &x[at], bytes(row), bytes(pixel), n, tiles)
		case rows == LowerRows:
			imageLowerAVX2(&dst[at], bytes(plane), bytes(tile), &x[at], bytes(row), bytes(pixel), n, tiles)
		default:
			imageAVX2(&dst[at], bytes(plane), bytes(tile), &x[at], bytes(row), bytes(pixel), n, tiles)
		}
		if at == last {
			return true
		}
	}
}

func resultVector(isa kernel.ISA, y []float32, row, pixel int, m []float32, plane, tile int, bias []float32, relu bool, channels, tiles int) bool {
	if isa == kernel.Generic {
		return false
	}
	floor := &floors[0]
	if relu {
		floor = &floors[1]
	}
	n, last := vectors(lanes(isa), channels)
	for at := 0; ; at, n = last, 1 {
		if isa == kernel.AVX512 {
			resultAVX512(&y[at], bytes(row), bytes(pixel), &m[at], bytes(plane), bytes(tile), &bias[at], n, floor, tiles)
		} else {
			resultAVX2(&y[at], bytes(row), bytes(pixel), &m[at], bytes(plane), bytes(tile), &bias[at], n, floor, tiles)
		}
		if at == last {
			return true
		}
	}
}

func resultPoolVector(isa kernel.ISA, y []float32, places []uint8, row, pixel int, m []float32, plane, tile int, bias []float32, channels, tiles int) bool {
	if isa == kernel.Generic {
		return false
	}
	n, last := vectors(lanes(isa), channels)
	for at := 0; ; at, n = last, 1 {
		if isa == kernel.AVX512 {
			resultPoolAVX512(&y[at], bytes(row), bytes(pixel), &m[at], bytes(plane), bytes(tile), &bias[at], n, &places[at], uintptr(row), uintptr(pixel), tiles)
		} else {
			resultPoolAVX2(&y[at], bytes(row), bytes(pixel), &m[at], bytes(plane), bytes(tile), &bias[at], n, &places[at], uintptr(row), uintptr(pixel), tiles)
		}
		if at == last {
			return true
		}
	}
}

func gradientVector(isa kernel.ISA, rows Rows, dst []float32, plane, tile int, dy []float32, row, pixel, channels, tiles int) bool {
	if isa == kernel.Generic {
		return false
	}
	n, last := vectors(lanes(isa), channels)
	for at := 0; ; at, n = last, 1 {
		switch {
		case isa == kernel.AVX512 && rows == UpperRows:
			gradientUpperAVX512(&dst[at], bytes(plane), bytes(tile), &dy[at], bytes(row), bytes(pixel), n, tiles)
		case isa == kernel.AVX512 && rows == LowerRows:
			gradientLowerAVX512(&dst[at], bytes(plane), bytes(tile), &dy[at], bytes(row), bytes(pixel), n, tiles)
		case isa == kernel.AVX512:
			gradientAVX512(&dst[at], bytes(plane), bytes(tile), &dy[at], bytes(row), bytes(pixel), n, tiles)
		case rows == UpperRows:
			gradientUpperAVX2(&dst[at], bytes(plane), bytes(tile), &dy[at], bytes(row), bytes(pixel), n, tiles)
		case rows == LowerRows:
			gradientLowerAVX2(&dst[at], bytes(plane), bytes(tile), &dy[at], bytes(row), bytes(pixel), n, tiles)
		default:
			gradientAVX2(&dst[at], bytes(plane), bytes(tile), &dy[at], bytes(row), bytes(pixel), n, tiles)
		}
		if at == last {
			return true
		}
	}
}

func gradientPooledVector(isa kernel.ISA, rows Rows, dst []float32, plane, tile int, g []float32, places []uint8, row, pixel, channels, tiles int) bool {
	if isa == kernel.Generic {
		return false
	}
	n, last := vectors(lanes(isa), channels)
	for at := 0; ; at, n = last, 1 {
		switch {
		case isa == kernel.AVX512 && rows == UpperRows:
			gradientPooledUpperAVX512(&dst[at], bytes(plane), bytes(tile), &g[at], bytes(row), bytes(pixel), n, &places[at], uintptr(row), uintptr(pixel), tiles)
		case isa == kernel.AVX512 && rows == LowerRows:
			gradientPooledLowerAVX512(&dst[at], bytes(plane), bytes(tile), &g[at], bytes(row), bytes(pixel), n, &places[at], uintptr(row), uintptr(pixel), tiles)
		case isa == kernel.AVX512:
			gradientPooledAVX512(&dst[at], bytes(plane), bytes(tile), &g[at], bytes(row), bytes(pixel), n, &places[at], uintptr(row), uintptr(pixel), tiles)
		case rows == UpperRows:
			gradientPooledUpperAVX2(&dst[at], bytes(plane), bytes(tile), &g[at], bytes(row), bytes(pixel), n, &places[at], uintptr(row), uintptr(pixel), tiles)
		case rows == LowerRows:
			gradientPooledLowerAVX2(&dst[at], bytes(plane), bytes(tile), &g[at], bytes(row), bytes(pixel), n, &places[at], uintptr(row), uintptr(pixel), tiles)
		default:
			gradientPooledAVX2(&dst[at], bytes(plane), bytes(tile), &g[at], bytes(row), bytes(pixel), n, &places[at], uintptr(row), uintptr(pixel), tiles)
		}
		if at == last {
			return true
		}
	}
}

func addImageVector(isa kernel.ISA, dx []float32, row int, carry []float32, carryRow, pixel int, v []float32, plane, tile, channels, tiles int) bool {
	switch isa {
	case kernel.AVX512:
		addImageAVX512(&dx[0], bytes(row), &carry[0], bytes(carryRow), bytes(pixel), &v[0], bytes(plane), bytes(tile), channels/16, tiles)
	case kernel.AVX2:
		addImageAVX2(&dx[0], bytes(row), &carry[0], bytes(carryRow), bytes(pixel), &v[0], bytes(plane), bytes(tile), channels/8, tiles)
	default:
		return false
	}
	return true
}

func filterVector(isa kernel.ISA, planes []float32, plane, n int) bool {
	switch {
	case isa == kernel.AVX512 && n%16 == 0:
		filterAVX512(&planes[0], bytes(plane), n/16)
	case isa == kernel.AVX512 || isa == kernel.AVX2:
		filterAVX2(&planes[0], bytes(plane), n/8)
	default:
		return false
	}
	return true
}

func filterGradientVector(isa kernel.ISA, dw []float32, dwPlane int, u []float32, plane, n int) bool {
	if isa == kernel.Generic {
		return false
	}
	n, last := vectors(lanes(isa), n)
	for at := 0; ; at, n = last, 1 {
		if isa == kernel.AVX512 {
			filterGradientAVX512(&dw[at], bytes(dwPlane), &u[at], bytes(plane), n)
		} else {
			filterGradientAVX2(&dw[at], bytes(dwPlane), &u[at], bytes(plane), n)
		}
		if at == last {
			return true
		}
	}
}

func ahead(isa kernel.ISA, x []float32, write bool) {
	lines := len(x) / 16
	switch {
	case isa == kernel.Generic || lines == 0:
	case write:
		toWrite(&x[0], lines)
	default:
		toRead(&x[0], lines)
	}
}

func products(isa kernel.ISA, height int, p *Products) {
	if isa == kernel.AVX512 {
		productsAVX512(height, p)
	} else {
		productsAVX2(height, p)
	}
}
