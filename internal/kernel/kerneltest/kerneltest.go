// Package kerneltest has helpers for the tests of the kernels: buffers that end at an unreadable page, random
// numbers, comparisons, and a scrambled order of parts.
package kerneltest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/lince-ml/lince/internal/kernel"
)

// Each runs f as a subtest for each instruction set of this machine.
func Each(t *testing.T, f func(t *testing.T, isa kernel.ISA)) {
	for _, isa := range kernel.Available() {
		t.Run(isa.String(), func(t *testing.T) { f(t, isa) })
	}
}

// Thin returns the list, or every fifth element of it in short tests, which run on emulated machines, and under
// the race detector, which slows loops over numbers and has nothing to find in them.
func Thin[T any](list []T) []T {
	if !race && !testing.Short() {
		return list
	}
	var some []T
	for i := 0; i < len(list); i += 5 {
		some = append(some, list[i])
	}
	return some
}

// Random returns a guarded buffer of n numbers in [-1, 1), equal for equal seeds.
func Random(t testing.TB, seed uint64, n int) []float32 {
	x := Guarded[float32](t, n)
	r := rand.New(rand.NewPCG(seed, 42))
	for i := range x {
		x[i] = 2*r.Float32() - 1
	}
	return x
}

// Junk returns a guarded buffer of n NaNs, for results and scratch, which kernels must not read before they
// write them.
func Junk(t testing.TB, n int) []float32 {
	x := Guarded[float32](t, n)
	for i := range x {
		x[i] = float32(math.NaN())
	}
	return x
}

// Parts calls run for the parts 0 to n-1 in a scrambled but fixed order.
func Parts(n int, run func(part int)) {
	for _, p := range rand.New(rand.NewPCG(uint64(n), 7)).Perm(n) {
		run(p)
	}
}

// Close fails unless each number differs from the wanted one by at most tolerance, relative to the largest
// wanted number, or 1 if all are smaller.
func Close(t testing.TB, name string, got []float32, want []float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers, want %d", name, len(got), len(want))
	}
	scale := 1.0
	for _, w := range want {
		scale = math.Max(scale, math.Abs(w))
	}
	for i, w := range want {
		if d := math.Abs(float64(got[i]) - w); !(d <= tolerance*scale) {
			t.Fatalf("%s: element %d of %d is %v, want %v", name, i, len(want), got[i], w)
		}
	}
}

// Equal fails unless the bits are equal.
func Equal(t testing.TB, name string, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers, want %d", name, len(got), len(want))
	}
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			t.Fatalf("%s: element %d of %d is %v (%#08x), want %v (%#08x)", name, i, len(want),
				got[i], math.Float32bits(got[i]), want[i], math.Float32bits(want[i]))
		}
	}
}

// Vectors checks that all vector instruction sets give the same bits. It has the result of the first one for
// each name.
type Vectors map[string][]float32

// Check compares a result with that of the first vector instruction set. Results of portable Go are not
// compared.
func (v Vectors) Check(t testing.TB, isa kernel.ISA, name string, got []float32) {
	t.Helper()
	if isa == kernel.Generic {
		return
	}
	if want, ok := v[name]; ok {
		Equal(t, fmt.Sprintf("%s: %v against another instruction set", name, isa), got, want)
		return
	}
	v[name] = append([]float32(nil), got...)
}

// Once keeps results that take long to compute, by name.
type Once map[string][]float64

// Get returns the result with a name; it computes it the first time.
func (o Once) Get(name string, compute func() []float64) []float64 {
	if _, ok := o[name]; !ok {
		o[name] = compute()
	}
	return o[name]
}

// NoAllocs fails when f allocates.
func NoAllocs(t *testing.T, name string, f func()) {
	t.Helper()
	if n := testing.AllocsPerRun(3, f); n != 0 {
		t.Errorf("%s: %v allocations", name, n)
	}
}
