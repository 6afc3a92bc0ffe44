package data

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"

	"github.com/lince-ml/lince/internal/mt19937"
)

// Groups returns the group of each row, for example for SplitOptions.Groups: the value in OpenOptions.GroupColumn, or "" if there is none. It returns nil if no such column
// was named.
func (t *Table) Groups() []string {
	if t.packed == nil || t.packed.group == nil {
		return nil
	}
	list := make([]string, t.Len())
	for i := range list {
		if g := t.packed.group[t.at(i)]; g >= 0 {
			list[i] = t.packed.groups[g]
		}
	}
	return list
}

// LikelyGroups returns the column of a table's file that is probably one of groups, such as patient_id, and the number of different values in it, if GroupColumn does not name one:
// several rows have the same value. It returns "" if there is no such column.
func (t *Table) LikelyGroups() (column string, values int) {
	if t.src == nil {
		return "", 0
	}
	return t.src.likelyGroup, t.src.likelyGroups
}

// Grouped returns the rows of each group of two or more. groups has the group of each row; rows without one, "", are in none. The groups and their rows are in the order of the rows.
func Grouped(groups []string) [][]int {
	by := newGrouper[string]()
	for i, g := range groups {
		if g != "" {
			by.add(g, i)
		}
	}
	return by.groups()
}

// numberGroups numbers the groups in byte order, as NumPy's unique does. Rows without a group are groups of one row, which come first.
func numberGroups(groups []string) (of []int, n int) {
	rows := make([]int, len(groups))
	for i := range rows {
		rows[i] = i
	}
	slices.SortStableFunc(rows, func(a, b int) int { return cmp.Compare(groups[a], groups[b]) })
	of = make([]int, len(groups))
	for k, row := range rows {
		if k > 0 && (groups[row] == "" || groups[row] != groups[rows[k-1]]) {
			n++
		}
		of[row] = n
	}
	return of, n + 1
}

// groupSplit is TrainTestSplit for SplitOptions.Groups.
func groupSplit(n int, s SplitOptions) (train, test []int, err error) {
	switch {
	case n < 1:
		return nil, nil, fmt.Errorf("there are no samples to split (n=%d)", n)
	case s.NoShuffle:
		return nil, nil, errors.New("a split by groups needs shuffling; leave out one of Groups and NoShuffle")
	case len(s.Groups) != n:
		return nil, nil, fmt.Errorf("there are %d groups for %d rows; each row has one", len(s.Groups), n)
	case s.Stratify != nil && len(s.Stratify) != n:
		return nil, nil, fmt.Errorf("there are %d labels to stratify by for %d rows", len(s.Stratify), n)
	}
	of, groups := numberGroups(s.Groups)
	if groups < 2 {
		return nil, nil, fmt.Errorf("all %d rows are in the group %q; a split needs two or more groups", n, s.Groups[0])
	}
	const trainSide, testSide, noSide = 0, 1, 2
	side := make([]int, groups)
	if s.Stratify == nil {
		nTrain, nTest, err := s.Sizes(groups)
		if err != nil {
			return nil, nil, fmt.Errorf("in groups: %w", err)
		}
		for i, g := range mt19937.New(s.RandomState).Permutation(groups) {
			switch {
			case i < nTest:
				side[g] = testSide
			case i >= nTest+nTrain:
				side[g] = noSide
			}
		}
	} else {
		nTrain, nTest, err := s.Sizes(n)
		if err != nil {
			return nil, nil, err
		}
		scales := []float64{trainSide: 2 * float64(nTrain) / float64(n), testSide: 2 * float64(nTest) / float64(n)}
		if rest := n - nTrain - nTest; rest > 0 {
			scales = append(scales, 2*float64(rest)/float64(n))
		}
		d := newDivision(s.Stratify, of, groups, scales, mt19937.New(s.RandomState))
		d.divide()
		d.fill(trainSide, testSide)
		side = d.side
	}
	for row, g := range of {
		switch side[g] {
		case trainSide:
			train = append(train, row)
		case testSide:
			test = append(test, row)
		}
	}
	return train, test, nil
}

// StratifiedGroupKFold divides rows into folds, so that the rows of a group are in one fold, and each fold has about the same fraction of each label. groups has the group of each
// row; each row without one, "", is a group. It returns the fold of each row, as StratifiedKFold does. The folds are those of scikit-learn's StratifiedGroupKFold(n_splits=folds, shuffle=True,
// random_state=randomState).
//
// It fails if folds is less than 2, or if there are fewer groups than folds. A label with few groups may be missing in some of the folds.
func StratifiedGroupKFold(labels, groups []string, folds int, randomState uint32) ([]int, error) {
	switch {
	case folds < 2:
		return nil, fmt.Errorf("the number of folds must be at least 2, got %d", folds)
	case len(labels) != len(groups):
		return nil, fmt.Errorf("there are %d groups for %d rows; each row has one", len(groups), len(labels))
	case len(labels) == 0:
		return nil, errors.New("there are no rows to divide into folds")
	}
	of, n := numberGroups(groups)
	if n < folds {
		return nil, fmt.Errorf("the rows are in %d groups, fewer than the %d folds", n, folds)
	}
	scales := slices.Repeat([]float64{1}, folds)
	d := newDivision(labels, of, n, scales, mt19937.New(randomState))
	d.divide()
	out := make([]int, len(of))
	for row, g := range of {
		out[row] = d.side[g]
	}
	return out, nil
}

// division puts groups on sides one after the other, each on the side with which the fractions of the classes are the most even. It is the algorithm of scikit-learn's
// StratifiedGroupKFold, with the same order of float64 operations and random draws, also for sides of different sizes.
type division struct {
	order  []int          // the groups, those with the most uneven classes first
	counts [][]classCount // of each group
	rows   []int          // of each group
	sizes  []int          // of each side
	total  []float64      // of each class
	scales []float64      // the wanted size of each side; 1 if all are equal
	have   [][]float64    // of each side and class, the rows so far
	side   []int          // of each group
	even   []float64      // of each class, the standard deviation of the fractions of the sides
	buffer []float64      // a value for each side
}

// classCount is the number of rows of a class.
type classCount struct {
	class int
	n     float64
}

func newDivision(labels []string, of []int, groups int, scales []float64, random *mt19937.Rand) *division {
	class := map[string]int{}
	for _, l := range labels {
		class[l] = 0
	}
	for i, l := range sortedKeys(class) {
		class[l] = i
	}
	d := &division{
		counts: make([][]classCount, groups), rows: make([]int, groups), sizes: make([]int, len(scales)), total: make([]float64, len(class)), scales: scales,
		have: make([][]float64, len(scales)), side: make([]int, groups), even: make([]float64, len(class)), buffer: make([]float64, len(scales)),
	}
	for s := range scales {
		d.have[s] = make([]float64, len(class))
	}
	for row, l := range labels {
		c, g := class[l], of[row]
		d.total[c]++
		d.rows[g]++
		at := slices.IndexFunc(d.counts[g], func(k classCount) bool { return k.class == c })
		if at < 0 {
			at = len(d.counts[g])
			d.counts[g] = append(d.counts[g], classCount{class: c})
		}
		d.counts[g][at].n++
	}
	uneven := make([]float64, groups)
	all := make([]float64, len(class))
	for g, counts := range d.counts {
		clear(all)
		for _, c := range counts {
			all[c.class] = c.n
		}
		uneven[g] = deviation(all)
	}
	d.order = make([]int, groups)
	for i := range d.order {
		d.order[i] = i
	}
	mt19937.Shuffle(random, d.order)
	sort.SliceStable(d.order, func(i, j int) bool { return uneven[d.order[i]] > uneven[d.order[j]] })
	return d
}

// divide chooses the side of each group.
func (d *division) divide() {
	changed := make([]float64, len(d.even))
	for _, g := range d.order {
		best, least, fewest := 0, math.Inf(1), math.Inf(1)
		for s := range d.scales {
			copy(changed, d.even)
			for _, c := range d.counts[g] {
				changed[c.class] = d.evenness(c.class, s, c.n)
			}
			value, rows := pairwiseSum(changed)/float64(len(changed)), float64(d.sizes[s])/d.scales[s]
			if value < least || math.Abs(value-least) <= 1e-8+float64(1e-5*math.Abs(least)) && rows < fewest { // NumPy's isclose
				best, least, fewest = s, value, rows
			}
		}
		d.put(g, best)
	}
}

// put puts a group on a side.
func (d *division) put(g, side int) {
	d.side[g] = side
	d.sizes[side] += d.rows[g]
	for _, c := range d.counts[g] {
		d.have[side][c.class] += c.n
		d.even[c.class] = d.evenness(c.class, side, 0)
	}
}

// evenness returns the standard deviation of the fractions of a class on the sides, if a side has so many rows more.
func (d *division) evenness(class, side int, more float64) float64 {
	for s, have := range d.have {
		n := have[class]
		if s == side {
			n += more
		}
		d.buffer[s] = n / float64(d.total[class]*d.scales[s])
	}
	if len(d.even) == 1 { // NumPy then adds as in a row
		return deviation(d.buffer)
	}
	return columnDeviation(d.buffer)
}

// fill moves the smallest group to each of the sides that has none.
func (d *division) fill(sides ...int) {
	for _, s := range sides {
		if d.sizes[s] > 0 {
			continue
		}
		smallest := slices.MinFunc(d.order, func(a, b int) int { return cmp.Compare(d.rows[a], d.rows[b]) })
		d.sizes[d.side[smallest]] -= d.rows[smallest]
		d.put(smallest, s)
	}
}

// deviation is NumPy's std of a row of an array.
func deviation(v []float64) float64 {
	mean := pairwiseSum(v) / float64(len(v))
	squares := make([]float64, len(v))
	for i, x := range v {
		squares[i] = float64((x - mean) * (x - mean))
	}
	return math.Sqrt(pairwiseSum(squares) / float64(len(v)))
}

// columnDeviation is NumPy's std of a column of an array.
func columnDeviation(v []float64) float64 {
	sum, squares := 0., 0.
	for _, x := range v {
		sum += x
	}
	mean := sum / float64(len(v))
	for _, x := range v {
		squares += float64((x - mean) * (x - mean))
	}
	return math.Sqrt(squares / float64(len(v)))
}

// pairwiseSum adds numbers in NumPy's order.
func pairwiseSum(v []float64) float64 {
	const block = 128
	n := len(v)
	switch {
	case n < 8:
		sum := 0.
		for _, x := range v {
			sum += x
		}
		return sum
	case n <= block:
		var r [8]float64
		copy(r[:], v)
		i := 8
		for ; i < n-n%8; i += 8 {
			for k := range r {
				r[k] += v[i+k]
			}
		}
		sum := ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]))
		for ; i < n; i++ {
			sum += v[i]
		}
		return sum
	}
	half := n / 2
	half -= half % 8
	return pairwiseSum(v[:half]) + pairwiseSum(v[half:])
}
