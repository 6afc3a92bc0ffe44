package philox

import (
	"math"
	"testing"
)

// Known answers from Random123's kat_vectors for philox4x32 with 10 rounds.
func TestKnownAnswers(t *testing.T) {
	const f = 0xffffffff
	for _, c := range []struct {
		counter [4]uint32
		key     [2]uint32
		want    [4]uint32
	}{
		{want: [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{[4]uint32{f, f, f, f}, [2]uint32{f, f}, [4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{
			[4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, [2]uint32{0xa4093822, 0x299f31d0},
			[4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1},
		},
	} {
		if got := Block(c.counter, c.key); got != c.want {
			t.Errorf("Block(%#x, %#x) = %#x, want %#x", c.counter, c.key, got, c.want)
		}
	}
}

// TestBlocks checks that each word of each block is where it is said to be, wherever a fill begins and ends, and where the index fills its lower half.
func TestBlocks(t *testing.T) {
	const key, step = 7 + 1<<40, 5 + 1<<33
	for _, begin := range []int{0, 2<<32 - 9, 4<<32 - 9} {
		for first := begin; first < begin+9; first++ {
			for n := range 27 {
				floats, doubles := make([]float32, n), make([]float64, n)
				Uniform(key, step, first, floats)
				Float64s(key, first, doubles)
				for i := range n {
					at := uint64(first + i)
					if got, want := floats[i], float32(At(key, step, at/4)[at%4]>>8)/(1<<24); got != want {
						t.Fatalf("Uniform from %d: element %d of %d is %v, want %v", first, i, n, got, want)
					}
					b := At(key, 0, at/2)
					word := uint64(b[at%2*2+1])<<32 | uint64(b[at%2*2])
					if got, want := doubles[i], (float64(word>>12)+.5)/(1<<52); got != want {
						t.Fatalf("Float64s from %d: element %d of %d is %v, want %v", first, i, n, got, want)
					}
				}
			}
		}
	}
}

func TestUniformIsAPureFunctionOfTheIndex(t *testing.T) {
	whole := make([]float32, 103)
	Uniform(7, 3, 0, whole)
	for from := range 20 {
		part := make([]float32, 61)
		Uniform(7, 3, from, part)
		for i, v := range part {
			if v != whole[from+i] {
				t.Fatalf("element %d from %d is %v, want %v", i, from, v, whole[from+i])
			}
		}
	}
	other := make([]float32, len(whole))
	for _, c := range []struct {
		key  uint64
		step int64
	}{{7, 4}, {8, 3}, {7, 3 + 1<<32}, {7 + 1<<32, 3}, {7, -3}} {
		Uniform(c.key, c.step, 0, other)
		same := 0
		for i := range other {
			if other[i] == whole[i] {
				same++
			}
		}
		if same > 1 {
			t.Errorf("%+v: %d of %d draws are those of another stream", c, same, len(whole))
		}
	}
}

func TestMoments(t *testing.T) {
	const n = 1 << 18
	u := make([]float32, n)
	Uniform(42, 0, 0, u)
	check := func(name string, at func(int) float64) {
		var sum, square, lag float64
		for i := range n {
			x := at(i) - .5
			if x < -.5 || x >= .5 {
				t.Fatalf("%s: %v is not of [0,1)", name, x+.5)
			}
			sum += x
			square += x * x
			if i > 0 {
				lag += x * (at(i-1) - .5)
			}
		}
		// Five standard deviations of each sum.
		if m := sum / n; math.Abs(m) > 5/math.Sqrt(12*n) {
			t.Errorf("%s: mean %v", name, m)
		}
		if v := square / n; math.Abs(v-1./12) > 5/math.Sqrt(180*n) {
			t.Errorf("%s: variance %v", name, v)
		}
		if c := lag / n; math.Abs(c) > 5./12/math.Sqrt(n) {
			t.Errorf("%s: covariance of neighbors %v", name, c)
		}
	}
	check("Uniform", func(i int) float64 { return float64(u[i]) })
	d := make([]float64, n)
	Float64s(42, 0, d[:1])
	Float64s(42, 1, d[1:])
	check("Float64s", func(i int) float64 { return d[i] })
}

func BenchmarkUniform(b *testing.B) {
	dst := make([]float32, 4096)
	b.SetBytes(int64(len(dst) * 4))
	for b.Loop() {
		Uniform(1, 2, 0, dst)
	}
}
