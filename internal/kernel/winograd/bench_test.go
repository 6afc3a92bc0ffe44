package winograd

import (
	"fmt"
	"testing"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/kerneltest"
)

// BenchmarkTransforms runs the transforms of a row of tiles with 64 channels, and those of 64x64 filters. Bytes
// are those of operands and results.
func BenchmarkTransforms(b *testing.B) {
	const (
		c, count   = 64, 16
		plane      = count*c + 16
		row        = (Tile*count + 2) * c
		pooledRow  = Tile / 2 * count * c
		filters    = 64 * 64
		filterStep = filters + 16
	)
	transformed, pixels, carry := make([]float32, GradientPlanes*plane), make([]float32, Patch*row), make([]float32, 2*row)
	argmax, bias := make([]uint8, 2*pooledRow), make([]float32, c)
	planes, dw := make([]float32, Planes*filterStep), make([]float32, 9*filters)
	for i := range argmax {
		argmax[i] = uint8(i % 5)
	}
	for _, isa := range kernel.Available() {
		for _, t := range []struct {
			name  string
			bytes int
			run   func()
		}{
			{"image", 4 * (Planes*count*c + Patch*row), func() { Image(isa, AllRows, transformed, plane, c, pixels, row, c, c, count) }},
			{"result", 4 * (Planes + Tile*Tile) * count * c, func() { Result(isa, pixels, row, c, transformed, plane, c, bias, true, c, count) }},
			{"resultPool", (4*Planes + 5*Tile) * count * c, func() { ResultPool(isa, pixels, argmax, pooledRow, c, transformed, plane, c, bias, c, count) }},
			{"gradient", 4 * (GradientPlanes + Tile*Tile) * count * c, func() { Gradient(isa, AllRows, transformed, plane, c, pixels, row, c, c, count) }},
			{"gradientPooled", (4*GradientPlanes + 5*Tile) * count * c, func() { GradientPooled(isa, AllRows, transformed, plane, c, pixels, argmax, pooledRow, c, c, count) }},
			{"addImage", 4 * (Planes*count*c + Patch*row), func() { AddImage(isa, pixels, row, carry, row, c, transformed, plane, c, c, count) }},
			{"filter", 4 * (Planes + 9) * filters, func() { Filter(isa, planes, filterStep, filters) }},
			{"filterGradient", 4 * (Planes + 9) * filters, func() { FilterGradient(isa, dw, filters, planes, filterStep, filters) }},
		} {
			b.Run(fmt.Sprintf("%v/%s", isa, t.name), func(b *testing.B) { kerneltest.Speed(b, 0, t.bytes, t.run) })
		}
	}
}
