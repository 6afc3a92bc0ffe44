package data

import (
	"cmp"
	"maps"
	"slices"
)

// Versions returns the groups of two or more rows that are versions of one image by their names: Roboflow names the augmented copies of IMG_1.jpg
// IMG_1_jpg.rf.HASH.jpg, each with another hash. The groups and their rows are in the table's order.
func (t *Table) Versions() [][]int {
	first, groups := map[string]int{}, map[int][]int{}
	for i, r := range t.All() {
		at := roboflowName.FindStringIndex(r.Filename)
		if at == nil {
			continue
		}
		k, seen := first[r.Filename[:at[0]]]
		if !seen {
			first[r.Filename[:at[0]]] = i
			continue
		}
		if groups[k] == nil {
			groups[k] = []int{k}
		}
		groups[k] = append(groups[k], i)
	}
	return sortedGroups(groups)
}

func sortedGroups(by map[int][]int) [][]int {
	groups := slices.Collect(maps.Values(by))
	slices.SortFunc(groups, func(a, b []int) int { return cmp.Compare(a[0], b[0]) })
	return groups
}

// Joined returns the groups that result if groups with a common row are one.
func Joined(groups [][]int) [][]int {
	of := map[int]int{} // of a row in a group, another row in it, or itself for the first
	root := func(r int) int {
		for of[r] != r {
			of[r] = of[of[r]]
			r = of[r]
		}
		return r
	}
	for _, g := range groups {
		for _, r := range g {
			if _, known := of[r]; !known {
				of[r] = r
			}
			a, b := root(g[0]), root(r)
			of[max(a, b)] = min(a, b)
		}
	}
	by := map[int][]int{}
	for _, r := range slices.Sorted(maps.Keys(of)) {
		by[root(r)] = append(by[root(r)], r)
	}
	return sortedGroups(by)
}

// SplitByFirst moves the rows of a split so that each group is on the side of its first row. The sides then have about the same sizes as before, also if most
// images are in groups. moved is the number of rows that changed sides. Groups must have no common rows; see Joined.
func SplitByFirst(train, test []int, groups [][]int) (newTrain, newTest []int, moved int) {
	tests := map[int]bool{}
	for _, r := range test {
		tests[r] = true
	}
	to := map[int]bool{} // rows that change sides
	for _, g := range groups {
		for _, r := range g[1:] {
			if tests[r] != tests[g[0]] {
				to[r] = true
			}
		}
	}
	stays := func(r int) bool { return !to[r] }
	for _, side := range []struct {
		from  []int
		same  *[]int
		other *[]int
	}{{train, &newTrain, &newTest}, {test, &newTest, &newTrain}} {
		for _, r := range side.from {
			if stays(r) {
				*side.same = append(*side.same, r)
			} else {
				*side.other = append(*side.other, r)
			}
		}
	}
	return newTrain, newTest, len(to)
}
