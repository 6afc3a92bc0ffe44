package data

import (
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
