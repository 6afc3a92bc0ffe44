package conv

import (
	"fmt"
	"slices"
	"testing"

	"github.com/lince-ml/lince/internal/kernel"
)

// TestPacking holds what Packing promises: kernels of equal ones pack alike. Larger batches
// of the tutorial's layer have equal ones.
func TestPacking(t *testing.T) {
	for _, isa := range kernel.Available() {
		seen := map[string][]float32{}
		check := func(s Shape, name string, f filters) {
			packing := packingOf(f)
			w, packed := make([]float32, s.filterLen()), make([]float32, f.PackedLen())
			for i := range w {
				w[i] = float32(i%251) - 100
			}
			for p := range f.PackParts() {
				f.Pack(p, w, packed)
			}
			key := fmt.Sprintf("%s %T %+v %d", name, packing, packing, s.filterLen())
			if have, ok := seen[key]; ok && !slices.Equal(have, packed) {
				t.Errorf("%v, %+v: filters of equal packing %s are packed differently", isa, s, key)
			}
			seen[key] = packed
		}
		for _, s := range shapes() {
			for _, grow := range []int{0, 1, 5} {
				s := s
				s.N += grow
				s.H, s.OH = s.H+grow*s.StrideH, s.OH+grow
				for _, i := range forwards {
					if i.fits(s, Epilogue{}) {
						check(s, "forward", i.make(isa, s, Epilogue{}))
					}
				}
				for _, i := range gradInputs {
					if i.fits(s, false) {
						check(s, "backward", i.make(isa, s, false))
					}
				}
			}
		}
		a, b := shape(32, 63, 63, 64, 3, 64, 1, 1, false), shape(15, 63, 63, 64, 3, 64, 1, 1, false)
		if packingOf(NewForward(isa, a, Epilogue{})) != packingOf(NewForward(isa, b, Epilogue{})) ||
			packingOf(NewGradInput(isa, a, true)) != packingOf(NewGradInput(isa, b, true)) {
			t.Errorf("%v: two batch sizes of the tutorial's layer do not share packed filters", isa)
		}
	}
}

func packingOf(f filters) any { return f.(interface{ Packing() any }).Packing() }
