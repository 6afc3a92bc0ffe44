package numbers

import (
	"math"
	"testing"
)

func TestHalf(t *testing.T) {
	for _, c := range []struct {
		bits uint16
		want float64
	}{
		{0, 0}, {0x3c00, 1}, {0xc000, -2}, {0x7bff, 65504}, {1, math.Ldexp(1, -24)}, {0x3ff, 1023 * math.Ldexp(1, -24)},
		{0x400, math.Ldexp(1, -14)}, {0x7c00, math.Inf(1)}, {0xfc00, math.Inf(-1)}, {0x3555, 0.333251953125},
	} {
		if got := float64(Half(c.bits)); got != c.want {
			t.Errorf("Half(%#x) = %v, want %v", c.bits, got, c.want)
		}
	}
	if !math.Signbit(float64(Half(0x8000))) {
		t.Error("Half(0x8000) is 0, want -0")
	}
	if v := Half(0x7e00); v == v {
		t.Errorf("Half(0x7e00) = %v, want NaN", v)
	}
}
