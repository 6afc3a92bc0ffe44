package data

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lince-ml/lince/internal/shell"
)

// imageWords and maskWords are names of folders with images and with the masks of their objects.
var (
	imageWords = []string{"images", "image", "imgs", "img", "jpegimages", "input", "inputs", "photos", "original", "originals", "rgb"}
	maskWords  = []string{"masks", "mask", "annotations", "annotation", "annots", "labels", "label", "gt", "groundtruth", "ground_truth", "segmentation", "segmentations", "segmentationclass", "segmentationobject", "trimaps"}
)

// masks returns the folders of images and of masks, if the folders in which images are, which would be their classes, are only these.
func masks(classes []string) (images, masked []string) {
	for _, c := range classes {
		switch n := strings.ToLower(c); {
		case slices.Contains(imageWords, n):
			images = append(images, c)
		case slices.Contains(maskWords, n):
			masked = append(masked, c)
		default:
			return nil, nil
		}
	}
	if len(images) == 0 || len(masked) == 0 {
		return nil, nil
	}
	return images, masked
}

// labelsOfImages returns the first class that the names of images in a folder have, and the number of these classes; 0 if they have none. inside are the names relative to the folder.
func labelsOfImages(inside []string) (first string, classes int) {
	rule := labeler{rule: detect(inside)}
	found := map[string]bool{}
	for _, n := range inside {
		found[rule.label(n)] = true
	}
	if found[""] || 2*len(found) > len(inside) {
		return "", 0
	}
	return rule.label(inside[0]), len(found)
}

// foldersNamed returns the paths of the folders of a name at a level, and the names of the images in them relative to these.
func foldersNamed(names []string, level int, folder string) (paths, inside []string) {
	seen := map[string]bool{}
	for _, n := range names {
		if before, at, after, ok := atLevel(n, level); ok && at == folder {
			seen[before+at] = true
			inside = append(inside, after)
		}
	}
	return sortedKeys(seen), inside
}

// signs are the signs that the labels that a rule gives to images are none.
type signs struct {
	doubtful bool // no image has a label, or the first words of their names are too many for classes
	export   bool // the names are those of an export of Roboflow
	numbered bool // the classes look like years, cameras or similar

	images, masked []string // the classes are folders of images and of masks
}

// signs looks for signs that the labels are none.
func (b *labeling) signs() (s signs) {
	s.doubtful = b.unlabeled != nil
	switch {
	case b.rule.rule == Prefix:
		if b.unlabeled == nil {
			s.doubtful = b.manyClasses()
		}
		s.export = !slices.ContainsFunc(b.names, func(n string) bool { return !roboflowName.MatchString(n) })
	case b.unlabeled == nil:
		classes := b.t.Classes()
		s.images, s.masked = masks(classes)
		s.numbered = b.rule.rule == Folder && len(classes) > 1 && allGroups(classes)
	}
	return s
}

// findElsewhere returns an error if no image has a label, or if what the rule gives them is none since the real labels are elsewhere: in a table beside the images, or in boxes.
func (b *labeling) findElsewhere() error {
	if !b.auto() || b.o.level(b.names) >= 0 {
		return b.unlabeled
	}
	s := b.signs()
	if !s.doubtful && !s.export && s.masked == nil && !s.numbered {
		return nil
	}
	segmentation, err := b.segmentation(s)
	if err != nil {
		return err
	}
	if what := b.l.boxesBeside(); what != "" && !s.numbered {
		return fmt.Errorf("%s: the %d images have no classes: %s", b.l.name, len(b.names), what)
	}
	if segmentation != nil {
		return segmentation
	}
	if table := b.l.tableBeside(OpenOptions{}); table != nil {
		anyway := ""
		if s.numbered {
			anyway = "; if the folders are the classes, use --label folder"
		}
		return fmt.Errorf("%s: the names and folders of the %d images are not their labels, and %s%s", b.l.name, len(b.names), table.advice(b.l.name), anyway)
	}
	if s.export {
		return fmt.Errorf("%s: the names of the %d images are those of an export of Roboflow, such as %s, and have no labels; export them from Roboflow as folders (Folder Structure), or use --label with a regular expression with one group", b.l.name, len(b.names), quoteName(b.names[0]))
	}
	return b.unlabeled
}

// segmentation returns an error for folders of images and of masks: named if the names of the images have classes, which boxes beside them do not change, else plain. Both are nil for
// other folders.
func (b *labeling) segmentation(s signs) (plain, named error) {
	if s.masked == nil {
		return nil, nil
	}
	paths, inside := foldersNamed(b.names, b.rule.level, s.images[0])
	how := "open their folder alone"
	if len(paths) == 1 {
		how = "use only theirs (--part " + shell.Quote(strings.TrimPrefix(b.root, outside)+paths[0]) + ")"
	}
	if first, classes := labelsOfImages(inside); len(s.images) == 1 && classes > 1 {
		return nil, fmt.Errorf("%s: has images in the folder %s, whose names have %d classes, such as %s, and probably masks in %s. To classify the images, %s; if these folders are classes, use --label folder",
			b.l.name, s.images[0], classes, quoteName(first), listNames(s.masked), how)
	}
	return fmt.Errorf("%s: has images in the folder %s and probably masks in %s: it is a dataset for segmentation, which lince does not learn. To classify the images, %s; if these folders are classes, use --label folder",
		b.l.name, listNames(s.images), listNames(s.masked), how), nil
}
