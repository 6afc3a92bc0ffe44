package data

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRowNames opens tables in which the names of files are not quite those of the files.
func TestRowNames(t *testing.T) {
	dir := tree(t, " x.png", "x.png", "y .png", "z.png", "in/ #d/h.png", "in/owl /o.png", "00000.png", "00001.png", "10.png", "1234567890123400.png", "a.png", ".hidden.png")
	for _, c := range []struct {
		name  string
		rows  string
		want  string
		notes []string
		bad   string // the first reason why rows are left out
	}{
		{name: "spaces that are in the names", rows: "\" x.png\",a\n x.png ,b\ny .png,c\n in/ #d/h.png,d", want: " x.png=a x.png=b y .png=c in/ #d/h.png=d", notes: []string{`Removed the spaces around 2 of the 4 file names: " x.png " is x.png.`}},
		{name: "folders with spaces", rows: "\" #d/h.png\",a\nowl /o.png,b", want: " #d/h.png=a owl /o.png=b"},
		{name: "spaces that are not", rows: "\" z.png\",a\n\"a.png\t\",b", want: "z.png=a a.png=b", notes: []string{`Removed the spaces around 2 of the 2 file names: " z.png" is z.png.`}},
		{name: "characters without width", rows: "\u200bz.png,a\na.png\ufeff,b\nx.png\x00,\u200eb\u200b", want: "z.png=a a.png=b x.png=b", notes: []string{"around 3 of the 3 file names", "around 1 of the labels"}},
		{name: "lost zeros", rows: "0,a\n1,b\n10,c", want: "0=a 1=b 10=c", notes: []string{"Found 2 of the 3 file names as spreadsheets and pandas write numbers, without zeros before them or with .0 after them: 0 is 00000.png."}},
		{name: "floats", rows: "10.0,a\n1.0,b", want: "10.0=a 1.0=b", notes: []string{"with .0 after them: 10.0 is 10.png."}},
		{name: "rounded numbers", rows: "1.23457E+15,a\nz.png,b", want: "z.png=b", bad: "the name is a number whose last digits are lost, as spreadsheets write long ones: make the table again, with the names as texts"},
		{name: "single quotes", rows: "'a.png',a\nz.png,b", want: "z.png=b", bad: "remove the single quotes, or write double quotes"},
		{name: "errors of spreadsheets", rows: "a.png,#NAME?\nx.png,#REF!\nz.png,b", want: "z.png=b", bad: "the label is missing", notes: []string{"Dropped 2 of the 3 rows, which have no label", "words for a missing value: #NAME?, #REF!"}},
		{name: "a hidden file", rows: ".hidden.png,a\nz.png,b", want: "z.png=b", bad: "is the name of a hidden file, since it begins with a dot; rename the file"},
		{name: "NUL characters", rows: "a.png,a\x00\x00\nx.png,a\x00b\nz.png,b", want: "a.png=a z.png=b", bad: `the label "a\x00b" has a NUL character`},
	} {
		file := filepath.Join(dir, "t.csv")
		if err := os.WriteFile(file, []byte("filename,category\n"+c.rows+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		images := dir
		if c.name == "folders with spaces" { // the folder before them is left out
			images = filepath.Join(dir, "in")
			if err := os.WriteFile(filepath.Join(images, "z.png"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for _, source := range []string{images, zipOf(t, images)} {
			tab := open(t, file, OpenOptions{Images: source})
			if got := list1(tab); got != c.want {
				t.Errorf("%s: %q, want %q", c.name, got, c.want)
			}
			all := strings.Join(append(tab.Notes(), tab.Warnings()...), "\n")
			for _, n := range c.notes {
				if !strings.Contains(all, n) {
					t.Errorf("%s: the notes %q, want %q", c.name, all, n)
				}
			}
			if c.bad == "" && tab.Dropped() > 0 || c.bad != "" && (tab.Dropped() == 0 || !strings.Contains(tab.Ignored()[0].Err.Error(), c.bad)) {
				t.Errorf("%s: %v, want %q", c.name, tab.Ignored(), c.bad)
			}
		}
	}
}

// TestRowNamesFolders finds names with spaces around them in folders that the table leaves out.
func TestRowNamesFolders(t *testing.T) {
	dir := tree(t, "cats/ x.png", "cats/y.png")
	if err := os.WriteFile(filepath.Join(dir, "t.csv"), []byte("filename,category\n\" x.png\",a\n\" y.png\",b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tab := open(t, filepath.Join(dir, "t.csv"), OpenOptions{})
	if got, notes := list1(tab), fmt.Sprint(tab.Notes()); got != "x.png=a y.png=b" || !strings.Contains(notes, `around 1 of the 2 file names: " y.png" is cats/y.png`) {
		t.Error(got, notes)
	}
}

// TestRowNamesAgain writes the names of a folder to a CSV file, which gives the same files.
func TestRowNamesAgain(t *testing.T) {
	var names []string
	for i, n := range []string{" #x", "owl ", "a\tb", "do\"gs", "'c", "=d", "\u200be"} {
		names = append(names, fmt.Sprintf("%s/ %d .png", n, i), fmt.Sprintf("%s/x%d.png", n, i))
	}
	dir := tree(t, names...)
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	first := open(t, dir, OpenOptions{})
	_ = w.Write([]string{"filename", "category"})
	for _, r := range first.All() {
		_ = w.Write([]string{r.Filename, r.Label})
	}
	w.Flush()
	again := open(t, file1(t, "t.csv", b.Bytes()), OpenOptions{Images: dir})
	if again.Len() != len(names) || again.Dropped() != 0 {
		t.Error(again.Len(), again.Ignored())
	}
	for i, r := range again.All() {
		if r.Filename != first.Row(i).Filename {
			t.Errorf("%q, want %q", r.Filename, first.Row(i).Filename)
		}
	}
}
