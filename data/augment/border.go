package augment

import "math"

// place maps a coordinate outside an axis of n pixels to one inside it, as scipy.ndimage's map_coordinate
// does. ok is false if the value is Cval.
func (m FillMode) place(x float64, n int) (at float64, ok bool) {
	last := float64(n - 1)
	if x >= 0 && x <= last {
		return x, true
	}
	switch m {
	case FillConstant:
		return 0, false
	case FillReflect:
		if n <= 1 {
			return 0, true
		}
		size, period := float64(n), float64(2*n)
		if x < 0 {
			if x < -period {
				x = float64(period*math.Trunc(-x/period)) + x
			}
			if x < -size {
				return x + period, true
			}
			return -x - 1, true
		}
		x -= float64(period * math.Trunc(x/period))
		if x >= size {
			x = period - x - 1
		}
		return x, true
	case FillWrap:
		if n <= 1 {
			return 0, true
		}
		if x < 0 {
			return x + float64(last*(math.Trunc(-x/last)+1)), true
		}
		return x - float64(last*math.Trunc(x/last)), true
	default:
		if x < 0 {
			return 0, true
		}
		return last, true
	}
}

// tap holds what linear interpolation reads along one axis: two pixels and their weights.
type tap struct {
	i0, i1 int
	w0, w1 float64
}

// tap returns the tap of coordinate x. ok is false if the value is Cval.
func (m FillMode) tap(x float64, n int) (t tap, ok bool) {
	x, ok = m.place(x, n)
	if !ok {
		return tap{}, false
	}
	f := math.Floor(x)
	i := int(f)
	t.w0 = 1 - (x - f)
	t.w1 = 1 - t.w0
	// At the border SciPy reads a mirrored pixel, which is either the same pixel or has weight 0.
	t.i0, t.i1 = clamp(i, n), clamp(i+1, n)
	return t, true
}

func clamp(i, n int) int { return max(0, min(i, n-1)) }
