package jpeg

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"
)

func TestInverseDCTIsTheCosineTransform(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		var block [64]int16
		var quant [64]uint16
		last := rng.IntN(64)
		for k := range 64 {
			quant[natural[k]] = uint16(1 + rng.IntN(20))
			if k <= last {
				block[natural[k]] = int16(rng.IntN(41) - 20)
			}
		}
		var got [64]byte
		inverseDCTGo(got[:], 8, &block, &quant, last)
		for y := range 8 {
			for x := range 8 {
				sum := 0.
				for v := range 8 {
					for u := range 8 {
						c := float64(block[v*8+u]) * float64(quant[v*8+u]) / 4
						if u == 0 {
							c *= math.Sqrt2 / 2
						}
						if v == 0 {
							c *= math.Sqrt2 / 2
						}
						sum += c * math.Cos(float64((2*x+1)*u)*math.Pi/16) * math.Cos(float64((2*y+1)*v)*math.Pi/16)
					}
				}
				want := min(max(sum+128, 0), 255)
				if math.Abs(want-float64(got[y*8+x])) > .6 {
					t.Fatalf("sample %d,%d is %d, the transform gives %.3f", y, x, got[y*8+x], want)
				}
			}
		}
	}
}

// TestAssembly checks that the assembly gives the same bits as the Go loops.
func TestAssembly(t *testing.T) {
	if !haveAVX2 {
		t.Skip("no AVX2 here, or LINCE_ISA=generic")
	}
	rng := rand.New(rand.NewPCG(3, 4))
	noise := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(rng.Uint32())
			if rng.IntN(4) == 0 {
				b[i] = byte(255 * rng.IntN(2))
			}
		}
		return b
	}
	equal := func(name string, n int, got, want []byte) {
		t.Helper()
		if !bytes.Equal(got, want) {
			t.Fatalf("%s of %d: the assembly gives % d, Go % d", name, n, got, want)
		}
	}
	for i := range 3000 {
		var block [64]int16
		var quant [64]uint16
		last := 1 + rng.IntN(63)
		reach := []int{3, 100, 2000, 65536}[i%4] // the last is larger than in any image
		for k := range 64 {
			quant[k] = uint16(1 + rng.IntN(reach))
		}
		for k := range last + 1 {
			block[natural[k]] = int16(rng.IntN(reach) - reach/2)
		}
		got, want := noise(100), make([]byte, 100)
		copy(want, got)
		inverseDCT(got, 13, &block, &quant, last)
		inverseDCTGo(want, 13, &block, &quant, last)
		equal("inverse DCT", last, got, want)
	}
	for n := 3; n < 120; n++ {
		near, far := noise(n), noise(n)
		got, want := make([]byte, 2*n+8), make([]byte, 2*n+8)
		h2v1Fancy(got, near, nil, n, false)
		h2v1FancyGo(want, near, nil, n, false)
		equal("h2v1", n, got, want)
		h2v2Fancy(got, near, far, n, false)
		h2v2FancyGo(want, near, far, n, false)
		equal("h2v2", n, got, want)
		y := noise(n)
		got, want = make([]byte, 3*n+8), make([]byte, 3*n+8)
		ycc2rgb(got, y, near, far, n)
		ycc2rgbGo(want, y, near, far, n)
		equal("YCbCr to RGB", n, got, want)
	}
	// All pairs of Cb and Cr.
	y, cb, cr := make([]byte, 65536), make([]byte, 65536), make([]byte, 65536)
	for i := range y {
		y[i], cb[i], cr[i] = byte(i*7), byte(i), byte(i>>8)
	}
	got, want := make([]byte, 3*65536), make([]byte, 3*65536)
	ycc2rgb(got, y, cb, cr, 65536)
	ycc2rgbGo(want, y, cb, cr, 65536)
	if !bytes.Equal(got, want) {
		t.Error("YCbCr to RGB: some pair differs")
	}
}
