package batchnorm

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/kerneltest"
)

func TestBits(t *testing.T) {
	bits := kerneltest.NewBits(t)
	for _, isa := range kernel.Available() {
		for _, size := range [][2]int{{7, 3}, {37, 24}, {300, 64}, {40, 272}} {
			for _, e := range epilogues {
				got := run(t, isa, size[0], size[1], e, operands(t, size[0], size[1]))
				for _, what := range slices.Sorted(maps.Keys(got)) {
					bits.Check(isa, fmt.Sprintf("%s %dx%d %+v", what, size[0], size[1], e), got[what])
				}
			}
		}
	}
}
