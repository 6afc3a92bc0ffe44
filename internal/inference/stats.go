package inference

import (
	"fmt"
	"math"
	"strings"

	"github.com/lince-ml/lince/internal/numbers"
	"github.com/lince-ml/lince/tensor"
)

// Stats describes a tensor's elements. They are NaN if one of them is, or if there are none.
type Stats struct{ Min, Mean, Max float64 }

// StatsOf returns the Stats of a tensor.
func StatsOf(t *tensor.Tensor) Stats {
	n := t.Len()
	if n == 0 {
		return Stats{math.NaN(), math.NaN(), math.NaN()}
	}
	at := numbers.At(t)
	s := Stats{math.Inf(1), 0, math.Inf(-1)}
	for i := range n {
		v := at(i)
		s.Min, s.Mean, s.Max = min(s.Min, v), s.Mean+v, max(s.Max, v)
	}
	s.Mean /= float64(n)
	return s
}

// String describes the elements in words.
func (s Stats) String() string {
	return fmt.Sprintf("from %.6g to %.6g, mean %.6g", s.Min, s.Max, s.Mean)
}

// Values lists the elements of a tensor that has at most most of them; it is "" for others.
func Values(t *tensor.Tensor, most int) string {
	n := t.Len()
	if n == 0 || n > most {
		return ""
	}
	at := numbers.At(t)
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("%.6g", at(i))
	}
	return strings.Join(list, " ")
}
