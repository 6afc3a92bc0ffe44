package data

import (
	"bytes"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/lince-ml/lince/internal/shell"
)

// otherTask is a form of datasets for other tasks than the classification of images.
type otherTask struct {
	name  string
	kinds []string // extensions of its files
	is    func(name string, head []byte) bool
}

// yoloLine is a line of a file of YOLO: the class, and the numbers of a box, of a polygon or of points.
var yoloLine = regexp.MustCompile(`^\d+(?:[ \t]+-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?){4,}$`)

// otherTasks lists those that are recognized by a file beside the images.
var otherTasks = []otherTask{
	{"YOLO", []string{"txt"}, func(_ string, head []byte) bool {
		line, _, _ := bytes.Cut(bytes.TrimSpace(head), []byte("\n"))
		return yoloLine.Match(bytes.TrimSpace(line))
	}},
	{"YOLO", []string{"yaml", "yml"}, func(_ string, head []byte) bool {
		return yamlKey("names", head) && (yamlKey("train", head) || yamlKey("nc", head))
	}},
	{"COCO", []string{"json"}, func(name string, head []byte) bool {
		if !bytes.HasPrefix(bytes.TrimSpace(head), []byte("{")) {
			return false
		}
		keys := 0
		for _, k := range []string{`"images"`, `"annotations"`, `"categories"`, `"licenses"`, `"bbox"`} {
			if bytes.Contains(head, []byte(k)) {
				keys++
			}
		}
		base := strings.ToLower(path.Base(name))
		return cocoExport.is(head) || keys > 1 || keys > 0 && (strings.HasPrefix(base, "instances_") || strings.Contains(base, "coco"))
	}},
	{"CreateML", []string{"json"}, func(_ string, head []byte) bool {
		return bytes.HasPrefix(bytes.TrimSpace(head), []byte("[")) && bytes.Contains(head, []byte(`"annotations"`)) && bytes.Contains(head, []byte(`"coordinates"`))
	}},
	{"LabelMe", []string{"json"}, func(_ string, head []byte) bool {
		return bytes.Contains(head, []byte(`"shapes"`)) && (bytes.Contains(head, []byte(`"version"`)) || bytes.Contains(head, []byte(`"points"`)))
	}},
	{"Pascal VOC", []string{"xml"}, func(_ string, head []byte) bool { return bytes.Contains(head, []byte("<annotation")) }},
	{"TensorFlow Object Detection", []string{"csv"}, func(name string, head []byte) bool {
		line, _, _ := bytes.Cut(head, []byte("\n"))
		return hasBoxes(strings.Split(string(bytes.TrimPrefix(line, []byte("\ufeff"))), ","))
	}},
}

// yamlKey reports whether a key is at the begin of a line of a YAML file.
func yamlKey(key string, head []byte) bool {
	return bytes.HasPrefix(head, []byte(key+":")) || bytes.Contains(head, []byte("\n"+key+":"))
}

// boxColumns are the columns of the corners of a box, in the forms that tables have.
var boxColumns = [][]string{{"xmin", "ymin", "xmax", "ymax"}, {"x_min", "y_min", "x_max", "y_max"}, {"x1", "y1", "x2", "y2"}, {"bbox"}, {"bbox_x", "bbox_y"}}

// hasBoxes reports whether the columns of a table have boxes.
func hasBoxes(header []string) bool {
	plain := make([]string, len(header))
	for i, n := range header {
		plain[i] = plainName(strings.Trim(strings.TrimSpace(n), `"`))
	}
	return slices.ContainsFunc(boxColumns, func(all []string) bool {
		return !slices.ContainsFunc(all, func(n string) bool { return !slices.Contains(plain, n) })
	})
}

// boxesBeside returns what is wrong with taking images with boxes beside them for images with classes. It returns "" if there are no boxes.
func (l *listing) boxesBeside() string {
	for _, task := range otherTasks {
		for _, ext := range task.kinds {
			for _, e := range l.beside[ext] {
				head, err := e.file.head(4096)
				if err == nil && task.is(e.name, head) {
					if cocoExport.is(head) { // it may have classes alone
						return fmt.Sprintf("the labels are in %s, in the form of COCO; %s\nIf it has boxes, it is a dataset for object detection (COCO: %s), and %s", quoteName(e.name), cocoExport.toTable(shell.Quote(path.Base(e.name))), quoteName(e.name), boxAdvice)
					}
					return fmt.Sprintf("it is a dataset for object detection (%s: %s), with boxes for the objects in an image; %s", task.name, quoteName(e.name), boxAdvice)
				}
			}
		}
	}
	return ""
}

// boxAdvice says what can be done with images and boxes.
const boxAdvice = "lince classifies whole images. For the kinds of objects in an image, write a CSV file with the columns filename and category, a row for each image, with | between several kinds, " +
	"and use --task multilabel. To classify the objects, cut out the boxes, and put each into a folder of its class"

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

// notByRule returns an error if the labels that a rule has given to images are none, since the real labels are elsewhere: in a table beside the images, or in boxes. given is the
// error of the rule, if it has given none.
func (l *listing) notByRule(rule labeler, names []string, t *Table, root string, given error) error {
	var images, masked []string
	doubtful, export, numbered := given != nil, false, false
	switch {
	case rule.rule == Prefix:
		if given == nil {
			doubtful = manyClasses(names, t)
		}
		export = !slices.ContainsFunc(names, func(n string) bool { return !roboflowName.MatchString(n) })
	case given == nil:
		images, masked = masks(t.Classes())
		numbered = rule.rule == Folder && len(t.Classes()) > 1 && allGroups(t.Classes())
	}
	if !doubtful && !export && masked == nil && !numbered {
		return nil
	}
	only := "" // how to use the images of a segmentation alone
	if masked != nil {
		paths, inside := foldersNamed(names, rule.level, images[0])
		only = "open their folder alone"
		if len(paths) == 1 {
			only = "use only theirs (--part " + shell.Quote(strings.TrimPrefix(root, outside)+paths[0]) + ")"
		}
		if first, classes := labelsOfImages(inside); len(images) == 1 && classes > 1 {
			return fmt.Errorf("%s: has images in the folder %s, whose names have %d classes, such as %s, and probably masks in %s. To classify the images, %s; if these folders are classes, use --label folder",
				l.name, images[0], classes, quoteName(first), listNames(masked), only)
		}
	}
	if what := l.boxesBeside(); what != "" && !numbered {
		return fmt.Errorf("%s: the %d images have no classes: %s", l.name, len(names), what)
	}
	if masked != nil {
		return fmt.Errorf("%s: has images in the folder %s and probably masks in %s: it is a dataset for segmentation, which lince does not learn. To classify the images, %s; if these folders are classes, use --label folder",
			l.name, listNames(images), listNames(masked), only)
	}
	if table := l.tableBeside(OpenOptions{}); table != nil {
		anyway := ""
		if numbered {
			anyway = "; if the folders are the classes, use --label folder"
		}
		return fmt.Errorf("%s: the names and folders of the %d images are not their labels, and %s%s", l.name, len(names), table.advice(l.name), anyway)
	}
	if export {
		return fmt.Errorf("%s: the names of the %d images are those of an export of Roboflow, such as %s, and have no labels; export them from Roboflow as folders (Folder Structure), or use --label with a regular expression with one group", l.name, len(names), quoteName(names[0]))
	}
	return given
}
