package mt19937

import (
	"slices"
	"testing"
)

// Numbers of NumPy 2.4.6 for numpy.random.RandomState(42).
func TestSeed42(t *testing.T) {
	r := New(42)
	for _, want := range []uint32{1608637542, 3421126067, 4083286876, 787846414} {
		if got := r.Uint32(); got != want {
			t.Errorf("Uint32 = %d, want %d", got, want)
		}
	}
	r.Seed(42)
	for _, want := range []float64{.3745401188473625, .9507143064099162, .7319939418114051} {
		if got := r.Float64(); got != want {
			t.Errorf("Float64 = %v, want %v", got, want)
		}
	}
	if got, want := New(42).Permutation(10), []int{8, 1, 5, 0, 7, 2, 9, 4, 3, 6}; !slices.Equal(got, want) {
		t.Errorf("Permutation(10) = %v, want %v", got, want)
	}
}

func TestPermutation25000(t *testing.T) {
	p := New(42).Permutation(25000)
	if got, want := p[:5], []int{6868, 24016, 9668, 13640, 14018}; !slices.Equal(got, want) {
		t.Errorf("first rows %v, want %v", got, want)
	}
	if got, want := p[24998:], []int{15795, 23654}; !slices.Equal(got, want) {
		t.Errorf("last rows %v, want %v", got, want)
	}
}
