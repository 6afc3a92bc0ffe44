package gemm

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/kerneltest"
)

// layers are dense layers and 1x1 convolutions: number of rows, inputs and units.
var layers = [][3]int{
	{1, 4096, 4096}, {16, 4096, 4096}, {128, 4096, 4096},
	{15, 57600, 64}, {32, 57600, 64}, {32, 512, 10}, {128, 784, 1},
	{1, 1024, 1024}, {256, 256, 256}, {512, 512, 512}, {1024, 1024, 1024}, {2048, 2048, 2048},
	{12544, 64, 64}, {3136, 64, 256}, {12544, 16, 96}, {3136, 144, 24}, {784, 512, 128}, {196, 1024, 256}, {49, 2048, 512}, {49, 960, 160}, {49, 320, 1280},
}

// products are the three products of a layer: y = x w, dx = dy w', dw = x' dy.
var products = []struct {
	name  string
	shape func(m, k, n int) Shape
}{
	{"y", func(m, k, n int) Shape { return Shape{M: m, K: k, N: n} }},
	{"dx", func(m, k, n int) Shape { return Shape{M: m, K: n, N: k, TransB: true} }},
	{"dw", func(m, k, n int) Shape { return Shape{M: k, K: m, N: n, TransA: true} }},
}

func eachProduct(b *testing.B, run func(b *testing.B, g *Gemm, x, y, out, partial []float32)) {
	for _, isa := range kernel.Available() {
		for _, l := range layers {
			for _, p := range products {
				b.Run(fmt.Sprintf("%v/%dx%dx%d/%s", isa, l[0], l[1], l[2], p.name), func(b *testing.B) {
					s := p.shape(l[0], l[1], l[2])
					g := New(isa, s, Epilogue{})
					x := append([]float32(nil), kerneltest.Random(b, 1, s.M*s.K)...)
					y := append([]float32(nil), kerneltest.Random(b, 2, s.K*s.N)...)
					run(b, g, x, y, make([]float32, s.M*s.N), make([]float32, g.PartialLen()))
				})
			}
		}
	}
}

func bytes(s Shape) int { return 4 * (s.M*s.K + s.K*s.N + s.M*s.N) }

// BenchmarkGemm measures the processor time of one thread.
func BenchmarkGemm(b *testing.B) {
	eachProduct(b, func(b *testing.B, g *Gemm, x, y, out, partial []float32) {
		scratch := make([]float32, g.ScratchLen())
		kerneltest.Speed(b, g.shape.FLOPs(), bytes(g.shape), func() {
			for p := range g.StartParts() {
				g.Start(p, x, partial)
			}
			for p := range g.Parts() {
				g.Run(p, x, y, nil, out, partial, scratch)
			}
			for p := range g.ReduceParts() {
				g.Reduce(p, partial, nil, out)
			}
		})
	})
}

// BenchmarkBlocks measures the gradient of weights in blocks of rows, on one thread.
func BenchmarkBlocks(b *testing.B) {
	eachProduct(b, func(b *testing.B, g *Gemm, x, y, _, _ []float32) {
		if !g.shape.TransA {
			b.SkipNow()
		}
		dst, scratch := make([]float32, g.BlockLen()), make([]float32, g.BlockScratchLen())
		kerneltest.Speed(b, g.shape.FLOPs(), bytes(g.shape), func() {
			for p := range g.Blocks() {
				g.RunBlock(p, x, y, dst, scratch)
			}
		})
	})
}

// BenchmarkThreads measures the wall time of all threads. Other processes on the machine disturb it.
func BenchmarkThreads(b *testing.B) {
	threads := runtime.GOMAXPROCS(0)
	eachProduct(b, func(b *testing.B, g *Gemm, x, y, out, partial []float32) {
		scratch := make([][]float32, threads)
		for i := range scratch {
			scratch[i] = make([]float32, g.ScratchLen())
		}
		all := func(parts int, run func(p int, scratch []float32)) {
			var next atomic.Int64
			var wait sync.WaitGroup
			for i := range min(threads, parts) {
				wait.Go(func() {
					for p := int(next.Add(1)) - 1; p < parts; p = int(next.Add(1)) - 1 {
						run(p, scratch[i])
					}
				})
			}
			wait.Wait()
		}
		for b.Loop() {
			all(g.StartParts(), func(p int, _ []float32) { g.Start(p, x, partial) })
			all(g.Parts(), func(p int, scratch []float32) { g.Run(p, x, y, nil, out, partial, scratch) })
			all(g.ReduceParts(), func(p int, _ []float32) { g.Reduce(p, partial, nil, out) })
		}
		seconds := b.Elapsed().Seconds() / float64(b.N) * 1e9
		b.ReportMetric(float64(g.shape.FLOPs())/seconds, "GFLOP/s")
		b.ReportMetric(float64(bytes(g.shape))/seconds, "GB/s")
	})
}
