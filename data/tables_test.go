package data

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
)

// tableCase is a table's file that TestTables opens, beside the images cats/cat0.jpg to cats/cat3.jpg and the same of dogs.
type tableCase struct {
	name  string
	file  string // the default is t.csv
	text  string
	o     OpenOptions
	want  string // the rows; "" for those of plain
	class string // the classes
	warn  []string
	fail  string
}

const plain = "cats/cat0.jpg=cats cats/cat1.jpg=cats dogs/dog0.jpg=dogs dogs/dog1.jpg=dogs"

// csvOf returns plain as text.
func csvOf(header, separator, end string, change func(string) string) string {
	lines := []string{header}
	for _, r := range strings.Fields(plain) {
		name, label, _ := strings.Cut(r, "=")
		if change != nil {
			name = change(name)
		}
		lines = append(lines, name+separator+label)
	}
	return strings.Join(lines, end) + end
}

func utf16Of(text string, big bool) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(text)) {
		if big {
			b = append(b, byte(u>>8), byte(u))
		} else {
			b = append(b, byte(u), byte(u>>8))
		}
	}
	return string(b)
}

func zippedText(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func photos(t testing.TB) string {
	t.Helper()
	return tree(t, "cats/cat0.jpg", "cats/cat1.jpg", "cats/cat2.jpg", "cats/cat3.jpg", "dogs/dog0.jpg", "dogs/dog1.jpg", "dogs/dog2.jpg", "dogs/dog3.jpg")
}

// TestTables opens tables in the forms in which people have them: dialects, encodings, paths and labels of other programs. The expected
// rows of dialects are those that pandas' read_csv gives; see TestPandas.
func TestTables(t *testing.T) {
	table := csvOf("filename,category", ",", "\n", nil)
	labels := func(list ...string) string { // a column of labels, for as many images
		var b strings.Builder
		b.WriteString("filename,category\n")
		for i, l := range list {
			name := "cats/cat"
			if i > 3 {
				name = "dogs/dog"
			}
			b.WriteString(name + string(rune('0'+i%4)) + ".jpg," + l + "\n")
		}
		return b.String()
	}
	for _, c := range []tableCase{
		// Separators and line ends.
		{name: "plain", text: table},
		{name: "semicolons, CRLF", text: csvOf("filename;category", ";", "\r\n", nil), warn: []string{"separated by semicolons"}},
		{name: "tabs", text: csvOf("filename\tcategory", "\t", "\n", nil), warn: []string{"separated by tabs"}},
		{name: "tabs, .tsv", file: "t.tsv", text: csvOf("filename\tcategory", "\t", "\n", nil)},
		{name: "bars", text: csvOf("filename|category", "|", "\n", nil), warn: []string{"vertical bars"}},
		{name: "sep=", text: "sep=;\r\n" + csvOf("filename;category", ";", "\r\n", nil), warn: []string{"semicolons"}},
		{name: "semicolons and a text with commas", text: "filename;note, long;category\ncats/cat0.jpg;a,b,c;cats\n", want: "cats/cat0.jpg=cats"},
		{name: "carriage returns", text: csvOf("filename,category", ",", "\r", nil)},
		{name: "no end of the last line", text: strings.TrimSuffix(table, "\n")},
		{name: "blank lines", text: "\n\n" + strings.ReplaceAll(table, "\n", "\n\n")},
		{name: "gzip", file: "t.csv.gz", text: zippedText(t, table)},

		// Fields.
		{name: "separator at the end", text: strings.Replace(table, "cat1.jpg,cats", "cat1.jpg,cats,", 1)},
		{name: "separators at all ends", text: strings.ReplaceAll(table, "\n", ",,\n")},
		{name: "short row", text: strings.Replace(table, "cat1.jpg,cats", "cat1.jpg", 1), want: "cats/cat0.jpg=cats dogs/dog0.jpg=dogs dogs/dog1.jpg=dogs",
			warn: []string{"Dropped 1 of the 4 rows, which have no label, such as cats/cat1.jpg"}},
		{name: "quotes in a field", text: "filename,category,note\ncats/cat0.jpg,cats,the \"best\" one\ndogs/dog0.jpg,dogs,5\" wide\n", want: "cats/cat0.jpg=cats dogs/dog0.jpg=dogs"},
		{name: "quoted fields", text: "\"filename\",\"category\"\n\"cats/cat0.jpg\",\"a \"\"b\"\", c\"\n", want: `cats/cat0.jpg=a "b", c`},
		{name: "spaces after commas", text: strings.ReplaceAll(table, ",", ", ")},
		{name: "spaces before quotes", text: "filename, category\ncats/cat0.jpg, \"a, b\"\n", want: "cats/cat0.jpg=a, b"},
		{name: "line end in another field", text: "note,filename,category\n\"a\nb\",cats/cat0.jpg,cats\n", want: "cats/cat0.jpg=cats"},
		{name: "a comma too many", text: "filename,category\ncats/cat0.jpg,cats\ncats/cat1.jpg,cats,dogs\n", want: "cats/cat0.jpg=cats",
			warn: []string{"Dropped 1 of the 2 rows, which cannot be used; the first, line 3: has 3 fields, but the header names 2 columns"}},
		{name: "numbers of lines below blank lines", text: "\r\n \r\nsep=;\r\n\r\n# x\r\nfilename;category\r\ncats/cat0.jpg;cats\r\ncats/cat1.jpg;cats;dogs\r\n", want: "cats/cat0.jpg=cats",
			warn: []string{"the first, line 8: has 3 fields", "Skipped 1 comment lines"}},
		{name: "R's write.table", text: "filename,category\n1,cats/cat0.jpg,cats\n2,dogs/dog0.jpg,dogs\n", want: "cats/cat0.jpg=cats dogs/dog0.jpg=dogs", warn: []string{"number of the row"}},
		{name: "byte order mark, quotes, index column and CRLF", text: "\ufeff\"\",\"filename\",\"category\"\r\n\"0\",\"cats/cat0.jpg\",\"cats\"\r\n\"1\",\"dogs/dog0.jpg\",\"dogs\"\r\n", want: "cats/cat0.jpg=cats dogs/dog0.jpg=dogs"},
		{name: "pandas' index", text: ",filename,category\n0,cats/cat0.jpg,cats\n", want: "cats/cat0.jpg=cats"},
		{name: "names in pandas' index", text: ",category\ncats/cat0.jpg,cats\n", want: "cats/cat0.jpg=cats"},
		{name: "pandas' index by pandas' name", text: ",category\ncats/cat0.jpg,cats\n", o: OpenOptions{FilenameColumn: "Unnamed: 0"}, want: "cats/cat0.jpg=cats"},
		{name: "a quote that swallows rows", text: "filename,category\ncats/cat0.jpg,cats\n\"cats/cat1.jpg,cats\ncats/cat2.jpg,cats\ndogs/dog0.jpg\",dogs\n", want: "cats/cat0.jpg=cats",
			warn: []string{"invalid image filename(s)"}},
		{name: "long header", text: strings.Repeat("long name,", 500_000) + "\nx\n", fail: "and 499980 more"},
		{name: "too many columns", text: strings.Repeat("x,", 1_000_000) + "\n1\n", fail: "line 1: it names 1000001 columns, and a table may have at most 524288; is a line end missing?"},
		{name: "names of columns below a long line", text: strings.Repeat("x;", 100_000) + "\n" + table, warn: []string{"Lines before the names of the columns that were skipped: 1."}},

		// Names of columns.
		{name: "capitals", text: csvOf("Filename,Label", ",", "\n", nil)},
		{name: "spaces in the header", text: csvOf(" File Name , CLASS ", ",", "\n", nil)},
		{name: "columns by other case", text: csvOf("Image ID,Breed", ",", "\n", nil), o: OpenOptions{FilenameColumn: "image_id", LabelColumn: "breed"}},
		{name: "an unknown column", text: csvOf("filename,breed", ",", "\n", nil), o: OpenOptions{LabelColumn: "bred"}, fail: "did you mean breed?"},

		// Encodings.
		{name: "byte order mark", text: "\ufeff" + table},
		{name: "byte order mark before a quote", text: "\ufeff\"filename\",category\ncats/cat0.jpg,cats\n", want: "cats/cat0.jpg=cats"},
		{name: "UTF-16, little endian", text: "\xff\xfe" + utf16Of(table, false), warn: []string{"UTF-16"}},
		{name: "UTF-16, big endian", text: "\xfe\xff" + utf16Of(table, true), warn: []string{"UTF-16"}},
		{name: "UTF-16 without a mark", text: utf16Of(table, false), warn: []string{"UTF-16"}},
		{name: "UTF-32", text: "\xff\xfe\x00\x00f\x00\x00\x00", fail: "UTF-32"},
		{name: "Latin-1", text: "filename,category\ncats/cat0.jpg,\xe9t\xe9\n", want: "cats/cat0.jpg=été", warn: []string{"1 values are not UTF-8; they were read as Windows-1252"}},

		// Paths.
		{name: "other case", text: csvOf("filename,category", ",", "\n", strings.ToUpper), want: strings.NewReplacer("cats/cat", "CATS/CAT", "dogs/dog", "DOGS/DOG", ".jpg", ".JPG").Replace(plain),
			warn: []string{"Found 4 of the 4 file names without regard to case: CATS/CAT0.JPG is cats/cat0.jpg."}},
		{name: "backslashes", text: csvOf("filename,category", ",", "\n", func(s string) string { return strings.ReplaceAll(s, "/", `\`) }),
			want: strings.NewReplacer("cats/", `cats\`, "dogs/", `dogs\`).Replace(plain), warn: []string{`with \ for /`}},
		{name: "a drive", text: csvOf("filename,category", ",", "\n", func(s string) string { return `C:\Users\x\img\` + strings.ReplaceAll(s, "/", `\`) }),
			want: strings.NewReplacer("cats/", `C:\Users\x\img\cats\`, "dogs/", `C:\Users\x\img\dogs\`).Replace(plain), warn: []string{"Found 4 of the 4 file names"}},
		{name: "absolute paths of another machine", text: csvOf("filename,category", ",", "\n", func(s string) string { return "/kaggle/input/img/" + s }),
			want: strings.NewReplacer("cats/", "/kaggle/input/img/cats/", "dogs/", "/kaggle/input/img/dogs/").Replace(plain)},
		{name: "no folders", text: csvOf("filename,category", ",", "\n", filepath.Base), want: strings.NewReplacer("cats/", "", "dogs/", "").Replace(plain)},
		{name: "no extension", text: csvOf("id,breed", ",", "\n", func(s string) string { return strings.TrimSuffix(s, ".jpg") }), o: OpenOptions{FilenameColumn: "id", LabelColumn: "breed"},
			want: strings.ReplaceAll(plain, ".jpg", ""), warn: []string{"without the extension: cats/cat0 is cats/cat0.jpg"}},
		{name: "a missing file is not another one of the same name", text: "filename,category\ncats/cat0.jpg,cats\nbirds/cat1.jpg,cats\n", want: "cats/cat0.jpg=cats"},

		// Labels.
		{name: "words for a missing value", text: labels("nan", "NaN", "NULL", "N/A", "a", "b", " "), want: "dogs/dog0.jpg=a dogs/dog1.jpg=b", warn: []string{"Dropped 5 of the 7 rows", "N/A, NULL, NaN, nan"}},
		{name: "a known class with such a name", text: labels("nan", "a", "None", ""), o: OpenOptions{Classes: []string{"None", "a"}}, want: "cats/cat1.jpg=a cats/cat2.jpg=None", warn: []string{"Their labels include words for a missing value: nan."}},
		{name: "kept words", text: labels("nan", "a", "None", ""), o: OpenOptions{KeepNA: true}, want: "cats/cat0.jpg=nan cats/cat1.jpg=a cats/cat2.jpg=None"},
		{name: "1.0 is 1", text: labels("1.0", "2.0", "", "10", "1"), want: "cats/cat0.jpg=1 cats/cat1.jpg=2 cats/cat3.jpg=10 dogs/dog0.jpg=1", class: "1 2 10", warn: []string{"1.0 is the class 1"}},
		{name: "order of numbers", text: labels("11", "2", "10", "1", "-1"), want: "*", class: "-1 1 2 10 11"},
		{name: "codes with zeros", text: labels("007", "010", "11"), want: "*", class: "007 010 11"},
		{name: "numbers and words", text: labels("1.0", "a", "10", "2"), want: "*", class: "1.0 10 2 a"},
		{name: "spaces", text: labels("cat", " cat", "cat ", "dog"), want: "*", class: "cat dog", warn: []string{"Removed the spaces around 2 of the labels."}},
		{name: "spaces in JSON lines", file: "t.jsonl", text: jsonTable(`"cat"`, `" cat"`, `"cat "`, `"dog"`), want: "*", class: "cat dog", warn: []string{"Removed the spaces around 2 of the labels."}},
		{name: "width", text: labels("\uff11", "1", "1", "2"), want: "*", class: "1 2 \uff11", warn: []string{"The classes 1 (2) and \uff11 (1) differ only in the form of their letters, digits or spaces. To join them, use Rename (--rename \uff11=1)."}},
		{name: "spaces", text: labels("big dog", "big  dog", "cat", "big dog"), want: "*", class: "big  dog big dog cat", warn: []string{"The classes big dog (2) and big  dog (1) differ only in the form of their letters, digits or spaces. To join them, use Rename (--rename 'big  dog=big dog')."}},
		{name: "case", text: labels("Cat", "cat", "cat", "dog"), want: "*", class: "Cat cat dog", warn: []string{"The classes cat (2) and Cat (1) differ only in case. To join them, use Rename (--rename Cat=cat)."}},

		// One-hot columns, and several labels.
		{name: "one-hot", text: "image_id,healthy,rust,scab\ncats/cat0.jpg,1,0,0\ncats/cat1.jpg,0,1.0,0\ncats/cat2.jpg,0,0,0\n", o: OpenOptions{LabelColumns: []string{"healthy", "rust", "scab"}},
			want: "cats/cat0.jpg=healthy cats/cat1.jpg=rust", warn: []string{"The column scab has no 1", "Dropped 1 of the 3 rows"}},
		{name: "truth values", text: "filename,a,b\ncats/cat0.jpg,TRUE,FALSE\ncats/cat1.jpg,False,True\n", o: OpenOptions{LabelColumns: []string{"a", "b"}}, want: "cats/cat0.jpg=a cats/cat1.jpg=b"},
		{name: "two of one-hot", text: "filename,a,b\ncats/cat0.jpg,1,1\ncats/cat1.jpg,0,1\n", o: OpenOptions{LabelColumns: []string{"a", "b"}}, fail: "1 rows have a 1 in several of the columns, such as a and b"},
		{name: "two of one-hot, multi-label", text: "filename,a,b\ncats/cat0.jpg,1,1\ncats/cat1.jpg,0,1\ncats/cat2.jpg,0,0\n", o: OpenOptions{LabelColumns: []string{"a", "b"}, Task: MultiLabel},
			want: "cats/cat0.jpg=a|b cats/cat1.jpg=b cats/cat2.jpg="},
		{name: "several in a cell", text: labels("a|b", "b", "a"), fail: `has labels such as "a|b": if these are several labels, set the task to multilabel`},
		{name: "several in a cell, multi-label", text: labels("b|a", "b", "a"), o: OpenOptions{Task: MultiLabel}, want: "cats/cat0.jpg=a|b cats/cat1.jpg=b cats/cat2.jpg=a", class: "a b", warn: []string{`separated by "|"`}},
		{name: "several in a cell, one class each", text: labels("a|b", "b", "a"), o: OpenOptions{Task: Classify}, want: "*", class: "a a|b b"},
		{name: "several by spaces", text: labels("a b", "b", "c a"), o: OpenOptions{Task: MultiLabel}, want: "*", class: "a b c"},
		{name: "a separator", text: labels("a-b", "b", "c-a"), o: OpenOptions{Task: MultiLabel, LabelSeparator: "-"}, want: "*", class: "a b c"},
		{name: "Python's lists", text: labels(`"['a', 'b']"`, `"['b']"`, `[]`), o: OpenOptions{Task: MultiLabel}, want: "cats/cat0.jpg=a|b cats/cat1.jpg=b cats/cat2.jpg=", class: "a b"},
		{name: "several columns", text: "filename,first,second\ncats/cat0.jpg,x,y\ncats/cat1.jpg,y,\n", o: OpenOptions{LabelColumns: []string{"first", "second"}, Task: MultiLabel}, want: "cats/cat0.jpg=x|y cats/cat1.jpg=y"},
		{name: "several rows", text: "filename,category\ncats/cat0.jpg,x\ncats/cat0.jpg,y\ncats/cat1.jpg,y\n", o: OpenOptions{Task: MultiLabel}, want: "cats/cat0.jpg=x|y cats/cat1.jpg=y", warn: []string{"Joined the labels of 1 rows"}},
		{name: "city, country", text: labels(`"Paris, France"`, `"Lyon, France"`, `"Bonn, Germany"`), want: "*", class: "Bonn, Germany Lyon, France Paris, France"},

		// A file named twice.
		{name: "twice", text: table + strings.TrimPrefix(table, "filename,category\n"), warn: []string{"Dropped 4 of the 8 rows, which name a file again with the same label"}},
		{name: "twice, in two spellings", text: table + strings.ReplaceAll(table[len("filename,category\n"):], "cats/", "./cats//"), warn: []string{"Dropped 4 of the 8 rows"}},
		{name: "two parts", text: "filename,category,split\ncats/cat0.jpg,a,train\ncats/cat0.jpg,a,test\ndogs/dog0.jpg,a,train\n", o: OpenOptions{SplitColumn: "split"}, fail: "1 rows contradict earlier rows about the part of the same file; keep one row for each file:\ncats/cat0.jpg: train in line 2, test in line 3"},
		{name: "two parts and two classes", text: "filename,category,split\ncats/cat0.jpg,a,train\ncats/cat0.jpg,a,test\ndogs/dog0.jpg,a,train\ndogs/dog0.jpg,b,train\n", o: OpenOptions{SplitColumn: "split"}, fail: "2 rows contradict earlier rows about the same file; keep one row for each file, or set the task to multilabel"},
		{name: "two classes", text: "filename,category\ncats/cat0.jpg,a\ncats/cat0.jpg,b\ndogs/dog0.jpg,a\ndogs/dog0.jpg,b\n", fail: "2 rows contradict earlier rows about the same file; keep one row for each file, or set the task to multilabel (Task, --task) if images have several labels:\ncats/cat0.jpg: a in line 2, b in line 3"},
		{name: "twice without labels", text: table + table, o: OpenOptions{LabelRule: Unlabeled}, want: "*"},

		{name: "boxes", text: "filename,class,XMin,ymin,xmax,ymax\ncats/cat0.jpg,a,0,0,1,1\ncats/cat0.jpg,a,1,1,2,2\n", want: "cats/cat0.jpg=a", warn: []string{"The table has columns of boxes for the objects in an image, which are not used"}},

		// Folds.
		{name: "folds", text: "filename,category,Fold\ncats/cat0.jpg,a,0.0\ncats/cat1.jpg,b,1\ncats/cat2.jpg,b,10\ncats/cat3.jpg,b,\n", want: "*",
			warn: []string{`The column "Fold" divides the rows into 3 folds (0, 1, 10), but is not used: all rows are one set.`, "lince train --folds 3 makes folds itself"}},
		{name: "k-fold", text: "filename,category,cv-fold\ncats/cat0.jpg,a,A\ncats/cat1.jpg,b,B\n", want: "*", warn: []string{"into 2 folds (A, B)"}},

		// Parts.
		{name: "parts", text: "filename,category,split\ncats/cat0.jpg,a,Train\ncats/cat1.jpg,b,val\ncats/cat2.jpg,b,training\ncats/cat3.jpg,b,\n", o: OpenOptions{SplitColumn: "Split"}, want: "cats/cat0.jpg=a cats/cat2.jpg=b",
			warn: []string{`line 5: has no part in the column "split"`}},
		{name: "the other part", text: "filename,category,split\ncats/cat0.jpg,a,Train\ncats/cat1.jpg,b,valid\n", o: OpenOptions{SplitColumn: "split", Part: "validation"}, want: "cats/cat1.jpg=b"},
		{name: "is_valid", text: "filename,category,is_valid\ncats/cat0.jpg,a,False\ncats/cat1.jpg,b,True\n", o: OpenOptions{SplitColumn: "is_valid"}, want: "cats/cat0.jpg=a"},
		{name: "another word for a part", text: "filename,category,split\ncats/cat0.jpg,a,elsewhere\n", o: OpenOptions{SplitColumn: "split"}, fail: `line 2: "elsewhere" is no part; want train, val or test`},
		{name: "a file in two parts", text: "filename,category,split\ncats/cat0.jpg,a,train\ncats/cat0.jpg,a,test\n", o: OpenOptions{SplitColumn: "split"}, fail: "cats/cat0.jpg: train in line 2, test in line 3"},

		// JSON lines.
		{name: "JSON lines", file: "t.jsonl", text: "{\"file_name\": \"cats/cat0.jpg\", \"label\": \"a\"}\n\n{\"label\": 3, \"file_name\": \"cats/cat1.jpg\", \"more\": {\"x\": 1}}\r\n{\"file_name\": \"cats/cat2.jpg\", \"label\": null}\n{\"file_name\": \"cats/cat3.jpg\"}",
			want: "cats/cat0.jpg=a cats/cat1.jpg=3", warn: []string{"Dropped 2 of the 4 rows, which have no label"}},
		{name: "JSON lists", file: "t.ndjson", text: "{\"file\": \"cats/cat0.jpg\", \"label\": [\"a\", \"b\"]}\n{\"file\": \"cats/cat1.jpg\", \"label\": []}\n", o: OpenOptions{Task: MultiLabel}, want: "cats/cat0.jpg=a|b cats/cat1.jpg="},
		{name: "JSON lists of one", file: "t.ndjson", text: "{\"file\": \"cats/cat0.jpg\", \"label\": [\"a\"]}\n{\"file\": \"cats/cat1.jpg\", \"label\": [\"b\"]}\n", want: "cats/cat0.jpg=a cats/cat1.jpg=b"},
		{name: "JSON lists, not multi-label", file: "t.ndjson", text: "{\"file\": \"cats/cat0.jpg\", \"label\": [\"a\", \"b\"]}\n", fail: "1 rows have several labels, such as a and b"},
		{name: "a bad JSON line", file: "t.jsonl", text: "{\"file\": \"cats/cat0.jpg\", \"label\": \"a\"}\n{\"file\n", want: "cats/cat0.jpg=a", warn: []string{"line 2: is not a JSON object"}},
		{name: "not JSON lines", file: "t.jsonl", text: "[1]\n", fail: "line 1: is not a JSON object"},

		// Regression.
		{name: "numbers to predict", text: "filename,age\ncats/cat0.jpg,1.5\ncats/cat1.jpg,-2\ncats/cat2.jpg,x\ncats/cat3.jpg,NaN\n", o: OpenOptions{LabelColumn: "age", Task: Regress}, want: "cats/cat0.jpg=1.5 cats/cat1.jpg=-2", warn: []string{"Dropped 1 of the 4 rows, which have no label", `line 4: the label "x" is not a number`}},
	} {
		t.Run(c.name, func(t *testing.T) { c.check(t) })
	}
}

// check opens the table with the images in a folder and in an archive.
func (c tableCase) check(t *testing.T) {
	dir := photos(t)
	name := filepath.Join(dir, "t.csv")
	if c.file != "" {
		name = filepath.Join(dir, c.file)
	}
	if err := os.WriteFile(name, []byte(c.text), 0o600); err != nil {
		t.Fatal(err)
	}
	zipped := archiveOf(t, dir)
	for _, images := range []string{dir, zipped} {
		c.o.Images = images
		tab, err := Open(t.Context(), name, c.o)
		if c.fail != "" {
			if err == nil || !strings.Contains(err.Error(), c.fail) || len(err.Error()) > 2000 {
				t.Errorf("the error %.1000v, want %q", err, c.fail)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		want := c.want
		if want == "" {
			want = plain
		}
		if got := list1(tab); want != "*" && got != want {
			t.Errorf("with %s:\ngot  %s\nwant %s\n%q", filepath.Base(images), got, want, tab.Warnings())
		}
		if got := strings.Join(tab.Classes(), " "); c.class != "" && got != c.class {
			t.Errorf("the classes %s, want %s", got, c.class)
		}
		all := strings.Join(slices.Concat(tab.Notes(), tab.Warnings()), "\n")
		for _, w := range c.warn {
			if !strings.Contains(all, w) {
				t.Errorf("the notes and warnings %q, want %q", all, w)
			}
		}
		if _, bad, err := tab.Check(t.Context(), CheckOptions{}); err != nil || len(bad) > 0 {
			t.Error(bad, err)
		}
		if err := tab.Close(); err != nil {
			t.Error(err)
		}
	}
}

// archiveOf returns an archive of the images below a folder.
func archiveOf(t *testing.T, dir string) string {
	t.Helper()
	var entries []entryOf
	l, err := listFolder(dir, false, &reading{ctx: t.Context()})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range l.entries {
		b, err := e.file.read(nil)
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, entryOf{name: e.name, content: b})
	}
	return file1(t, "images.zip", archive(t, entries...))
}

// TestUnicodeForms opens a table whose names are composed and files whose names are not, and the reverse.
func TestUnicodeForms(t *testing.T) {
	const composed, decomposed = "caf\u00e9.png", "cafe\u0301.png"
	for _, c := range [][2]string{{composed, decomposed}, {decomposed, composed}} {
		dir := tree(t, c[1])
		name := filepath.Join(dir, "t.csv")
		if err := os.WriteFile(name, []byte("filename,category\n"+c[0]+",a\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		tab := open(t, name, OpenOptions{})
		if got := list1(tab); got != c[0]+"=a" {
			t.Error(got)
		}
		if _, err := os.Stat(filepath.Join(dir, c[0])); err != nil && !strings.Contains(strings.Join(tab.Notes(), ""), "in another Unicode form") {
			t.Error(tab.Warnings())
		}
	}
}

// TestAmbiguousNames checks that a name that fits several files is not joined to one of them.
func TestAmbiguousNames(t *testing.T) {
	dir := tree(t, "a/x.png", "b/x.png", "C.png", "c.PNG")
	name := filepath.Join(dir, "t.csv")
	if err := os.WriteFile(name, []byte("filename,category\na/x.png,a\nx.png,b\nc.png,b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tab := open(t, name, OpenOptions{})
	if got := list1(tab); got != "a/x.png=a" || tab.Dropped() != 2 {
		t.Error(got, tab.Ignored())
	}
	for _, b := range tab.Ignored() {
		if !strings.Contains(b.Err.Error(), "several files") {
			t.Error(b)
		}
	}
}

// TestLikelyRegression checks that a column of many numbers asks for a task.
func TestLikelyRegression(t *testing.T) {
	var names []string
	var b strings.Builder
	b.WriteString("filename,age\n")
	for i := range 30 {
		n := string(rune('a'+i/10)) + string(rune('0'+i%10)) + ".png"
		names = append(names, n)
		b.WriteString(n + "," + string(rune('1'+i/10)) + string(rune('0'+i%10)) + ".5\n")
	}
	dir := tree(t, names...)
	name := filepath.Join(dir, "t.csv")
	if err := os.WriteFile(name, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), name, OpenOptions{LabelColumn: "age"}); err == nil || !strings.Contains(err.Error(), "set the task to regress, else to classify") {
		t.Error(err)
	}
	if tab := open(t, name, OpenOptions{LabelColumn: "age", Task: Classify}); len(tab.Classes()) != 30 {
		t.Error(tab.Classes())
	}
	tab := open(t, name, OpenOptions{LabelColumn: "age", Task: Regress})
	if err := tab.Trainable(); err != nil || tab.Classes() != nil || tab.Row(3).Label != "13.5" {
		t.Error(err, tab.Classes(), tab.Row(3))
	}
	f, err := Images(tab, ImageOptions{ClassMode: Raw, NoShuffle: true})
	if err != nil {
		t.Fatal(err)
	}
	for b, err := range f.Batches(t.Context(), 0, 0) {
		if err != nil || b.Y.Float32s()[3] != 13.5 {
			t.Error(err, b.Y)
		}
	}
}

// TestMultiLabelTargets checks the targets of images with several labels, as Keras' flow_from_dataframe gives them for lists.
func TestMultiLabelTargets(t *testing.T) {
	dir := tree(t, "0.png", "1.png", "2.png", "3.png")
	name := filepath.Join(dir, "t.csv")
	if err := os.WriteFile(name, []byte("filename,category\n0.png,c|a\n1.png,b\n2.png,a|c|b\n3.png,c\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tab := open(t, name, OpenOptions{Task: MultiLabel})
	if got := tab.Counts().String(); !strings.Contains(got, "c    3\na    2\nb    2") {
		t.Error(got)
	}
	f, err := Images(tab, ImageOptions{NoShuffle: true})
	if err != nil {
		t.Fatal(err)
	}
	for b, err := range f.Batches(t.Context(), 0, 0) {
		if err != nil || !slices.Equal(b.Y.Float32s(), []float32{1, 0, 1, 0, 1, 0, 1, 1, 1, 0, 0, 1}) {
			t.Error(err, b.Y.Float32s())
		}
	}
	if !f.MultiLabel() || f.ClassIndexes() != nil || !slices.Equal(f.ClassSet(2), []int{0, 1, 2}) {
		t.Error(f.ClassSet(2))
	}
	f, err = Images(tab, ImageOptions{Classes: []string{"c", "a"}})
	if err != nil || len(f.Warnings()) != 1 || !strings.Contains(f.Warnings()[0], "The label b of 2 images") {
		t.Error(f.Warnings(), err)
	}
	if _, err := Images(tab, ImageOptions{ClassMode: Sparse}); err == nil || !strings.Contains(err.Error(), "categorical") {
		t.Error(err)
	}
	renamed, err := tab.Rename(map[string]string{"a": "z"})
	if err != nil || list1(renamed) != "0.png=c|z 1.png=b 2.png=b|c|z 3.png=c" {
		t.Error(list1(renamed), err)
	}
}

// TestDuplicates checks that files of equal bytes are grouped and kept on one side of a split.
func TestDuplicates(t *testing.T) {
	p := png(t)
	other := append(bytes.Clone(p), 1)
	entries := []entryOf{{name: "cat.0.png", content: p}, {name: "cat.1.png", content: other}, {name: "dog.0.png", content: p}, {name: "dog.1.png", content: append(bytes.Clone(p), 2)}, {name: "dog.2.png", content: other}}
	want := [][]int{{0, 2}, {1, 4}}
	tab := open(t, file1(t, "a.zip", archive(t, entries...)), OpenOptions{})
	same := func(got [][]int) bool { return slices.EqualFunc(got, want, slices.Equal[[]int]) }
	if got, err := tab.Duplicates(t.Context()); err != nil || !same(got) {
		t.Error(got, err)
	}
	dir := t.TempDir()
	for _, e := range entries {
		if err := os.WriteFile(filepath.Join(dir, e.name), e.content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tab = open(t, dir, OpenOptions{})
	if got, err := tab.Duplicates(t.Context()); err != nil || got != nil {
		t.Error("files that were not read:", got, err)
	}
	tab, _, err := tab.Check(t.Context(), CheckOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := tab.Duplicates(t.Context()); err != nil || !same(got) {
		t.Error(got, err)
	}
	joined := Concat(tab.Take([]int{0, 1}), open(t, dir, OpenOptions{}).Take([]int{3}), tab.Take([]int{2, 4}))
	if got, err := joined.Duplicates(t.Context()); err != nil || !slices.EqualFunc(got, [][]int{{0, 3}, {1, 4}}, slices.Equal[[]int]) {
		t.Error("joined tables:", got, err)
	}
}
