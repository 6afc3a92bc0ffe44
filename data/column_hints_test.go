package data

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestColumnHints opens tables with columns that are not used, but that the user may want.
func TestColumnHints(t *testing.T) {
	dir := tree(t, "a.png", "b.png", "c.png", "d.png")
	const parts = "for train, validation, but is not used"
	for _, c := range []struct {
		name, text string
		o          OpenOptions
		fail       string // of the error
		warning    string
	}{
		{name: "one-hot", text: "image_id,healthy,rust,scab\na,1,0,0\nb,0,1,0\n", fail: "the columns healthy, rust, scab have 0 and 1: if they are the classes, name all of them (LabelColumns, --category healthy,rust,scab)"},
		{name: "several labels, a name with a space", text: "filename, Cat, Big Dog, Unlabeled\na.png,1,1,0\nb.png,0,0,1\n", fail: "--category 'Cat,Big Dog,Unlabeled' --task multilabel)"},
		{name: "truth values beside others", text: "n,filename,x,y,is_valid\n7,a.png,True,False,1\n8,b.png,False,,0\n", fail: "--category x,y)"},
		{name: "a comma in a name", text: "image_id,\"Pepper,_bell\",it's\na,1,0\nb,0,1\n", fail: `--category 'Pepper\,_bell,it'\''s')`},
		{name: "CelebA", text: "image_id,Bald,Smiling\na.png,-1,1\nb.png,1,-1\n", fail: "have -1 and 1: if they are the classes, name all of them (LabelColumns, --category Bald,Smiling)"},
		{name: "CheXpert", text: "path,Edema,Fracture\na.png,-1,1\nb.png,0,-1\n", fail: "have -1, 0 and 1: if they are the classes, name all of them (LabelColumns, --category Edema,Fracture)"},
		{name: "no such columns", text: "filename,kind,one\na.png,cat,1\nb.png,dog,0\n", fail: "choose one (LabelColumn, --category)"},
		{name: "a name that is not there", text: "filename,color,y\na.png,1,0\n", o: OpenOptions{LabelColumn: "colors"}, fail: "did you mean color?"},
		{name: "twins", text: "filename,category,category\na.png,cat,x\nb.png,dog,dog\n", warning: `Several columns have the name "category". The first one is used, as in pandas; another one differs from it in 1 rows.`},
		{name: "equal twins", text: "filename,category,category\na.png,cat,cat\nb.png,dog, dog\n"},
		{name: "split", text: "filename,category,Split\na.png,cat,TRAIN\nb.png,dog,dev\nc.png,dog,\n", warning: parts},
		{name: "is_valid", text: "filename,category,is_valid\na.png,cat,False\nb.png,dog,True\n", warning: parts},
		{name: "one part", text: "filename,category,split\na.png,cat,train\nb.png,dog,train\n"},
		{name: "no parts", text: "filename,category,set\na.png,cat,train\nb.png,dog,blue\n"},
		{name: "used", text: "filename,category,split\na.png,cat,train\nb.png,dog,val\nc.png,dog,train\n", o: OpenOptions{SplitColumn: "split"}},
		{name: "Excel's separator in quotes", text: "\ufeff\"sep=;\"\r\nfilename;category\r\na.png;cat\r\nb.png;dog\r\n"},
		{name: "Excel's separator with empty fields", text: "sep=;;;\r\nfilename;category\r\na.png;cat\r\nb.png;dog\r\n"},
	} {
		file := filepath.Join(dir, "t.csv")
		if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		tab, err := Open(t.Context(), file, c.o)
		if err != nil {
			if c.fail == "" || !strings.HasSuffix(err.Error(), c.fail) {
				t.Errorf("%s: %v, want %q", c.name, err, c.fail)
			}
			continue
		}
		if warn := strings.Join(tab.Warnings(), " "); c.fail != "" || !strings.Contains(warn, c.warning) || c.warning == "" && warn != "" {
			t.Errorf("%s: the warnings are %q, want %q, %q", c.name, warn, c.warning, c.fail)
		}
	}
}

// TestURLNames finds files by names that are written as in a URL.
func TestURLNames(t *testing.T) {
	dir := tree(t, "img/my pic #1.png", "img/my%20pic.png", "img/sub/caf\u00e9.png", "img/50%.png")
	for _, c := range []struct{ name, want, says string }{
		{"my%20pic%20%231.png", "my pic #1.png", "as in a URL"},
		{"https://example.org/x/my%20pic%20%231.png?alt=media&token=1", "my pic #1.png", "as in a URL"},
		{"gs://bucket/img/sub/caf\u00e9.png", "sub/caf\u00e9.png", "with other folders"},
		{"/data/local-files/?d=img/sub/cafe%CC%81.png", "sub/caf\u00e9.png", "in another Unicode form"},
		{"my%20pic.png", "my%20pic.png", ""},
		{"50%.png", "50%.png", ""},
	} {
		file := filepath.Join(dir, "t.csv")
		if err := os.WriteFile(file, []byte("filename,category\n"+c.name+",cat\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		tab, err := Open(t.Context(), file, OpenOptions{Images: filepath.Join(dir, "img")})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := filepath.ToSlash(tab.Row(0).Where()); !strings.HasSuffix(got, "img/"+c.want) || !strings.Contains(strings.Join(tab.Notes(), " "), c.says) {
			t.Errorf("%s is %s, with the notes %q; want %s, %q", c.name, got, tab.Notes(), c.want, c.says)
		}
	}
}

// TestWrongColumn names a column that has no names of images: the error names the one that has.
func TestWrongColumn(t *testing.T) {
	dir := tree(t, "img/0.png", "img/1.png", "img/2.png", "img/3.png", "img/4.png", "img/5.png")
	table := file1(t, "t.csv", []byte("bild,category,note\nimg/0.png,a,x\nimg/1.png,b,y\n"))
	for _, c := range []struct {
		name string
		o    OpenOptions
		want string
	}{
		{table, OpenOptions{FilenameColumn: "note", Images: dir}, `the column "note" has no names of images, but bild has (FilenameColumn, --filename bild)`},
		{table, OpenOptions{FilenameColumn: "note"}, "if the images are not in the folder of the table, name their folder (Images, --images); if the names are in another column, name it (FilenameColumn, --filename): the columns are bild, category, note"},
		{table, OpenOptions{FilenameColumn: "bild", Images: filepath.Join(dir, "img", "..")}, ""},
		{table, OpenOptions{FilenameColumn: "bilt", Images: dir}, "did you mean bild?"},
		{parquetFile("snappy"), OpenOptions{FilenameColumn: "category", Images: dir}, `the column "category" has no names of images, but filename has (FilenameColumn, --filename filename)`},
		{parquetFile("huggingface"), OpenOptions{FilenameColumn: "label"}, `the column "label" is not that of the images: they are in image (FilenameColumn, --filename)`},
		{filepath.Join("testdata", "parquet", "converted"), OpenOptions{FilenameColumn: "fine_label"}, `the column "fine_label" is not that of the images: they are in img (FilenameColumn, --filename)`},
		{parquetFile("delta"), OpenOptions{FilenameColumn: "times", LabelColumn: "fixed", Task: Classify, Images: dir}, "if the names are in another column"},
	} {
		tab, err := Open(t.Context(), c.name, c.o)
		if err == nil && c.want == "" {
			if err := tab.Close(); err != nil {
				t.Error(err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "CSV") {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}
