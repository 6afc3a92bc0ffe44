package data

import (
	"bytes"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/lince-ml/lince/internal/shell"
)

// labelExport is a file in which another program has written the labels of images. lince does not read it, but has a command that makes a table of it.
type labelExport struct {
	name string
	is   func(head []byte) bool
	load string // statements of Python that read the file sys.argv[1]
	rows string // an expression of Python: a list of tuples of a file's name and its label, or its labels with | between them
}

// cocoExport is the export with the lists images, annotations and categories. Also datasets for classification have them, such as those of iNaturalist.
var cocoExport = labelExport{
	"a file in the form of COCO",
	func(head []byte) bool {
		has := func(key string) bool { return bytes.Contains(head, []byte(`"`+key+`"`)) }
		return bytes.HasPrefix(bytes.TrimSpace(head), []byte("{")) &&
			(has("images") && (has("file_name") || has("licenses") || has("annotations") || has("categories")) || has("annotations") && (has("image_id") || has("categories")))
	},
	`import csv, json, sys; d = json.load(open(sys.argv[1])); n = {c["id"]: str(c["name"]) for c in d["categories"]}; k = {i["id"]: set() for i in d["images"]}; [k[a["image_id"]].add(n[a["category_id"]]) for a in d["annotations"]]`,
	`[(i["file_name"], "|".join(sorted(k[i["id"]]))) for i in d["images"]]`,
}

// namedLabels matches the beginning of an object of file names and labels: {"1.jpg": "cat".
var namedLabels = regexp.MustCompile(`(?i)^\s*\{\s*"[^"\\]+\.(?:jpe?g|png|gif|bmp|tiff?|webp)"\s*:\s*(?:"|-?\d)`)

// namesByClass matches the beginning of an object of lists of names by class, as train.json of Food-101: {"pizza": ["pizza/1".
var namesByClass = regexp.MustCompile(`^\s*\{\s*"([^"\\]+)"\s*:\s*\[\s*"`)

// notClasses are keys of other objects of lists: tables of pandas by column.
var notClasses = []string{"columns", "index", "data", "images", "annotations", "categories"}

var labelExports = []labelExport{
	cocoExport,
	{
		"an export of the VGG Image Annotator",
		func(head []byte) bool { return bytes.Contains(head, []byte(`"file_attributes"`)) },
		`import csv, json, sys; d = json.load(open(sys.argv[1])); d = d.get("_via_img_metadata", d)`,
		`[(v["filename"], "|".join(map(str, v["file_attributes"].values()))) for v in d.values()]`,
	},
	{
		"an export of Labelbox",
		func(head []byte) bool {
			return bytes.Contains(head, []byte(`"data_row"`)) && bytes.HasPrefix(bytes.TrimSpace(head), []byte("{"))
		},
		`import csv, json, sys; d = map(json.loads, open(sys.argv[1]))`,
		`[(r["data_row"]["external_id"], "|".join(a["name"] for p in r["projects"].values() for l in p["labels"] for c in l["annotations"]["classifications"] for a in c.get("checklist_answers", [c.get("radio_answer")]) if a)) for r in d]`,
	},
	{
		"an export of CVAT",
		func(head []byte) bool {
			return bytes.Contains(head, []byte("<annotations>")) && bytes.Contains(head, []byte("<image "))
		},
		`import csv, sys, xml.etree.ElementTree as e`,
		`[(i.get("name"), "|".join(t.get("label") for t in i.iter("tag"))) for i in e.parse(sys.argv[1]).iter("image")]`,
	},
	{
		"an export of Label Studio",
		func(head []byte) bool {
			return bytes.HasPrefix(bytes.TrimSpace(head), []byte("[")) && bytes.Contains(head, []byte(`"annotations"`)) && bytes.Contains(head, []byte(`"result"`))
		},
		`import csv, json, sys; d = json.load(open(sys.argv[1]))`,
		`[(next(str(v) for v in t["data"].values() if "." in str(v)), "|".join(dict.fromkeys(c for a in t["annotations"] for r in a["result"] for c in r.get("value", {}).get("choices", [])))) for t in d]`,
	},
	{
		"a JSON object of file names and labels",
		func(head []byte) bool { return namedLabels.Match(head) },
		`import csv, json, sys; d = json.load(open(sys.argv[1]))`,
		`list(d.items())`,
	},
	{
		"a JSON object of lists of file names by class",
		func(head []byte) bool {
			m := namesByClass.FindSubmatch(head)
			if m == nil {
				return false
			}
			kind, _ := partName(string(m[1]))
			return kind == noPart && !slices.Contains(notClasses, strings.ToLower(string(m[1])))
		},
		`import csv, json, sys; d = json.load(open(sys.argv[1]))`,
		`[(n, c) for c, names in d.items() for n in names]`,
	},
}

// exportAdvice says what to do with a file of labels of another program; "" if it is none.
func exportAdvice(name string, head []byte) string {
	i := slices.IndexFunc(labelExports, func(e labelExport) bool { return e.is(head) })
	if i < 0 {
		return ""
	}
	return "is " + labelExports[i].name + ", which lince does not read; " + labelExports[i].toTable(shell.Quote(filepath.Base(name)))
}

// toTable returns the commands that make a table. file is the name of the export, quoted for a command line.
func (e labelExport) toTable(file string) string {
	return "write a table of its labels, for example with Python (for images with several labels, use --task multilabel):\n" +
		"python3 -c " + shell.Quote(e.load+`; csv.writer(open("labels.csv", "w", newline="")).writerows([("filename", "category")] + `+e.rows+")") + " " + file + "\n" +
		"lince data labels.csv --images FOLDER"
}
