package data

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// maskEnds are the last words in the names of masks: scan (1)_mask.png beside scan (1).png.
var maskEnds = []string{"mask", "masks", "seg", "segmentation", "gt", "label", "labels", "annotation"}

// smallFolders are the names of folders in which programs keep small copies, and keptFolders those in which they keep files that were changed since.
var (
	smallFolders = []string{"thumb", "thumbs", "thumbnail", "thumbnails", "_thumbs", "_thumbnails", "previews"}
	keptFolders  = []string{"originals", "_originals", "original_images_backup", "backup", "_backup"}
)

// doubtImages warns of images that are probably not what a classifier is trained on: masks, the images of two domains, and copies that programs keep.
func (b *labeling) doubtImages() {
	if b.rule.rule == Unlabeled {
		return
	}
	folders := map[string]int{} // the number of images in each
	for _, n := range b.names {
		folders[folderOf(n)]++
	}
	b.warn(maskPairs(b.names, folders))
	b.warn(maskFiles(b.names))
	b.warn(domains(folders))
	b.warn(copiesKept(folders))
	b.warn(recycled(b.names))
	b.warn(written(b.names))
}

// segmentationAdvice says what to do with the masks of a segmentation.
const segmentationAdvice = "They are probably for a segmentation, which has no classes of images, so lince train cannot learn it. To classify the images, give lince train the folder of the images alone, with a folder for each class or a table of labels."

// maskPairs warns of a folder of masks beside one of images: most of the files have the same names.
func maskPairs(names []string, folders map[string]int) string {
	beside := map[string][]string{} // by the folder around them, those of masks
	for _, dir := range sortedKeys(folders) {
		if slices.Contains(maskWords, strings.ToLower(path.Base(dir))) {
			beside[folderOf(dir)] = append(beside[folderOf(dir)], dir)
		}
	}
	if len(beside) == 0 {
		return ""
	}
	stems := map[string]map[string]bool{} // of each folder of masks, those of the images to which they belong
	for _, n := range names {
		if dir := folderOf(n); slices.Contains(beside[folderOf(dir)], dir) {
			if stems[dir] == nil {
				stems[dir] = map[string]bool{}
			}
			stems[dir][maskStem(n)] = true
		}
	}
	shared := map[string]map[string]int{} // of each folder of masks, the images of other folders with their names
	for _, n := range names {
		other := folderOf(n)
		for _, dir := range beside[folderOf(other)] {
			if other != dir && stems[dir][stem(n)] {
				if shared[dir] == nil {
					shared[dir] = map[string]int{}
				}
				shared[dir][other]++
			}
		}
	}
	for _, dir := range sortedKeys(shared) {
		for _, other := range sortedKeys(shared[dir]) {
			if n := shared[dir][other]; n >= 2 && 5*n >= 4*len(stems[dir]) {
				return fmt.Sprintf("The images in %s have the names of those in %s (%d of them). %s", dir, other, n, segmentationAdvice)
			}
		}
	}
	return ""
}

// stem returns the file's name without its folder and its extension.
func stem(name string) string {
	base := path.Base(name)
	return strings.TrimSuffix(base, path.Ext(base))
}

// maskStem returns the stem of the image to which a mask belongs.
func maskStem(name string) string {
	s := stem(name)
	if i := strings.LastIndexAny(s, "_-"); i > 0 && len(s)-i < 16 && slices.Contains(maskEnds, strings.ToLower(s[i+1:])) {
		return s[:i]
	}
	return s
}

// maskFiles warns of masks beside the images to which they belong.
func maskFiles(names []string) string {
	var of map[string]bool // the names of images that have a mask, without their extensions
	example, n := "", 0
	for _, name := range names {
		if s := maskStem(name); s != stem(name) {
			if of == nil {
				of = map[string]bool{}
			}
			of[path.Join(folderOf(name), s)] = true
			example = name
		}
	}
	if of == nil {
		return ""
	}
	for _, name := range names {
		if of[path.Join(folderOf(name), stem(name))] {
			n++
		}
	}
	if n < 2 || 5*n < 4*len(of) {
		return ""
	}
	return fmt.Sprintf("%d images have the names of others and the end of a mask, such as %s. %s Move the masks elsewhere.", len(of), example, segmentationAdvice)
}

// domains warns of the folders trainA and trainB, as for CycleGAN.
func domains(folders map[string]int) string {
	var found []string
	for dir := range folders {
		if strings.HasSuffix(dir, "A") && folders[dir[:len(dir)-1]+"B"] > 0 {
			if kind, rest := partName(path.Base(dir[:len(dir)-1])); kind != noPart && rest == "" {
				found = append(found, dir, dir[:len(dir)-1]+"B")
			}
		}
	}
	if found == nil {
		return ""
	}
	slices.Sort(found)
	first := strings.TrimSuffix(found[0], "A")
	return fmt.Sprintf("The folders %s look like those of two kinds of images for a translation between them, such as CycleGAN. To train a classifier of A and B, make them classes of the parts: rename %[2]sA to %[2]s/A, %[2]sB to %[2]s/B, and so on.", listNames(found), first)
}

// copiesKept warns of folders in which programs keep copies of images that are elsewhere.
func copiesKept(folders map[string]int) string {
	var found []string
	images := 0
	for _, dir := range sortedKeys(folders) {
		parts := strings.Split(strings.ToLower(dir), "/")
		if slices.ContainsFunc(parts, func(p string) bool { return slices.Contains(smallFolders, p) }) || len(parts) > 1 && slices.ContainsFunc(parts[1:], func(p string) bool { return slices.Contains(keptFolders, p) }) {
			found = append(found, dir)
			images += folders[dir]
		}
	}
	switch len(found) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("The folder %s looks like one in which a program keeps copies; it has %d of the images. If they are not data of their class, move it elsewhere.", found[0], images)
	}
	return fmt.Sprintf("The folders %s look like those in which programs keep copies; they have %d of the images. If they are not data of their classes, move them elsewhere.", listNames(found), images)
}

// trashNames are names of folders for what was deleted, which may also be classes, such as those of kinds of waste.
var trashNames = []string{"trash", "recycle bin", "recycled", "deleted", "papierkorb", "papelera", "papelera de reciclaje", "corbeille", "cestino", "lixeira"}

// recycled warns of a class for what was deleted, if it is much smaller than the others.
func recycled(names []string) string {
	counts := map[string]int{}
	for _, n := range names {
		if c := Folder.label(n); c != "" {
			counts[c]++
		}
	}
	for _, c := range sortedKeys(counts) {
		if slices.Contains(trashNames, strings.ToLower(c)) && 4*counts[c]*(len(counts)-1) < len(names)-counts[c] {
			return fmt.Sprintf("The folder %s, with %d of the images, looks like one for deleted files. If it is not a class, move it elsewhere.", c, counts[c])
		}
	}
	return ""
}

// resultNames are names of folders to which programs for training and notebooks write images. They may also be classes.
var resultNames = []string{"runs", "logs", "log", "output", "outputs", "result", "results", "plots", "figures", "figs", "checkpoints", "experiments", "artifacts", "reports", "tensorboard", "env", "build", "dist", "tmp", "temp", "cache"}

// written warns of classes, beside two or more others, that are probably folders to which a program has written images.
func written(names []string) string {
	counts := map[string]int{}
	for _, n := range names {
		if c := Folder.label(n); c != "" {
			counts[c]++
		}
	}
	var found []string
	images := 0
	for _, c := range sortedKeys(counts) {
		if slices.Contains(resultNames, strings.ToLower(c)) {
			found, images = append(found, c), images+counts[c]
		}
	}
	switch {
	case len(counts)-len(found) < 2 || len(found) == 0:
		return ""
	case len(found) == 1:
		return fmt.Sprintf("The folder %s, with %d of the images, looks like one to which a program writes its results. If it is not a class, move it elsewhere.", found[0], images)
	}
	return fmt.Sprintf("The folders %s, with %d of the images, look like those to which programs write their results. If they are not classes, move them elsewhere.", listNames(found), images)
}
