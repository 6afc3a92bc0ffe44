package sparse

import (
	"fmt"
	"testing"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/kerneltest"
)

// argmaxOf returns the argmax of n windows.
func argmaxOf(t testing.TB, n int) []uint8 {
	argmax := kerneltest.Guarded[uint8](t, n)
	for i := range argmax {
		argmax[i] = uint8(i * 7 % 5)
	}
	return argmax
}

// quadsOf returns the quads of four lines.
func quadsOf(t testing.TB, isa kernel.ISA, image []float32, row, channels, windows int) (q [3][]float32) {
	for line := range q {
		q[line] = kerneltest.Junk(t, QuadsLen(channels, windows))
		Quads(isa, q[line], image[line*row:(line+1)*row], image[(line+1)*row:(line+2)*row], channels, windows)
	}
	return q
}

func TestAdd(t *testing.T) {
	vectors := kerneltest.Vectors{}
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		for channels := 1; channels <= MaxChannels; channels++ {
			for _, columns := range []int{1, 3, 8, 11, 16, 24, 37, 64} {
				for _, pixels := range []int{1, 2, 16, 35} {
					name := fmt.Sprintf("%d channels, %d columns, %d pixels", channels, columns, pixels)
					row := (2*pixels + 2) * channels
					image := kerneltest.Random(t, 1, 4*row)
					dy, argmax := kerneltest.Random(t, 2, pixels*columns), argmaxOf(t, pixels*columns)
					sums := kerneltest.Random(t, 3, Rows(channels)*columns)
					want := make([]float64, len(sums))
					for i, v := range sums {
						want[i] = float64(v)
					}
					for i, d := range dy {
						p, c := i/columns, i%columns
						if argmax[i] == kernel.NoArgmax2x2 {
							continue
						}
						y, x := int(argmax[i]/2), 2*p+int(argmax[i]%2)
						for tap := range 9 {
							for k := range channels {
								want[(tap*channels+k)*columns+c] += float64(d) * float64(image[(y+tap/3)*row+(x+tap%3)*channels+k])
							}
						}
						want[9*channels*columns+c] += float64(d)
					}
					q := quadsOf(t, isa, image, row, channels, pixels)
					Add(isa, channels, sums, q, dy, argmax, pixels, columns)
					kerneltest.Close(t, name, sums, want, 1e-5)
					vectors.Check(t, isa, name, sums)
					kerneltest.NoAllocs(t, name, func() { Add(isa, channels, sums, q, dy, argmax, pixels, columns) })
				}
			}
		}
	})
}

func BenchmarkAdd(b *testing.B) {
	const channels, columns, pixels = 3, 64, 63
	for _, isa := range kernel.Available() {
		b.Run(isa.String(), func(b *testing.B) {
			image := kerneltest.Random(b, 1, 4*(2*pixels+2)*channels)
			dy, argmax := kerneltest.Random(b, 2, pixels*columns), argmaxOf(b, pixels*columns)
			sums := make([]float32, Rows(channels)*columns)
			q := quadsOf(b, isa, image, (2*pixels+2)*channels, channels, pixels)
			kerneltest.Speed(b, 2*9*channels*columns*pixels, 0, func() {
				for line := range 2 { // as many as are new in each row of windows
					Quads(isa, q[line], image, image[(2*pixels+2)*channels:], channels, pixels)
				}
				Add(isa, channels, sums, q, dy, argmax, pixels, columns)
			})
		})
	}
}
