// Package optstep holds the optimizers' steps. Each updates a variable and its slots in one pass, by Keras'
// formulas.
//
// The steps use only + - * / and square roots, each rounded separately, so that the Go loops and the assembly
// give the same bits.
package optstep

import (
	"math"

	"github.com/lince-ml/lince/internal/kernel"
)

// SGD is a step of keras.optimizers.SGD:
//
//	w -= w*Decay*LearningRate
//	Momentum == 0: w -= LearningRate*g
//	else:          m = Momentum*m - LearningRate*g; w += m, with Nesterov w += Momentum*m - LearningRate*g
type SGD struct {
	LearningRate, Momentum float32
	Nesterov               bool
	Decay                  float32
}

// RMSprop is a step of keras.optimizers.RMSprop:
//
//	w -= w*Decay*LearningRate
//	v = Rho*v + (1-Rho)*g*g;  d = v + Epsilon
//	Centered: a = Rho*a + (1-Rho)*g, d = v - a*a + Epsilon
//	i = LearningRate*g/sqrt(d);  w -= i, with Momentum m = Momentum*m + i, w -= m
type RMSprop struct {
	LearningRate, Rho, Momentum, Epsilon float32
	Centered                             bool
	Decay                                float32
}

// Adam is a step of keras.optimizers.Adam. Step counts from 1:
//
//	w -= w*Decay*LearningRate
//	alpha = LearningRate*sqrt(1-Beta2^Step)/(1-Beta1^Step)
//	m += (g-m)*(1-Beta1);  v += (g*g-v)*(1-Beta2);  w -= alpha*m/(sqrt(v)+Epsilon)
//
// With AMSGrad there is a slot vmax for the maximum of v, which replaces v in the last formula.
type Adam struct {
	LearningRate, Epsilon, Decay float32
	Beta1, Beta2                 float64
	Step                         int
}

// block divides n elements into parts.
type block struct {
	isa kernel.ISA
	n   int
}

// Parts is the number of parts of Run.
func (b block) Parts() int { return kernel.Blocks(b.n) }

// slice returns a part of x, or nil.
func (b block) slice(part int, x []float32) []float32 {
	if x == nil {
		return nil
	}
	lo, hi := kernel.BlockRange(b.n, part)
	return x[lo:hi]
}

// SGDStep runs SGD steps on n elements.
type SGDStep struct{ block }

// NewSGD prepares the steps.
func NewSGD(isa kernel.ISA, n int) *SGDStep { return &SGDStep{block{isa, n}} }

// Run updates a part of w and of the velocity m, which is nil without momentum.
func (s *SGDStep) Run(part int, o SGD, w, g, m []float32) {
	s.All(o, s.slice(part, w), s.slice(part, g), s.slice(part, m))
}

// All updates all elements of its operands, which must have the length of w.
func (s *SGDStep) All(o SGD, w, g, m []float32) {
	i := sgdVector(s.isa, o, w, g, m)
	if m == nil || o.Momentum == 0 {
		for ; i < len(w); i++ {
			w[i] = decay(w[i], o.Decay, o.LearningRate) - float32(o.LearningRate*g[i])
		}
		return
	}
	for ; i < len(w); i++ {
		step := float32(o.LearningRate * g[i])
		w[i] = decay(w[i], o.Decay, o.LearningRate)
		m[i] = float32(o.Momentum*m[i]) - step
		if o.Nesterov {
			w[i] += float32(o.Momentum*m[i]) - step
		} else {
			w[i] += m[i]
		}
	}
}

// RMSpropStep runs RMSprop steps on n elements.
type RMSpropStep struct{ block }

// NewRMSprop prepares the steps.
func NewRMSprop(isa kernel.ISA, n int) *RMSpropStep { return &RMSpropStep{block{isa, n}} }

// Run updates a part of w and of the velocity v, of m, which is nil without momentum, and of the mean gradient
// a, which is nil unless Centered.
func (s *RMSpropStep) Run(part int, o RMSprop, w, g, v, m, a []float32) {
	s.All(o, s.slice(part, w), s.slice(part, g), s.slice(part, v), s.slice(part, m), s.slice(part, a))
}

// All updates all elements of its operands, which must have the length of w.
func (s *RMSpropStep) All(o RMSprop, w, g, v, m, a []float32) {
	rest := 1 - o.Rho
	for i := rmspropVector(s.isa, o, w, g, v, m, a); i < len(w); i++ {
		v[i] = float32(o.Rho*v[i]) + float32(rest*float32(g[i]*g[i]))
		d := v[i]
		if o.Centered {
			a[i] = float32(o.Rho*a[i]) + float32(rest*g[i])
			d -= float32(a[i] * a[i])
		}
		d += o.Epsilon
		step := float32(o.LearningRate*g[i]) / sqrt(d)
		if m != nil && o.Momentum != 0 {
			m[i] = float32(o.Momentum*m[i]) + step
			step = m[i]
		}
		w[i] = decay(w[i], o.Decay, o.LearningRate) - step
	}
}

// AdamStep runs Adam steps on n elements.
type AdamStep struct{ block }

// NewAdam prepares the steps.
func NewAdam(isa kernel.ISA, n int) *AdamStep { return &AdamStep{block{isa, n}} }

// Run updates a part of w, of the momentum m, of the velocity v, and of its maximum vmax, which is nil without
// AMSGrad.
func (s *AdamStep) Run(part int, o Adam, w, g, m, v, vmax []float32) {
	s.All(o, s.slice(part, w), s.slice(part, g), s.slice(part, m), s.slice(part, v), s.slice(part, vmax))
}

// All updates all elements of its operands, which must have the length of w.
func (s *AdamStep) All(o Adam, w, g, m, v, vmax []float32) {
	alpha := o.alpha()
	rest1, rest2 := float32(1-o.Beta1), float32(1-o.Beta2)
	for i := adamVector(s.isa, o, alpha, w, g, m, v, vmax); i < len(w); i++ {
		m[i] += float32((g[i] - m[i]) * rest1)
		v[i] += float32((float32(g[i]*g[i]) - v[i]) * rest2)
		u := v[i]
		if vmax != nil {
			u = max(u, vmax[i])
			vmax[i] = u
		}
		w[i] = decay(w[i], o.Decay, o.LearningRate) - float32(alpha*m[i])/(sqrt(u)+o.Epsilon)
	}
}

// alpha is the learning rate with the corrections for the bias of both slots. Keras rounds Beta1 and Beta2 to
// float32 here, but not before it computes 1-Beta1 and 1-Beta2. Of 1-0.999, the fifth digit depends on that.
func (o Adam) alpha() float32 {
	b1 := math.Pow(float64(float32(o.Beta1)), float64(o.Step))
	b2 := math.Pow(float64(float32(o.Beta2)), float64(o.Step))
	return float32(float64(o.LearningRate) * math.Sqrt(1-b2) / (1 - b1))
}

// decay shrinks a weight.
func decay(w, decay, rate float32) float32 { return w - float32(float32(w*decay)*rate) }

// Average moves each element of a, which has the length of w, towards that of w: a = m*a + (1-m)*w.
func Average(m float32, a, w []float32) {
	for i, x := range w {
		a[i] = float32(m*a[i]) + float32((1-m)*x)
	}
}

func sqrt(x float32) float32 { return float32(math.Sqrt(float64(x))) }
