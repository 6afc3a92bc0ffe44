package conv

import (
	"encoding/csv"
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/kerneltest"
)

// The convolutions of the tutorial's network with its batch size of 15, and shapes of image networks.
var benchmarks = []struct {
	name   string
	pooled bool
	shape  Shape
}{
	{"tutorial1", true, layer{N: 15, H: 128, W: 128, C: 3, K: 3, O: 64}.shape()},
	{"tutorial2", true, layer{N: 15, H: 63, W: 63, C: 64, K: 3, O: 64}.shape()},
	{"vgg112", false, layer{N: 1, H: 112, W: 112, C: 128, K: 3, O: 128, Same: true}.shape()},
	{"vgg28", false, layer{N: 2, H: 28, W: 28, C: 256, K: 3, O: 256, Same: true}.shape()},
	{"resnet14", false, layer{N: 16, H: 14, W: 14, C: 256, K: 3, O: 256, Same: true}.shape()},
	{"resnet7", false, layer{N: 16, H: 7, W: 7, C: 512, K: 3, O: 512, Same: true}.shape()},
	{"narrow32", false, layer{N: 8, H: 32, W: 32, C: 32, K: 3, O: 32, Same: true}.shape()},
	{"narrow16", false, layer{N: 4, H: 32, W: 32, C: 16, K: 3, O: 16, Same: true}.shape()},
	{"edge5", false, layer{N: 16, H: 5, W: 5, C: 32, K: 3, O: 32, Same: true}.shape()},
	{"one7", false, layer{N: 1, H: 7, W: 7, C: 512, K: 3, O: 512, Same: true}.shape()},
	{"resnet7x7s2", false, layer{N: 1, H: 224, W: 224, C: 3, K: 7, O: 64, Stride: 2, Same: true}.shape()},
	{"pointwise14", false, layer{N: 8, H: 14, W: 14, C: 96, K: 1, O: 144}.shape()},
}

// layers returns the dense convolutions of image networks that bench/layers.csv lists, with batch sizes 1
// and 16.
func layers(b *testing.B) (names []string, shapes []Shape) {
	f, err := os.Open("../../../bench/layers.csv")
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		b.Fatal(err)
	}
	seen := map[Shape]bool{}
	for _, row := range rows[1:] {
		var n [7]int
		for i := range n {
			if n[i], err = strconv.Atoi(row[2+i]); err != nil {
				b.Fatal(err)
			}
		}
		h, w, c, o, k, stride, groups := n[0], n[1], n[2], n[3], n[4], n[5], n[6]
		for _, batch := range []int{1, 16} {
			s := layer{N: batch, H: h, W: w, C: c, K: k, O: o, Stride: stride, Same: true}.shape()
			if groups > 1 || seen[s] {
				continue
			}
			seen[s] = true
			names = append(names, fmt.Sprintf("%s/b%d/%dx%dx%d->%d_%dx%d_s%d", row[0], batch, h, w, c, o, k, k, stride))
			shapes = append(shapes, s)
		}
	}
	return names, shapes
}

// BenchmarkLayers measures all implementations; a star marks the one that is chosen. It reports the GFLOP/s
// of one thread, the number of parts, and the percentage of the time of 2 and of 16 threads that has work.
func BenchmarkLayers(b *testing.B) {
	isa, err := kernel.Detect()
	if err != nil {
		b.Fatal(err)
	}
	names, shapes := layers(b)
	for n, s := range shapes {
		measure := func(direction, chosen, name string, parts int, step func()) {
			if name == chosen {
				name += "*"
			}
			b.Run(fmt.Sprintf("%s/%s/%s", names[n], direction, name), func(b *testing.B) {
				kerneltest.Speed(b, s.FLOPs(), 0, step)
				b.ReportMetric(float64(parts), "parts")
				b.ReportMetric(busy(parts, 2), "busy%2")
				b.ReportMetric(busy(parts, 16), "busy%16")
			})
		}
		e := Epilogue{Bias: true, ReLU: true}
		each(forwards, s, e, func(i implementation[Forward, Epilogue]) {
			f := i.make(isa, s, e)
			measure("forward", choose(forwards, s, e).name, i.name, f.Parts(), forwardStep(f, s, false))
		})
		each(gradInputs, s, false, func(i implementation[GradInput, bool]) {
			d := i.make(isa, s, false)
			measure("input", choose(gradInputs, s, false).name, i.name, d.Parts(), dataStep(d, s, false))
		})
		each(gradFilters, s, Gradient{}, func(i implementation[GradFilter, Gradient]) {
			if i.name == "sparse" {
				return
			}
			f := i.make(isa, s, Gradient{})
			measure("filter", choose(gradFilters, s, Gradient{}).name, i.name, f.Parts(), filterStep(f, s, false))
		})
	}
}

// busy is the percentage of the threads' time that has work if all parts take equally long.
func busy(parts, threads int) float64 {
	return 100 * float64(parts) / float64(kernel.CeilDiv(parts, threads)*threads)
}

// bench measures all shapes, implementations and instruction sets. The speed counts the FLOPs of a direct
// convolution.
func bench[K, O any](b *testing.B, list []implementation[K, O], options func(pooled bool) O, f func(k K, s Shape, pooled bool) (step func())) {
	for _, isa := range kernel.Available() {
		for _, c := range benchmarks {
			each(list, c.shape, options(c.pooled), func(i implementation[K, O]) {
				if i.name == "sparse" && !i.fits(c.shape, options(c.pooled)) {
					return
				}
				b.Run(fmt.Sprintf("%v/%s/%s", isa, c.name, i.name), func(b *testing.B) {
					step := f(i.make(isa, c.shape, options(c.pooled)), c.shape, c.pooled)
					kerneltest.Speed(b, c.shape.FLOPs(), 0, step)
				})
			})
		}
	}
}

func random(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(i*7919%1024)/512 - 1
	}
	return x
}

func (s Shape) pooledLen(pooled bool) int {
	if pooled {
		return s.N * (s.OH / 2) * (s.OW / 2) * s.O
	}
	return s.resultLen()
}

// later calls prepare, which allocates operands, when the step runs for the first time, so that benchmarks
// that are not selected do not use memory.
func later(prepare func() func()) func() {
	var step func()
	return func() {
		if step == nil {
			step = prepare()
		}
		step()
	}
}

func forwardStep(f Forward, s Shape, pooled bool) func() {
	return later(func() func() {
		x, w, bias := random(s.imageLen()), random(s.filterLen()), random(s.O)
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

func dataStep(d GradInput, s Shape, pooled bool) func() {
	return later(func() func() {
		w := random(s.filterLen())
		packed, scratch := make([]float32, d.PackedLen()), make([]float32, d.ScratchLen())
		dy, dx := random(s.pooledLen(pooled)), make([]float32, s.imageLen())
		argmax := argmaxOf(len(dy))
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

func filterStep(f GradFilter, s Shape, pooled bool) func() {
	return later(func() func() {
		x := random(s.imageLen())
		partial, scratch := make([]float32, f.PartialLen()), make([]float32, f.ScratchLen())
		dy, dw, db := random(s.pooledLen(pooled)), make([]float32, s.filterLen()), make([]float32, s.O)
		argmax := argmaxOf(len(dy))
		return func() {
			for p := range f.Parts() {
				f.Run(p, x, dy, argmax, partial, dw, db, scratch)
			}
			for p := range f.ReduceParts() {
				f.Reduce(p, partial, dw, db)
			}
		}
	})
}

func BenchmarkForward(b *testing.B) {
	bench(b, forwards, func(pooled bool) Epilogue { return Epilogue{Bias: true, ReLU: true, Pool: pooled} }, forwardStep)
}

func BenchmarkGradInput(b *testing.B) {
	bench(b, gradInputs, func(pooled bool) bool { return pooled }, dataStep)
}

func BenchmarkGradFilter(b *testing.B) {
	bench(b, gradFilters, func(pooled bool) Gradient { return Gradient{Pooled: pooled, Bias: true} }, filterStep)
}

// argmaxOf returns the argmax of n windows.
func argmaxOf(n int) []uint8 {
	argmax := make([]uint8, n)
	for i := range argmax {
		argmax[i] = uint8(i * 7 % 5)
	}
	return argmax
}
