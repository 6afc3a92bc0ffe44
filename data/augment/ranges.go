package augment

import (
	"errors"
	"fmt"
	"strings"
)

// Range is two numbers between which a factor is drawn; the zero value draws nothing.
type Range struct {
	lo, hi float64
	set    bool
}

// Between is the range lo..hi.
func Between(lo, hi float64) Range { return Range{lo, hi, true} }

// Around is the range 1-z..1+z.
func Around(z float64) Range { return Range{1 - z, 1 + z, true} }

// Bounds are the range's two numbers; ok is false for the zero value.
func (r Range) Bounds() (lo, hi float64, ok bool) { return r.lo, r.hi, r.set }

// Shift says how far images move along one axis. Keras tells three meanings apart by the
// Python type of the argument; here each has its constructor. The zero value is no shift.
type Shift struct {
	kind    shiftKind
	most    float64   // ShiftBy
	pixels  int       // ShiftPixels
	choices []float64 // ShiftChoice
}

type shiftKind uint8

const (
	noShift shiftKind = iota
	shiftBy
	shiftPixels
	shiftChoice
)

// ShiftBy is Keras' floating-point argument: the shift is drawn from -v..v, a fraction of
// the image's size if v is below 1 and pixels otherwise.
func ShiftBy(v float64) Shift {
	if v == 0 {
		return Shift{}
	}
	return Shift{kind: shiftBy, most: v}
}

// ShiftPixels is Keras' integer argument: whole pixels, less than n either way.
func ShiftPixels(n int) Shift {
	if n == 0 {
		return Shift{}
	}
	return Shift{kind: shiftPixels, pixels: n}
}

// ShiftChoice is Keras' list argument: one of the values, either way; they are fractions of
// the image's size if the largest is below 1 and pixels otherwise.
func ShiftChoice(values ...float64) Shift {
	if len(values) == 0 {
		return Shift{}
	}
	return Shift{kind: shiftChoice, choices: append([]float64(nil), values...)}
}

func (s Shift) check() error {
	if s.kind == shiftPixels && s.pixels < 0 {
		return fmt.Errorf("want a positive number of pixels, got %d", s.pixels)
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

// FillMode says which pixels lie beyond an image's border.
type FillMode int

// The fill modes, the image being abcd.
const (
	FillNearest  FillMode = iota // aaaaaaaa|abcd|dddddddd, the default
	FillConstant                 // kkkkkkkk|abcd|kkkkkkkk, k is Cval
	FillReflect                  // abcddcba|abcd|dcbaabcd
	FillWrap                     // abcdabcd|abcd|abcdabcd, as SciPy wraps: with a period of one pixel less
)

var fillModes = [...]string{"nearest", "constant", "reflect", "wrap"}

func (m FillMode) String() string {
	if m < 0 || int(m) >= len(fillModes) {
		return fmt.Sprintf("FillMode(%d)", int(m))
	}
	return fillModes[m]
}

// Interpolation is the degree of the spline that pixels are read with between their centres.
type Interpolation int

// The interpolations; Keras' numbers for them are 1, 0, 2, 3, 4, 5.
const (
	Linear Interpolation = iota // the default
	NearestPixel
	Quadratic
	Cubic
	Quartic
	Quintic
)

var splineOrders = [...]int{1, 0, 2, 3, 4, 5}

// Order is Keras' interpolation_order, 0..5.
func (i Interpolation) Order() int { return splineOrders[i] }

func nameList(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}
