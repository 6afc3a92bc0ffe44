package batchnorm

import (
	"fmt"
	"testing"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/kerneltest"
)

// BenchmarkBatchNorm measures layers of ResNet-50 and MobileNetV2 with a batch of 16 images of 128x128.
// Bytes are those of the matrices that a kernel must read and write once; "copy" is Go's copy of a matrix.
func BenchmarkBatchNorm(b *testing.B) {
	for _, size := range [][2]int{{16 * 64 * 64, 64}, {16 * 32 * 32, 256}, {16 * 16 * 16, 512}, {16 * 4 * 4, 2048}, {16 * 64 * 64, 24}, {16 * 16 * 16, 80}, {16 * 16 * 16, 112}} {
		rows, channels := size[0], size[1]
		n := rows * channels
		x, y, g, dx, masked := make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n)
		for i := range x {
			x[i], g[i] = float32(i%7)-3, float32(i%5)-2
		}
		line := make([]float32, channels)
		for i := range line {
			line[i] = 1
		}
		name := fmt.Sprintf("%dx%d", rows, channels)
		b.Run(name+"/copy", func(b *testing.B) { kerneltest.Speed(b, 0, 8*n, func() { copy(y, x) }) })
		for _, isa := range kernel.Available() {
			m, a := NewMoments(isa, rows, channels), NewApply(isa, rows, channels, Epilogue{Activation: ReLU})
			add := NewApply(isa, rows, channels, Epilogue{Residual: true, Activation: ReLU})
			back := NewGrad(isa, rows, channels, Mask{Activation: ReLU})
			result := NewGrad(isa, rows, channels, Mask{Activation: ReLU, Result: true})
			partial, c := make([]float32, m.PartialLen()), make([]float32, back.CoefficientsLen())
			mean, variance := make([]float32, channels), make([]float32, channels)
			back.Start(line, line, line, line, 1e-3, c)
			for _, k := range []struct {
				name     string
				matrices int
				run      func()
			}{
				{"moments", 1, func() {
					for p := range m.Parts() {
						m.Run(p, x, partial)
					}
					for p := range m.ReduceParts() {
						m.Reduce(p, x, partial, mean, variance)
					}
				}},
				{"apply+relu", 2, func() {
					for p := range a.Parts() {
						a.Run(p, x, nil, c, y)
					}
				}},
				{"apply+residual+relu", 3, func() {
					for p := range add.Parts() {
						add.Run(p, x, dx, c, y)
					}
				}},
				{"sums", 2, func() {
					for p := range back.Parts() {
						back.Run(p, g, x, nil, c, partial, nil)
					}
					for p := range back.ReduceParts() {
						back.Reduce(p, g, x, nil, line, 1e-3, c, partial, mean, variance)
					}
				}},
				{"sums of result", 4, func() {
					for p := range result.Parts() {
						result.Run(p, g, x, y, c, partial, masked)
					}
					for p := range result.ReduceParts() {
						result.Reduce(p, g, x, y, line, 1e-3, c, partial, mean, variance)
					}
				}},
				{"data", 3, func() {
					for p := range back.InputParts() {
						back.Input(p, g, x, c, dx)
					}
				}},
			} {
				b.Run(fmt.Sprintf("%s/%v/%s", name, isa, k.name), func(b *testing.B) { kerneltest.Speed(b, 0, 4*n*k.matrices, k.run) })
			}
		}
	}
}
