package sparse

import (
	"fmt"
	"testing"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/kerneltest"
)

func TestBits(t *testing.T) {
	bits := kerneltest.NewBits(t)
	for _, isa := range kernel.Available() {
		for channels := 1; channels <= MaxChannels; channels++ {
			const columns, pixels = 37, 19
			row := (2*pixels + 2) * channels
			q := quadsOf(t, isa, kerneltest.Random(t, 1, 4*row), row, channels, pixels)
			dy, argmax := kerneltest.Random(t, 2, pixels*columns), argmaxOf(t, pixels*columns)
			sums := kerneltest.Random(t, 3, Rows(channels)*columns)
			Add(isa, channels, sums, q, dy, argmax, pixels, columns)
			bits.Check(isa, fmt.Sprint(channels), sums)
		}
	}
}
