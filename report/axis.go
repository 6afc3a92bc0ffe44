package report

import (
	"math"
	"strconv"
)

// axis is a range of numbers, linear or logarithmic, and the marks on it.
type axis struct {
	low, high float64
	log       bool
	marks     []mark
}

// mark is a number on an axis; a minor one has no text.
type mark struct {
	value float64
	text  string
}

// position is where a value stands, from 0 to 1.
func (a axis) position(v float64) float64 {
	if a.log {
		return math.Log(v/a.low) / math.Log(a.high/a.low)
	}
	return (v - a.low) / (a.high - a.low)
}

// finite says whether a value can be drawn. Numbers near the end of what float64 holds
// cannot: differences of them are infinite.
func finite(v float64) bool { return math.Abs(v) < 1e300 }

// valueAxis is the axis for values; ok is false where none is finite.
func valueAxis(values ...[]float64) (a axis, ok bool) {
	low, high := math.Inf(1), math.Inf(-1)
	for _, vs := range values {
		for _, v := range vs {
			if finite(v) {
				low, high = math.Min(low, v), math.Max(high, v)
			}
		}
	}
	if low > high {
		return axis{}, false
	}
	// Beyond 1e60 its ends would leave what float64 holds.
	if ratio := high / low; low > 0 && ratio >= 100 && ratio < 1e60 && low > 1e-200 && high < 1e200 {
		room := math.Pow(ratio, .05)
		a = axis{low: low / room, high: high * room, log: true}
		a.marks = logMarks(a.low, a.high)
		return a, true
	}
	room := (high - low) * .05
	// A difference that is lost in rounding is none.
	if size := math.Max(math.Abs(low), math.Abs(high)); high-low <= 1e-12*size || size < 1e-290 {
		if room = size * .05; size < 1e-290 {
			room = .05
		}
	}
	a = axis{low: low - room, high: high + room}
	a.marks = linearMarks(a.low, a.high, 6, []float64{1, 2, 2.5, 5})
	return a, true
}

// linearMarks puts at most n+1 marks at multiples of a round number, one of steps times a
// power of ten.
func linearMarks(low, high float64, n int, steps []float64) []mark {
	step := math.Inf(1)
	decimals := 0
	for e := math.Floor(math.Log10((high - low) / float64(n))); math.IsInf(step, 1); e++ {
		for _, s := range steps {
			if v := s * math.Pow(10, e); (high-low)/v <= float64(n) && v < step {
				step = v
				decimals = max(0, int(-e))
				if s == 2.5 {
					decimals = max(0, int(-e)+1)
				}
			}
		}
	}
	var marks []mark
	long := decimals > 5
	for i := math.Ceil(low / step); i*step <= high && len(marks) <= n+1; i++ {
		v := i * step
		if v == 0 {
			v = 0 // not minus zero
		}
		marks = append(marks, mark{value: v})
		long = long || math.Abs(v) >= 1e6
	}
	for i, m := range marks {
		if long {
			// As many digits as tell a mark from the next; zeros at the end are dropped.
			digits := 2
			if m.value != 0 {
				digits += int(math.Max(0, math.Floor(math.Log10(math.Abs(m.value)))-math.Floor(math.Log10(step))))
			}
			marks[i].text = strconv.FormatFloat(m.value, 'g', digits, 64)
		} else {
			marks[i].text = strconv.FormatFloat(m.value, 'f', decimals, 64)
		}
	}
	return marks
}

// logMarks marks the powers of ten, and what is between them where those are few.
func logMarks(low, high float64) []mark {
	first, last := math.Ceil(math.Log10(low)), math.Floor(math.Log10(high))
	every := math.Max(1, math.Ceil((last-first)/6))
	var marks []mark
	for e := first - 1; e <= last; e++ {
		decade := math.Pow(10, e)
		if e >= first {
			m := mark{value: decade}
			if math.Mod(e-first, every) == 0 {
				m.text = exponent(decade)
			}
			marks = append(marks, m)
		}
		for s := 2.; s < 10 && last-first < 6; s++ {
			if v := s * decade; v >= low && v <= high {
				marks = append(marks, mark{value: v})
			}
		}
	}
	return marks
}

// exponent writes a round number shortly: 0.001, 100, 2.5e-07.
func exponent(v float64) string {
	if a := math.Abs(v); a >= 1e-3 && a < 1e6 {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// epochAxis is the axis for epochs, counted from 1: whole numbers.
func epochAxis(epochs []int) axis {
	low, high := math.Inf(1), math.Inf(-1)
	for _, e := range epochs {
		low, high = math.Min(low, float64(e+1)), math.Max(high, float64(e+1))
	}
	room := math.Max((high-low)*.04, .5)
	if high-low >= 4 {
		room = (high - low) * .04
	}
	a := axis{low: low - room, high: high + room}
	if high-low <= 10 {
		for e := low; e <= high; e++ {
			a.marks = append(a.marks, mark{e, strconv.Itoa(int(e))})
		}
		return a
	}
	a.marks = linearMarks(low, high, 10, []float64{1, 2, 5})
	return a
}
