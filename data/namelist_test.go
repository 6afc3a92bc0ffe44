package data

import (
	"regexp"
	"strings"
	"testing"
)

// TestNameLists opens tables and texts that have only the names of images: their folders or names give the labels.
func TestNameLists(t *testing.T) {
	const names = "cats/cat0.jpg\ncats/cat1.jpg\ndogs/dog0.jpg\ndogs/dog1.jpg\n"
	short := strings.ReplaceAll(names, ".jpg", "")
	shortRows := strings.ReplaceAll(plain, ".jpg", "")
	said := []string{"The table has no labels; they are from the names of the images (the rule is the folder, as in cats/1.jpg)."}
	for _, c := range []tableCase{
		{name: "a column", text: "filename\n" + names, warn: said},
		{name: "another name of the column", text: "image_id\n" + short, want: shortRows},
		{name: "a column of another name", text: "x\n" + names, o: OpenOptions{FilenameColumn: "x"}},
		{name: "no name of the column", text: names, warn: said},
		{name: "without extensions", text: short, want: shortRows, warn: said},
		{name: "backslashes and CRLF", text: strings.NewReplacer("/", `\`, "\n", "\r\n").Replace(names), want: strings.ReplaceAll(plain, "/", `\`)},
		{name: "a text", file: "t.txt", text: names, warn: said},
		{name: "a text without extensions", file: "t.txt", text: short, want: shortRows, warn: said},
		{name: "a text with the name of the column", file: "t.txt", text: "filename\n" + names},
		{name: "JSON lines", file: "t.jsonl", text: "{\"file_name\": \"" + strings.ReplaceAll(strings.TrimSpace(names), "\n", "\"}\n{\"file_name\": \"") + "\"}\n"},
		{name: "a list in quotes", text: "\"" + strings.ReplaceAll(strings.TrimSpace(names), "\n", "\"\n\"") + "\"\n"},
		{name: "a part", text: "filename,split\ncats/cat0.jpg,train\ncats/cat1.jpg,val\ndogs/dog0.jpg,train\ndogs/dog1.jpg,val\n", o: OpenOptions{SplitColumn: "split", Part: "val", LabelRule: Folder}, want: "cats/cat1.jpg=cats dogs/dog1.jpg=dogs"},
		{name: "a chosen rule", text: "filename,x\ncats/cat0.jpg,1\ndogs/dog0.jpg,2\n", o: OpenOptions{LabelRule: Folder}, want: "cats/cat0.jpg=cats dogs/dog0.jpg=dogs"},
		{name: "a pattern", text: "filename,x\ncats/cat0.jpg,1\ndogs/dog0.jpg,2\n", o: OpenOptions{LabelPattern: regexp.MustCompile(`/([a-z]+\d)`)}, want: "cats/cat0.jpg=cat0 dogs/dog0.jpg=dog0"},
		{name: "no labels", text: names, o: OpenOptions{LabelRule: Unlabeled}, want: "cats/cat0.jpg= cats/cat1.jpg= dogs/dog0.jpg= dogs/dog1.jpg="},
		{name: "one folder", text: "cats/cat0.jpg\ncats/cat1.jpg\n", fail: "the label is missing (the rule is the name up to the first dot, as in cat.0.jpg)"},
		{name: "one folder, that rule", text: "cats/cat0.jpg\ncats/cat1.jpg\n", o: OpenOptions{LabelRule: Folder}, want: "cats/cat0.jpg=cats cats/cat1.jpg=cats"},
		{name: "one folder, known classes", text: "cats/cat0.jpg\ncats/cat1.jpg\n", o: OpenOptions{Classes: []string{"cats", "dogs"}}, want: "cats/cat0.jpg=cats cats/cat1.jpg=cats"},
		{name: "missing images", text: names + "emus/emu0.jpg\n", warn: []string{"Found 1 invalid image filename(s)"}},

		{name: "a rule and a column of labels", text: "filename,category\ncats/cat0.jpg,x\n", o: OpenOptions{LabelRule: Folder}, fail: `the labels come from the table's category column; the rule "folder" cannot be used`},
		{name: "a pattern and a column of labels", text: "filename,category\ncats/cat0.jpg,x\n", o: OpenOptions{LabelPattern: regexp.MustCompile(`(.)`)}, fail: `the pattern "(.)" cannot be used`},
		{name: "a task", text: names, o: OpenOptions{Task: MultiLabel}, fail: `has no column "category"`},
		{name: "names that are no paths", text: "cat0\ncat1\n", fail: `its columns are cat0: choose one (FilenameColumn, --filename); or, if this is the name of an image, add a first line with filename`},
		{name: "other columns", text: "filename,x\ncats/cat0.jpg,1\n", fail: `has no column "category"`},
		{name: "a text of other lines", file: "t.txt", text: "hello\nworld\n", fail: "is neither a folder"},
		{name: "JSON by class", file: "t.json", text: `{"cats": ["cats/cat0"], "dogs": []}`, fail: "is a JSON object of lists of file names by class, which lince does not read; write a table of its labels"},
		{name: "JSON, an error", file: "t.json", text: `{"message": "Not Found"}`, fail: "probably the error of a download"},
		{name: "other JSON", file: "t.json", text: `{"a": 1}`, fail: `it is JSON text: {"a": 1}`},
	} {
		t.Run(c.name, func(t *testing.T) { c.check(t) })
	}
}
