package depthwise

import (
	"fmt"
	"testing"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/kerneltest"
)

// benchmarks lists what BenchmarkDepthwise measures: square images, filters and strides.
var benchmarks = []struct {
	group                                      string
	size, channels, kernel, stride, multiplier int
	members                                    int // channels of a group; 0: depthwise
}{
	{group: "networks", size: 112, channels: 32, kernel: 3, stride: 1},
	{group: "networks", size: 112, channels: 96, kernel: 3, stride: 2},
	{group: "networks", size: 56, channels: 144, kernel: 3, stride: 1},
	{group: "networks", size: 56, channels: 144, kernel: 3, stride: 2},
	{group: "networks", size: 28, channels: 192, kernel: 3, stride: 1},
	{group: "networks", size: 28, channels: 192, kernel: 3, stride: 2},
	{group: "networks", size: 14, channels: 576, kernel: 3, stride: 1},
	{group: "networks", size: 14, channels: 576, kernel: 3, stride: 2},
	{group: "networks", size: 7, channels: 960, kernel: 3, stride: 1},
	{group: "networks", size: 56, channels: 144, kernel: 5, stride: 2},
	{group: "networks", size: 28, channels: 240, kernel: 5, stride: 1},
	{group: "networks", size: 14, channels: 480, kernel: 5, stride: 1},
	{group: "networks", size: 14, channels: 672, kernel: 5, stride: 2},
	{group: "networks", size: 7, channels: 1152, kernel: 5, stride: 1},

	{group: "sizes", size: 96, channels: 32, kernel: 3, stride: 1},
	{group: "sizes", size: 64, channels: 96, kernel: 3, stride: 1},
	{group: "sizes", size: 19, channels: 728, kernel: 3, stride: 1},
	{group: "sizes", size: 16, channels: 192, kernel: 3, stride: 1},
	{group: "sizes", size: 12, channels: 192, kernel: 3, stride: 2},
	{group: "sizes", size: 10, channels: 384, kernel: 3, stride: 1},
	{group: "sizes", size: 8, channels: 384, kernel: 5, stride: 1},
	{group: "sizes", size: 5, channels: 960, kernel: 3, stride: 1},
	{group: "sizes", size: 4, channels: 960, kernel: 3, stride: 1},
	{group: "sizes", size: 3, channels: 960, kernel: 3, stride: 1},
	{group: "sizes", size: 2, channels: 960, kernel: 3, stride: 1},

	{group: "any", size: 28, channels: 192, kernel: 7, stride: 1},
	{group: "any", size: 14, channels: 384, kernel: 7, stride: 1},
	{group: "any", size: 56, channels: 64, kernel: 2, stride: 2},

	{group: "channels", size: 112, channels: 1, kernel: 3, stride: 1},
	{group: "channels", size: 112, channels: 3, kernel: 3, stride: 1},
	{group: "channels", size: 112, channels: 3, kernel: 3, stride: 2},
	{group: "channels", size: 56, channels: 6, kernel: 3, stride: 1},
	{group: "channels", size: 56, channels: 12, kernel: 3, stride: 1},
	{group: "channels", size: 56, channels: 20, kernel: 3, stride: 1},
	{group: "channels", size: 28, channels: 42, kernel: 5, stride: 1},
	{group: "channels", size: 28, channels: 96, multiplier: 2, kernel: 3, stride: 1},

	{group: "groups", size: 56, channels: 64, members: 2, kernel: 3, stride: 1},
	{group: "groups", size: 56, channels: 128, members: 4, kernel: 3, stride: 1},
	{group: "groups", size: 28, channels: 256, members: 8, kernel: 3, stride: 1},
	{group: "groups", size: 28, channels: 256, members: 8, kernel: 3, stride: 2},
	{group: "groups", size: 14, channels: 512, members: 4, kernel: 3, stride: 1},
	{group: "groups", size: 7, channels: 1024, members: 8, kernel: 3, stride: 1},
}

func BenchmarkDepthwise(b *testing.B) {
	for _, batch := range []int{1, 16} {
		for _, l := range benchmarks {
			if batch > 1 && l.group != "networks" && l.group != "groups" {
				continue
			}
			s := same(Shape{N: batch, H: l.size, W: l.size, C: l.channels, M: l.multiplier, KH: l.kernel, KW: l.kernel, StrideH: l.stride, StrideW: l.stride, Group: l.members})
			nx, nw, ny := s.lens()
			x, w, y, bias := make([]float32, nx), make([]float32, nw), make([]float32, ny), make([]float32, s.channels())
			for i := range x {
				x[i] = 1 // memory that was never written is fast to read
			}
			for _, isa := range kernel.Available() {
				if isa == kernel.Generic {
					continue
				}
				f, d, g := NewForward(isa, s, Epilogue{Bias: true, ReLU: true, Limit: 6}), NewGradInput(isa, s), NewGradFilter(isa, s, true)
				partial := make([]float32, g.PartialLen())
				scratch := make([]float32, max(f.ScratchLen(), d.ScratchLen(), g.ScratchLen()))
				for _, c := range []struct {
					name string
					run  func()
				}{
					{"forward", func() {
						for p := range f.Parts() {
							f.Run(p, x, w, bias, y, scratch)
						}
					}},
					{"data", func() {
						for p := range d.Parts() {
							d.Run(p, y, w, x, scratch)
						}
					}},
					{"filter", func() {
						for p := range g.Parts() {
							g.Run(p, x, y, partial, scratch)
						}
						for p := range g.ReduceParts() {
							g.Reduce(p, partial, w, bias)
						}
					}},
				} {
					name := fmt.Sprintf("%v/%s/%dx%dx%d k%d s%d", isa, l.group, s.H, s.W, s.C, s.KH, s.StrideH)
					if l.members > 0 {
						name += fmt.Sprint(" g", l.members)
					}
					if l.multiplier > 0 {
						name += fmt.Sprint(" m", l.multiplier)
					}
					b.Run(fmt.Sprintf("%s/n%d/%s", name, batch, c.name), func(b *testing.B) {
						kerneltest.Speed(b, s.FLOPs(), 4*(nx+ny), c.run)
					})
				}
			}
		}
	}
}
