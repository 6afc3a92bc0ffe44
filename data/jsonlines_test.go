package data

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestJSONLines opens files of JSON lines as programs write them.
func TestJSONLines(t *testing.T) {
	const two = `{"file_name": "cats/cat0.jpg", "label": "cats"}` + "\n" + `{"file_name": "dogs/dog0.jpg", "label": "dogs"}` + "\n"
	const want = "cats/cat0.jpg=cats dogs/dog0.jpg=dogs"
	o := OpenOptions{LabelColumn: "label"}
	for _, c := range []tableCase{
		{name: "PowerShell", text: "\xff\xfe" + utf16Of(two, false), want: want, warn: []string{"UTF-16"}},
		{name: "UTF-16, big-endian", text: utf16Of(two, true), want: want, warn: []string{"UTF-16"}},
		{name: "UTF-32", text: "\xff\xfe\x00\x00" + two, fail: "save it in UTF-8"},
		{name: "NaN in the first label", text: `{"file_name": "cats/cat0.jpg", "label": NaN}` + "\n" + two[strings.Index(two, "\n")+1:], want: "dogs/dog0.jpg=dogs", warn: []string{"have no label, such as cats/cat0.jpg"}},
		{name: "NaN in a column that is not used", text: strings.ReplaceAll(two, "}", `, "score": NaN, "text": "a \"NaN\" \\", "x": [-Infinity, Infinity]}`), want: want},
		{name: "numbers with infinity", text: strings.NewReplacer(`"cats"`, "Infinity", `"dogs"`, "2.5").Replace(two), o: OpenOptions{LabelColumn: "label", Task: Regress}, want: "dogs/dog0.jpg=2.5", warn: []string{`the label "inf" is not a number`}},
		{name: "as long without them", text: strings.ReplaceAll(two, "}", `, "x": [NaN, NaN, NaN, Infinity]}`), want: want},
		{name: "texts that look like it", text: strings.ReplaceAll(two, `"cats"`, `"NaN Infinity"`), want: "cats/cat0.jpg=NaN Infinity dogs/dog0.jpg=dogs"},
		{name: "a list", text: "[" + strings.ReplaceAll(two, "}\n{", "},\n{") + "]", fail: "it is a JSON array; write each object of the list in a line, and name the file .jsonl (python3 -c "},
		{name: "commas", text: strings.ReplaceAll(two, "\n", ",\n"), fail: "remove the comma at the end of each line (sed"},
		{name: "several lines", text: strings.NewReplacer("{", "{\n", ", ", ",\n", "}", "\n}").Replace(two), fail: "the object continues in the next line: write each object in one line (jq -c . FILE > NEW.jsonl)"},
		{name: "dicts", text: strings.ReplaceAll(two, `"`, "'"), fail: "it is a dict as Python prints it: write it with json.dumps"},
		{name: "no keys", text: "{}\n" + two, fail: "line 1: the first object has no keys"},
		{name: "null", text: "null\n" + two, fail: "it is null"},
		{name: "objects", text: strings.ReplaceAll(two, `"cats/cat0.jpg"`, `{"path": "cats/cat0.jpg", "id": 1}`), want: "dogs/dog0.jpg=dogs", warn: []string{`the value of "file_name" is an object, want a string, a number or a list; write the value of one of its keys in its place (id, path)`}},
		{name: "all are objects", text: strings.NewReplacer(`"cats/cat0.jpg"`, `{}`, `"dogs/dog0.jpg"`, `{}`).Replace(two), fail: `none of its 2 rows can be used; the first, line 1: the value of "file_name" is an object`},
	} {
		c.file = "t.jsonl"
		if c.o.LabelColumn == "" {
			c.o = o
		}
		t.Run(c.name, func(t *testing.T) { c.check(t) })
	}
}

// TestWithoutNaN replaces the numbers that JSON does not have.
func TestWithoutNaN(t *testing.T) {
	for line, want := range map[string]string{
		`{"a":1}`: `{"a":1}`, `{"a":NaN}`: `{"a":null}`, `[-Infinity,Infinity]`: `["-inf","inf"]`, `{"NaN":"Infinity"}`: `{"NaN":"Infinity"}`,
		`{"\"NaN":"\\","b":NaN}`: `{"\"NaN":"\\","b":null}`, `"NaN\`: `"NaN\`,
	} {
		if got := string(withoutNaN([]byte(line))); got != want {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
	}
}

// TestManifests opens manifests of SageMaker Ground Truth and of Rekognition.
func TestManifests(t *testing.T) {
	line := func(image, label string) string {
		return `{"source-ref": "s3://bucket/set/` + image + `.jpg", ` + label + "}\n"
	}
	class := func(key, index, name string) string {
		return `"` + key + `": ` + index + `, "` + key + `-metadata": {"class-name": "` + name + `", "confidence": 0.9, "type": "groundtruth/image-classification", "human-annotated": "yes"}`
	}
	classes := func(indexes string) string {
		return `"kinds": ` + indexes + `, "kinds-metadata": {"class-map": {"0": "cat", "1": "great dane"}, "confidence-map": {"0": 1}, "type": "groundtruth/image-classification-multilabel"}`
	}
	failed := `"kind": -1, "kind-metadata": {"failure-reason": "no workers", "type": "groundtruth/image-classification", "human-annotated": "yes"}`
	two := line("cat0", class("kind", "0", "cat")) + line("dog0", class("kind", "1", "dog"))
	of := func(labels ...string) string { // the rows of these images
		var rows []string
		for i, l := range labels {
			rows = append(rows, "s3://bucket/set/"+[]string{"cat0", "dog0", "cat1"}[i]+".jpg="+l)
		}
		return strings.Join(rows, " ")
	}
	const boxes = `"box": {"annotations": [{"class_id": 0, "top": 1}]}, "box-metadata": {"class-map": {"0": "cat"}, "type": "groundtruth/object-detection"}`
	for _, c := range []tableCase{
		{name: "a label", text: two, want: of("cat", "dog"), warn: []string{`The labels are the class names in "kind-metadata"`, "s3://bucket/set/cat0.jpg is cats/cat0.jpg"}},
		{name: "as JSON lines", file: "t.jsonl", text: two, want: of("cat", "dog")},
		{name: "a column named label", text: strings.ReplaceAll(two, "kind", "label"), want: of("cat", "dog")},
		{name: "an index in quotes", text: line("cat0", class("kind", `"0"`, "cat")) + line("dog0", class("kind", `"1"`, "dog")), want: of("cat", "dog")},
		{name: "several jobs", text: line("cat0", class("kind", "0", "cat")+", "+class("place", "1", "indoors")), fail: "choose one (LabelColumn, --category)"},
		{name: "the second job", text: line("cat0", class("kind", "0", "cat")+", "+class("place", "1", "indoors")), o: OpenOptions{LabelColumn: "place"}, want: of("indoors")},
		{name: "a failure", text: two + line("cat1", failed), want: of("cat", "dog"), warn: []string{"Dropped 1 of the 3 rows, which have no label"}},
		{name: "several labels", text: line("cat0", classes("[0, 1]")) + line("dog0", classes(`"[1]"`)) + line("cat1", classes("[]")), o: OpenOptions{Task: MultiLabel}, want: of("cat|great dane", "great dane", ""), class: "cat great dane"},
		{name: "several labels without the task", text: line("cat0", classes("[0, 1]")), fail: "1 rows have several labels, such as cat and great dane; if images have several labels, set the task to multilabel"},
		{name: "no such class", text: line("cat0", classes("[0]")) + line("dog0", classes("[7]")), want: of("cat"), warn: []string{`the class-map of "kinds-metadata" has no class 7`}},
		{name: "no list", text: line("cat0", classes("[0]")) + line("dog0", classes(`"x"`)), want: of("cat"), warn: []string{`the label "kinds" is x, want a list of class indexes`}},
		{name: "a key for each class", text: line("cat0", class("set_cat", "1", "cat")) + line("dog0", class("set_big dog", "1", "big dog")), want: of("cat", "big dog")},
		{name: "several keys", text: line("cat0", class("set_cat", "1", "cat")) + line("dog0", class("set_cat", "1", "cat")+", "+class("set_dog", "1", "big dog")), o: OpenOptions{Task: MultiLabel}, want: of("cat", "big dog|cat")},
		{name: "boxes", text: line("cat0", boxes), fail: `the label "box" is of the type groundtruth/object-detection, not classes of the whole image; lince classifies whole images`},
		{name: "no labels", text: `{"source-ref": "s3://bucket/set/cat0.jpg"}` + "\n", o: OpenOptions{LabelRule: Unlabeled}, want: of("")},
		{name: "metadata of another kind", file: "t.jsonl", text: strings.NewReplacer("class-name", "note", "groundtruth/", "").Replace(two), want: of("0", "1")},
		{name: "no metadata", text: line("cat0", `"kind": 0, "kind-metadata": {"type": "groundtruth/image-classification"}`), fail: `"kind-metadata" has neither class-name nor class-map`},
	} {
		if c.file == "" {
			c.file = "output.manifest"
		}
		t.Run(c.name, func(t *testing.T) { c.check(t) })
	}
}

// TestJSONText decodes texts with the halves of surrogate pairs that Python writes for bytes, and others.
func TestJSONText(t *testing.T) {
	for raw, want := range map[string]string{
		`"caf\udce9"`: "caf\xe9", `"\udcC3\uDCa9x"`: "\xc3\xa9x", `"\\udce9\\\udce9"`: `\udce9\` + "\xe9", `"\ud83d\ude00\udcff"`: "😀\xff", `"\ud83d\udce9"`: "📩",
		`"\udc41\ud800"`: "\ufffd\ufffd", `"\n\u00e9\udc80\""`: "\né\x80\"", `""`: "", `"\u12"`: "error", `"\udce9\u12"`: "error",
	} {
		got, err := jsonText([]byte(raw))
		if (err != nil) != (want == "error") || err == nil && got != want {
			t.Errorf("%s is %q, %v; want %q", raw, got, err, want)
		}
	}
}

// TestJSONBytes: names that are not in UTF-8 are in tables of JSON lines as Python writes them.
func TestJSONBytes(t *testing.T) {
	bytesInNames(t)
	dir := files(t, "a/caf\xe9.png", "b/caf\u00e9.png")
	if err := os.WriteFile(filepath.Join(dir, "t.jsonl"), []byte(`{"filename": "a/caf\udce9.png", "category": "x"}`+"\n"+`{"filename": "b/caf\u00e9.png", "category": "y"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := list1(open(t, filepath.Join(dir, "t.jsonl"), OpenOptions{})); got != "a/caf\xe9.png=x b/café.png=y" {
		t.Errorf("%q", got)
	}
}
