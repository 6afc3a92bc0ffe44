package lince

import (
	"errors"
	"fmt"
)

// AverageClassifications returns the means of predictions for the same examples, such as those of test-time augmentation, in which a model classifies
// several variants of each image, or those of several models with the same classes. The lists must have the same examples in the same order. A class is that with the
// highest mean probability, or mean score if the models give scores. The sums are in the order of the lists.
func AverageClassifications(lists ...[]Classification) ([]Classification, error) {
	if len(lists) == 0 {
		return nil, errors.New("there are no predictions to average")
	}
	out := make([]Classification, len(lists[0]))
	for i, c := range lists[0] {
		probabilities, scores := make([][]float32, len(lists)), make([][]float32, len(lists))
		for j, list := range lists {
			if len(list) != len(out) || list[i].Row != c.Row || len(list[i].Probabilities) != len(c.Probabilities) || len(list[i].Scores) != len(c.Scores) {
				return nil, fmt.Errorf("the predictions to average are not those of the same examples and classes, at row %d", c.Row)
			}
			probabilities[j], scores[j] = list[i].Probabilities, list[i].Scores
		}
		c.Probabilities, c.Class = mean(probabilities)
		if c.Scores != nil {
			c.Scores, c.Class = mean(scores)
		}
		c.Name, c.Probability = className(c.names, c.Class), c.Probabilities[c.Class]
		out[i] = c
	}
	return out, nil
}

// mean returns the means of the columns, and the index of the largest one.
func mean(rows [][]float32) (means []float32, largest int) {
	means = make([]float32, len(rows[0]))
	for k := range means {
		sum := 0.
		for _, row := range rows {
			sum += float64(row[k])
		}
		if means[k] = float32(sum / float64(len(rows))); means[k] > means[largest] {
			largest = k
		}
	}
	return means, largest
}
