package cli

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/lince-ml/lince/internal/namelist"
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
	const want = "--class-weight must be CLASS=WEIGHT,... such as cat=2,dog=1, or balanced"
	pairs, err := namelist.SplitPairs(spec)
	if err != nil {
		errs = append(errs, fmt.Errorf("%s, but %w", want, err))
	}
	for _, p := range pairs {
		w, err := strconv.ParseFloat(p.Value, 64)
		if err != nil || !(w >= 0) || math.IsInf(w, 0) {
			errs = append(errs, fmt.Errorf("%s, got %s=%s", want, p.Name, p.Value))
			continue
		}
		if _, twice := weights[p.Name]; twice {
			errs = append(errs, fmt.Errorf("--class-weight has two weights for the class %s", p.Name))
		}
		weights[p.Name] = w
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
