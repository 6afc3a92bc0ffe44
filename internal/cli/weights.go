package cli

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/lince-ml/lince/internal/suggest"
)

// balanced weighs each class by pictures / (classes * its pictures), as scikit-learn's
// compute_class_weight does.
const balanced = "balanced"

// parseWeights reads --class-weight: cat=2,dog=1. There are none for balanced.
func parseWeights(spec string) (map[string]float64, error) {
	if spec == "" || spec == balanced {
		return nil, nil
	}
	weights := map[string]float64{}
	var errs []error
	for part := range strings.SplitSeq(spec, ",") {
		name, number, ok := strings.Cut(part, "=")
		w, err := strconv.ParseFloat(number, 64)
		if !ok || err != nil || !(w >= 0) || math.IsInf(w, 0) {
			errs = append(errs, fmt.Errorf("--class-weight %s: want CLASS=WEIGHT,... as in cat=2,dog=1, or balanced", part))
			continue
		}
		weights[strings.TrimSpace(name)] = w
	}
	return weights, errors.Join(errs...)
}

// classWeight are the weights of the model's classes by number; nil is 1 for all.
func (t *training) classWeight() (map[int]float64, error) {
	if t.ClassWeight == "" {
		return nil, nil
	}
	out := map[int]float64{}
	classes := t.train.Classes()
	if t.ClassWeight == balanced {
		counts := make([]int, len(classes))
		for _, c := range t.train.ClassIndexes() {
			counts[c]++
		}
		for c, n := range counts {
			if n > 0 {
				out[c] = float64(t.train.Len()) / float64(len(classes)*n)
			}
		}
		return out, nil
	}
	weights, err := parseWeights(t.ClassWeight)
	errs := []error{err}
	for _, name := range slices.Sorted(maps.Keys(weights)) {
		c := slices.Index(classes, name)
		if c < 0 {
			errs = append(errs, fmt.Errorf("--class-weight: there is no class %q%s", name, suggest.Hint(name, classes)))
			continue
		}
		out[c] = weights[name]
	}
	return out, mistakes(errs...)
}
