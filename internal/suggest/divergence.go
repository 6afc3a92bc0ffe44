package suggest

import (
	"fmt"
	"strconv"
)

// heavy is the weight of an example from which on weights are large enough to make a training diverge that would not diverge without them.
const heavy = 100

// AgainstDivergence says what to lower when a training diverges: weights of examples that are far from 1, and the learning rate. Numbers that are not
// known are 0.
func AgainstDivergence(rate, weight float64) string {
	lower := "lower the learning rate"
	if rate > 0 {
		lower += fmt.Sprintf(" (%v)", twoFigures(rate))
	}
	if Heavy(weight) {
		return fmt.Sprintf("lower the class weights or example weights, which reach %v: their mean should be near 1. Or %s", twoFigures(weight), lower)
	}
	return lower
}

// Heavy reports whether weights of examples that reach this one may be the reason why a training diverges.
func Heavy(weight float64) bool { return weight > heavy || weight != weight }

// twoFigures rounds a number to two significant digits.
func twoFigures(v float64) float64 {
	r, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'e', 1, 64), 64) // it is a number
	return r
}
