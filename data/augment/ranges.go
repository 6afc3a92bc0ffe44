package augment

import (
	"errors"
	"fmt"
	"strings"
)

// Range is an interval from which a factor is drawn. The zero value draws nothing.
type Range struct {
	lo, hi float64
	set    bool
}

// Between returns the range from lo to hi.
func Between(lo, hi float64) Range { return Range{lo, hi, true} }

// Around returns the range from 1-z to 1+z.
func Around(z float64) Range { return Range{1 - z, 1 + z, true} }

// Bounds returns the ends of the range. ok is false for the zero value.
func (r Range) Bounds() (lo, hi float64, ok bool) { return r.lo, r.hi, r.set }

// Shift determines how far images move along one axis. Keras accepts three forms of the argument and
// distinguishes them by their Python type. Here, each form has a constructor. The zero value does not shift.
type Shift struct {
	kind    shiftKind
	most    float64   // for ShiftBy
	pixels  int       // for ShiftPixels
	choices []float64 // for ShiftChoice
}

type shiftKind uint8

const (
	noShift shiftKind = iota
	shiftBy
	shiftPixels
	shiftChoice
)

// ShiftBy is Keras' floating-point argument. The shift is U(-v, v). It is a fraction of the image's size
// if v is below 1, and a number of pixels otherwise.
func ShiftBy(v float64) Shift {
	if v == 0 {
		return Shift{}
	}
	return Shift{kind: shiftBy, most: v}
}

// ShiftPixels is Keras' integer argument. The shift is ±k pixels, where k and the sign are drawn from
// {0, ..., n-1} and {-1, 1}. n must not be negative.
func ShiftPixels(n int) Shift {
	if n == 0 {
		return Shift{}
	}
	return Shift{kind: shiftPixels, pixels: n}
}

// ShiftChoice is Keras' list argument. The shift is ±values[k], where k and the sign are drawn. The values
// are fractions of the image's size if the largest is below 1, and numbers of pixels otherwise.
func ShiftChoice(values ...float64) Shift {
	if len(values) == 0 {
		return Shift{}
	}
	return Shift{kind: shiftChoice, choices: append([]float64(nil), values...)}
}

func (s Shift) check() error {
	if s.kind == shiftPixels && s.pixels < 0 {
		return fmt.Errorf("want a number of pixels greater than or equal to 0, got %d", s.pixels)
	}
	if !finite(s.most) {
		return fmt.Errorf("want a finite number, got %v", s.most)
	}
	for _, v := range s.choices {
		if !finite(v) {
			return errors.New("want finite numbers in the list")
		}
	}
	return nil
}

// FillMode determines the values outside an image: Keras' fill_mode.
type FillMode int

// The fill modes, for an image abcd.
const (
	FillNearest  FillMode = iota // aaaaaaaa|abcd|dddddddd, the default
	FillConstant                 // kkkkkkkk|abcd|kkkkkkkk, k is Cval
	FillReflect                  // abcddcba|abcd|dcbaabcd
	FillWrap                     // abcdabcd|abcd|abcdabcd; like SciPy, with a period of n-1 pixels for n pixels
)

var fillModes = [...]string{"nearest", "constant", "reflect", "wrap"}

// String returns Keras' name of the mode: nearest, constant, reflect or wrap.
func (m FillMode) String() string {
	if m < 0 || int(m) >= len(fillModes) {
		return fmt.Sprintf("FillMode(%d)", int(m))
	}
	return fillModes[m]
}

// Interpolation is the spline that computes values between the centers of pixels.
type Interpolation int

// The interpolations, with Keras' interpolation_order.
const (
	Linear       Interpolation = iota // order 1, the default
	NearestPixel                      // order 0: the nearest pixel
	Quadratic                         // order 2
	Cubic                             // order 3
	Quartic                           // order 4
	Quintic                           // order 5
)

var splineOrders = [...]int{1, 0, 2, 3, 4, 5}

// Order returns Keras' interpolation_order, 0 to 5.
func (i Interpolation) Order() int { return splineOrders[i] }

func nameList(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}
