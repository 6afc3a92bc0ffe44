package data

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestSplitLists opens folders in which lists say to which part each image belongs.
func TestSplitLists(t *testing.T) {
	// Two classes of four images, of which 0 and 1 are for training.
	var set []string
	for _, c := range []string{"a_pie", "pizza"} {
		for i := range 4 {
			set = append(set, fmt.Sprintf("images/%s/%s_%d.png", c, c[:1], i))
		}
	}
	// list writes the names of the images with the given numbers.
	list := func(form string, numbers ...int) string {
		var b strings.Builder
		for _, c := range []string{"a_pie", "pizza"} {
			for _, i := range numbers {
				b.WriteString(strings.NewReplacer("CLASS", c, "NAME", fmt.Sprintf("%s_%d", c[:1], i)).Replace(form) + "\n")
			}
		}
		return b.String()
	}
	object := func(numbers ...int) string {
		q := strings.Split(strings.TrimSpace(list(`"CLASS/NAME"`, numbers...)), "\n")
		n := len(numbers)
		return `{"a_pie": [` + strings.Join(q[:n], ", ") + `], "pizza": [` + strings.Join(q[n:], ", ") + `]}`
	}
	const (
		train = "a_pie/a_0.png=a_pie a_pie/a_1.png=a_pie pizza/p_0.png=pizza pizza/p_1.png=pizza"
		test  = "a_pie/a_2.png=a_pie a_pie/a_3.png=a_pie pizza/p_2.png=pizza pizza/p_3.png=pizza"
		two   = "test=4/4 train=4/4"
		three = "test=2/2 train=4/4 validation=2/2"
		whole = "a_pie/a_0.png=a_pie a_pie/a_1.png=a_pie a_pie/a_2.png=a_pie a_pie/a_3.png=a_pie pizza/p_0.png=pizza pizza/p_1.png=pizza pizza/p_2.png=pizza pizza/p_3.png=pizza"
	)
	names := map[string]string{"meta/train.txt": list("CLASS/NAME", 0, 1), "meta/test.txt": list("CLASS/NAME", 2, 3)}
	with := func(more ...string) map[string]string {
		m := map[string]string{"meta/train.txt": names["meta/train.txt"], "meta/test.txt": names["meta/test.txt"]}
		for i := 0; i < len(more); i += 2 {
			m[more[i]] = more[i+1]
		}
		return m
	}
	numbers, split := "", "" // CUB-200's lines with the number of each image
	for i, f := range set {
		numbers += fmt.Sprintf("%d %s\n", i+1, strings.TrimPrefix(f, "images/"))
		split += fmt.Sprintf("%d %d\n", i+1, 1-i%4/2)
	}
	for _, c := range []struct {
		name  string
		texts map[string]string
		o     OpenOptions
		want  string
		parts string
		note  string // or a warning
	}{
		{name: "Food-101", texts: with("meta/classes.txt", "a_pie\npizza\n", "meta/labels.txt", "A pie\nPizza\n", "meta/train.json", object(0, 1), "meta/test.json", object(2, 3), "README.txt", "Food"), want: train, parts: two,
			note: "The parts are from meta/test.txt, meta/train.txt: train has 4 images, test has 4 images. For all images, use --part images. There are other lists, which are not used: meta/test.json, meta/train.json."},
		{name: "its part", texts: names, o: OpenOptions{Part: "test"}, want: test, parts: two, note: "The parts are from"},
		{name: "all of it", texts: names, o: OpenOptions{Part: "images"}, want: whole, parts: two},
		{name: "for prediction", texts: names, o: OpenOptions{LabelRule: Unlabeled}, want: strings.NewReplacer("=a_pie", "=", "=pizza", "=").Replace(whole)},
		{name: "JSON alone", texts: map[string]string{"meta/train.json": object(0, 1), "meta/test.json": object(2, 3)}, want: train, parts: two},
		{name: "JSON, names without folders", texts: map[string]string{"train.json": strings.ReplaceAll(strings.ReplaceAll(object(0, 1), "a_pie/", ""), "pizza/", ""), "test.json": object(2, 3)}, want: train, parts: two},
		{name: "JSON, lists", texts: map[string]string{"train.json": `["a_pie/a_0.png", "a_pie/a_1.png", "pizza/p_0.png", "pizza/p_1.png"]`, "test.json": `[{"image": "a_pie/a_2.png"}, {"image": "a_pie/a_3.png"}, {"image": "pizza/p_2.png"}, {"image": "pizza/p_3.png"}]`}, want: train, parts: two},
		{name: "JSON, one file", texts: map[string]string{"split_zhou.json": `{"train": [["a_pie/a_0.png", 0, "a pie"], ["a_pie/a_1.png", 0, "a pie"], ["pizza/p_0.png", 1, "pizza"], ["pizza/p_1.png", 1, "pizza"]], "val": [["a_pie/a_2.png", 0, "a pie"], ["pizza/p_2.png", 1, "pizza"]], "test": [["a_pie/a_3.png", 0, "a pie"], ["pizza/p_3.png", 1, "pizza"]]}`},
			want: train, parts: three},
		{name: "DTD", texts: map[string]string{"labels/train1.txt": list("CLASS/NAME.png", 0, 1), "labels/val1.txt": list("CLASS/NAME.png", 2), "labels/test1.txt": list("CLASS/NAME.png", 3),
			"labels/train10.txt": list("CLASS/NAME.png", 1, 2), "labels/val10.txt": list("CLASS/NAME.png", 0), "labels/test10.txt": list("CLASS/NAME.png", 3), "labels/labels_joint_anno.txt": list("CLASS/NAME.png CLASS", 0, 1, 2, 3)},
			want: train, parts: three, note: "There are other lists, which are not used: labels/test10.txt, labels/train10.txt, labels/val10.txt."},
		{name: "MIT Indoor67", texts: map[string]string{"TrainImages.txt": list("CLASS/NAME.png", 0, 1), "TestImages.txt": list("CLASS/NAME.png", 2, 3)}, want: train, parts: two},
		{name: "SUN397", texts: map[string]string{"Partitions/Training_01.txt": list("/x/CLASS/NAME.png", 0, 1), "Partitions/Testing_01.txt": list("/x/CLASS/NAME.png", 2, 3), "Partitions/ClassName.txt": "/a/a_pie\n/p/pizza\n"}, want: train, parts: two},
		{name: "Oxford pets", texts: map[string]string{"annotations/trainval.txt": list("NAME 1 1 1", 0, 1), "annotations/test.txt": list("NAME 1 1 1", 2, 3), "annotations/list.txt": "#Image CLASS-ID SPECIES BREED ID\n" + list("NAME 1 1 1", 0, 1, 2, 3)}, want: train, parts: two},
		{name: "Places", texts: map[string]string{"places_train_standard.txt": list("/CLASS/NAME.png 3", 0, 1), "places_val.txt": list("CLASS/NAME.png 3", 2, 3)}, want: train, parts: "train=4/4 validation=4/4"},
		{name: "trainval beside train", texts: map[string]string{"train.txt": list("NAME", 0, 1), "val.txt": list("NAME", 2), "trainval.txt": list("NAME", 0, 1, 2), "test.txt": list("NAME", 3)}, want: train, parts: three},
		{name: "EuroSAT", texts: map[string]string{"train.csv": ",Filename,Label\n" + list("0,CLASS/NAME.png,3", 0, 1), "test.csv": ",Filename,Label\n" + list("0,CLASS/NAME.png,3", 2, 3)}, want: train, parts: two},
		{name: "paths of another computer", texts: map[string]string{"train.txt": list(`C:\data\images\CLASS\NAME.png`, 0, 1), "test.txt": list(`C:\data\images\CLASS\NAME.png`, 2, 3)}, want: train, parts: two},
		{name: "lists of what is held out", texts: map[string]string{"testing_list.txt": list("CLASS/NAME.png", 3), "validation_list.txt": list("CLASS/NAME.png", 2)}, want: train, parts: three},
		{name: "UCF101", texts: map[string]string{"trainlist01.txt": list("CLASS/NAME.png 1", 0, 1), "testlist01.txt": list("CLASS/NAME.png", 2, 3), "trainlist02.txt": list("CLASS/NAME.png 1", 1, 2), "testlist02.txt": list("CLASS/NAME.png", 0, 3), "classInd.txt": "1 a_pie\n2 pizza\n"}, want: train, parts: two},
		{name: "CUB-200", texts: map[string]string{"images.txt": numbers, "train_test_split.txt": split, "image_class_labels.txt": "1 1\n2 1\n", "classes.txt": "1 a_pie\n2 pizza\n"}, want: train, parts: two, note: "The parts are from train_test_split.txt: train has 4"},
		{name: "images in no list, names without images", texts: map[string]string{"train.txt": list("NAME.png", 0, 1, 9), "test.txt": list("NAME.png", 2)}, want: train, parts: "test=2/2 train=4/4", note: "2 of the names in these lists are not those of images, such as a_9.png."},

		// These are no lists of parts.
		{name: "lists that contradict each other", texts: map[string]string{"train.txt": list("NAME", 0, 1, 2), "test.txt": list("NAME", 2, 3)}, want: whole, note: "By their names, the lists test.txt, train.txt have the images of parts, but they are not used, because they contradict each other or name few of the images."},
		{name: "lists of few images", texts: map[string]string{"a/train.txt": list("a_0", 0), "a/test.txt": list("a_1", 0)}, want: whole, note: "name few of the images"},
		{name: "other images", texts: map[string]string{"train.txt": "x.png\ny.png\n", "test.txt": "z.png\n"}, want: whole},
		{name: "a list of all images", texts: map[string]string{"train_labels.txt": list("NAME 1", 0, 1, 2, 3)}, want: whole},
		{name: "other texts", texts: map[string]string{"train_log.txt": "epoch 1\nloss 2\n", "test.json": `{"a": 1}`, "split.json": "[", "test.txt": "", "val.txt": "\x00\xff\n"}, want: whole},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, zip := besideSet(t, set, c.texts)
			tab := open(t, dir, c.o)
			if got, want := list1(open(t, zip, c.o)), list1(tab); got != want {
				t.Errorf("the rows of the archive are %s, want %s", got, want)
			}
			if got := list1(tab); got != c.want {
				t.Errorf("the rows are %s, want %s", got, c.want)
			}
			if got := partsOf(t, tab); got != c.parts {
				t.Errorf("the parts are %s, want %s", got, c.parts)
			}
			said := strings.Join(slices.Concat(tab.Notes(), tab.Warnings()), "\n")
			if c.note == "" && c.parts == "" && said != "" || !strings.Contains(said, c.note) {
				t.Errorf("it says %q, want %q", said, c.note)
			}
		})
	}
}

// TestSplitListBytes: names in lists may not be UTF-8, and the fields of a line may have spaces after them.
func TestSplitListBytes(t *testing.T) {
	bytesInNames(t)
	set := []string{"a/caf\xe9_1.png", "a/caf\xe9_2.png", "b/caf\u00e9_3.png", "b/caf\u00e9_4.png"}
	for _, texts := range []map[string]string{
		{"train.txt": "a/caf\xe9_1.png\nb/caf\xe9_3.png\n", "test.txt": "a/caf\xe9_2.png\nb/caf\xe9_4.png\n"},
		{"images.txt": "1 a/caf\xe9_1.png \n2 a/caf\xe9_2.png\n3 b/caf\xe9_3.png\n4 b/caf\xe9_4.png\n", "train_test_split.txt": "1 1  \n2 0\t\n3 1 \n\t \t\n4 0\n"},
	} {
		dir, _ := besideSet(t, set, texts)
		tab := open(t, dir, OpenOptions{})
		if got, want := partsOf(t, tab), "test=2/2 train=2/2"; got != want {
			t.Errorf("the parts are %s, want %s: %q", got, want, tab.Warnings())
		}
		for _, r := range tab.All() {
			if !strings.HasPrefix(r.Filename, "a/caf\xe9_1") && !strings.HasPrefix(r.Filename, "b/caf\u00e9_3") {
				t.Errorf("%q is for training", r.Filename)
			}
		}
	}
}

// bytesInNames skips a test if names of files must be UTF-8 here.
func bytesInNames(t *testing.T) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(t.TempDir(), "\xe9"), nil, 0o600); err != nil {
		t.Skip(err)
	}
}
