package philox

import (
	"math"
	"math/bits"
)

// attempts is the number of blocks that a draw of LogGamma may use. One in 20 attempts fails.
const attempts = 64

// LogGamma fills dst with elements first, first+1, ... of a step of the stream key: logarithms of numbers with the gamma
// distribution of shape alpha and scale 1. op.RandomLogGamma is defined by this function.
func LogGamma(key uint64, step int64, alpha float64, first int, dst []float32) {
	// For alpha < 1, a number of shape alpha+1 times u^(1/alpha) has shape alpha.
	d := max(alpha, 1) - 1./3
	if alpha < 1 {
		d = alpha + 2./3
	}
	c := 1 / math.Sqrt(9*d)
	for i := range dst {
		var log float64
		for k := range attempts {
			block := At(key, step, uint64(first+i)*attempts+uint64(k))
			u := func(w int) float64 { return (float64(block[w]) + .5) * 0x1p-32 }
			normal := math.Sqrt(-2*math.Log(u(0))) * math.Cos(2*math.Pi*u(1))
			v := 1 + c*normal
			if v > 0 || k == attempts-1 {
				v = max(v, 1e-3)
				v *= v * v
				log = math.Log(d * v)
				if alpha < 1 {
					log += math.Log(u(3)) / alpha
				}
				if math.Log(u(2)) < .5*normal*normal+d-d*v+d*math.Log(v) {
					break
				}
			}
		}
		dst[i] = float32(log)
	}
}

// Permutation fills dst with the numbers from 0 to len(dst)-1 in an order that depends on the stream key and the step. All orders are
// equally likely. op.RandomPermutation is defined by this function.
func Permutation(key uint64, step int64, dst []int32) {
	for i := range dst {
		block := At(key, step, uint64(i))
		j, _ := bits.Mul64(uint64(block[1])<<32|uint64(block[0]), uint64(i)+1) // from 0 to i
		dst[i] = dst[j]
		dst[j] = int32(i)
	}
}
