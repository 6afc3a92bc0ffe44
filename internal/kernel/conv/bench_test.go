package conv

import (
	"fmt"
	"testing"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/kerneltest"
)

// The convolutions of the tutorial's network at its batch of 15, and shapes that image
// networks have.
var benchmarks = []struct {
	name   string
	pooled bool
	shape  Shape
}{
	{"tutorial1", true, shape(15, 128, 128, 3, 3, 64, 1, 1, false)},
	{"tutorial2", true, shape(15, 63, 63, 64, 3, 64, 1, 1, false)},
	{"vgg112", false, shape(1, 112, 112, 128, 3, 128, 1, 1, true)},
	{"vgg28", false, shape(2, 28, 28, 256, 3, 256, 1, 1, true)},
	{"resnet14", false, shape(16, 14, 14, 256, 3, 256, 1, 1, true)},
	{"resnet7", false, shape(16, 7, 7, 512, 3, 512, 1, 1, true)},
	{"narrow32", false, shape(8, 32, 32, 32, 3, 32, 1, 1, true)},
	{"narrow16", false, shape(4, 32, 32, 16, 3, 16, 1, 1, true)},
	{"edge5", false, shape(16, 5, 5, 32, 3, 32, 1, 1, true)},
	{"one7", false, shape(1, 7, 7, 512, 3, 512, 1, 1, true)},
	{"resnet7x7s2", false, shape(1, 224, 224, 3, 7, 64, 2, 1, true)},
	{"pointwise14", false, shape(8, 14, 14, 96, 1, 144, 1, 1, false)},
}

// bench runs f over all shapes, implementations and instruction sets and reports the speed, in
// the FLOPs of the direct algorithm.
func bench[K, O any](b *testing.B, list []implementation[K, O], options func(pooled bool) O, f func(k K, s Shape, pooled bool) (step func())) {
	for _, isa := range kernel.Available() {
		for _, c := range benchmarks {
			each(list, c.shape, func(i implementation[K, O]) {
				b.Run(fmt.Sprintf("%v/%s/%s", isa, c.name, i.name), func(b *testing.B) {
					step := f(i.make(isa, c.shape, options(c.pooled)), c.shape, c.pooled)
					kerneltest.Speed(b, c.shape.FLOPs(), 0, step)
				})
			})
		}
	}
}

func random(b *testing.B, n int) []float32 {
	return append([]float32(nil), kerneltest.Random(b, 1, n)...)
}

func (s Shape) pooledLen(pooled bool) int {
	if pooled {
		return s.N * (s.OH / 2) * (s.OW / 2) * s.O
	}
	return s.resultLen()
}

func BenchmarkForward(b *testing.B) {
	options := func(pooled bool) Epilogue { return Epilogue{Bias: true, ReLU: true, Pool: pooled} }
	bench(b, forwards, options, func(f Forward, s Shape, pooled bool) func() {
		x, w, bias := random(b, s.imageLen()), random(b, s.filterLen()), random(b, s.O)
		packed, scratch := make([]float32, f.PackedLen()), make([]float32, f.ScratchLen())
		y := make([]float32, s.pooledLen(pooled))
		argmax := make([]uint8, len(y))
		return func() {
			for p := range f.PackParts() {
				f.Pack(p, w, packed)
			}
			for p := range f.Parts() {
				f.Run(p, x, packed, bias, nil, y, argmax, scratch)
			}
		}
	})
}

func BenchmarkBackwardData(b *testing.B) {
	options := func(pooled bool) bool { return pooled }
	bench(b, backwardsData, options, func(d BackwardData, s Shape, pooled bool) func() {
		w := random(b, s.filterLen())
		packed, scratch := make([]float32, d.PackedLen()), make([]float32, d.ScratchLen())
		dy, dx := random(b, s.pooledLen(pooled)), make([]float32, s.imageLen())
		argmax := places(len(dy))
		return func() {
			for p := range d.PackParts() {
				d.Pack(p, w, packed)
			}
			for p := range d.Parts() {
				d.Run(p, dy, argmax, packed, dx, scratch)
			}
		}
	})
}

func BenchmarkBackwardFilter(b *testing.B) {
	options := func(pooled bool) Gradient { return Gradient{Pooled: pooled, Bias: true} }
	bench(b, backwardsFilter, options, func(f BackwardFilter, s Shape, pooled bool) func() {
		x := random(b, s.imageLen())
		partial, scratch := make([]float32, f.PartialLen()), make([]float32, f.ScratchLen())
		dy, dw, db := random(b, s.pooledLen(pooled)), make([]float32, s.filterLen()), make([]float32, s.O)
		argmax := places(len(dy))
		return func() {
			for p := range f.Parts() {
				f.Run(p, x, dy, argmax, partial, scratch)
			}
			for p := range f.ReduceParts() {
				f.Reduce(p, partial, dw, db)
			}
		}
	})
}

// places is n places of maxima.
func places(n int) []uint8 {
	p := make([]uint8, n)
	for i := range p {
		p[i] = uint8(i * 7 % 5)
	}
	return p
}
