package half

import (
	"math"
	"testing"
)

func TestFloat32(t *testing.T) {
	for _, c := range []struct {
		bits uint16
		want float64
	}{
		{0, 0}, {0x3c00, 1}, {0xc000, -2}, {0x7bff, 65504}, {1, math.Ldexp(1, -24)}, {0x3ff, 1023 * math.Ldexp(1, -24)},
		{0x400, math.Ldexp(1, -14)}, {0x7c00, math.Inf(1)}, {0xfc00, math.Inf(-1)}, {0x3555, 0.333251953125},
	} {
		if got := float64(Float32(c.bits)); got != c.want {
			t.Errorf("Float32(%#x) = %v, want %v", c.bits, got, c.want)
		}
	}
	if !math.Signbit(float64(Float32(0x8000))) {
		t.Error("Float32(0x8000) is 0, want -0")
	}
	if v := Float32(0x7e00); v == v {
		t.Errorf("Float32(0x7e00) = %v, want NaN", v)
	}
}
