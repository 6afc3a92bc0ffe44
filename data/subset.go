package data

import (
	"errors"
	"fmt"
)

// check returns an error if the subset is unknown, or if there is no validation split.
func (s Subset) check(split float64) error {
	switch {
	case s > Validation:
		return fmt.Errorf("unknown subset %d; want WholeSet, Training or Validation", s)
	case s != WholeSet && split == 0:
		return errors.New("Subset needs Augment.ValidationSplit, which is 0")
	}
	return nil
}

// cut returns the part of the rows that is in the subset. The first n of them are for validation.
func (s Subset) cut(index []int, n int) []int {
	switch s {
	case Training:
		return index[n:]
	case Validation:
		return index[:n]
	}
	return index
}

// subset returns the rows of Subset, in their order.
func (o *ImageOptions) subset(t *Table, index []int) []int {
	if o.Subset == WholeSet {
		return index
	}
	if o.SubsetBy == ByTable || o.SubsetBy == BySource && t.Rule() != Folder {
		return o.Subset.cut(index, o.Augment.Split(len(index)))
	}
	size := map[string]int{}
	for _, i := range index {
		size[t.label(i)]++
	}
	seen := map[string]int{}
	var chosen []int
	for _, i := range index {
		label := t.label(i)
		if validation := seen[label] < o.Augment.Split(size[label]); validation == (o.Subset == Validation) {
			chosen = append(chosen, i)
		}
		seen[label]++
	}
	return chosen
}
