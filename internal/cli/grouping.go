package cli

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/internal/shell"
)

// groupFlag names the column of groups of images that a split keeps together.
type groupFlag struct {
	Group string `placeholder:"COLUMN" help:"Column of a table with groups of images that belong together, such as patient_id. The images of a group are on the same side of the split, or in the same fold."`
}

// recordGroups describes the groups of --group in the split.
type recordGroups struct {
	Column     string `json:"column"`
	Training   int    `json:"training"`   // groups
	Validation int    `json:"validation"` // groups
}

// divideGroups splits the table at random, so that the images of a group are on one side, together with their duplicates and the other versions of them.
func (t *training) divideGroups(table *data.Table, labels []string, versions, duplicates [][]int) (train, val []int, err error) {
	groups := table.Groups()
	joined := data.Joined(table.Len(), slices.Concat(data.Grouped(groups), versions, duplicates))
	together := make([]string, table.Len())
	n := table.Len()
	for k, g := range joined {
		n -= len(g) - 1
		for _, row := range g {
			together[row] = strconv.Itoa(k + 1)
		}
	}
	if n < 2 {
		return nil, nil, fmt.Errorf("--group %s: all %s belong together, by the values of the column and by their content, so they cannot be split", t.Group, count(table.Len(), "image"))
	}
	if t.Fold > 0 {
		of, err := data.StratifiedGroupKFold(labels, together, t.Folds, t.Seed)
		if err != nil {
			return nil, nil, fmt.Errorf("--group %s: %w", t.Group, err)
		}
		for row, fold := range of {
			if fold == t.Fold-1 {
				val = append(val, row)
			} else {
				train = append(train, row)
			}
		}
	} else if train, val, err = data.TrainTestSplit(table.Len(), data.SplitOptions{TestSize: t.TestSize, RandomState: t.Seed, Stratify: labels, Groups: together}); err != nil {
		return nil, nil, err
	}
	t.groups = &recordGroups{t.Group, countGroups(groups, train), countGroups(groups, val)}
	t.printf("Groups by the column %s: %d for training (%s) and %d for validation (%s). None is on both sides.\n",
		visibleLine(t.Group), t.groups.Training, count(len(train), "image"), t.groups.Validation, count(len(val), "image"))
	if _, want, err := (data.SplitOptions{TestSize: t.TestSize}).Sizes(table.Len()); err == nil && t.Fold == 0 && math.Abs(float64(len(val)-want)) > .2*float64(want)+1 {
		t.warn(fmt.Sprintf("the groups are large, so %s are for validation, and not %d as --test-size says", count(len(val), "image"), want))
	}
	return train, val, nil
}

// countGroups returns the number of groups of some of the rows. Rows without a value are groups of one row.
func countGroups(groups []string, rows []int) int {
	n, seen := 0, map[string]bool{}
	for _, r := range rows {
		if g := groups[r]; g == "" || !seen[g] {
			seen[g] = true
			n++
		}
	}
	return n
}

// proposeGroups warns of a column that probably has groups, and is not used.
func (t *training) proposeGroups(table *data.Table) {
	column, n := table.LikelyGroups()
	if column == "" || t.Group != "" {
		return
	}
	t.warn(fmt.Sprintf("the column %s has only %d different values, so some of its groups of images are probably on both sides of the split; if images with the same value are alike, the results for validation are too good. To keep each group on one side: --group %s",
		visibleLine(column), n, visibleLine(shell.Quote(column))))
}

// groupLeaks warns of groups with images in both training and validation, for validation images that are not split off.
func (t *training) groupLeaks(train, val *data.Table) {
	seen, both := map[string]bool{}, map[string]bool{}
	for _, g := range train.Groups() {
		seen[g] = true
	}
	images := 0
	for _, g := range val.Groups() {
		if g != "" && seen[g] {
			both[g] = true
			images++
		}
	}
	if images > 0 {
		t.warn(fmt.Sprintf("the training and the validation images have %s of the column %s in common, with %d of the %s for validation, so the results for validation are too good", count(len(both), "group"), t.Group, images, count(val.Len(), "image")))
	}
}

// groupsOfValidation returns an error if --group cannot be used for the source of the validation images.
func (t *training) groupsOfValidation() error {
	if t.Group == "" || data.HoldsTable(t.Validation) {
		return nil
	}
	return usageError{errors.New("--group is for a split of the images, or for validation images in a table with the same column; remove --group, or --validation")}
}
