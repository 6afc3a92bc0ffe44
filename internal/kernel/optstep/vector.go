package optstep

import "github.com/lince-ml/lince/internal/kernel"

// Each of these updates the elements of the whole vectors at the start of w and returns their number. The
// caller updates the rest.

func sgdVector(isa kernel.ISA, o SGD, w, g, m []float32) int {
	n := isa.Vectors(len(w))
	if n == 0 {
		return 0
	}
	c := [8]float32{o.LearningRate, o.Momentum, o.Decay}
	switch {
	case m == nil || o.Momentum == 0:
		sgdVectors(isa, &c, n, &w[0], &g[0])
	case o.Nesterov:
		sgdNesterovVectors(isa, &c, n, &w[0], &g[0], &m[0])
	default:
		sgdMomentumVectors(isa, &c, n, &w[0], &g[0], &m[0])
	}
	return n * isa.Lanes()
}

func rmspropVector(isa kernel.ISA, o RMSprop, w, g, v, m, a []float32) int {
	n := isa.Vectors(len(w))
	if n == 0 {
		return 0
	}
	c := [8]float32{o.LearningRate, o.Rho, 1 - o.Rho, o.Momentum, o.Epsilon, o.Decay}
	switch momentum := m != nil && o.Momentum != 0; {
	case momentum && o.Centered:
		rmspropMomentumCenteredVectors(isa, &c, n, &w[0], &g[0], &v[0], &m[0], &a[0])
	case momentum:
		rmspropMomentumVectors(isa, &c, n, &w[0], &g[0], &v[0], &m[0])
	case o.Centered:
		rmspropCenteredVectors(isa, &c, n, &w[0], &g[0], &v[0], &a[0])
	default:
		rmspropVectors(isa, &c, n, &w[0], &g[0], &v[0])
	}
	return n * isa.Lanes()
}

// adamVector updates nothing with AMSGrad, for which there is no assembly.
func adamVector(isa kernel.ISA, o Adam, alpha float32, w, g, m, v, vmax []float32) int {
	n := isa.Vectors(len(w))
	if n == 0 || vmax != nil {
		return 0
	}
	c := [8]float32{alpha, float32(1 - o.Beta1), float32(1 - o.Beta2), o.Epsilon, o.Decay, o.LearningRate}
	adamVectors(isa, &c, n, &w[0], &g[0], &m[0], &v[0])
	return n * isa.Lanes()
}
