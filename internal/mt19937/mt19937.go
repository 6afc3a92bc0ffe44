// Package mt19937 is NumPy's legacy random stream, numpy.random.RandomState: the Mersenne Twister MT19937, with the same draws
// as NumPy. Splits and the augmentation of ImageDataGenerator use it, so that a seed gives the same results as in the Python
// libraries. All other random numbers in lince come from package philox.
//
// Source: Matsumoto and Nishimura, "Mersenne Twister" (1998); numpy/random/mtrand.pyx.
package mt19937

const (
	size      = 624
	middle    = 397
	matrixA   = 0x9908b0df
	upperMask = 0x80000000
	lowerMask = 0x7fffffff
)

// Rand is a random stream. It is not safe for concurrent use.
type Rand struct {
	key [size]uint32
	pos int
}

// New returns the stream of numpy.random.RandomState(seed).
func New(seed uint32) *Rand {
	r := new(Rand)
	r.Seed(seed)
	return r
}

// Seed restarts the stream, as numpy.random.seed(seed) does.
func (r *Rand) Seed(seed uint32) {
	s := seed
	for i := range r.key {
		r.key[i] = s
		s = 1812433253*(s^(s>>30)) + uint32(i) + 1
	}
	r.pos = size
}

func twist(hi, lo, far uint32) uint32 {
	y := hi&upperMask | lo&lowerMask
	return far ^ y>>1 ^ -(y&1)&matrixA
}

func (r *Rand) refill() {
	k := &r.key
	for i := range size - middle {
		k[i] = twist(k[i], k[i+1], k[i+middle])
	}
	for i := size - middle; i < size-1; i++ {
		k[i] = twist(k[i], k[i+1], k[i+middle-size])
	}
	k[size-1] = twist(k[size-1], k[0], k[middle-1])
	r.pos = 0
}

// Uint32 draws 32 random bits.
func (r *Rand) Uint32() uint32 {
	if r.pos == size {
		r.refill()
	}
	y := r.key[r.pos]
	r.pos++
	y ^= y >> 11
	y ^= y << 7 & 0x9d2c5680
	y ^= y << 15 & 0xefc60000
	return y ^ y>>18
}

// Float64 draws a number in [0,1) with 53 bits, as random_sample() does.
func (r *Rand) Float64() float64 {
	a, b := r.Uint32()>>5, r.Uint32()>>6
	return (float64(a)*67108864 + float64(b)) / 9007199254740992
}

// Uniform draws a number in [lo,hi), as uniform(lo, hi) does.
func (r *Rand) Uniform(lo, hi float64) float64 {
	// NumPy rounds the product before the addition, so a fused multiply-add would give other bits.
	d := float64((hi - lo) * r.Float64())
	return lo + d
}

// Interval draws a number in [0,max] by masked rejection, as shuffle and permutation do. A max of 0 draws
// nothing.
func (r *Rand) Interval(max uint32) uint32 {
	if max == 0 {
		return 0
	}
	mask := max
	mask |= mask >> 1
	mask |= mask >> 2
	mask |= mask >> 4
	mask |= mask >> 8
	mask |= mask >> 16
	for {
		if v := r.Uint32() & mask; v <= max {
			return v
		}
	}
}

// Intn draws a number in [0,n), as randint(n) and choice do. n must be positive.
func (r *Rand) Intn(n int) int { return int(r.Interval(uint32(n - 1))) }

// Shuffle shuffles x, as shuffle(x) does.
func Shuffle[T any](r *Rand, x []T) {
	for i := len(x) - 1; i > 0; i-- {
		j := r.Interval(uint32(i))
		x[i], x[j] = x[j], x[i]
	}
}

// Permutation returns 0..n-1 in random order, as permutation(n) does.
func (r *Rand) Permutation(n int) []int {
	x := make([]int, n)
	for i := range x {
		x[i] = i
	}
	Shuffle(r, x)
	return x
}
