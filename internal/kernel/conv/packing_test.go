package conv

import (
	"fmt"
	"slices"
	"testing"

	"github.com/lince-ml/lince/internal/kernel"
)

// TestPacking checks that kernels with equal Packing pack a filter into equal bits, and that Packing does
// not depend on the batch size.
func TestPacking(t *testing.T) {
	for _, isa := range kernel.Available() {
		seen := map[string][]float32{}
		check := func(s Shape, name string, f Packer) {
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
						check(s, "input gradient", i.make(isa, s, false))
					}
				}
			}
		}
		a, b := layer{N: 32, H: 63, W: 63, C: 64, K: 3, O: 64}.shape(), layer{N: 15, H: 63, W: 63, C: 64, K: 3, O: 64}.shape()
		if packingOf(NewForward(isa, a, Epilogue{})) != packingOf(NewForward(isa, b, Epilogue{})) ||
			packingOf(NewGradInput(isa, a, true)) != packingOf(NewGradInput(isa, b, true)) {
			t.Errorf("%v: two batch sizes of the tutorial's layer do not share packed filters", isa)
		}
	}
}

func packingOf(f Packer) any { return f.(SharedPacker).Packing() }
