package philox

import (
	"math"
	"testing"
)

func near(x, y, relative float64) bool { return math.Abs(x-y) <= relative*math.Abs(y) }

// TestQuantile compares with scipy.special.ndtri.
func TestQuantile(t *testing.T) {
	for _, c := range []struct{ p, want float64 }{
		{.5, 0}, {.25, -0.6744897501960817}, {.975, 1.959963984540054}, {.025, -1.959963984540054},
		{.1, -1.2815515655446004}, {.999999, 4.753424308817087}, {1e-10, -6.361340902404056},
		{1e-20, -9.262340089798409}, {1e-300, -37.0470962993612}, {0.022750131948179207, -2},
		{.0751, -1.4388253927525403}, {.9251, 1.4402382675279635},
	} {
		if got := Quantile(c.p); !near(got, c.want, 1e-15) {
			t.Errorf("Quantile(%v) = %v, want %v", c.p, got, c.want)
		}
	}
}

func TestLogarithm(t *testing.T) {
	for _, x := range []float64{1, 2, .5, math.Sqrt2 / 2, .70710, .70711, 1e-300, 1e300, math.E, 3e-17, .99999999} {
		if got, want := logarithm(x), math.Log(x); !near(got, want, 3e-16) {
			t.Errorf("logarithm(%v) = %v, want %v", x, got, want)
		}
	}
}

// TestNormal checks the moments of draws, and that a draw depends on its index only.
func TestNormal(t *testing.T) {
	z := make([]float32, 100003)
	Normal(7, 3, 0, z)
	var moments [4]float64
	for _, v := range z {
		for k, p := 0, float64(v); k < 4; k, p = k+1, p*float64(v) {
			moments[k] += p / float64(len(z))
		}
	}
	for k, want := range []float64{0, 1, 0, 3} { // 4 standard deviations of a mean of 1e5 draws
		if bound := 4 * []float64{1, math.Sqrt2, math.Sqrt(15), math.Sqrt(96)}[k] / math.Sqrt(1e5); math.Abs(moments[k]-want) > bound {
			t.Errorf("the mean of power %d is %v, want %v", k+1, moments[k], want)
		}
	}
	for from := range 9 {
		part := make([]float32, 11)
		Normal(7, 3, from, part)
		for i, v := range part {
			if v != z[from+i] {
				t.Fatalf("element %d from %d is %v, want %v", i, from, v, z[from+i])
			}
		}
	}
	lowest, highest := Quantile(.5*0x1p-32), Quantile(1-.5*0x1p-32)
	if !near(-lowest, highest, 1e-9) || highest > 6.4 {
		t.Errorf("draws are from %v to %v", lowest, highest)
	}
}
