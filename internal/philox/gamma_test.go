package philox

import (
	"math"
	"slices"
	"testing"
)

// TestLogGamma compares the mean and the variance of a million numbers, which are both alpha, and those of the logarithm, which are the
// digamma and the trigamma function.
func TestLogGamma(t *testing.T) {
	const n = 1 << 20
	v := make([]float32, n)
	for _, c := range []struct{ alpha, digamma, trigamma float64 }{
		{.2, -5.289039896592188, 26.267377258},
		{1, -.5772156649015329, 1.6449340668},
		{2.5, .7031566406452432, .4903577561},
		{40, 3.6763273997, .0253151029},
	} {
		LogGamma(9, 4, c.alpha, 0, v)
		var mean, squares, logs, logSquares float64
		for _, x := range v {
			g := math.Exp(float64(x))
			mean, squares = mean+g/n, squares+g*g/n
			logs, logSquares = logs+float64(x)/n, logSquares+float64(x)*float64(x)/n
		}
		for what, pair := range map[string][2]float64{
			"mean": {mean, c.alpha}, "variance": {squares - mean*mean, c.alpha},
			"mean of logarithms": {logs, c.digamma}, "variance of logarithms": {logSquares - logs*logs, c.trigamma},
		} {
			if math.Abs(pair[0]-pair[1]) > .02*math.Abs(pair[1]) {
				t.Errorf("alpha %v: %s %v, want %v", c.alpha, what, pair[0], pair[1])
			}
		}
	}
}

func TestLogGammaIsAPureFunctionOfTheIndex(t *testing.T) {
	whole, part := make([]float32, 50), make([]float32, 20)
	LogGamma(7, 3, .4, 0, whole)
	LogGamma(7, 3, .4, 25, part)
	if !slices.Equal(part, whole[25:45]) {
		t.Errorf("elements from 25: %v, want %v", part, whole[25:45])
	}
	LogGamma(7, 4, .4, 0, part)
	if part[0] == whole[0] {
		t.Errorf("two steps give %v", part[0])
	}
	// The logarithm of a number of a very small shape is finite.
	LogGamma(7, 3, 1e-6, 0, part)
	for _, v := range part {
		if !(v < 0) || math.IsInf(float64(v), 0) {
			t.Errorf("alpha 1e-6: %v", v)
		}
	}
}

// TestPermutation counts how often each of the 24 orders of four numbers is drawn.
func TestPermutation(t *testing.T) {
	const draws = 24000
	count := map[[4]int32]int{}
	var p [4]int32
	for step := range int64(draws) {
		Permutation(5, step, p[:])
		count[p]++
	}
	if len(count) != 24 {
		t.Fatalf("%d orders, want 24", len(count))
	}
	for order, n := range count {
		if math.Abs(float64(n)-draws/24) > 4.5*math.Sqrt(draws/24) {
			t.Errorf("%v was drawn %d times, want about %d", order, n, draws/24)
		}
	}
}
