package data

import (
	"hash/fnv"
	"io"
	"slices"
	"strings"
)

// variantWords are names of folders, and the last words of names, that tell how an image was changed.
var variantWords = []string{
	"color", "colored", "rgb", "gray", "grayscale", "bw", "segmented", "segment", "segmentation", "masked", "mask", "final", "depth", "ir", "nir", "thermal",
	"original", "originals", "orig", "raw", "augmented", "aug", "enhanced", "clahe", "filtered", "edges", "edge", "canny", "denoised", "cropped", "crop", "resized", "rotated", "flipped", "blurred", "processed", "preprocessed", "normalized",
}

// isVariant reports whether the name of a folder tells how its images were changed.
func isVariant(folder string) bool {
	return slices.Contains(variantWords, americanSpelling.Replace(strings.ToLower(folder)))
}

// americanSpelling changes the British spelling of the words.
var americanSpelling = strings.NewReplacer("lour", "lor", "rey", "ray")

// longStem is the length of a name, without its extension, that two images hardly have by chance. Shorter ones may be numbers.
const longStem = 16

// Variants returns the groups of two or more rows that are probably variants of one image: they have the same label, and their names differ only in one folder, as
// color/rust/1.jpg and grayscale/rust/1.jpg do, and perhaps in a last word such as _masked. The folders must have names of variants, or the names must be long. The groups
// and their rows are in the table's order.
func (t *Table) Variants() [][]int {
	for level := range mostLevels {
		may, deep := t.mayVary(level)
		if !deep {
			return nil
		}
		if !may {
			continue
		}
		variants := newGrouper[uint64]()
		for i, r := range t.All() {
			before, _, after, ok := atLevel(r.Filename, level)
			if !ok || r.Label == "" {
				continue
			}
			h := fnv.New64a()
			_, _ = io.WriteString(h, strings.Join([]string{r.Label, before, folderOf(after), plainStem(stem(after))}, "\x00")) // it never fails
			variants.add(h.Sum64(), i)
		}
		if groups := variants.groups(); len(groups) > 0 {
			return groups
		}
	}
	return nil
}

// mayVary reports whether the folders at a level may be those of variants: images of a class are in several of them. deep is false if there are no folders at the level.
func (t *Table) mayVary(level int) (may, deep bool) {
	folders, of := map[string]bool{}, map[string]string{}
	several, long := false, true
	for _, r := range t.All() {
		before, folder, after, ok := atLevel(r.Filename, level)
		if !ok {
			continue
		}
		deep = true
		if r.Label == "" {
			continue
		}
		folders[folder] = true
		long = long && len(stem(after)) >= longStem
		k := r.Label + "\x00" + before
		if one, seen := of[k]; seen && one != folder {
			several = true
		}
		of[k] = folder
	}
	names := sortedKeys(folders)
	return several && !allGroups(names) && (long || slices.ContainsFunc(names, isVariant)), deep
}

// atLevel divides a name into the folders before a level, the one at the level, and the rest.
func atLevel(name string, level int) (before, folder, after string, ok bool) {
	rest := name
	for range level {
		if _, rest, ok = strings.Cut(rest, "/"); !ok {
			return "", "", "", false
		}
	}
	before = name[:len(name)-len(rest)]
	folder, after, ok = strings.Cut(rest, "/")
	return before, folder, after, ok
}

// plainStem returns the stem of a name without last words that tell how the image was changed: leaf1 for leaf1_final_masked.
func plainStem(s string) string {
	for {
		i := strings.LastIndexAny(s, "_- ")
		if i <= 0 || !isVariant(s[i+1:]) {
			return strings.ToLower(s)
		}
		s = s[:i]
	}
}
