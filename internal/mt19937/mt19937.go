// Package mt19937 is NumPy's legacy random stream, numpy.random.RandomState: the
// Mersenne Twister MT19937 with the very draws that NumPy makes of it. Splits and
// ImageDataGenerator's augmentation follow it, because they reproduce what the
// Python libraries give for a seed; everything else in lince is counter-based.
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

// Rand is one stream. It is not safe for concurrent use.
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

// Seed starts the stream again, as numpy.random.seed(seed).
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

// Uint32 draws 32 bits.
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

// Float64 draws from [0,1) with 53 bits, as random_sample().
func (r *Rand) Float64() float64 {
	a, b := r.Uint32()>>5, r.Uint32()>>6
	return (float64(a)*67108864 + float64(b)) / 9007199254740992
}

// Uniform draws from [lo,hi), as uniform(lo, hi).
func (r *Rand) Uniform(lo, hi float64) float64 {
	// NumPy rounds the product before it adds: no fused multiply-add here.
	d := float64((hi - lo) * r.Float64())
	return lo + d
}

// Interval draws from [0,max] by masked rejection; a max of 0 draws nothing.
// It is what shuffle and permutation draw with.
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

// Intn draws from [0,n), as randint(n) and the index of choice; n must be positive.
func (r *Rand) Intn(n int) int { return int(r.Interval(uint32(n - 1))) }

// Shuffle orders x at random, as shuffle(x).
func Shuffle[T any](r *Rand, x []T) {
	for i := len(x) - 1; i > 0; i-- {
		j := r.Interval(uint32(i))
		x[i], x[j] = x[j], x[i]
	}
}

// Permutation returns 0..n-1 in random order, as permutation(n).
func (r *Rand) Permutation(n int) []int {
	x := make([]int, n)
	for i := range x {
		x[i] = i
	}
	Shuffle(r, x)
	return x
}
