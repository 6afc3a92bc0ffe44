package report

import (
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
)

// finite reports whether a value can be plotted. Values near the largest float64 cannot, because
// their differences overflow.
func finite(v float64) bool { return math.Abs(v) < 1e300 }

// setValueAxis sets the range, scale and ticks of an axis for values. ok is false if no value is
// finite.
func setValueAxis(a *plot.Axis, values ...[]float64) (ok bool) {
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range slices.Concat(values...) {
		if finite(v) {
			low, high = math.Min(low, v), math.Max(high, v)
		}
	}
	if low > high {
		return false
	}
	// At a ratio of 1e60 or more the ends of the axis could overflow.
	if ratio := high / low; low > 0 && ratio >= 100 && ratio < 1e60 && low > 1e-200 && high < 1e200 {
		room := math.Pow(ratio, .05)
		a.Min, a.Max = low/room, high*room
		a.Scale, a.Tick.Marker = plot.LogScale{}, plot.ConstantTicks(logTicks(a.Min, a.Max))
		a.Label.Text = "logarithmic scale"
		return true
	}
	room := (high - low) * .05
	// A difference as small as a rounding error is treated as 0.
	if size := math.Max(math.Abs(low), math.Abs(high)); size < 1e-290 {
		room = .05
	} else if high-low <= 1e-12*size {
		room = size * .05
	}
	a.Min, a.Max = low-room, high+room
	a.Tick.Marker = plot.ConstantTicks(valueTicks(a.Min, a.Max))
	return true
}

// mostTicks is the largest number of ticks of an axis of values.
const mostTicks = 6

// valueTicks returns ticks at the multiples of 1, 2 or 5 times a power of ten.
func valueTicks(low, high float64) []plot.Tick { return stepTicks(low, high, 0) }

// stepTicks is valueTicks with steps of at least least. Labels have as many digits as are needed for them to differ.
func stepTicks(low, high, least float64) []plot.Tick {
	power := math.Pow(10, math.Floor(math.Log10((high-low)/mostTicks)))
	var step float64
	var first, last float64 // multiples of the step
	for _, m := range []float64{1, 2, 5, 10, 20, 50, 100} {
		step = m * power
		first, last = math.Ceil(low/step), math.Floor(high/step)
		if step >= least && last-first < mostTicks {
			break
		}
	}
	var ticks []plot.Tick
	for k := first; k <= last; k++ {
		v := k * step
		if v == 0 {
			v = 0 // instead of -0
		}
		ticks = append(ticks, plot.Tick{Value: v})
	}
	write := func(format byte, digits int) (exact bool) {
		exact = true
		for i := range ticks {
			ticks[i].Label = strconv.FormatFloat(ticks[i].Value, format, digits, 64)
			is, _ := strconv.ParseFloat(ticks[i].Label, 64)
			exact = exact && math.Abs(is-ticks[i].Value) < step/100
		}
		return exact
	}
	if math.Max(-low, high) < 1e6 {
		for decimals := range 6 {
			if write('f', decimals) {
				return ticks
			}
		}
	}
	for digits := 1; digits < 17 && !write('g', digits); digits++ {
	}
	return ticks
}

// logTicks returns gonum's logarithmic ticks, thinned out if there are many powers of ten.
func logTicks(low, high float64) []plot.Tick {
	ticks := slices.DeleteFunc(plot.LogTicks{Prec: 6}.Ticks(low, high), func(t plot.Tick) bool { return t.Value < low || t.Value > high }) // they would take room beyond the plot
	every := nice(int(math.Log10(high/low)/7) + 1)
	if every == 1 {
		return ticks
	}
	power := -1
	return slices.DeleteFunc(ticks, func(t plot.Tick) bool {
		if !t.IsMinor() {
			power++
		}
		return t.IsMinor() || power%every != 0
	})
}

// epochTicks returns ticks at integers from 1, at most 12 of them.
func epochTicks(low, high float64) []plot.Tick {
	step := nice(int((high-low)/12) + 1)
	var ticks []plot.Tick
	for e := max(1, int(math.Ceil(low/float64(step)))) * step; float64(e) <= high; e += step {
		ticks = append(ticks, plot.Tick{Value: float64(e), Label: strconv.Itoa(e)})
	}
	return ticks
}

// setEpochAxis sets the range and ticks of an axis for epochs, which it counts from 1.
func setEpochAxis(a *plot.Axis, epochs []int) {
	low, high := float64(slices.Min(epochs)+1), float64(slices.Max(epochs)+1)
	room := math.Max((high-low)*.04, .12)
	if low == high {
		room = .5
	}
	a.Min, a.Max = low-room, high+room
	a.Tick.Marker = plot.ConstantTicks(epochTicks(a.Min, a.Max))
}
