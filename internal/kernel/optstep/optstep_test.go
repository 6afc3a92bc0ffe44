package optstep

import (
	"fmt"
	"math"
	"testing"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/kerneltest"
)

// The numbers that Keras computes for w = [1, 2] and three gradients (keras.optimizers.RMSprop, Keras 3).
func TestRMSpropGolden(t *testing.T) {
	grads := [][]float32{{.1, -.2}, {.3, .4}, {0, 1}}
	for _, c := range []struct {
		o    RMSprop
		want [][]float64
	}{
		{RMSprop{LearningRate: .001, Rho: .9, Epsilon: 1e-7}, [][]float64{{.99683785, 2.00316215}, {.99382275, 2.00030494}, {.99382275, 1.99738932}}},
		{RMSprop{LearningRate: .01, Rho: .9, Momentum: .9, Epsilon: 1e-7, Centered: true}, [][]float64{{.96666855, 2.03333282}, {.90389675, 2.03440166}, {.84740210, 2.00424814}}},
	} {
		kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
			const copies = 19 // so that assembly runs
			s := NewRMSprop(isa, 2*copies)
			w, g := make([]float32, 2*copies), make([]float32, 2*copies)
			v, m, a := make([]float32, 2*copies), make([]float32, 2*copies), make([]float32, 2*copies)
			for i := range w {
				w[i] = float32(1 + i%2)
			}
			for n, grad := range grads {
				want := make([]float64, 2*copies)
				for i := range g {
					g[i], want[i] = grad[i%2], c.want[n][i%2]
				}
				s.Run(0, c.o, w, g, v, m, a)
				kerneltest.Close(t, fmt.Sprintf("%+v, step %d", c.o, n), w, want, 3e-7)
			}
		})
	}
}

// step is an optimizer over n elements with up to three slots.
type step struct {
	name  string
	run   func(isa kernel.ISA, n int) (parts int, run func(p int, w, g, a, b, c []float32))
	naive func(w, g, a, b, c *float64)
}

func steps() []step {
	var list []step
	for _, o := range []SGD{
		{LearningRate: .1}, {LearningRate: .1, Momentum: .9}, {LearningRate: .1, Momentum: .9, Nesterov: true},
		{LearningRate: .1, Decay: .3}, {LearningRate: .1, Momentum: .9, Decay: .3}, {LearningRate: .1, Momentum: .9, Nesterov: true, Decay: .3},
	} {
		list = append(list, step{fmt.Sprintf("%+v", o), func(isa kernel.ISA, n int) (int, func(int, []float32, []float32, []float32, []float32, []float32)) {
			s := NewSGD(isa, n)
			return s.Parts(), func(p int, w, g, a, _, _ []float32) {
				if o.Momentum == 0 {
					a = nil
				}
				s.Run(p, o, w, g, a)
			}
		}, func(w, g, a, _, _ *float64) {
			lr, mu := float64(o.LearningRate), float64(o.Momentum)
			*w -= *w * float64(o.Decay) * lr
			if o.Momentum == 0 {
				*w -= lr * *g
				return
			}
			*a = mu**a - lr**g
			if o.Nesterov {
				*w += mu**a - lr**g
			} else {
				*w += *a
			}
		}})
	}
	for variant := range 8 {
		o := RMSprop{LearningRate: .01, Rho: .9, Epsilon: 1e-7, Centered: variant&1 != 0}
		if variant&2 != 0 {
			o.Momentum = .5
		}
		if variant&4 != 0 {
			o.Decay = .3
		}
		list = append(list, step{fmt.Sprintf("%+v", o), func(isa kernel.ISA, n int) (int, func(int, []float32, []float32, []float32, []float32, []float32)) {
			s := NewRMSprop(isa, n)
			return s.Parts(), func(p int, w, g, a, b, c []float32) {
				if o.Momentum == 0 {
					b = nil
				}
				if !o.Centered {
					c = nil
				}
				s.Run(p, o, w, g, a, b, c)
			}
		}, func(w, g, v, m, a *float64) {
			rho := float64(o.Rho)
			*w -= *w * float64(o.Decay) * float64(o.LearningRate)
			*v = rho**v + (1-rho)**g**g
			d := *v + float64(o.Epsilon)
			if o.Centered {
				*a = rho**a + (1-rho)**g
				d -= *a * *a
			}
			inc := float64(o.LearningRate) * *g / math.Sqrt(d)
			if o.Momentum > 0 {
				*m = float64(o.Momentum)**m + inc
				inc = *m
			}
			*w -= inc
		}})
	}
	for variant := range 4 {
		o, ams := Adam{LearningRate: .01, Beta1: .9, Beta2: .999, Epsilon: 1e-7, Step: 3}, variant&1 != 0
		if variant&2 != 0 {
			o.Decay = .3
		}
		list = append(list, step{fmt.Sprintf("%+v AMSGrad %v", o, ams), func(isa kernel.ISA, n int) (int, func(int, []float32, []float32, []float32, []float32, []float32)) {
			s := NewAdam(isa, n)
			return s.Parts(), func(p int, w, g, a, b, c []float32) {
				if !ams {
					c = nil
				}
				s.Run(p, o, w, g, a, b, c)
			}
		}, func(w, g, m, v, vmax *float64) {
			*w -= *w * float64(o.Decay) * float64(o.LearningRate)
			alpha := float64(o.LearningRate) * math.Sqrt(1-o.Beta2*o.Beta2*o.Beta2) / (1 - o.Beta1*o.Beta1*o.Beta1)
			*m += (*g - *m) * (1 - o.Beta1)
			*v += (*g**g - *v) * (1 - o.Beta2)
			u := *v
			if ams {
				u = math.Max(u, *vmax)
				*vmax = u
			}
			*w -= alpha * *m / (math.Sqrt(u) + float64(o.Epsilon))
		}})
	}
	return list
}

// Each step is compared with its formula in float64, and all instruction sets, with portable Go, are compared bit
// for bit.
func TestSteps(t *testing.T) {
	for _, s := range steps() {
		for _, n := range []int{1, 7, 16, 55, kernel.Block + 9} {
			var first [][]float32
			kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
				var x [5][]float32
				var want [5][]float64
				for i := range x {
					x[i] = kerneltest.Random(t, uint64(i), n)
					for j := range x[i] {
						if i >= 2 { // slots of squares are not negative, and larger than the mean's square
							x[i][j] = (x[i][j]*x[i][j] + .1) / float32(i)
						}
						if i == 4 {
							x[i][j] *= .1
						}
						want[i] = append(want[i], float64(x[i][j]))
					}
				}
				for j := range n {
					s.naive(&want[0][j], &want[1][j], &want[2][j], &want[3][j], &want[4][j])
				}
				parts, run := s.run(isa, n)
				kerneltest.Parts(parts, func(p int) { run(p, x[0], x[1], x[2], x[3], x[4]) })
				var got [][]float32
				for i := range x {
					kerneltest.Close(t, fmt.Sprintf("%s, %d elements, slot %d", s.name, n, i), x[i], want[i], 2e-6)
					got = append(got, append([]float32(nil), x[i]...))
					if first != nil {
						kerneltest.Equal(t, s.name, x[i], first[i])
					}
				}
				first = got
				kerneltest.NoAllocs(t, s.name, func() { run(0, x[0], x[1], x[2], x[3], x[4]) })
			})
		}
	}
}
