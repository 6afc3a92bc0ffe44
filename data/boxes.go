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

// yamlKey reports whether a key is at the beginning of a line of a YAML file.
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
