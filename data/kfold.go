package data

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/lince-ml/lince/internal/mt19937"
)

// StratifiedKFold divides rows into folds, each of which has about the same fraction of each label. It returns the fold of each row, from 0 to folds-1: the rows that
// are for testing when this fold is. They are those of scikit-learn's StratifiedKFold(n_splits=folds, shuffle=True, random_state=randomState).
//
// It fails if folds is less than 2, or if a label has fewer rows than there are folds. (scikit-learn only warns of the latter.)
func StratifiedKFold(labels []string, folds int, randomState uint32) ([]int, error) {
	if folds < 2 {
		return nil, fmt.Errorf("the number of folds must be at least 2, got %d", folds)
	}
	class, counts := map[string]int{}, []int{} // classes in the order of their first rows
	encoded := make([]int, len(labels))
	for i, l := range labels {
		c, ok := class[l]
		if !ok {
			c = len(counts)
			class[l], counts = c, append(counts, 0)
		}
		encoded[i] = c
		counts[c]++
	}
	if len(labels) == 0 {
		return nil, errors.New("there are no rows to divide into folds")
	}
	for _, l := range slices.Sorted(maps.Keys(class)) {
		if n := counts[class[l]]; n < folds {
			return nil, fmt.Errorf("the class %s has %d rows, fewer than the %d folds", l, n, folds)
		}
	}
	ordered := slices.Sorted(slices.Values(encoded))
	allocation := make([][]int, folds) // of each fold, the rows of each class
	for f := range allocation {
		allocation[f] = make([]int, len(counts))
		for i := f; i < len(ordered); i += folds {
			allocation[f][ordered[i]]++
		}
	}
	out := make([]int, len(labels))
	random := mt19937.New(randomState)
	rows := make([][]int, len(counts)) // of each class
	for i, c := range encoded {
		rows[c] = append(rows[c], i)
	}
	for c := range counts {
		var of []int // the folds of the rows of the class
		for f := range allocation {
			of = append(of, slices.Repeat([]int{f}, allocation[f][c])...)
		}
		mt19937.Shuffle(random, of)
		for k, row := range rows[c] {
			out[row] = of[k]
		}
	}
	return out, nil
}

// TrainTestFold returns the indexes of the training and the test rows of one of the folds, counted from 0, as StratifiedKFold divides them.
func TrainTestFold(labels []string, folds, fold int, randomState uint32) (train, test []int, err error) {
	if fold < 0 || fold >= folds {
		return nil, nil, fmt.Errorf("the fold must be from 0 to %d, got %d", folds-1, fold)
	}
	of, err := StratifiedKFold(labels, folds, randomState)
	if err != nil {
		return nil, nil, err
	}
	for row, f := range of {
		if f == fold {
			test = append(test, row)
		} else {
			train = append(train, row)
		}
	}
	return train, test, nil
}

// StratifiedKFold returns the training and the test rows of one of the folds, as TrainTestFold.
func (t *Table) StratifiedKFold(folds, fold int, randomState uint32) (train, test *Table, err error) {
	a, b, err := TrainTestFold(t.Labels(), folds, fold, randomState)
	if err != nil {
		return nil, nil, err
	}
	return t.Take(a), t.Take(b), nil
}
