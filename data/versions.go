package data

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strings"
)

// Versions returns the groups of two or more rows that are versions of one image by their names: Roboflow names the augmented copies of IMG_1.jpg
// IMG_1_jpg.rf.HASH.jpg, each with another hash, and other programs IMG_1_aug1.jpg or IMG_1_rot90.jpg. The latter count only with an image of the same label in the same folder that has the name without such an end. The groups and
// their rows are in the table's order.
func (t *Table) Versions() [][]int {
	exports := newGrouper[string]()
	augmented := map[string][]int{} // by the name of the original image
	for i, r := range t.All() {
		if base := augmentedBase(r.Filename); base != "" {
			augmented[base] = append(augmented[base], i)
		}
		if at := roboflowName.FindStringIndex(r.Filename); at != nil {
			exports.add(r.Filename[:at[0]], i)
		}
	}
	list := exports.groups()
	if len(augmented) == 0 {
		return list
	}
	for i, r := range t.All() {
		for _, k := range augmented[bareName(r.Filename)] {
			if t.label(k) == r.Label {
				list = append(list, []int{i, k})
			}
		}
	}
	return Joined(t.Len(), list)
}

// augmentWords are the last words in the names of augmented copies. A number may follow them.
var augmentWords = []string{
	"aug", "augmented", "augment", "augmentation", "rot", "rotate", "rotated", "rotation", "flip", "flipped", "fliplr", "flipud", "hflip", "vflip", "hvflip", "mirror", "mirrored", "shift", "shifted", "shear", "sheared", "zoom", "zoomed",
	"noise", "noisy", "blur", "blurred", "bright", "brightness", "brighter", "darker", "contrast", "jitter", "cutout", "crop", "cropped", "translate", "translated",
}

// augmentedBase returns the name of the image of which another one is an augmented copy by its name, without the extension: a/x for a/x_rot90_flip.jpg and a/x_aug_1.jpg. It returns "" for other names. Whether there is such an image
// is for the caller to see: x_crop.jpg alone may be an image of a crop.
func augmentedBase(name string) string {
	s, start := bareName(name), strings.LastIndexByte(name, '/')+1
	found := false
	for {
		i := strings.LastIndexAny(s, "_-")
		if i <= start {
			break
		}
		word := strings.TrimRight(s[i+1:], "0123456789")
		if word == "" { // a number alone belongs to the word before it
			j := strings.LastIndexAny(s[:i], "_-")
			if j <= start {
				break
			}
			i, word = j, s[j+1:i]
		}
		if !slices.Contains(augmentWords, strings.ToLower(word)) {
			break
		}
		s, found = s[:i], true
	}
	if !found {
		return ""
	}
	return s
}

// bareName returns a name without its extension.
func bareName(name string) string { return strings.TrimSuffix(name, path.Ext(name)) }

// grouper groups rows with equal keys.
type grouper[K comparable] struct {
	first map[K]int32     // the first row of each key
	more  map[int32][]int // groups of two or more rows, by their first row
}

func newGrouper[K comparable]() *grouper[K] {
	return &grouper[K]{map[K]int32{}, map[int32][]int{}}
}

func (g *grouper[K]) add(key K, row int) {
	k, seen := g.first[key]
	if !seen {
		g.first[key] = int32(row)
		return
	}
	if g.more[k] == nil {
		g.more[k] = []int{int(k)}
	}
	g.more[k] = append(g.more[k], row)
}

// groups returns the groups of two or more rows, in the order of their first rows.
func (g *grouper[K]) groups() [][]int { return sortedGroups(g.more) }

func sortedGroups[K comparable](by map[K][]int) [][]int {
	groups := slices.Collect(maps.Values(by))
	slices.SortFunc(groups, func(a, b []int) int { return cmp.Compare(a[0], b[0]) })
	return groups
}

// Joined returns the groups of a table's n rows that result if groups with a common row are one.
func Joined(n int, groups [][]int) [][]int {
	of := make([]int32, n) // of a row in a group, another row in it plus 1, or itself for the first
	root := func(r int) int {
		for int(of[r]) != r+1 {
			of[r] = of[of[r]-1]
			r = int(of[r]) - 1
		}
		return r
	}
	for _, g := range groups {
		for _, r := range g {
			if of[r] == 0 {
				of[r] = int32(r) + 1
			}
			a, b := root(g[0]), root(r)
			of[max(a, b)] = int32(min(a, b)) + 1
		}
	}
	by := map[int][]int{}
	for r, other := range of {
		if other != 0 {
			by[root(r)] = append(by[root(r)], r)
		}
	}
	return sortedGroups(by)
}

// KeepTogether moves the rows of a split so that each group is on the side of its first row. The sides then have about the same sizes as before, also if most
// rows are in groups. train and test are those of TrainTestSplit; groups have no common rows. It also returns the number of rows that moved.
func KeepTogether(train, test []int, groups [][]int) (newTrain, newTest []int, moved int) {
	tests, moves := make([]bool, len(train)+len(test)), make([]bool, len(train)+len(test))
	for _, r := range test {
		tests[r] = true
	}
	for _, g := range groups {
		for _, r := range g[1:] {
			if tests[r] != tests[g[0]] {
				moves[r] = true
				moved++
			}
		}
	}
	for _, side := range []struct {
		from        []int
		same, other *[]int
	}{{train, &newTrain, &newTest}, {test, &newTest, &newTrain}} {
		for _, r := range side.from {
			if moves[r] {
				*side.other = append(*side.other, r)
			} else {
				*side.same = append(*side.same, r)
			}
		}
	}
	return newTrain, newTest, moved
}
