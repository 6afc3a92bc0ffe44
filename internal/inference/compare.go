package inference

import (
	"fmt"
	"math"

	"github.com/lince-ml/lince/internal/numbers"
	"github.com/lince-ml/lince/tensor"
)

// Tolerance is the largest difference between two numbers that count as equal: |got-want| <= Absolute + Relative*|want|, as
// in numpy.allclose. NaN equals NaN.
type Tolerance struct{ Relative, Absolute float64 }

// Difference is how much a tensor differs from another of the same shape.
type Difference struct {
	Max      float64 // the largest |got-want|; infinite if only one of the numbers is finite, or NaN
	At       []int   // where that is; nil if there are no elements
	Mean     float64 // of |got-want|
	Beyond   int     // elements beyond the tolerance
	Elements int
}

// String describes the difference in words.
func (d Difference) String() string {
	if d.Max == 0 {
		return "equal"
	}
	return fmt.Sprintf("largest difference %.3g at %v, mean %.3g", d.Max, tensor.Shape(d.At), d.Mean)
}

// Compare compares two tensors. It fails if their shapes differ. Elements of different types are compared as numbers.
func Compare(got, want *tensor.Tensor, t Tolerance) (Difference, error) {
	if !got.Shape().Equal(want.Shape()) {
		return Difference{}, fmt.Errorf("the shapes differ: got %v, want %v", got.Shape(), want.Shape())
	}
	d := Difference{Elements: got.Len()}
	a, b := numbers.At(got), numbers.At(want)
	at, sum := -1, 0.
	for i := range d.Elements {
		x, y := a(i), b(i)
		diff := math.Abs(x - y)
		switch {
		case x == y || math.IsNaN(x) && math.IsNaN(y): // also two infinities
			diff = 0
		case math.IsNaN(diff):
			diff = math.Inf(1)
		}
		if diff > t.Absolute+t.Relative*math.Abs(y) || math.IsInf(diff, 1) {
			d.Beyond++
		}
		sum += diff
		if at < 0 || diff > d.Max {
			d.Max, at = diff, i
		}
	}
	if d.Elements > 0 {
		d.Mean = sum / float64(d.Elements)
		d.At = make([]int, len(got.Shape()))
		for i := len(d.At) - 1; i >= 0; i-- {
			d.At[i] = at % got.Shape()[i]
			at /= got.Shape()[i]
		}
	}
	return d, nil
}
