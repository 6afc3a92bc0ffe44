package data

import (
	"fmt"
	"slices"
)

// classSets are the class indexes of rows with several labels. Rows with the same labels share them.
type classSets struct {
	of   []int32 // for each row, the index of its set
	list [][]int // ascending indexes
}

// chooseSets sets the class indexes of the rows. Labels that are no class are left out with a warning.
func (f *Flow) chooseSets(class map[string]int) {
	f.sets = &classSets{of: make([]int32, f.table.Len())}
	at := map[string]int32{}
	left := map[string]int{}
	for i := range f.sets.of {
		l := f.table.label(i)
		id, ok := at[l]
		if !ok {
			id = int32(len(f.sets.list))
			at[l] = id
			set := []int{}
			for _, c := range f.table.LabelSet(i) {
				if k, ok := class[c]; ok {
					set = append(set, k)
				}
			}
			slices.Sort(set)
			f.sets.list = append(f.sets.list, set)
		}
		f.sets.of[i] = id
		if len(f.sets.list[id]) < len(f.table.LabelSet(i)) {
			for _, c := range f.table.LabelSet(i) {
				if _, ok := class[c]; !ok {
					left[c]++
				}
			}
		}
	}
	for _, c := range sortedKeys(left) {
		f.warn = append(f.warn, fmt.Sprintf("The label %s of %d images is not one of the classes and is left out.", c, left[c]))
	}
}

// MultiLabel reports whether the images have any number of classes each.
func (f *Flow) MultiLabel() bool { return f.sets != nil }

// ClassSet returns the ascending class indexes of a row: several or none if MultiLabel, and one if the targets are classes. The caller
// must not change it.
func (f *Flow) ClassSet(row int) []int {
	switch {
	case f.sets != nil:
		return f.sets.list[f.sets.of[row]]
	case f.classIndex != nil:
		return f.classIndex[row : row+1 : row+1]
	}
	return nil
}
