package numbers

import "math"

// Half converts the bits of an IEEE 754 half-precision number (float16), which is exact.
func Half(h uint16) float32 {
	sign := uint32(h>>15) << 31
	e, m := uint32(h>>10)&31, uint32(h)&0x3ff
	switch e {
	case 0: // zero or denormal: m * 2^-24
		v := float32(m) * (1.0 / (1 << 24))
		return math.Float32frombits(math.Float32bits(v) | sign)
	case 31: // infinity or NaN
		return math.Float32frombits(sign | 0xff<<23 | m<<13)
	}
	return math.Float32frombits(sign | (e+112)<<23 | m<<13)
}
