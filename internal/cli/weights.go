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

// balanced gives each class the weight images / (classes * images of the class), as
// scikit-learn's compute_class_weight does.
const balanced = "balanced"

// unweighted gives each class the weight 1, in runs whose default is another.
const unweighted = "none"

// parseWeights parses --class-weight, such as cat=2,dog=1. It returns nil for balanced, whose
// weights depend on the data, and for none.
func parseWeights(spec string) (map[string]float64, error) {
	if spec == "" || spec == balanced || spec == unweighted {
		return nil, nil
	}
	weights := map[string]float64{}
	var errs []error
	for part := range strings.SplitSeq(spec, ",") {
		name, number, ok := strings.Cut(part, "=")
		w, err := strconv.ParseFloat(number, 64)
		if !ok || err != nil || !(w >= 0) || math.IsInf(w, 0) {
			errs = append(errs, fmt.Errorf("--class-weight must be CLASS=WEIGHT,... such as cat=2,dog=1, or balanced, got %s", part))
			continue
		}
		name = strings.TrimSpace(name)
		if _, twice := weights[name]; twice {
			errs = append(errs, fmt.Errorf("--class-weight has two weights for the class %s", name))
		}
		weights[name] = w
	}
	return weights, errors.Join(errs...)
}

// classWeight returns the class weights by class index. nil means 1 for all classes.
func (t *training) classWeight() (map[int]float64, error) {
	if t.ClassWeight == "" || t.ClassWeight == unweighted {
		return nil, nil
	}
	if t.ClassWeight == balanced {
		return t.train.BalancedClassWeight(), nil
	}
	out := map[int]float64{}
	classes := t.train.Classes()
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
