package suggest

import (
	"math"
	"testing"
)

func TestAgainstDivergence(t *testing.T) {
	for _, c := range []struct {
		rate, weight float64
		want         string
	}{
		{0, 0, "lower the learning rate"},
		{.01, 0, "lower the learning rate (0.01)"},
		{6513.58, 1, "lower the learning rate (6500)"},
		{3.14159e-7, 50, "lower the learning rate (3.1e-07)"},
		{.01, 1e9, "lower the class weights or example weights, which reach 1e+09: their mean should be near 1. Or lower the learning rate (0.01)"},
		{0, 12345, "lower the class weights or example weights, which reach 12000: their mean should be near 1. Or lower the learning rate"},
		{0, math.NaN(), "lower the class weights or example weights, which reach NaN: their mean should be near 1. Or lower the learning rate"},
	} {
		if got := AgainstDivergence(c.rate, c.weight); got != c.want {
			t.Errorf("%v, %v: %s, want %s", c.rate, c.weight, got, c.want)
		}
	}
}
