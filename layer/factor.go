package layer

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/lince-ml/lince/internal/config"
)

// Factor is a range from which the strength of an augmentation is drawn: one number, such as
// Factor{.1}, or the ends of the range, such as Factor{-.1, .2}. What one number means depends on
// the layer; for most it is the range from its negative to itself.
type Factor []float64

// Range is an interval of numbers: its lower and its upper end.
type Range [2]float64

// factorRule says how Keras turns a Factor into a range.
type factorRule int

const (
	factorWithin factorRule = iota // a number f: from max(-|f|, lo) to |f|; a pair must overlap lo to hi
	factorSigned                   // a number f: from -|f| to |f|; each number from lo to hi; Keras saves it as given
	factorUpward                   // a number f: from 0 to f; each number from lo to hi
)

// factorField is a Factor of a layer with its limits.
type factorField struct {
	name, key string
	of        Factor
	rule      factorRule
	lo, hi    float64
	open      bool // lo itself is not allowed
	whole     bool // the numbers are integers, also in a file
}

// factored is implemented by layers with Factors.
type factored interface{ factors() []factorField }

// ends returns the range of a valid Factor.
func (f factorField) ends() (lo, hi float64) {
	if len(f.of) == 2 {
		return min(f.of[0], f.of[1]), max(f.of[0], f.of[1])
	}
	a := math.Abs(f.of[0])
	switch f.rule {
	case factorSigned:
		return -a, a
	case factorUpward:
		return 0, a
	}
	return max(-a, f.lo), a
}

func (f factorField) check() error {
	bad := len(f.of) > 2
	for i, x := range f.of {
		other := f.of[len(f.of)-1-i]
		switch {
		case f.whole && x != math.Trunc(x):
			bad = true
		case f.rule == factorWithin && len(f.of) == 2:
			bad = bad || i == 0 && x > f.hi || i == 1 && x < f.lo // as in Keras
		case f.rule == factorSigned && len(f.of) == 2 && x < 0 && x == -other && -x <= f.hi:
			// a range that Keras saves for one number
		default:
			bad = bad || x < f.lo || x > f.hi || f.open && x == f.lo
		}
	}
	if !bad {
		return nil
	}
	numbers := "one number or two numbers"
	if f.whole {
		numbers = "one integer or two integers"
	}
	want := "from " + strconv.FormatFloat(f.lo, 'f', -1, 64)
	if f.open {
		want = "greater than " + strconv.FormatFloat(f.lo, 'f', -1, 64) + " and at most"
	} else {
		want += " to"
	}
	return wrongf("%s is %v, want %s %s %s", f.name, []float64(f.of), numbers, want, strconv.FormatFloat(f.hi, 'f', -1, 64))
}

// checkFactors checks the Factors that are set.
func checkFactors(fields []factorField) error {
	var errs []error
	for _, f := range fields {
		errs = append(errs, f.check())
	}
	return errors.Join(errs...)
}

// writeFactors writes the ranges of Factors in the form in which Keras saves them.
func writeFactors(l Layer, c map[string]any) {
	for _, f := range l.(factored).factors() {
		if len(f.of) == 0 || f.check() != nil {
			continue
		}
		lo, hi := f.ends()
		switch {
		case f.whole:
			c[f.key] = []any{int(lo), int(hi)}
		case f.rule != factorSigned:
			c[f.key] = []any{lo, hi}
		case f.lo == 0 && lo < 0: // Keras' RandomShear does not take the range that it saves, only the number
			c[f.key] = hi
		}
	}
}

func encodeFactor(f Factor) any { return config.EncodeFloats(f) }

func decodeFactor(r *config.Reader, key string, v any) (Factor, bool) {
	f, ok := config.DecodeFloats(v)
	if !ok || len(f) > 2 || checkFactor(f) != nil {
		r.Errorf("%s is %s, want a number or two numbers", key, config.Show(v))
		return nil, false
	}
	return f, true
}

func checkFactor(f Factor) error {
	if len(f) == 0 || len(f) > 2 {
		return fmt.Errorf("got %d numbers, want one or two", len(f))
	}
	return finite(f)
}

// finite checks that numbers are in the range of float32.
func finite(list []float64) error {
	for _, x := range list {
		if math.IsNaN(x) || math.Abs(x) > math.MaxFloat32 {
			return fmt.Errorf("got %v, want numbers in the range of float32", list)
		}
	}
	return nil
}

// parseFactor reads the default in a tag: a number, or two with a colon between them.
func parseFactor(text string) Factor {
	var f Factor
	for s := range strings.SplitSeq(text, ":") {
		x, err := strconv.ParseFloat(s, 64)
		if err != nil {
			panic(err)
		}
		f = append(f, x)
	}
	return f
}

func encodeRange(r Range) any { return []any{r[0], r[1]} }

func decodeRange(r *config.Reader, key string, v any) (Range, bool) {
	list, ok := config.List(v)
	var of Range
	if ok = ok && len(list) == 2; ok {
		for i, x := range list {
			if of[i], ok = config.Float(x); !ok {
				break
			}
		}
	}
	if !ok || checkRange(of) != nil {
		r.Errorf("%s is %s, want two numbers, the smaller first", key, config.Show(v))
		return Range{}, false
	}
	return of, true
}

func checkRange(r Range) error {
	if err := finite(r[:]); err != nil {
		return err
	}
	if r[0] >= r[1] {
		return fmt.Errorf("got %v, want two numbers, the smaller first", [2]float64(r))
	}
	return nil
}

func parseRange(text string) Range { return Range(parseFactor(text)) }
