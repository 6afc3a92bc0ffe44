package softmax

import (
	"fmt"
	"testing"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/kerneltest"
)

// BenchmarkSoftmax runs a batch of 32 rows of 1000 classes, and the attention of 32 examples with 4 heads. Bytes are those of
// operands and results.
func BenchmarkSoftmax(b *testing.B) {
	for _, size := range [][2]int{{32, 1000}, {32 * 4 * 64, 64}, {32 * 4 * 197, 197}} {
		for _, isa := range kernel.Available() {
			b.Run(fmt.Sprintf("%v/%dx%d", isa, size[0], size[1]), func(b *testing.B) { benchmark(b, isa, size[0], size[1]) })
		}
	}
}

func benchmark(b *testing.B, isa kernel.ISA, rows, cols int) {
	x, y := kerneltest.Random(b, 1, rows*cols), make([]float32, rows*cols)
	labels, loss, scale := make([]float32, rows*cols), make([]float32, rows), []float32{1 / float32(rows)}
	for r := range rows {
		labels[r*cols+r%cols] = 1
	}
	s, g, e, eg := New(isa, rows, cols), NewGrad(isa, rows, cols), NewCrossEntropy(isa, rows, cols), NewCrossEntropyGrad(isa, rows, cols)
	for _, c := range []struct {
		name  string
		bytes int
		parts int
		run   func(p int)
	}{
		{"softmax", 8 * rows * cols, s.Parts(), func(p int) { s.Run(p, x, y) }},
		{"softmaxGrad", 12 * rows * cols, g.Parts(), func(p int) { g.Run(p, x, labels, y) }},
		{"crossEntropy", 8 * rows * cols, e.Parts(), func(p int) { e.Run(p, x, labels, loss) }},
		{"crossEntropyGrad", 12 * rows * cols, eg.Parts(), func(p int) { eg.Run(p, x, labels, scale, y) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			kerneltest.Speed(b, 0, c.bytes, func() {
				for p := range c.parts {
					c.run(p)
				}
			})
		})
	}
}
