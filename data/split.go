package data

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/lince-ml/lince/internal/mt19937"
)

// SplitOptions configures TrainTestSplit. Names and defaults are those of scikit-learn's
// train_test_split.
type SplitOptions struct {
	// TestSize and TrainSize are fractions of the rows if below 1, such as 0.25, and numbers of rows
	// otherwise, such as 500. By default a quarter of the rows is for testing. If one size is zero,
	// that side gets all remaining rows. Fractions are rounded up for TestSize and down for TrainSize.
	TestSize, TrainSize float64

	// RandomState is the seed of NumPy's random stream, which chooses the rows.
	RandomState uint32

	// NoShuffle takes the first rows for training and the rows after them for testing
	// (scikit-learn's shuffle=False).
	NoShuffle bool

	// Stratify, if not nil, holds a label for each row. Both sides then contain each label in the same
	// proportion. It cannot be combined with NoShuffle. See Table.Labels.
	Stratify []string

	// Groups, if not nil, holds a group for each row, such as a patient. The rows of a group are then on the same side. A row without a group, "", is a group. The rows of both sides
	// are in ascending order. It cannot be combined with NoShuffle. See Table.Groups.
	//
	// Without Stratify, the sizes are fractions or numbers of the groups, and the sides are those of scikit-learn's GroupShuffleSplit. With Stratify, they are
	// fractions or numbers of rows, which the sides have approximately, as they have the fractions of the labels: TrainTestSplit then puts one group after the other on the
	// side where it fits best, as StratifiedGroupKFold does. Labels that are all equal give sides of the wanted numbers of rows.
	Groups []string
}

// TrainTestSplit divides the rows 0 to n-1. It returns the same rows, in the same order, as
// scikit-learn's train_test_split does for the same sizes and random state.
//
// It fails if a size is neither a fraction between 0 and 1 nor a whole number below n, if the sizes
// add up to more than n, if train would be empty, or, with Stratify, if a label has only one row or a
// side has fewer rows than there are labels.
func TrainTestSplit(n int, s SplitOptions) (train, test []int, err error) {
	if s.Groups != nil {
		return groupSplit(n, s)
	}
	nTrain, nTest, err := s.Sizes(n)
	if err != nil {
		return nil, nil, err
	}
	if s.Stratify != nil {
		if s.NoShuffle {
			return nil, nil, errors.New("a stratified split needs shuffling; leave out one of Stratify and NoShuffle")
		}
		if len(s.Stratify) != n {
			return nil, nil, fmt.Errorf("there are %d labels to stratify by for %d rows", len(s.Stratify), n)
		}
		return stratified(s.Stratify, nTrain, nTest, mt19937.New(s.RandomState))
	}
	if s.NoShuffle {
		for i := range nTrain + nTest {
			if i < nTrain {
				train = append(train, i)
			} else {
				test = append(test, i)
			}
		}
		return train, test, nil
	}
	perm := mt19937.New(s.RandomState).Permutation(n)
	return slices.Clip(perm[nTest : nTest+nTrain]), slices.Clip(perm[:nTest]), nil
}

// TrainTestSplit divides the rows of the table as the function TrainTestSplit does.
func (t *Table) TrainTestSplit(s SplitOptions) (train, test *Table, err error) {
	a, b, err := TrainTestSplit(t.Len(), s)
	if err != nil {
		return nil, nil, err
	}
	return t.Take(a), t.Take(b), nil
}

// Sizes returns the numbers of rows of the sides of n rows, as scikit-learn's _validate_shuffle_split does.
func (s SplitOptions) Sizes(n int) (train, test int, err error) {
	if s.TestSize == 0 && s.TrainSize == 0 {
		s.TestSize = 0.25
	}
	count := func(name string, size float64, round func(float64) float64) (int, error) {
		switch {
		case size > 0 && size < 1:
			return int(round(size * float64(n))), nil
		case size == math.Trunc(size) && size >= 1 && size < float64(n):
			return int(size), nil
		}
		return 0, fmt.Errorf("%s=%v should be either a positive whole number smaller than the number of samples %d or a fraction between 0 and 1", name, size, n)
	}
	switch {
	case n < 1:
		return 0, 0, fmt.Errorf("there are no samples to split (n=%d)", n)
	case int64(n) > math.MaxUint32:
		return 0, 0, fmt.Errorf("cannot shuffle %d samples; want at most %d", n, int64(math.MaxUint32))
	}
	if s.TestSize != 0 {
		if test, err = count("test_size", s.TestSize, math.Ceil); err != nil {
			return 0, 0, err
		}
	}
	if s.TrainSize != 0 {
		if train, err = count("train_size", s.TrainSize, math.Floor); err != nil {
			return 0, 0, err
		}
	}
	isFraction := func(v float64) bool { return v > 0 && v < 1 }
	switch {
	case s.TrainSize == 0:
		train = n - test
	case s.TestSize == 0:
		test = n - train
	case isFraction(s.TrainSize) && isFraction(s.TestSize) && s.TrainSize+s.TestSize > 1:
		return 0, 0, fmt.Errorf("the sum of test_size and train_size = %v should be in the (0, 1) range; reduce one of them", s.TrainSize+s.TestSize)
	case train+test > n:
		return 0, 0, fmt.Errorf("the sum of train_size and test_size = %d should be smaller than the number of samples %d; reduce one of them", train+test, n)
	}
	if train == 0 {
		return 0, 0, fmt.Errorf("with n_samples=%d, test_size=%v and train_size=%v, the train set would be empty; adjust any of them", n, s.TestSize, s.TrainSize)
	}
	return train, test, nil
}

// stratified returns the first split of scikit-learn's StratifiedShuffleSplit.
func stratified(labels []string, nTrain, nTest int, rng *mt19937.Rand) (train, test []int, err error) {
	rowsOf := map[string][]int{}
	for i, l := range labels {
		rowsOf[l] = append(rowsOf[l], i)
	}
	classes := make([]string, 0, len(rowsOf))
	for l := range rowsOf {
		classes = append(classes, l)
	}
	slices.Sort(classes)
	counts := make([]int, len(classes))
	var few []string
	for i, l := range classes {
		counts[i] = len(rowsOf[l])
		if counts[i] < 2 {
			few = append(few, l)
		}
	}
	switch {
	case few != nil:
		return nil, nil, fmt.Errorf("the least populated classes have only 1 member, which is too few to stratify: each needs 2 or more; the classes are: %s", strings.Join(few, ", "))
	case nTrain < len(classes):
		return nil, nil, fmt.Errorf("the train_size = %d should be greater or equal to the number of classes = %d; choose a smaller test size (TestSize, --test-size)", nTrain, len(classes))
	case nTest < len(classes):
		return nil, nil, fmt.Errorf("the test_size = %d should be greater or equal to the number of classes = %d; choose a larger test size (TestSize, --test-size %[2]d)", nTest, len(classes))
	}
	trainOf := approximateMode(counts, nTrain, rng)
	rest := make([]int, len(counts))
	for i := range counts {
		rest[i] = counts[i] - trainOf[i]
	}
	testOf := approximateMode(rest, nTest, rng)
	for i, l := range classes {
		rows := rowsOf[l]
		perm := rng.Permutation(len(rows))
		for k, p := range perm[:trainOf[i]+testOf[i]] {
			if k < trainOf[i] {
				train = append(train, rows[p])
			} else {
				test = append(test, rows[p])
			}
		}
	}
	mt19937.Shuffle(rng, train)
	mt19937.Shuffle(rng, test)
	return train, test, nil
}

// approximateMode returns the most likely number of draws of each class, for n draws without replacement from
// classes with these counts. It breaks ties at random. This is scikit-learn's _approximate_mode, with the
// same order of float64 operations and random draws.
func approximateMode(counts []int, n int, rng *mt19937.Rand) []int {
	total := 0
	for _, c := range counts {
		total += c
	}
	draws := make([]int, len(counts))
	remainder := make([]float64, len(counts))
	need := n
	for i, c := range counts {
		continuous := float64(float64(c) / float64(total) * float64(n))
		floor := math.Floor(continuous)
		draws[i] = int(floor)
		remainder[i] = continuous - floor
		need -= draws[i]
	}
	values := slices.Clone(remainder)
	slices.Sort(values)
	values = slices.Compact(values)
	for k := len(values) - 1; k >= 0 && need > 0; k-- {
		var tied []int
		for i, r := range remainder {
			if r == values[k] {
				tied = append(tied, i)
			}
		}
		add := min(len(tied), need)
		// choice(tied, add, replace=False)
		for _, p := range rng.Permutation(len(tied))[:add] {
			draws[tied[p]]++
		}
		need -= add
	}
	return draws
}
