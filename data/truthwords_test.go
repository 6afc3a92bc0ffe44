package data

import (
	"fmt"
	"strings"
	"testing"
)

// TestTruthWords opens tables whose columns are the classes, with words for yes and no.
func TestTruthWords(t *testing.T) {
	columns := []string{"a", "b", "c"}
	for _, c := range [][2]string{
		{"x", ""}, {"X", "-"}, {"x", "NA"}, {"WAHR", "FALSCH"}, {"wahr", ""}, {"VRAI", "FAUX"}, {"VERDADERO", "FALSO"}, {"VERO", "FALSO"}, {"SANT", "FALSKT"}, {"WAAR", "ONWAAR"},
		{"ja", "nein"}, {"oui", "non"}, {"s\u00ed", "no"}, {"S\u00cd", "NO"}, {"si", "no"}, {"si\u0301", "no"}, {"+", "-"}, {"100%", "0%"}, {"\u2713", ""}, {"\u2713", "\u2717"}, {"\u2714\ufe0f", "-"},
		{"yes", "-"}, {"EVET", "HAYIR"}, {"evet", "hay\u0131r"}, {"\u0418\u0421\u0422\u0418\u041d\u0410", "\u041b\u041e\u0416\u042c"}, {"j", "n"},
		{"1", "0"}, {"y", "n"}, {"t", "f"}, {"TRUE", "FALSE"}, {"yes", "no"},
	} {
		rows := "filename,a,b,c\n"
		for i := range 3 {
			cells := []string{c[1], c[1], c[1]}
			cells[i] = c[0]
			rows += fmt.Sprintf("cats/cat%d.jpg,%s\n", i, strings.Join(cells, ","))
		}
		_, plain := truth(c[0])
		_, plainNo := truth(c[1])
		var warn []string
		if !plain || !plainNo {
			warn = []string{"In the columns a, b, c, "}
		}
		for _, task := range []Task{AutoTask, Classify, MultiLabel} {
			t.Run(strings.Join(c[:], " "), func(t *testing.T) {
				tableCase{text: rows, o: OpenOptions{LabelColumns: columns, Task: task}, want: "cats/cat0.jpg=a cats/cat1.jpg=b cats/cat2.jpg=c", class: "a b c", warn: warn}.check(t)
			})
		}
		t.Run("hint", func(t *testing.T) {
			tableCase{text: rows, fail: "if they are the classes, name all of them (LabelColumns, --category a,b,c)"}.check(t)
		})
	}
	const ask = "write 1 in the cell of each class"
	two := OpenOptions{LabelColumns: columns[:2], Task: MultiLabel}
	for _, c := range []tableCase{
		{name: "unknown words", text: "filename,a,b\ncats/cat0.jpg,present,absent\ncats/cat1.jpg,absent,present\n", o: two, fail: "the columns a, b all have absent or present, which are not names of classes: if the columns are the classes, " + ask},
		{name: "an unknown word", text: "filename,a,b\ncats/cat0.jpg,present,\ncats/cat1.jpg,,present\n", o: two, fail: "all have present or nothing"},
		{name: "yes in all cells", text: "filename,a,b\ncats/cat0.jpg,x,x\ncats/cat1.jpg,x,x\n", o: two, fail: ask},
		{name: "two words for yes", text: "filename,a,b\ncats/cat0.jpg,x,\u2713\ncats/cat1.jpg,\u2713,x\n", o: two, fail: ask},
		{name: "names of classes", text: "filename,a,b\ncats/cat0.jpg,red,blue\ncats/cat1.jpg,blue,\ncats/cat2.jpg,red,\n", o: two, want: "cats/cat0.jpg=blue|red cats/cat1.jpg=blue cats/cat2.jpg=red"},
		{name: "three names of classes", text: "filename,a,b\ncats/cat0.jpg,x,y\ncats/cat1.jpg,z,x\n", o: two, want: "cats/cat0.jpg=x|y cats/cat1.jpg=x|z"},
		{name: "two annotators", text: "filename,label1,label2\ncats/cat0.jpg,cat,cat\ncats/cat1.jpg,dog,cat\ncats/cat2.jpg,dog,dog\ncats/cat3.jpg,dog,\n", o: OpenOptions{LabelColumns: []string{"label1", "label2"}, Task: MultiLabel},
			want: "cats/cat0.jpg=cat cats/cat1.jpg=cat|dog cats/cat2.jpg=dog cats/cat3.jpg=dog", warn: []string{"2 rows name a class in several of the columns label1, label2; it counts once."}},
		{name: "two annotators by name", text: "filename,annotator_alice,annotator_bob\ncats/cat0.jpg,cat,cat\ncats/cat1.jpg,dog,cat\n", o: OpenOptions{LabelColumns: []string{"annotator_alice", "annotator_bob"}, Task: MultiLabel},
			want: "cats/cat0.jpg=cat cats/cat1.jpg=cat|dog", warn: []string{"1 rows name a class in several of the columns"}},
		{name: "two annotators who agree", text: "filename,rater a,rater b\ncats/cat0.jpg,cat,cat\ncats/cat1.jpg,dog,dog\n", o: OpenOptions{LabelColumns: []string{"rater a", "rater b"}},
			want: "cats/cat0.jpg=cat cats/cat1.jpg=dog", warn: []string{"2 rows name a class in several"}},
		{name: "three classes in two columns", text: "filename,a,b\ncats/cat0.jpg,x1,x1\ncats/cat1.jpg,x2,x3\n", o: two, want: "cats/cat0.jpg=x1 cats/cat1.jpg=x2|x3", warn: []string{"1 rows name a class in several of the columns a, b; it counts once."}},
		{name: "one word of two annotators", text: "filename,label1,label2\ncats/cat0.jpg,present,\ncats/cat1.jpg,,present\n", o: OpenOptions{LabelColumns: []string{"label1", "label2"}, Task: MultiLabel}, fail: "all have present or nothing"},
		{name: "several x", text: "filename,a,b\ncats/cat0.jpg,x,x\ncats/cat1.jpg,,x\n", o: OpenOptions{LabelColumns: columns[:2]}, fail: "1 rows have x in several of the columns, such as a and b"},
		{name: "no x", text: "filename,a,b\ncats/cat0.jpg,x,\ncats/cat1.jpg,,\n", o: OpenOptions{LabelColumns: columns[:2]}, want: "cats/cat0.jpg=a", warn: []string{"The column b has no x, so it is no class.", "Dropped 1"}},
		{name: "truth values beside numbers", text: "filename,category\ncats/cat0.jpg,True\ncats/cat1.jpg,1\ncats/cat2.jpg,0\n", want: "*", class: "0 1 True", warn: []string{"The classes True (1) and 1 (1) probably mean the same. To join them, use Rename (--rename True=1)."}},
	} {
		t.Run(c.name, func(t *testing.T) { c.check(t) })
	}
}
