// Package philox has the counter-based random number generator Philox4x32-10 (Salmon, Moraes, Dror and Shaw,
// "Parallel random numbers: as easy as 1, 2, 3", SC 2011). A draw is a pure function of key, step and index.
// So any number of workers can share a stream without synchronization, and the step is the only state.
package philox

const (
	mul0, mul1   = 0xD2511F53, 0xCD9E8D57
	weyl0, weyl1 = 0x9E3779B9, 0xBB67AE85
	rounds       = 10
)

// Block is the generator: it returns four random words for a counter and a key. All are in order of
// significance, the least significant word first, as in Random123.
func Block(counter [4]uint32, key [2]uint32) [4]uint32 {
	c0, c1, c2, c3 := counter[0], counter[1], counter[2], counter[3]
	k0, k1 := key[0], key[1]
	for range rounds {
		p0 := uint64(mul0) * uint64(c0)
		p1 := uint64(mul1) * uint64(c2)
		c0, c1, c2, c3 = uint32(p1>>32)^c1^k0, uint32(p1), uint32(p0>>32)^c3^k1, uint32(p0)
		k0 += weyl0
		k1 += weyl1
	}
	return [4]uint32{c0, c1, c2, c3}
}

// At returns block index of a step of the stream key. The lower half of the counter is index, the upper half
// is step.
func At(key uint64, step int64, index uint64) [4]uint32 {
	return Block(
		[4]uint32{uint32(index), uint32(index >> 32), uint32(uint64(step)), uint32(uint64(step) >> 32)},
		[2]uint32{uint32(key), uint32(key >> 32)},
	)
}

// two returns blocks index and index+1 of a step of the stream key. It takes hardly longer than one block, which waits for its products.
func two(key uint64, step int64, index uint64) (c0, c1, c2, c3, d0, d1, d2, d3 uint32) {
	c0, c1, c2, c3 = uint32(index), uint32(index>>32), uint32(uint64(step)), uint32(uint64(step)>>32)
	d0, d1, d2, d3 = uint32(index+1), uint32((index+1)>>32), c2, c3
	k0, k1 := uint32(key), uint32(key>>32)
	for range rounds {
		p0, p1 := uint64(mul0)*uint64(c0), uint64(mul1)*uint64(c2)
		q0, q1 := uint64(mul0)*uint64(d0), uint64(mul1)*uint64(d2)
		c0, c1, c2, c3 = uint32(p1>>32)^c1^k0, uint32(p1), uint32(p0>>32)^c3^k1, uint32(p0)
		d0, d1, d2, d3 = uint32(q1>>32)^d1^k0, uint32(q1), uint32(q0>>32)^d3^k1, uint32(q0)
		k0 += weyl0
		k1 += weyl1
	}
	return
}

// Uniform fills dst with elements first, first+1, ... of a step of the stream key: numbers in [0,1) that are
// multiples of 2^-24. Element i is the upper 24 bits of word i%4 of block i/4. op.RandomUniform is defined by
// this function.
func Uniform(key uint64, step int64, first int, dst []float32) {
	for i := 0; i < len(dst); {
		n := first + i
		if d := dst[i:]; n%4 == 0 && len(d) >= 8 {
			b0, b1, b2, b3, b4, b5, b6, b7 := two(key, step, uint64(n)/4)
			d[0], d[1], d[2], d[3] = unit(b0), unit(b1), unit(b2), unit(b3)
			d[4], d[5], d[6], d[7] = unit(b4), unit(b5), unit(b6), unit(b7)
			i += 8
			continue
		}
		block := At(key, step, uint64(n)/4)
		for w := n % 4; w < 4 && i < len(dst); w++ {
			dst[i] = unit(block[w])
			i++
		}
	}
}

func unit(word uint32) float32 { return float32(word>>8) * 0x1p-24 }

// Float64s fills dst with elements first, first+1, ... of step 0 of the stream key: numbers in (0,1) with 53
// bits. A block has two of them.
func Float64s(key uint64, first int, dst []float64) {
	for i := 0; i < len(dst); {
		n := first + i
		if d := dst[i:]; n%2 == 0 && len(d) >= 4 {
			b0, b1, b2, b3, b4, b5, b6, b7 := two(key, 0, uint64(n)/2)
			d[0], d[1], d[2], d[3] = longUnit(b0, b1), longUnit(b2, b3), longUnit(b4, b5), longUnit(b6, b7)
			i += 4
			continue
		}
		b := At(key, 0, uint64(n)/2)
		for w := n % 2; w < 2 && i < len(dst); w++ {
			dst[i] = longUnit(b[2*w], b[2*w+1])
			i++
		}
	}
}

func longUnit(low, high uint32) float64 {
	return (float64((uint64(high)<<32|uint64(low))>>12) + .5) * 0x1p-52
}

// Normal fills dst with elements first, first+1, ... of a step of the stream key: standard normal numbers.
// Element i is the quantile of word i%4 of block i/4. op.RandomNormal is defined by this function.
func Normal(key uint64, step int64, first int, dst []float32) {
	for i := 0; i < len(dst); {
		n := first + i
		block := At(key, step, uint64(n)/4)
		for w := n % 4; w < 4 && i < len(dst); w++ {
			dst[i] = float32(Quantile((float64(block[w]) + .5) * 0x1p-32))
			i++
		}
	}
}
