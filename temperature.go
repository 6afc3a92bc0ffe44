package lince

import (
	"errors"
	"fmt"
	"math"
)

// The limits of Model.Temperature. FitTemperature returns a number between them.
const (
	minTemperature = .01
	maxTemperature = 100
)

// checkTemperature returns an error if t cannot be Model.Temperature.
func checkTemperature(t float64) error {
	if t == 0 || t >= minTemperature && t <= maxTemperature {
		return nil
	}
	return fmt.Errorf("the temperature is %v, want a number from %v to %v, or 0 for none", t, minTemperature, maxTemperature)
}

// FitTemperature returns the temperature for which the log loss of predictions is smallest (Guo et al., On Calibration of
// Modern Neural Networks, 2017, https://arxiv.org/abs/1706.04599). The predictions must be for examples that the model was not
// trained on, and made while Model.Temperature was 0. targets[i] is the class index of predictions[i].
//
//	model.Temperature = 0
//	var predictions []lince.Classification
//	var targets []int
//	for c, err := range model.Classify(ctx, validation) { // a *data.Flow
//		check(err)
//		predictions, targets = append(predictions, c), append(targets, validation.ClassIndexes()[c.Row])
//	}
//	model.Temperature, err = lince.FitTemperature(predictions, targets)
//
// A temperature above 1 means that the model is too confident. It returns an error if there are no predictions, if a target
// is out of range, if the probabilities of an example do not sum to 1, as those of independent sigmoid units do not, and if no temperature
// from 0.01 to 100 is the best: the loss falls without limit if all predictions are correct, or if they are worse than chance.
func FitTemperature(predictions []Classification, targets []int) (float64, error) {
	t, err := fitTemperature(predictions, targets)
	return t, wrapped("fitting the temperature", err)
}

func fitTemperature(predictions []Classification, targets []int) (float64, error) {
	if len(predictions) == 0 || len(predictions) != len(targets) {
		return 0, fmt.Errorf("got %d predictions for %d targets, want the same number and at least 1", len(predictions), len(targets))
	}
	logits := make([][]float64, len(predictions))
	for i, c := range predictions {
		if n := len(c.Probabilities); targets[i] < 0 || targets[i] >= n {
			return 0, fmt.Errorf("the target of example %d is %d, want a class index from 0 to %d", i, targets[i], n-1)
		}
		if err := c.distribution(); err != nil {
			return 0, fmt.Errorf("example %d: %w", i, err)
		}
		logits[i] = c.logits()
	}
	// The loss is a convex function of the inverse temperature, so its slope is 0 at most once.
	slope := func(inverse float64) (first, second float64) {
		for i, z := range logits {
			mean, variance := moments(z, inverse)
			first += mean - z[targets[i]]
			second += variance
		}
		return first, second
	}
	low, high := 1./maxTemperature, 1./minTemperature
	if first, _ := slope(low); first >= 0 {
		return 0, errors.New("the predictions are not better than chance, so no temperature fits")
	}
	if first, _ := slope(high); first <= 0 {
		return 0, errors.New("the best temperature is 0, because all predictions are correct: use more examples, or harder ones")
	}
	x := 1. // Newton's method, and bisection where that leaves the interval
	for range 200 {
		first, second := slope(x)
		if first > 0 {
			high = x
		} else {
			low = x
		}
		next := x - first/second
		if !(next > low && next < high) {
			next = (low + high) / 2
		}
		if math.Abs(next-x) <= 1e-14*x {
			break
		}
		x = next
	}
	return 1 / x, nil
}

// AtTemperature returns the classification at the temperature t. c must be of a model whose Temperature is 0. The new
// probabilities are the old ones to the power of 1/t, divided by their sum. These are the softmax of the logits divided by t, or the sigmoid
// of a single unit's logit divided by t. The class stays the same, and a t of 0 or 1 changes nothing. AtTemperature returns an error
// if t is neither 0 nor from 0.01 to 100, or if the probabilities do not sum to 1.
func (c Classification) AtTemperature(t float64) (Classification, error) {
	if err := checkTemperature(t); err != nil {
		return c, err
	}
	if t == 0 || t == 1 {
		return c, nil
	}
	if err := c.distribution(); err != nil {
		return c, err
	}
	z := c.logits()
	c.Probabilities = make([]float32, len(z))
	top := z[c.Class] // the largest
	sum := 0.
	for _, x := range z {
		sum += math.Exp((x - top) / t)
	}
	for i, x := range z {
		c.Probabilities[i] = float32(math.Exp((x-top)/t) / sum)
	}
	c.Probability = c.Probabilities[c.Class]
	return c, nil
}

// distribution returns an error if the probabilities are not a distribution over the classes.
func (c Classification) distribution() error {
	if c.Scores != nil {
		return errors.New("the outputs of the model are scores, not probabilities; a temperature is for a softmax, or for a single sigmoid unit")
	}
	sum := 0.
	for _, p := range c.Probabilities {
		sum += float64(p)
	}
	if !(math.Abs(sum-1) < 1e-3) {
		return fmt.Errorf("the probabilities of the classes sum to %.4g, want 1; a temperature is for a softmax, or for a single sigmoid unit", sum)
	}
	return nil
}

// logits returns logits whose softmax is the probabilities. A probability of 0 was less than the smallest float32 number before it was
// rounded. That of a single unit's first class is 1 minus its output, so it was less than half of the distance between 1 and the next
// number.
func (c Classification) logits() []float64 {
	floor := 0x1p-126
	z := make([]float64, len(c.Probabilities))
	for i, p := range c.Probabilities {
		if c.single && i == 0 {
			z[i] = math.Log(max(float64(p), 0x1p-25))
			continue
		}
		z[i] = math.Log(max(float64(p), floor))
	}
	return z
}

// moments returns the mean and the variance of z under softmax(inverse * z).
func moments(z []float64, inverse float64) (mean, variance float64) {
	top := z[0]
	for _, x := range z {
		top = max(top, x)
	}
	sum, first, second := 0., 0., 0.
	for _, x := range z {
		e := math.Exp(inverse * (x - top))
		d := x - top
		sum += e
		first += e * d
		second += e * d * d
	}
	first /= sum
	return top + first, second/sum - first*first
}
