package data

import (
	"fmt"
	"strings"
	"testing"
)

// labelTable returns a table with a label for each of the images of photos.
func labelTable(labels ...string) string {
	return cellTable("filename;category", labels...)
}

// cellTable returns a table with semicolons whose rows have a file name and the given text.
func cellTable(header string, rows ...string) string {
	var b strings.Builder
	b.WriteString(header + "\n")
	for i, l := range rows {
		fmt.Fprintf(&b, "%s%d.jpg;%s\n", []string{"cats/cat", "dogs/dog"}[i/4], i%4, l)
	}
	return b.String()
}

// jsonTable returns a table of JSON lines whose labels are written in JSON.
func jsonTable(labels ...string) string {
	var b strings.Builder
	for i, l := range labels {
		fmt.Fprintf(&b, "{\"filename\": \"%s%d.jpg\", \"label\": %s}\n", []string{"cats/cat", "dogs/dog"}[i/4], i%4, l)
	}
	return b.String()
}

// TestLabelSeparators opens tables whose cells have several labels, some with another separator than the others.
func TestLabelSeparators(t *testing.T) {
	multi, bars := OpenOptions{Task: MultiLabel}, OpenOptions{Task: MultiLabel, LabelSeparator: "|"}
	for _, c := range []tableCase{
		{name: "bars and a comma", text: labelTable("sunny|rain", "cloudy", "sunny, cloudy"), o: multi,
			fail: `the column "category" has labels that are separated by "|", and 1 that are probably separated by ","; the first, line 4, has "sunny, cloudy": write the same separator in all rows; or, if these are single labels, name the separator "|"`},
		{name: "bars and a comma, JSON lines", file: "t.jsonl", text: jsonTable(`"sunny|rain"`, `"cloudy"`, `"sunny, cloudy"`), o: multi, fail: `the first, line 3, has "sunny, cloudy"`},
		{name: "semicolons and a comma", text: labelTable(`"sunny;rain"`, "cloudy", "sunny,cloudy"), o: multi, fail: `separated by ";", and 1 that are probably separated by ","`},
		{name: "a shared part", text: labelTable("sunny|rain", "sunny, cloudy"), o: multi, fail: `line 3, has "sunny, cloudy"`},
		{name: "one bar among commas", text: labelTable("a,b", "b,c", "c|a"), o: multi, fail: `separated by "|", and 2 that are probably separated by ","; the first, line 2`},
		{name: "no shared part", text: labelTable("a|b", "Paris, France"), o: multi, want: "*", class: "Paris, France a b", warn: []string{`1 labels have "," in them, though labels are separated by "|"`, `line 3, has "Paris, France"`}},
		{name: "a comma in names", text: labelTable("Paris, France|Lyon, France", "Bonn"), o: multi, want: "*", class: "Bonn Lyon, France Paris, France", warn: []string{`2 labels have "," in them`}},
		{name: "both in a cell", text: labelTable("a|b, c", "b", "c"), o: multi, fail: `line 2, has "b, c"`},
		{name: "a chosen separator", text: labelTable("sunny|rain", "cloudy", "sunny, cloudy"), o: bars, want: "*", class: "cloudy rain sunny sunny, cloudy",
			warn: []string{`1 labels have "," in them, though they are separated by "|"; they are taken as one label each. The first, line 4, has "sunny, cloudy".`}},
		{name: "one separator", text: labelTable("sunny, rain", "cloudy", "sunny, cloudy"), o: multi, want: "*", class: "cloudy rain sunny"},
		{name: "a space in names", text: labelTable("great dane|dog", "cat"), o: multi, want: "*", class: "cat dog great dane"},
		{name: "a space", text: labelTable("a|b", "a b"), o: multi, want: "*", class: "a a b b", warn: []string{`1 labels have " " in them`}},

		// Without a task, they are an error where they may be several.
		{name: "auto, comma and space, one row", text: labelTable("sunny", "cloudy", "sunny, cloudy"), fail: `the first, line 4, has "sunny, cloudy": if they are several, set the task to multilabel, else to classify`},
		{name: "auto, two separators", text: labelTable("sunny|cloudy", "sunny, rain", "wind"), fail: "set the task to multilabel"},
		{name: "auto, a place", text: labelTable("Paris, Texas", "Paris", "Rome"), want: "*", class: "Paris Paris, Texas Rome"},
		{name: "auto, names of two words", text: labelTable("water", "bottle", "water bottle"), want: "*", class: "bottle water water bottle"},
		{name: "auto, words that are labels", text: labelTable("scab", "rust", "complex", "scab rust", "rust complex"), want: "*", class: "complex rust rust complex scab scab rust",
			warn: []string{`2 images have a label whose words are labels, too; it is taken as one class. The first, line 5, has "scab rust". If images have several labels, set the task to multilabel (Task, --task).`}},
		{name: "a null of a database", text: labelTable("a", `\N`, "b"), want: "cats/cat0.jpg=a cats/cat2.jpg=b", warn: []string{"which have no label"}},
		{name: "classify", text: labelTable("sunny|cloudy", "sunny, rain", "wind"), o: OpenOptions{Task: Classify}, want: "*", class: "sunny, rain sunny|cloudy wind"},

		// Lists.
		{name: "a list and a text", file: "t.jsonl", text: jsonTable(`["a", "b"]`, `"a,b"`, `"c"`), o: multi, fail: `labels that may be several labels, separated by ","; the first, line 2, has "a,b"`},
		{name: "a list and a text, a chosen separator", file: "t.jsonl", text: jsonTable(`["a", "b"]`, `"a,b"`, `["c,d"]`), o: OpenOptions{Task: MultiLabel, LabelSeparator: ","}, want: "cats/cat0.jpg=a|b cats/cat1.jpg=a|b cats/cat2.jpg=c,d"},
		{name: "two columns", text: cellTable("filename;x;y", "a;b", "b;c", "a,c;b"), o: OpenOptions{Task: MultiLabel, LabelColumns: []string{"x", "y"}}, fail: `line 4, has "a,c"`},
		{name: "NumPy's and JSON's lists", text: labelTable(`['a' 'b c']`, `["b c", "d"]`, "a", "[]"), o: multi, want: "cats/cat0.jpg=a|b c cats/cat1.jpg=b c|d cats/cat2.jpg=a cats/cat3.jpg="},
		{name: "lists and a bar", text: labelTable(`['a', 'b']`, `a|c`), o: multi, want: "cats/cat0.jpg=a|b cats/cat1.jpg=a|c"},
		{name: "sets of Postgres", text: labelTable(`{a,b}`, `{c}`), o: multi, want: "cats/cat0.jpg=a|b cats/cat1.jpg=c"},
	} {
		t.Run(c.name, func(t *testing.T) { c.check(t) })
	}
}

// TestLabelObjects opens tables with objects as labels, as other programs write them into a cell.
func TestLabelObjects(t *testing.T) {
	multi := OpenOptions{Task: MultiLabel}
	const boxes = `[{"x": 1.5, "y": 2, "width": 30, "height": 20, "rectanglelabels": ["cats"], "original_width": 48}]`
	one := []string{`The labels are the values of "label" in JSON objects, as in line 2.`}
	for _, c := range []tableCase{
		{name: "Label Studio's choices", text: labelTable("cats", `{"choices": ["cats", "dogs"]}`, "great dane", `{"choices": ["dogs"]}`, "", `{"choices":[]}`, "{}"), o: multi,
			want: "cats/cat0.jpg=cats cats/cat1.jpg=cats|dogs cats/cat2.jpg=great dane cats/cat3.jpg=dogs dogs/dog1.jpg= dogs/dog2.jpg=",
			warn: []string{`The labels are the values of "choices" in JSON objects, as in line 3.`}},
		{name: "several without a task", text: labelTable("cats", `{"choices": ["cats", "dogs"]}`), fail: "1 rows have several labels, such as cats and dogs; if images have several labels, set the task to multilabel (Task, --task)"},
		{name: "several to classify", text: labelTable("cats", `{"choices": ["cats", "dogs"]}`), o: OpenOptions{Task: Classify}, fail: "1 rows have several labels"},
		{name: "one each", text: labelTable(`{"label": "cats"}`, `{ "label": "dogs, and others" }`, `{"label": null}`), want: "cats/cat0.jpg=cats cats/cat1.jpg=dogs, and others", warn: one},
		{name: "Python's dicts", text: labelTable(`{'label': 'cats'}`, `{'label': "dog's \xe9"}`, `{'label': nan}`, `{'label': 'a \'b\' "c"'}`), want: `cats/cat0.jpg=cats cats/cat1.jpg=dog's é cats/cat3.jpg=a 'b' "c"`, warn: one},
		{name: "Python's lists of dicts", text: labelTable(`[{'label': 'cats'}, {'label': 'dogs'}]`, `[{'label': ('cats',)}]`), o: multi, fail: "begins like a JSON object, and is none"},
		{name: "Mechanical Turk", text: labelTable(`[{"category":{"label":"cats"}}]`, `[{"category":{"label":"dogs"}}]`), want: "cats/cat0.jpg=cats cats/cat1.jpg=dogs", warn: []string{`values of "category.label"`}},
		{name: "JSON lines", file: "t.jsonl", text: jsonTable(`{"choices": ["cats", "dogs"]}`, `"cats"`, `[{"choices": ["dogs"]}]`), o: multi, want: "cats/cat0.jpg=cats|dogs cats/cat1.jpg=cats cats/cat2.jpg=dogs"},
		{name: "Python's sets", text: labelTable(`{'cats', 'dogs'}`, `{'cats'}`), o: multi, want: "cats/cat0.jpg=cats|dogs cats/cat1.jpg=cats"},
		{name: "two columns", text: cellTable("filename;x;y", `{"a": "cats"};{"b": "dogs"}`, `;{"b": "dogs"}`), o: OpenOptions{Task: MultiLabel, LabelColumns: []string{"x", "y"}}, want: "cats/cat0.jpg=cats|dogs cats/cat1.jpg=dogs"},

		{name: "boxes", text: labelTable("cats", boxes, boxes), fail: `line 3: the label in the column "category" is a list of boxes or other areas in an image (height, original_width, rectanglelabels, width, x, y), so`},
		{name: "boxes, several labels", text: labelTable("cats", boxes), o: multi, fail: "lince classifies whole images"},
		{name: "a region of the VGG Image Annotator", text: labelTable(`{"name":"rect","x":1,"y":2,"width":3,"height":4}`), fail: "so the table is one for object detection"},
		{name: "several keys", text: labelTable("cats", `{"animal": "cats", "size": "small"}`), fail: `line 3: the label in the column "category" is a JSON object with 2 keys, want a text, or an object with one key; write the value of one of its keys in its place (animal, size)`},
		{name: "different keys", text: labelTable(`{"b": "cats"}`, `{"a": "dogs"}`), fail: `JSON objects with different keys, "b" in line 2 and "a" in line 3`},
		{name: "a number", text: labelTable(`{"cats": 0.93}`), fail: `is a JSON object whose value of "cats" is 0.93, want a text or a list of texts`},
		{name: "lists of lists", text: labelTable(`{"taxonomy": [["Animals", "Cats"]]}`), o: multi, fail: "a list of lists (taxonomy)"},
		{name: "cut off", text: labelTable(`{"choices": ["cats", "do`), o: multi, fail: `begins like a JSON object, and is none: {"choices": ["cats", "do`},
		{name: "deep", text: labelTable(strings.Repeat(`{"a":`, 2000) + `"x"` + strings.Repeat("}", 2000)), fail: "too many objects inside"},
		{name: "a number to predict", file: "t.jsonl", text: jsonTable("1.5", `{"value": 2}`), o: OpenOptions{Task: Regress}, want: "cats/cat0.jpg=1.5", warn: []string{`the value of "label" is an object, want a string, a number or a list; write the value of one of its keys in its place (value)`}},
	} {
		t.Run(c.name, func(t *testing.T) { c.check(t) })
	}
}

// TestBoxedLabels opens tables whose labels have boxes after them.
func TestBoxedLabels(t *testing.T) {
	note := []string{`The column "category" has labels with boxes after them, which are not used, as in line 2.`}
	for _, c := range []tableCase{
		{name: "ImageNet of Kaggle", text: labelTable("n01440764 240 170 260 240 ", "n01443537 1 2 3 4 n01443537 5 6 7 8", "n01440764 1 2 3 4"), want: "cats/cat0.jpg=n01440764 cats/cat1.jpg=n01443537 cats/cat2.jpg=n01440764", warn: note},
		{name: "scores", text: labelTable("opacity 1 78.2 58.4 181.5 249.9", "normal 1 0 0 1 1", "", "opacity"), want: "cats/cat0.jpg=opacity cats/cat1.jpg=normal cats/cat3.jpg=opacity", warn: note},
		{name: "names of two words", text: labelTable("great dane 1 2 3 4 great dane 5 6 7 8", "pug"), want: "cats/cat0.jpg=great dane cats/cat1.jpg=pug", warn: note},
		{name: "several labels", text: labelTable("cat 1 2 3 4 dog 1 2 3 4", "dog 1 2 3 4"), fail: "1 rows have several labels, such as cat and dog; if images have several labels, set the task to multilabel"},
		{name: "several labels, with the task", text: labelTable("cat 1 2 3 4 dog 1 2 3 4", "dog 1 2 3 4"), o: OpenOptions{Task: MultiLabel}, want: "cats/cat0.jpg=cat|dog cats/cat1.jpg=dog", warn: note},
		{name: "other numbers", text: labelTable("cat 1 2 3 4", "cat 2"), want: "*", class: "cat 1 2 3 4 cat 2"},
		{name: "numbers before", text: labelTable("0 cat 1 2 3 4", "cat 1 2 3 4"), want: "*", class: "0 cat 1 2 3 4 cat 1 2 3 4"},
	} {
		t.Run(c.name, func(t *testing.T) { c.check(t) })
	}
}

// TestSoftLabels opens tables whose labels are probabilities.
func TestSoftLabels(t *testing.T) {
	ab := []string{"a", "b"}
	for _, c := range []tableCase{
		{name: "columns", text: cellTable("filename;a;b", "1;0", "0.7;.3"), o: OpenOptions{LabelColumns: ab},
			fail: `the labels are fractions (soft labels, the probabilities of classes), which cannot be used as labels: line 3, column "a", has 0.7; write 1 for the most probable class`},
		{name: "multi-label", text: cellTable("filename;a;b", "1;0", "0;.3"), o: OpenOptions{LabelColumns: ab, Task: MultiLabel}, fail: `line 3, column "b", has .3`},
		{name: "decimal commas", text: cellTable("filename;a;b", "1;0", "0,7;0,3"), o: OpenOptions{LabelColumns: ab}, fail: `line 3, column "a", has 0,7`},
		{name: "percent", text: cellTable("filename;a;b", "100%;0%", "70%;30%"), o: OpenOptions{LabelColumns: ab}, fail: `line 3, column "a", has 70%`},
		{name: "lists", file: "t.jsonl", text: jsonTable(`[1, 0]`, `[0.7, 0.3]`), fail: `line 2, column "label", has 0.7`},
		{name: "one column", text: labelTable("0.7", "0.3", "1"), fail: `the labels are numbers from 0 to 1, not names of classes: line 2, column "category", has 0.7; if they are to be predicted as numbers, set the task to regress`},
		{name: "one column, classify", text: labelTable("0.7", "0.3", "1"), o: OpenOptions{Task: Classify}, want: "*", class: "0.3 0.7 1"},
		{name: "classes by numbers", text: labelTable("0,1", "1", "0"), o: OpenOptions{Task: MultiLabel}, want: "cats/cat0.jpg=0|1 cats/cat1.jpg=1 cats/cat2.jpg=0"},
		{name: "commas in numbers", text: labelTable("0,5", "1,5", "2"), fail: `has labels such as "0,5": if these are numbers with a decimal comma, set the task to regress, if they are several labels, to multilabel`},
		{name: "CelebA's 1 and -1", text: cellTable("filename;a;b", "1;-1", "-1;1", "-1;-1"), o: OpenOptions{LabelColumns: ab, Task: MultiLabel}, want: "cats/cat0.jpg=a cats/cat1.jpg=b cats/cat2.jpg=", warn: []string{"-1 means that an image does not have the class"}},
		{name: "CheXpert's -1", text: cellTable("filename;a;b", "1.0;0.0", ";1.0", "0.0;-1.0"), o: OpenOptions{LabelColumns: ab, Task: MultiLabel}, fail: `line 4, column "b"; -1 may mean that the label is uncertain`},
	} {
		t.Run(c.name, func(t *testing.T) { c.check(t) })
	}
}

// TestDecimalCommas opens tables of numbers with commas.
func TestDecimalCommas(t *testing.T) {
	o := OpenOptions{Task: Regress}
	for _, c := range []tableCase{
		{name: "commas", text: labelTable("0,7", "n/a", "-12,25", "3"), o: o, want: "cats/cat0.jpg=0.7 cats/cat2.jpg=-12.25 cats/cat3.jpg=3", warn: []string{"The numbers have decimal commas: 0,7 is 0.7.", "Dropped 1 of the 4 rows, which have no label"}},
		{name: "quoted", text: "filename,category\ncats/cat0.jpg,\"1,5\"\n", o: o, want: "cats/cat0.jpg=1.5"},
		{name: "three digits", text: labelTable("1,500", "2,25"), o: o, want: "cats/cat0.jpg=1.5 cats/cat1.jpg=2.25"},
		{name: "points and commas", text: labelTable("n/a", "1.5", "0,7"), o: o, fail: `line 4, column "category", has 0,7, but other numbers have a decimal point, such as 1.5; write all numbers with a decimal point`},
		{name: "thousands", text: labelTable("1,500", "12,000", "3"), o: o, fail: `line 2, column "category", has 1,500: the comma may be a decimal comma or may separate thousands`},
		{name: "both in a number", text: labelTable("1.234,5", "3"), o: o, want: "cats/cat1.jpg=3", warn: []string{"without separators of thousands"}},
		{name: "percent", text: labelTable("70%", "3"), o: o, want: "cats/cat1.jpg=3", warn: []string{"without a percent sign"}},
	} {
		t.Run(c.name, func(t *testing.T) { c.check(t) })
	}
}
