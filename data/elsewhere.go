package data

import (
	"fmt"
	"regexp"
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

// roboflowName matches the names that Roboflow gives to the images of an export: IMG_1_jpg.rf.0123456789abcdef0123456789abcdef.jpg. Their first word is no class.
var roboflowName = regexp.MustCompile(`\.rf\.[0-9a-zA-Z]{16,}\.\w+$`)

// findElsewhere returns an error if no image has a label, or if what the rule gives them is none since the real labels are elsewhere: in a table beside the images, or in boxes.
func (b *labeling) findElsewhere() error {
	if !b.auto() || b.o.level(b.names) >= 0 {
		return b.unlabeled
	}
	var images, masked []string
	doubtful, export, numbered := b.unlabeled != nil, false, false
	switch {
	case b.rule.rule == Prefix:
		if b.unlabeled == nil {
			doubtful = b.manyClasses()
		}
		export = !slices.ContainsFunc(b.names, func(n string) bool { return !roboflowName.MatchString(n) })
	case b.unlabeled == nil:
		images, masked = masks(b.t.Classes())
		numbered = b.rule.rule == Folder && len(b.t.Classes()) > 1 && allGroups(b.t.Classes())
	}
	if !doubtful && !export && masked == nil && !numbered {
		return nil
	}
	only := "" // how to use the images of a segmentation alone
	if masked != nil {
		paths, inside := foldersNamed(b.names, b.rule.level, images[0])
		only = "open their folder alone"
		if len(paths) == 1 {
			only = "use only theirs (--part " + shell.Quote(strings.TrimPrefix(b.root, outside)+paths[0]) + ")"
		}
		if first, classes := labelsOfImages(inside); len(images) == 1 && classes > 1 {
			return fmt.Errorf("%s: has images in the folder %s, whose names have %d classes, such as %s, and probably masks in %s. To classify the images, %s; if these folders are classes, use --label folder",
				b.l.name, images[0], classes, quoteName(first), listNames(masked), only)
		}
	}
	if what := b.l.boxesBeside(); what != "" && !numbered {
		return fmt.Errorf("%s: the %d images have no classes: %s", b.l.name, len(b.names), what)
	}
	if masked != nil {
		return fmt.Errorf("%s: has images in the folder %s and probably masks in %s: it is a dataset for segmentation, which lince does not learn. To classify the images, %s; if these folders are classes, use --label folder",
			b.l.name, listNames(images), listNames(masked), only)
	}
	if table := b.l.tableBeside(OpenOptions{}); table != nil {
		anyway := ""
		if numbered {
			anyway = "; if the folders are the classes, use --label folder"
		}
		return fmt.Errorf("%s: the names and folders of the %d images are not their labels, and %s%s", b.l.name, len(b.names), table.advice(b.l.name), anyway)
	}
	if export {
		return fmt.Errorf("%s: the names of the %d images are those of an export of Roboflow, such as %s, and have no labels; export them from Roboflow as folders (Folder Structure), or use --label with a regular expression with one group", b.l.name, len(b.names), quoteName(b.names[0]))
	}
	return b.unlabeled
}
