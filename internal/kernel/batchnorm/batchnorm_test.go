package batchnorm

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/kerneltest"
)

// sizes lists the tested sizes: rows, channels. There are lines of one row and of many, with and without
// an incomplete last line, fewer rows than a line has, several blocks, and several parts of columns.
var sizes = [][2]int{
	{1, 1}, {3, 1}, {2, 5}, {7, 3}, {64, 3}, {100, 3}, {5, 16}, {4, 24}, {37, 24}, {9, 64}, {50, 33}, {300, 64},
	{1111, 16}, {257, 80}, {600, 48}, {40, 528}, {3000, 7}, {20000, 2},
}

const epsilon = 1e-3

// oracle computes everything in float64.
type oracle struct {
	x, residual, gamma, beta             []float64
	mean, variance, y, dx, dgamma, dbeta []float64
}

func doubles(x []float32) []float64 {
	d := make([]float64, len(x))
	for i, v := range x {
		d[i] = float64(v)
	}
	return d
}

func (o *oracle) xhat(i int) float64 {
	c := i % len(o.mean)
	return (o.x[i] - o.mean[c]) / math.Sqrt(o.variance[c]+epsilon)
}

func (o *oracle) forward(e Epilogue) {
	c := len(o.gamma)
	n := float64(len(o.x) / c)
	o.mean, o.variance, o.y = make([]float64, c), make([]float64, c), make([]float64, len(o.x))
	for i, v := range o.x {
		o.mean[i%c] += v / n
	}
	for i, v := range o.x {
		o.variance[i%c] += (v - o.mean[i%c]) * (v - o.mean[i%c]) / n
	}
	for i := range o.x {
		v := o.xhat(i)*o.gamma[i%c] + o.beta[i%c]
		if e.Residual {
			v += o.residual[i]
		}
		if e.Activation != Linear {
			v = math.Max(v, 0)
		}
		if e.Activation == ReLU6 {
			v = math.Min(v, 6)
		}
		o.y[i] = v
	}
}

// grad computes the gradients from the masked gradient.
func (o *oracle) grad(g []float64) {
	c := len(o.gamma)
	n := float64(len(o.x) / c)
	o.dgamma, o.dbeta, o.dx = make([]float64, c), make([]float64, c), make([]float64, len(o.x))
	for i, v := range g {
		o.dbeta[i%c] += v
		o.dgamma[i%c] += v * o.xhat(i)
	}
	for i, v := range g {
		o.dx[i] = o.gamma[i%c] / math.Sqrt(o.variance[i%c]+epsilon) * (v - o.dbeta[i%c]/n - o.xhat(i)*o.dgamma[i%c]/n)
	}
}

// results are the results of all kernels for a size, by name.
type results map[string][]float32

// run runs all kernels: the normalization, then its gradient with a mask.
func run(t *testing.T, isa kernel.ISA, rows, channels int, e Epilogue, in map[string][]float32) results {
	n := rows * channels
	r := results{}
	junk := func(name string, n int) []float32 { r[name] = kerneltest.Junk(t, n); return r[name] }
	x, g := in["x"], in["g"]
	m := NewMoments(isa, rows, channels)
	partial, mean, variance := kerneltest.Junk(t, m.PartialLen()), junk("mean", channels), junk("variance", channels)
	kerneltest.Parts(m.Parts(), func(p int) { m.Run(p, x, partial) })
	kerneltest.Parts(m.ReduceParts(), func(p int) { m.Reduce(p, x, partial, mean, variance) })

	a := NewApply(isa, rows, channels, e)
	c, y := kerneltest.Junk(t, a.CoefficientsLen()), junk("y", n)
	a.Moments(mean, variance, in["gamma"], in["beta"], epsilon, c)
	kerneltest.Parts(a.Parts(), func(p int) { a.Run(p, x, in["residual"], c, y) })

	b := NewGrad(isa, rows, channels, Mask{e.Activation, e.Residual})
	c = kerneltest.Junk(t, b.CoefficientsLen())
	sums := kerneltest.Junk(t, b.PartialLen())
	var masked []float32
	if e.Residual && e.Activation != Linear {
		masked = junk("masked", n)
	}
	dgamma, dbeta, dx := junk("dgamma", channels), junk("dbeta", channels), junk("dx", n)
	b.Start(mean, variance, in["gamma"], in["beta"], epsilon, c)
	kerneltest.Parts(b.Parts(), func(p int) { b.Run(p, g, x, y, c, sums, masked) })
	kerneltest.Parts(b.ReduceParts(), func(p int) {
		b.Reduce(p, g, x, y, variance, epsilon, c, sums, dgamma, dbeta)
	})
	if masked != nil {
		g = masked
	}
	kerneltest.Parts(b.InputParts(), func(p int) { b.Input(p, g, x, c, dx) })
	kerneltest.NoAllocs(t, "batchnorm", func() {
		if m.Parts() > 0 {
			m.Run(0, x, partial)
		}
		m.Reduce(0, x, partial, mean, variance)
		a.Run(0, x, in["residual"], c, y)
		b.Run(0, in["g"], x, y, c, sums, masked)
		b.Input(0, g, x, c, dx)
	})
	return r
}

// operands returns random operands. Results of the normalization lie on both sides of 0 and of 6.
func operands(t *testing.T, rows, channels int) map[string][]float32 {
	in := map[string][]float32{}
	for i, name := range []string{"x", "residual", "g", "gamma", "beta"} {
		n := channels
		if i < 3 {
			n = rows * channels
		}
		in[name] = kerneltest.Random(t, uint64(i), n)
	}
	for i := range in["x"] {
		in["x"][i] += 3 // a mean far from 0
	}
	for i := range in["gamma"] {
		in["gamma"][i] *= 5
	}
	return in
}

var epilogues = []Epilogue{{false, Linear}, {false, ReLU}, {false, ReLU6}, {true, Linear}, {true, ReLU}, {true, ReLU6}}

// TestBatchNorm compares each instruction set with formulas in float64, and all of them, with portable Go,
// bit for bit.
func TestBatchNorm(t *testing.T) {
	for _, size := range kerneltest.Thin(sizes) {
		rows, channels := size[0], size[1]
		for _, e := range epilogues {
			in := operands(t, rows, channels)
			want := &oracle{x: doubles(in["x"]), residual: doubles(in["residual"]), gamma: doubles(in["gamma"]), beta: doubles(in["beta"])}
			want.forward(e)
			var first results // copies, because buffers are unmapped at the end of their subtest
			kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
				got := run(t, isa, rows, channels, e, in)
				name := func(what string) string { return fmt.Sprintf("%dx%d %+v: %s", rows, channels, e, what) }
				// An element of x is at most 4, so its error is 2.4e-7. Dividing by the channel's
				// standard deviation enlarges the error. The deviation is about .6, but may be small
				// for few rows, where epsilon bounds it.
				bound := 3e-6
				if rows < 8 {
					bound = 3e-5
				}
				kerneltest.Close(t, name("mean"), got["mean"], want.mean, 3e-7)
				kerneltest.Close(t, name("variance"), got["variance"], want.variance, 3e-7)
				kerneltest.Close(t, name("y"), got["y"], want.y, bound)
				masked := in["g"]
				if e.Activation != Linear { // from the computed y: elements near a kink may be on either side
					masked = maskedBy(e, in["g"], got["y"])
				}
				if m := got["masked"]; m != nil {
					kerneltest.Equal(t, name("masked"), m, masked)
				}
				want.grad(doubles(masked))
				kerneltest.Close(t, name("dbeta"), got["dbeta"], want.dbeta, bound)
				kerneltest.Close(t, name("dgamma"), got["dgamma"], want.dgamma, 2*bound)
				kerneltest.Close(t, name("dx"), got["dx"], want.dx, 2*bound)
				for what, x := range got {
					if first != nil {
						kerneltest.Equal(t, name(what), x, first[what])
					}
				}
				first = results{}
				for what, x := range got {
					first[what] = slices.Clone(x)
				}
			})
		}
	}
}

// maskedBy returns the gradient masked by the result y of an activation.
func maskedBy(e Epilogue, g, y []float32) []float32 {
	m := make([]float32, len(g))
	for i := range g {
		m[i] = Mask{Activation: e.Activation}.of(g[i], y[i])
	}
	return m
}

// TestFarMean checks that the variance is as accurate as with two passes where the mean is large.
func TestFarMean(t *testing.T) {
	const rows, channels = 5000, 16
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		x := kerneltest.Random(t, 1, rows*channels)
		for i := range x {
			x[i] = 1000 + x[i]
		}
		want := &oracle{x: doubles(x), gamma: make([]float64, channels), beta: make([]float64, channels)}
		want.forward(Epilogue{})
		m, mean, variance := NewMoments(isa, rows, channels), kerneltest.Junk(t, channels), kerneltest.Junk(t, channels)
		partial := kerneltest.Junk(t, m.PartialLen())
		kerneltest.Parts(m.Parts(), func(p int) { m.Run(p, x, partial) })
		kerneltest.Parts(m.ReduceParts(), func(p int) { m.Reduce(p, x, partial, mean, variance) })
		kerneltest.Close(t, "mean", mean, want.mean, 1e-7)
		kerneltest.Close(t, "variance", variance, want.variance, 1e-6)
	})
}

// TestNotFinite checks that a channel with a NaN or infinity has no finite results.
func TestNotFinite(t *testing.T) {
	const rows, channels = 70, 24
	for _, bad := range []float64{math.NaN(), math.Inf(1)} {
		kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
			in := operands(t, rows, channels)
			in["x"][5*channels+3] = float32(bad)
			got := run(t, isa, rows, channels, Epilogue{Activation: ReLU}, in)
			for i, v := range got["y"] {
				if finite := v-v == 0; finite == (i%channels == 3) {
					t.Fatalf("%v: element %d is %v", bad, i, v)
				}
			}
		})
	}
}

// TestAffine checks scaling and shifting by given numbers.
func TestAffine(t *testing.T) {
	const rows, channels = 21, 10
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		in := operands(t, rows, channels)
		a := NewApply(isa, rows, channels, Epilogue{})
		for _, shift := range [][]float32{in["beta"], nil} {
			c, y, want := kerneltest.Junk(t, a.CoefficientsLen()), kerneltest.Junk(t, rows*channels), make([]float32, rows*channels)
			a.Affine(in["gamma"], shift, c)
			kerneltest.Parts(a.Parts(), func(p int) { a.Run(p, in["x"], nil, c, y) })
			for i, x := range in["x"] {
				want[i] = float32(x * in["gamma"][i%channels])
				if shift != nil {
					want[i] += shift[i%channels]
				}
			}
			kerneltest.Equal(t, "scaled and shifted", y, want)
		}
	})
}

// TestRegionMoments checks that regions in any order give the moments of the whole matrix.
func TestRegionMoments(t *testing.T) {
	const rows, channels = 1000, 640
	regions := []Region{{0, 300, 0, 48}, {0, 1000, 48, 640}, {300, 1000, 0, 16}, {300, 301, 16, 48}, {301, 1000, 16, 48}}
	var first []float32
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		x := operands(t, rows, channels)["x"]
		want := &oracle{x: doubles(x), gamma: make([]float64, channels), beta: make([]float64, channels)}
		want.forward(Epilogue{})
		m := NewRegionMoments(isa, rows, channels, regions)
		partial, mean, variance := kerneltest.Junk(t, m.PartialLen()), kerneltest.Junk(t, channels), kerneltest.Junk(t, channels)
		kerneltest.Parts(len(regions), func(r int) { m.Run(r, x, partial) })
		kerneltest.Parts(m.ReduceParts(), func(p int) { m.Reduce(p, partial, mean, variance) })
		kerneltest.Close(t, "mean", mean, want.mean, 3e-7)
		kerneltest.Close(t, "variance", variance, want.variance, 3e-7)
		got := slices.Concat(mean, variance)
		if first != nil {
			kerneltest.Equal(t, "mean and variance", got, first)
		}
		first = got
		kerneltest.NoAllocs(t, "regions", func() { m.Run(1, x, partial); m.Reduce(2, partial, mean, variance) })
	})
	if NewRegionMoments(kernel.Generic, 2, 24, []Region{{0, 2, 0, 24}}) != nil {
		t.Error("24 channels are no multiple of 16")
	}
}
