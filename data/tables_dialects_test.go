package data

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/unicode/norm"
)

// TestTableDialects reads tables with comments, in Shift JIS, and with classes in two Unicode forms.
func TestTableDialects(t *testing.T) {
	dir := tree(t, "a.png", "b.png", "c.png", "d.png")
	for _, c := range []struct{ name, text, classes, note string }{
		{"comments", "# exported by hand\n#\nfilename,category\na.png,cat\n# the rest is from Tuesday\nb.png,dog\nc.png,#1\nd.png,dog\n", "#1 cat dog", "Skipped 3 comment lines, which begin with #."},
		{"hash in the header", "#,filename,category\n1,a.png,cat\n2,b.png,dog\n", "cat dog", ""},
		{"Shift JIS", "filename,category,ラベル\na.png,猫,x\nb.png,柴犬,x\nc.png,猫,y\n", "柴犬 猫", "encoded in Shift JIS"},
		{"Windows-1252", "filename,category\na.png,caf\xe9\nb.png,\x93Stra\xdfe\x94\nc.png,M\xfcll\n", "Müll café “Straße”", "read as Windows-1252"},
		{"two forms", "filename,category\na.png,caf\u00e9\nb.png,cafe\u0301\nc.png,tea\n", "caf\u00e9 tea", "one class each: caf\u00e9"},
	} {
		text := c.text
		if c.name == "Shift JIS" {
			var err error
			if text, err = japanese.ShiftJIS.NewEncoder().String(text); err != nil {
				t.Fatal(err)
			}
		}
		file := filepath.Join(dir, "t.csv")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		tab := open(t, file, OpenOptions{})
		if got := strings.Join(tab.Classes(), " "); got != c.classes {
			t.Errorf("%s: the classes are %q, want %q", c.name, got, c.classes)
		}
		if notes := strings.Join(tab.Notes(), "\n"); !strings.Contains(notes, c.note) || c.note == "" && notes != "" {
			t.Errorf("%s: the notes are %q, want %q", c.name, notes, c.note)
		}
		if tab.Dropped() != 0 {
			t.Errorf("%s: %d dropped: %v", c.name, tab.Dropped(), tab.Ignored())
		}
	}
}

// TestFolderForms opens folders with the same name in two Unicode forms, as an archive from macOS and a folder from Linux give them.
func TestFolderForms(t *testing.T) {
	dir := tree(t, "caf\u00e9/1.png", "cafe\u0301/2.png", "tea/1.png")
	tab := open(t, dir, OpenOptions{})
	if got := tab.Classes(); !slices.Equal(got, []string{norm.NFC.String("café"), "tea"}) || !strings.Contains(strings.Join(tab.Notes(), ""), "one class each: café") {
		t.Errorf("%q %q", got, tab.Notes())
	}
	if _, bad, err := tab.Check(t.Context(), CheckOptions{}); err != nil || bad != nil {
		t.Error(bad, err)
	}
}

// TestOtherTables opens files that have the name of a table and are something else.
func TestOtherTables(t *testing.T) {
	parquet, err := os.ReadFile(parquetFile("none"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, content, want string }{
		{"t.csv", "PK\x03\x04 xl/workbook.xml", "save it as CSV in UTF-8"},
		{"t.csv", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel spreadsheet"},
		{"t.csv", string(parquet), "rename it to .parquet"},
		{"t.csv", "\x1f\x8b\x08\x00", "ends in .gz"},
		{"t.csv", "<!DOCTYPE html><html>", "a web page"},
		{"t.xlsx", "PK\x03\x04 xl/workbook.xml", "does not read spreadsheets"},
		{"t.parquet", "filename,category\n", "is not a Parquet file"},
		{"t.json", `[{"filename": "a.png"}]`, "name the file .jsonl"},
		{"t.txt", "filename,category\n", "rename it to .csv"},
	} {
		file := filepath.Join(t.TempDir(), c.name)
		if err := os.WriteFile(file, []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(t.Context(), file, OpenOptions{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// TestUnclearLabels opens tables whose labels may mean something else than classes. Open asks, or says what to change.
func TestUnclearLabels(t *testing.T) {
	names := make([]string, 24)
	for i := range names {
		names[i] = fmt.Sprint(i, ".png")
	}
	dir := tree(t, names...)
	file := filepath.Join(dir, "t.csv")
	for _, c := range []struct {
		label func(i int) string
		task  Task
		want  string // "" for no error
	}{
		{func(i int) string { return []string{`"cats,x"`, "cats", "dogs"}[i%3] }, AutoTask, "set the task to multilabel"},
		{func(i int) string { return []string{`"Paris, Texas"`, "Paris", "Rome"}[i%3] }, AutoTask, ""},
		{func(i int) string { return []string{`"cats,x"`, "cats", "dogs"}[i%3] }, Classify, ""},
		{func(i int) string { return fmt.Sprintf("%d%%", 3*i) }, AutoTask, "set the task to regress"},
		{func(i int) string { return fmt.Sprintf(`"%d,5"`, i) }, Regress, ""},
		{func(i int) string { return fmt.Sprintf(`"%d,5"`, i) }, AutoTask, "such as 23,5, in 24 rows: if these are to be predicted as numbers, set the task to regress"},
	} {
		text := "filename,category\n"
		for i, n := range names {
			text += n + "," + c.label(i) + "\n"
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		tab, err := Open(t.Context(), file, OpenOptions{Task: c.task})
		if err == nil {
			_ = tab.Close()
		}
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.label(0), err, c.want)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "t.jsonl"), []byte(`{"filename": "1.png", "category": "x"}`+"\n[1]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if tab := open(t, filepath.Join(dir, "t.jsonl"), OpenOptions{}); len(tab.Ignored()) != 1 || !strings.HasSuffix(tab.Ignored()[0].Err.Error(), "is not a JSON object: it is a JSON array") {
		t.Error(tab.Ignored())
	}
}

// TestSpacesInOneColumn checks that spaces in the names of a table with one column do not separate columns.
func TestSpacesInOneColumn(t *testing.T) {
	dir := tree(t, "cats/my cat 1.png", "my dog.png")
	name := filepath.Join(dir, "t.csv")
	if err := os.WriteFile(name, []byte("filename\ncats/my cat 1.png\nmy dog.png\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tab := open(t, name, OpenOptions{LabelRule: Unlabeled})
	if got := list1(tab); got != "cats/my cat 1.png= my dog.png=" || len(tab.Notes()) > 0 {
		t.Error(got, tab.Notes(), tab.Ignored())
	}
}

// TestQuotedLines opens tables whose lines are in quotes as a whole, as a spreadsheet writes a sheet with one column of lines.
func TestQuotedLines(t *testing.T) {
	quoted := func(header, separator, end string) string {
		return `"` + strings.ReplaceAll(strings.TrimSuffix(csvOf(header, separator, end, nil), end), end, `"`+end+`"`) + `"` + end
	}
	read := []string{"Read the fields inside of 4 lines that are in quotes as a whole."}
	for _, c := range []tableCase{
		{name: "commas", text: quoted("filename,category", ",", "\r\n"), warn: read},
		{name: "semicolons", text: quoted("filename;category", ";", "\n"), warn: read},
		{name: "tabs", text: quoted("filename\tcategory", "\t", "\n"), warn: read},
		{name: "bars", text: quoted("filename|category", "|", "\n"), warn: read},
		{name: "byte order mark", text: "\ufeff" + quoted("filename,category", ",", "\r\n"), warn: read},
		{name: "empty columns after it", text: strings.ReplaceAll(quoted("filename,category", ",", "\n"), "\n", ",,\n"), warn: read},
		{name: "exported twice", text: "\"filename,category\"\n\"cats/cat0.jpg,\"\"cats, old\"\"\"\n\"\"\"cats/cat1.jpg\"\",\"\"the \"\"\"\"b\"\"\"\"\"\"\"\n", want: `cats/cat0.jpg=cats, old cats/cat1.jpg=the "b"`},
		{name: "quoted three times", text: "\"\"\"filename,category\"\"\"\n\"\"\"cats/cat0.jpg,cats\"\"\"\n", want: "cats/cat0.jpg=cats"},
		{name: "a title", text: "\"My labels\"\n" + quoted("filename,category", ",", "\n"), warn: read},
		{name: "other names", text: quoted("id,diagnosis", ",", "\n"), o: OpenOptions{FilenameColumn: "id", LabelColumn: "diagnosis"}, warn: read},
		{name: "unknown names", text: quoted("id,diagnosis", ",", "\n"), fail: "its columns are id, diagnosis: choose one"},
		{name: "bare names of columns", text: strings.Replace(quoted("filename,category", ",", "\n"), `"filename,category"`, "filename,category", 1), warn: read},
		{name: "bare names of columns and some rows", text: "filename,category\n\"cats/cat0.jpg,cats\"\ndogs/dog0.jpg,dogs\n", want: "cats/cat0.jpg=cats dogs/dog0.jpg=dogs", warn: []string{"inside of 1 lines"}},

		// Others have no such lines.
		{name: "names with commas and no labels", text: "filename,category\n\"a,b.jpg\",\ncats/cat0.jpg,cats\n", want: "cats/cat0.jpg=cats", warn: []string{"which have no label, such as a,b.jpg"}},
		{name: "a column with commas in its name", text: "\"file, or name\"\n1.jpg\n", fail: `its columns are file, or name: choose one`},
		{name: "columns with commas in their names", text: "\"file, or name\",\"a;b\",c\n1.jpg,2,3\n", fail: `its columns are "file, or name", "a;b", c: choose one`},
		{name: "several lines in a field", text: "\"filename\n,category\"\n1.jpg\n", fail: "has no column"},
	} {
		t.Run(c.name, func(t *testing.T) { c.check(t) })
	}
}
