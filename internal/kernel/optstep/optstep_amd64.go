package optstep

import "github.com/lince-ml/lince/internal/kernel"

// Each of these does some first elements and says how many; the caller does the rest.

func vectors(isa kernel.ISA, x []float32) (n, lanes int) {
	switch isa {
	case kernel.AVX512:
		return len(x) / 16, 16
	case kernel.AVX2:
		return len(x) / 8, 8
	}
	return 0, 0
}

func sgdVector(isa kernel.ISA, o SGD, w, g, m []float32) int {
	n, lanes := vectors(isa, w)
	if n == 0 {
		return 0
	}
	c := [8]float32{o.LearningRate, o.Momentum}
	wide := isa == kernel.AVX512
	switch {
	case m == nil || o.Momentum == 0:
		if wide {
			sgdAVX512(&c, n, &w[0], &g[0])
		} else {
			sgdAVX2(&c, n, &w[0], &g[0])
		}
	case o.Nesterov:
		if wide {
			sgdNesterovAVX512(&c, n, &w[0], &g[0], &m[0])
		} else {
			sgdNesterovAVX2(&c, n, &w[0], &g[0], &m[0])
		}
	default:
		if wide {
			sgdMomentumAVX512(&c, n, &w[0], &g[0], &m[0])
		} else {
			sgdMomentumAVX2(&c, n, &w[0], &g[0], &m[0])
		}
	}
	return n * lanes
}

func rmspropVector(isa kernel.ISA, o RMSprop, w, g, v, m, a []float32) int {
	n, lanes := vectors(isa, w)
	if n == 0 {
		return 0
	}
	c := [8]float32{o.LearningRate, o.Rho, 1 - o.Rho, o.Momentum, o.Epsilon}
	wide := isa == kernel.AVX512
	switch momentum := m != nil && o.Momentum != 0; {
	case momentum && o.Centered:
		if wide {
			rmspropMomentumCenteredAVX512(&c, n, &w[0], &g[0], &v[0], &m[0], &a[0])
		} else {
			rmspropMomentumCenteredAVX2(&c, n, &w[0], &g[0], &v[0], &m[0], &a[0])
		}
	case momentum:
		if wide {
			rmspropMomentumAVX512(&c, n, &w[0], &g[0], &v[0], &m[0])
		} else {
			rmspropMomentumAVX2(&c, n, &w[0], &g[0], &v[0], &m[0])
		}
	case o.Centered:
		if wide {
			rmspropCenteredAVX512(&c, n, &w[0], &g[0], &v[0], &a[0])
		} else {
			rmspropCenteredAVX2(&c, n, &w[0], &g[0], &v[0], &a[0])
		}
	default:
		if wide {
			rmspropAVX512(&c, n, &w[0], &g[0], &v[0])
		} else {
			rmspropAVX2(&c, n, &w[0], &g[0], &v[0])
		}
	}
	return n * lanes
}

func adamVector(isa kernel.ISA, o Adam, alpha float32, w, g, m, v, greatest []float32) int {
	n, lanes := vectors(isa, w)
	if n == 0 || greatest != nil {
		return 0
	}
	c := [8]float32{alpha, 1 - o.Beta1, 1 - o.Beta2, o.Epsilon}
	if isa == kernel.AVX512 {
		adamAVX512(&c, n, &w[0], &g[0], &m[0], &v[0])
	} else {
		adamAVX2(&c, n, &w[0], &g[0], &m[0], &v[0])
	}
	return n * lanes
}
