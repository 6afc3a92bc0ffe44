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

// layers are the dense convolutions of image networks, from the bench's list, at batches of 1
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
			s := shape(batch, h, w, c, k, o, stride, 1, true)
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

// BenchmarkLayers measures all implementations (a star marks those that are chosen): GFLOP/s of
// one thread, the number of parts, and which percentage of 2 and of 16 threads' time has work.
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
			measure("data", choose(gradInputs, s, false).name, i.name, d.Parts(), dataStep(d, s, false))
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

// busy is the percentage of threads' time that has work when parts are alike.
func busy(parts, threads int) float64 {
	return 100 * float64(parts) / float64(kernel.CeilDiv(parts, threads)*threads)
}

// bench runs f over all shapes, implementations and instruction sets and reports the speed, in
// the FLOPs of the direct algorithm.
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

// later calls make, which prepares operands, when the step runs first: a step that no pattern
// chooses must not cost memory.
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

func filterStep(f GradFilter, s Shape, pooled bool) func() {
	return later(func() func() {
		x := random(s.imageLen())
		partial, scratch := make([]float32, f.PartialLen()), make([]float32, f.ScratchLen())
		dy, dw, db := random(s.pooledLen(pooled)), make([]float32, s.filterLen()), make([]float32, s.O)
		argmax := places(len(dy))
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

// places is n places of maxima.
func places(n int) []uint8 {
	p := make([]uint8, n)
	for i := range p {
		p[i] = uint8(i * 7 % 5)
	}
	return p
}
