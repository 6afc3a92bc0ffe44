package lince

import (
	"errors"
	"fmt"
)

// AverageClassifications returns the means of predictions for the same examples, such as those of test-time augmentation, in which a model classifies
// several variants of each image, or those of several models with the same classes. The lists must have the same examples in the same order. A class is that with the
// highest mean probability. The sums are in the order of the lists.
func AverageClassifications(lists ...[]Classification) ([]Classification, error) {
	if len(lists) == 0 {
		return nil, errors.New("there are no predictions to average")
	}
	out := make([]Classification, len(lists[0]))
	for i, c := range lists[0] {
		sums := make([]float64, len(c.Probabilities))
		for _, list := range lists {
			if len(list) != len(out) || list[i].Row != c.Row || len(list[i].Probabilities) != len(sums) {
				return nil, fmt.Errorf("the predictions to average are not those of the same examples and classes, at row %d", c.Row)
			}
			for k, p := range list[i].Probabilities {
				sums[k] += float64(p)
			}
		}
		c.Probabilities, c.Class = make([]float32, len(sums)), 0
		for k, s := range sums {
			c.Probabilities[k] = float32(s / float64(len(lists)))
			if c.Probabilities[k] > c.Probabilities[c.Class] {
				c.Class = k
			}
		}
		c.Name, c.Probability = className(c.names, c.Class), c.Probabilities[c.Class]
		out[i] = c
	}
	return out, nil
}
