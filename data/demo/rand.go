package demo

// rng is SplitMix64. It is small, and its numbers never change.
type rng struct{ state uint64 }

func newRand(seed, stream uint64) *rng {
	r := &rng{seed}
	r.state = r.next() ^ stream*0xd1342543de82ef95
	r.next()
	return r
}

func (r *rng) next() uint64 {
	r.state += 0x9e3779b97f4a7c15
	z := r.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// intn returns a number from 0 to n-1.
func (r *rng) intn(n int) int { return int(r.next() >> 33 * uint64(n) >> 31) }

// in returns a number from lo to hi, both included.
func (r *rng) in(lo, hi int) int { return lo + r.intn(hi-lo+1) }

// chance returns true with a probability of percent/100.
func (r *rng) chance(percent int) bool { return r.intn(100) < percent }

// sign returns -1 or 1.
func (r *rng) sign() int { return 1 - 2*r.intn(2) }

func pick[T any](r *rng, of []T) T { return of[r.intn(len(of))] }
