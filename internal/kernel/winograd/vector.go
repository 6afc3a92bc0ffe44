//go:build amd64 || arm64

package winograd

import "math"

// vectors is the number of whole vectors of so many lanes, and where the one that overlaps
// starts, or 0.
func vectors(lanes, channels int) (whole, last int) {
	if channels%lanes == 0 {
		return channels / lanes, 0
	}
	return channels / lanes, channels - lanes
}

func bytes(floats int) uintptr { return uintptr(4 * floats) }

// floors are what results are not below: without and with ReLU.
var floors = func() (f [2][16]float32) {
	for i := range f[0] {
		f[0][i] = float32(math.Inf(-1))
	}
	return f
}()
