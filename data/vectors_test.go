package data

import "testing"

// TestVectors opens tables whose labels are vectors with 0 or 1 for each class, as Keras' to_categorical makes them.
func TestVectors(t *testing.T) {
	const (
		two   = "cats/cat0.jpg=0 cats/cat1.jpg=1 cats/cat2.jpg=0"
		three = "cats/cat0.jpg=2 cats/cat1.jpg=1 cats/cat2.jpg=0"
	)
	multi := OpenOptions{Task: MultiLabel}
	note := []string{`The column "label" has vectors of 2 values, 0 or 1: an image has the class whose place, counted from 0, has a 1. The classes have these numbers as names; --rename 0=NAME gives them others.`}
	for _, c := range []tableCase{
		{name: "JSON", file: "t.jsonl", text: jsonTable("[1, 0]", "[0, 1]", "[1, 0]"), want: two, warn: note},
		{name: "JSON, classify", file: "t.jsonl", text: jsonTable("[1, 0]", "[0, 1]", "[1, 0]"), o: OpenOptions{Task: Classify}, want: two},
		{name: "JSON, multi-label", file: "t.jsonl", text: jsonTable("[1, 0]", "[1, 1]", "[0, 0]"), o: multi, want: "cats/cat0.jpg=0 cats/cat1.jpg=0|1 cats/cat2.jpg=", warn: note},
		{name: "JSON, truth values", file: "t.jsonl", text: jsonTable("[true, false]", "[false, true]", "[true, false]"), want: two},
		{name: "JSON, floats", file: "t.jsonl", text: jsonTable("[0.0, 0.0, 1.0]", "[0.0, 1.0, 0.0]", "[1.0, 0.0, 0.0]"), want: three},
		{name: "JSON, none and null", file: "t.jsonl", text: jsonTable("[1, 0]", "[0, 0]", "null", "[]", "[0, 1]"), want: "cats/cat0.jpg=0 dogs/dog0.jpg=1", warn: []string{"Dropped 3 of the 5 rows, which have no label"}},
		{name: "JSON, null, multi-label", file: "t.jsonl", text: jsonTable("[1, 0]", "[0, 0]", "null", "[0, 1]"), o: multi, want: "cats/cat0.jpg=0 cats/cat1.jpg= cats/cat3.jpg=1", warn: []string{"Dropped 1 of the 4 rows"}},
		{name: "several ones", file: "t.jsonl", text: jsonTable("[1, 0, 1]", "[0, 1, 0]"), fail: "1 rows have a 1 in several places of their vectors, such as those of 0 and 2; if images have several labels, set the task to multilabel"},
		{name: "a class without images", file: "t.jsonl", text: jsonTable("[1, 0, 0]", "[0, 1, 0]", "[1, 0, 0]"), want: two, warn: []string{"No vector has a 1 in the place of 2, so it is no class."}},
		{name: "-1 and 1", file: "t.jsonl", text: jsonTable("[1, -1]", "[-1, 1]", "[1, -1]"), want: two, warn: []string{"-1 means that an image does not have the class"}},
		{name: "-1, 0 and 1", file: "t.jsonl", text: jsonTable("[1, -1]", "[0, 1]"), o: multi, fail: `as in line 1, column "label", place 1; -1 may mean that the label is uncertain`},

		// Cells of CSV files: str of lists, tuples and arrays, and joined values.
		{name: "Python's list", text: labelTable("[1, 0]", "[0, 1]", "[1, 0]"), want: two, warn: []string{`The column "category" has vectors of 2 values`}},
		{name: "Python's list, multi-label", text: labelTable("[1, 0]", "[1, 1]"), o: multi, want: "cats/cat0.jpg=0 cats/cat1.jpg=0|1"},
		{name: "Python's tuple", text: labelTable("(1, 0)", "(0, 1)", "(1, 0)"), want: two},
		{name: "NumPy's array", text: labelTable("[0. 0. 1.]", "[0. 1. 0.]", "[1. 0. 0.]"), want: three},
		{name: "NumPy's array of two lines", text: labelTable("\"[0. 0.\n 1.]\"", "\"[0. 1.\n 0.]\"", "\"[1. 0.\n 0.]\""), want: three},
		{name: "spaces", text: labelTable("1 0", "0 1", "1 0"), want: two},
		{name: "spaces, multi-label", text: labelTable("1 0", "1 1", "0 0"), o: multi, want: "cats/cat0.jpg=0 cats/cat1.jpg=0|1 cats/cat2.jpg="},
		{name: "bars", text: labelTable("0|0|1", "0|1|0", "1|0|0"), want: three},
		{name: "commas", text: labelTable("0,0,1", "0,1,0", "1,0,0"), want: three},
		{name: "two with a comma, multi-label", text: labelTable("1,0", "0,1", "1,0"), o: multi, want: two},
		{name: "another separator", text: labelTable("1/0", "0/1", "1/0"), o: OpenOptions{Task: MultiLabel, LabelSeparator: "/"}, want: two},
		{name: "classes in the name of the column", text: cellTable("filename;category|x", "1 0"), fail: "has no column"},
		{name: "classes in the name of the column that is chosen", text: cellTable("filename;cat|dog", "1 0", "0 1", "1 0"), o: OpenOptions{LabelColumn: "cat|dog"},
			want: "cats/cat0.jpg=cat cats/cat1.jpg=dog cats/cat2.jpg=cat", warn: []string{"The name of the column has those of the classes: cat, dog."}},
		{name: "soft labels", text: labelTable("[0.9, 0.1]", "[0, 1]"), fail: `the labels are fractions (soft labels, the probabilities of classes), which cannot be used as labels: line 2, column "category", has 0.9; write the name of the most probable class`},
		{name: "soft labels, multi-label", text: labelTable("0.9 0.1", "0 1"), o: multi, fail: `line 2, column "category", has 0.9`},

		// Labels that are no vectors.
		{name: "numbers of classes", file: "t.jsonl", text: jsonTable("[0, 1]", "[1]", "[0]"), o: multi, want: "cats/cat0.jpg=0|1 cats/cat1.jpg=1 cats/cat2.jpg=0"},
		{name: "both classes in each row", file: "t.jsonl", text: jsonTable("[0, 1]", "[0, 1]"), o: multi, want: "cats/cat0.jpg=0|1 cats/cat1.jpg=0|1"},
		{name: "other numbers", file: "t.jsonl", text: jsonTable("[0, 1]", "[1, 2]"), o: multi, want: "cats/cat0.jpg=0|1 cats/cat1.jpg=1|2"},
		{name: "decimal commas", text: labelTable("1,0", "0,0", "1,0"), o: OpenOptions{Task: Classify}, want: "cats/cat0.jpg=1,0 cats/cat1.jpg=0,0 cats/cat2.jpg=1,0"},
	} {
		t.Run(c.name, func(t *testing.T) { c.check(t) })
	}
}
