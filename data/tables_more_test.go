package data

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lince-ml/lince/internal/testenv"
)

// TestMoreTables opens tables as particular programs and sets have them.
func TestMoreTables(t *testing.T) {
	table := csvOf("filename,category", ",", "\n", nil)
	for _, c := range []tableCase{
		{name: "Excel's Unicode text", text: "\xff\xfe" + utf16Of(csvOf("Filename\tLabel", "\t", "\r\n", nil), false), warn: []string{"UTF-16", "tabs"}},
		{name: "two tables in one file", text: table + table, warn: []string{"Dropped 4 of the 9 rows, which name a file again", "Found 1 invalid"}},
		{name: "mixed line ends", text: strings.Replace(strings.Replace(table, "\n", "\r\n", 2), "dog0.jpg,dogs\n", "dog0.jpg,dogs\r", 1)},
		{name: "no-break spaces", text: strings.ReplaceAll(table, ",cats", ",\u00a0cats\u00a0")},
		{name: "truth values as classes", text: "filename,category\ncats/cat0.jpg,True\ncats/cat1.jpg,False\n", want: "cats/cat0.jpg=True cats/cat1.jpg=False"},
		{name: "powers of ten", text: "filename,category\ncats/cat0.jpg,1e0\ncats/cat1.jpg,1e1\ncats/cat2.jpg,2\n", want: "*", class: "1 2 10"},
		{name: "NIH's chest X-rays", text: "Image Index,Finding Labels\nCAT0.jpg,Mass|Nodule\ncat1.jpg,No Finding\n", o: OpenOptions{FilenameColumn: "Image Index", LabelColumn: "Finding Labels", Task: MultiLabel},
			want: "CAT0.jpg=Mass|Nodule cat1.jpg=No Finding"},
		{name: "one-hot with gaps", text: "filename,a,b\ncats/cat0.jpg,1,\ncats/cat1.jpg,NaN,1\n", o: OpenOptions{LabelColumns: []string{"a", "b"}}, want: "cats/cat0.jpg=a cats/cat1.jpg=b"},
		{name: "probabilities are not one-hot", text: "filename,a,b\ncats/cat0.jpg,0.25,0.75\n", o: OpenOptions{LabelColumns: []string{"a", "b"}}, fail: `soft labels, the probabilities of classes), which cannot be used as labels: line 2, column "a", has 0.25`},
		{name: "two columns of one name in another case", text: "filename,Category,category\ncats/cat0.jpg,x,y\n", want: "cats/cat0.jpg=y"},
		{name: "CUB's is_training_image", text: "filename,category,is_training_image\ncats/cat0.jpg,a,1\ncats/cat1.jpg,a,0\n", o: OpenOptions{SplitColumn: "is_training_image", Part: "test"}, want: "cats/cat1.jpg=a"},
		{name: "folds are no parts", text: "filename,category,fold\ncats/cat0.jpg,a,3\n", o: OpenOptions{SplitColumn: "fold"}, fail: `"3" is no part`},
		{name: "a name in braces", text: "filename,category\ncats/cat0.jpg,\"{a,b}\"\ncats/cat1.jpg,{b}\n", o: OpenOptions{Task: MultiLabel}, want: "cats/cat0.jpg=a|b cats/cat1.jpg=b"},
		{name: "an apostrophe before a formula", text: "filename,category\ncats/cat0.jpg,'=1+1\ncats/cat1.jpg,'n Sync\n", want: "cats/cat0.jpg==1+1 cats/cat1.jpg='n Sync"},
		{name: "only a header", text: "filename,category\n", fail: "has no rows below its header"},
		{name: "a NUL byte", text: "filename,category\ncats/cat0.jpg,cats\ncats/\x00.jpg,cats\n", want: "cats/cat0.jpg=cats", warn: []string{"is not the name of a file"}},
		{name: "a long name", text: "filename,category\ncats/cat0.jpg,cats\n" + strings.Repeat("x", 100_000) + ".jpg,cats\n", want: "cats/cat0.jpg=cats", warn: []string{"is not the name of a file"}},
	} {
		t.Run(c.name, func(t *testing.T) { c.check(t) })
	}
}

// TestPandas compares the rows of delimited files with those of pandas' read_csv.
func TestPandas(t *testing.T) {
	dir := photos(t)
	for name, text := range map[string]string{
		"plain":   csvOf("filename,category", ",", "\n", nil),
		"crlf":    csvOf("filename,category", ",", "\r\n", nil),
		"cr":      csvOf("filename,category", ",", "\r", nil),
		"bom":     "\ufeff" + csvOf("filename,category", ",", "\n", nil),
		"quotes":  "filename,category,n\n\"cats/cat0.jpg\",\"a \"\"b\"\", c\",1\ncats/cat1.jpg,the \"x\",2\ncats/cat2.jpg,\"q\"r,3\ncats/cat3.jpg,5\" 6,4\n",
		"lines":   "n,filename,category\n\"a\nb\",cats/cat0.jpg,x\n1,cats/cat1.jpg,y\n",
		"short":   "filename,category\ncats/cat0.jpg,x\ncats/cat1.jpg\ncats/cat2.jpg,y\n",
		"missing": "filename,category\ncats/cat0.jpg,NA\ncats/cat1.jpg,x\ncats/cat2.jpg,null\ncats/cat3.jpg,none\ndogs/dog0.jpg,#N/A\ndogs/dog1.jpg,n/a\ndogs/dog2.jpg,None\n",
		"numbers": "filename,category\ncats/cat0.jpg,3\ncats/cat1.jpg,\ncats/cat2.jpg,10\n",
		"blank":   "\nfilename,category\n\ncats/cat0.jpg,x\n\n",
	} {
		path := filepath.Join(dir, name+".csv")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		rows := [][2]string{}
		for _, r := range open(t, path, OpenOptions{}).All() {
			rows = append(rows, [2]string{r.Filename, r.Label})
		}
		b, err := json.Marshal(rows)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name+".json"), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	testenv.Python(t, "tables.py", dir)
}

func FuzzJSONLines(f *testing.F) {
	f.Add("{\"filename\": \"cat.0.png\", \"category\": \"x\"}\n{\"filename\": \"a/b.png\", \"category\": [\"y\", 1, null]}\n")
	f.Add("\ufeff{\"category\": true, \"filename\": \"cat.0.png\"}\r\n\r\n{}\n{\"filename\": {}}")
	dir := tree(f, "cat.0.png", "a/b.png")
	f.Fuzz(func(t *testing.T, text string) {
		for _, task := range []Task{AutoTask, MultiLabel, Regress} {
			tab, err := openCSV(file1(t, "a.jsonl", []byte(text)), OpenOptions{Images: dir, Task: task}, &reading{ctx: t.Context()})
			if err == nil && tab.Len() == 0 {
				t.Error("a table without rows")
			}
		}
	})
}

// TestTableBomb checks that a compressed table cannot claim any amount of memory.
func TestTableBomb(t *testing.T) {
	text := "filename,category\n" + strings.Repeat("\n", 66<<20)
	name := file1(t, "t.csv.gz", []byte(zippedText(t, text)))
	if _, err := Open(t.Context(), name, OpenOptions{}); err == nil || !strings.Contains(err.Error(), "unpack it first") {
		t.Error(err)
	}
}

// TestTableProgress checks that the progress of a table counts its rows, not the files in its folder or archive.
func TestTableProgress(t *testing.T) {
	dir := photos(t)
	zip := archiveOf(t, dir)
	for _, text := range []string{csvOf("filename,category", ",", "\n", nil), csvOf("filename,category", ",", "\n", strings.ToUpper)} {
		name := filepath.Join(dir, "t.csv")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, images := range []string{"", dir, zip} {
			last := -1
			tab, err := Open(t.Context(), name, OpenOptions{Images: images, Progress: func(done, _ int) { last = done }})
			if err != nil {
				t.Fatal(err)
			}
			if err := tab.Close(); err != nil {
				t.Error(err)
			}
			if last != 4 {
				t.Errorf("images in %q: the progress ends at %d, want 4", images, last)
			}
		}
	}
}

// TestHeaders opens tables whose columns are not named in the first line, or not as usual.
func TestHeaders(t *testing.T) {
	table := csvOf("filename,category", ",", "\n", nil)
	spaces := csvOf("filename category", " ", "\n", nil)
	celeba := "4\nBald Smiling Young \ncats/cat0.jpg -1  1 -1\ncats/cat1.jpg  1 -1 -1\ndogs/dog0.jpg -1  1  1\ndogs/dog1.jpg -1 -1 -1\n"
	const counted, index = "The first line is the number of the rows.", "the first field is the name of the image"
	for _, c := range []tableCase{
		{name: "a title", text: "Dataset exported 2024-01-01\n\n" + table, warn: []string{"Lines before the names of the columns that were skipped: 2."}},
		{name: "titles with other line ends", text: strings.ReplaceAll("My set\nby me, 2024\n"+table, "\n", "\r\n"), warn: []string{"skipped: 2."}},
		{name: "titles and old line ends", text: strings.ReplaceAll("My set\n"+table, "\n", "\r"), warn: []string{"skipped: 1."}},
		{name: "line numbers below a title", text: "My set\r\n\r\n" + table + "x.jpg,cats\n", want: plain, warn: []string{"Found 1 invalid"}},
		{name: "no title but a row", text: "a.jpg,cats\n" + table, warn: []string{"skipped: 1."}},
		{name: "a title far above", text: strings.Repeat("text\n", 40) + table, fail: `has no column "filename"`},
		{name: "spaces", text: spaces, warn: []string{"The fields are separated by spaces."}},
		{name: "several spaces", text: strings.ReplaceAll(spaces, " ", "   "), warn: []string{"spaces"}},
		{name: "spaces around and quotes", text: "filename  category \ncats/cat0.jpg  \"a b\" \n", want: "cats/cat0.jpg=a b"},
		{name: "names of columns with spaces", text: csvOf("File Name,Class Label", ",", "\n", nil), fail: `has no column "category" for the labels; its columns are File Name, Class Label`},
		{name: "a title with the names of columns", text: "the file and its label\n" + table, warn: []string{"skipped: 1."}},
		{name: "a list with spaces", text: "cats/cat0.jpg 0\ncats/cat1.jpg 1\n", fail: "the first line is cats/cat0.jpg 0, which looks like a row and not like the names of columns; add a first line such as filename category"},
		{name: "a list in a text file", file: "t.txt", text: "cats/cat0.jpg 0\ncats/cat1.jpg 1\n", fail: "add a first line such as filename category, and rename it to .csv"},
		{name: "CelebA", text: celeba, o: OpenOptions{LabelColumn: "Smiling"}, want: "cats/cat0.jpg=1 cats/cat1.jpg=-1 dogs/dog0.jpg=1 dogs/dog1.jpg=-1", class: "-1 1", warn: []string{counted, index, "separated by spaces"}},
		{name: "CelebA as a text", file: "list_attr_celeba.txt", text: celeba, o: OpenOptions{LabelColumn: "Bald"}, want: "cats/cat0.jpg=-1 cats/cat1.jpg=1 dogs/dog0.jpg=-1 dogs/dog1.jpg=-1", class: "-1 1", warn: []string{counted, index}},
		{name: "several of CelebA's columns", text: strings.ReplaceAll(celeba, "\n", "\r\n"), o: OpenOptions{LabelColumns: []string{"Smiling", "Young"}, Task: MultiLabel}, class: "Smiling Young",
			want: "cats/cat0.jpg=Smiling cats/cat1.jpg= dogs/dog0.jpg=Smiling|Young dogs/dog1.jpg=", warn: []string{counted, index, "-1 means that an image does not have the class"}},
		{name: "CelebA without a column", text: celeba, fail: "its columns are filename, Bald, Smiling, Young: choose one (LabelColumn, --category); the columns Bald, Smiling, Young have -1 and 1: if they are the classes, name all of them (LabelColumns, --category Bald,Smiling,Young --task multilabel)"},
		{name: "CelebA without the number", text: celeba[2:], o: OpenOptions{LabelColumn: "Young"}, want: "cats/cat0.jpg=-1 cats/cat1.jpg=-1 dogs/dog0.jpg=1 dogs/dog1.jpg=-1", warn: []string{index}},
		{name: "CelebA, cut", text: strings.Replace(celeba, "4", "202599", 1), o: OpenOptions{LabelColumn: "Young"}, want: "*", warn: []string{"it is 202599, but there are 4. If rows are missing, download the table again."}},
		{name: "an index of names, with commas", text: "Bald,Smiling\ncats/cat0.jpg,-1,1\ndogs/dog0.jpg,1,-1\n", o: OpenOptions{LabelColumn: "Bald"}, want: "cats/cat0.jpg=-1 dogs/dog0.jpg=1", warn: []string{index}},
		{name: "DeepFashion", file: "t.txt", text: "2\nimage_name  category_label\ncats/cat0.jpg   3\ndogs/dog0.jpg  14\n", o: OpenOptions{LabelColumn: "category_label"}, want: "cats/cat0.jpg=3 dogs/dog0.jpg=14", class: "3 14", warn: []string{counted}},
		{name: "DeepFashion without a column", text: "2\nimage_name  category_label\ncats/cat0.jpg   3\n", fail: "its columns are image_name, category_label: choose one"},
		{name: "a table in a text file", file: "t.txt", text: table},
		{name: "a number alone", file: "t.txt", text: "4\n", fail: "is neither a folder"},
		{name: "WebDataset's column of classes", text: strings.Replace(table, "category", "cls", 1)},
		{name: "base64", text: "filename,category\n" + strings.Repeat("/9j/4AAQSkZJRgABAQAAAQABAAD/2wBD", 100) + ",cats\n", fail: "line 2: the text is an image in base64"},
		{name: "base64 in a URL", text: "filename,category\n\"data:image/png;base64,iVBORw0KGgo=\",cats\n", fail: "the text is an image in base64, not the name of a file; in Python, decode it with base64.b64decode"},
		{name: "a long name", text: "filename,category\n" + strings.Repeat("x", 1000) + ".jpg,cats\n", fail: "there is no file of this name, which has 1004 characters"},
	} {
		t.Run(c.name, func(t *testing.T) { c.check(t) })
	}
}
