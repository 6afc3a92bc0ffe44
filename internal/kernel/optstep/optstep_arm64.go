package optstep

import "github.com/lince-ml/lince/internal/kernel"

// Each of these does some first elements and says how many; the caller does the rest.

func vectors(isa kernel.ISA, x []float32) (n int) {
	if isa == kernel.NEON {
		return len(x) / 4
	}
	return 0
}

func sgdVector(isa kernel.ISA, o SGD, w, g, m []float32) int {
	n := vectors(isa, w)
	if n == 0 {
		return 0
	}
	c := [8]float32{o.LearningRate, o.Momentum}
	switch {
	case m == nil || o.Momentum == 0:
		sgdNEON(&c, n, &w[0], &g[0])
	case o.Nesterov:
		sgdNesterovNEON(&c, n, &w[0], &g[0], &m[0])
	default:
		sgdMomentumNEON(&c, n, &w[0], &g[0], &m[0])
	}
	return 4 * n
}

func rmspropVector(isa kernel.ISA, o RMSprop, w, g, v, m, a []float32) int {
	n := vectors(isa, w)
	if n == 0 {
		return 0
	}
	c := [8]float32{o.LearningRate, o.Rho, 1 - o.Rho, o.Momentum, o.Epsilon}
	switch momentum := m != nil && o.Momentum != 0; {
	case momentum && o.Centered:
		rmspropMomentumCenteredNEON(&c, n, &w[0], &g[0], &v[0], &m[0], &a[0])
	case momentum:
		rmspropMomentumNEON(&c, n, &w[0], &g[0], &v[0], &m[0])
	case o.Centered:
		rmspropCenteredNEON(&c, n, &w[0], &g[0], &v[0], &a[0])
	default:
		rmspropNEON(&c, n, &w[0], &g[0], &v[0])
	}
	return 4 * n
}

func adamVector(isa kernel.ISA, o Adam, alpha float32, w, g, m, v, greatest []float32) int {
	n := vectors(isa, w)
	if n == 0 || greatest != nil {
		return 0
	}
	c := [8]float32{alpha, 1 - o.Beta1, 1 - o.Beta2, o.Epsilon}
	adamNEON(&c, n, &w[0], &g[0], &m[0], &v[0])
	return 4 * n
}
