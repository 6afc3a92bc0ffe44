package pyfloat

import (
	"math"
	"testing"
)

// As Python and NumPy 2.4 print them.
func TestRepr(t *testing.T) {
	for _, c := range []struct {
		v    float64
		want string
	}{
		{0, "0.0"}, {math.Copysign(0, -1), "-0.0"}, {1, "1.0"}, {-3.5, "-3.5"}, {0.1, "0.1"},
		{0.75000001788139343, "0.7500000178813935"}, {1e-4, "0.0001"}, {9.999e-5, "9.999e-05"},
		{1e-5, "1e-05"}, {1.5e-300, "1.5e-300"}, {123456789, "123456789.0"},
		{9999999999999998, "9999999999999998.0"}, {1e16, "1e+16"}, {1.25e22, "1.25e+22"},
		{math.Inf(1), "inf"}, {math.Inf(-1), "-inf"}, {math.NaN(), "nan"}, {5e-324, "5e-324"},
	} {
		if got := Repr(c.v); got != c.want {
			t.Errorf("Repr(%g) = %s, want %s", c.v, got, c.want)
		}
	}
	for _, c := range []struct {
		v    float32
		want string
	}{
		{0, "0.0"}, {1, "1.0"}, {0.1, "0.1"}, {0.75000006, "0.75000006"}, {1e-5, "1e-05"}, {1.2345e-7, "1.2345e-07"},
		{99999, "99999.0"}, {999999, "999999.0"}, {1e6, "1e+06"}, {16777216, "1.6777216e+07"}, {float32(math.Inf(1)), "inf"}, {float32(math.NaN()), "nan"},
	} {
		if got := Repr32(c.v); got != c.want {
			t.Errorf("Repr32(%g) = %s, want %s", c.v, got, c.want)
		}
	}
}
