package data

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func rows(names ...string) *Table {
	t := &Table{src: &source{name: "test"}}
	for _, n := range names {
		t.rows = append(t.rows, Row{n, Prefix.label(n), diskFile(n)})
	}
	return t
}

// The expected texts are what pandas 3.1 prints.
func TestHead(t *testing.T) {
	tab := rows("cat.0.jpg", "cat.1.jpg", "dog.12345.jpg")
	if got, want := tab.Head(5), `        filename category
0      cat.0.jpg      cat
1      cat.1.jpg      cat
2  dog.12345.jpg      dog`; got != want {
		t.Errorf("\n%s\nwant\n%s", got, want)
	}
	if got, want := tab.Head(0), "Empty DataFrame\nColumns: [filename, category]\nIndex: []"; got != want {
		t.Errorf("\n%s", got)
	}
	tab = rows("a.jpg", strings.Repeat("b", 80))
	tab.rows[0].Label = "x"
	if got, want := tab.Head(2), `                                            filename category
0                                              a.jpg        x
1  bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb...      NaN`; got != want {
		t.Errorf("\n%s\nwant\n%s", got, want)
	}
	tab = rows("ñandú.0.jpg", "日本.1.jpg\x1b[31m")
	if got, want := tab.Head(2), "           filename category\n0       ñandú.0.jpg    ñandú\n1  日本.1.jpg\\x1b[31m       日本"; got != want {
		t.Errorf("\n%s\nwant\n%s", got, want)
	}
	tab = rows(slices.Repeat([]string{"cat.0.jpg"}, 11)...)
	if got, want := tab.Head(11)[:70], "     filename category\n0   cat.0.jpg      cat\n1   cat.0.jpg      cat\n"; got[:len(want)] != want {
		t.Errorf("\n%s\nwant\n%s", got, want)
	}
}

func TestCounts(t *testing.T) {
	tab := rows("b.1.x", "a.1.x", "a.2.x", "b.2.x", "long.1.x", "none.x")
	if got, want := tab.Counts().String(), "category\nb       2\na       2\nlong    1\nName: count, dtype: int64"; got != want {
		t.Errorf("\n%s\nwant\n%s", got, want)
	}
	if got := rows().Counts().String(); got != "Series([], Name: count, dtype: int64)" {
		t.Error(got)
	}
}

func TestTableMethods(t *testing.T) {
	tab := rows("cat.0.jpg", "cat.1.jpg", "cat.2.jpg", "dog.0.jpg", "dog.1.jpg", "emu.0.jpg")
	renamed, err := tab.Rename(map[string]string{"cat": "gato", "dog": "perro"})
	if err != nil || !slices.Equal(renamed.Classes(), []string{"emu", "gato", "perro"}) || tab.Row(0).Label != "cat" {
		t.Error(renamed.Classes(), err)
	}
	for _, empty := range []string{"", " \u200b"} {
		if _, err := tab.Rename(map[string]string{"cat": empty}); err == nil || !strings.Contains(err.Error(), `the new name of the class "cat" is empty`) {
			t.Error(err)
		}
	}
	if _, err := tab.Rename(map[string]string{"cow": "vaca"}); err == nil || !strings.Contains(err.Error(), "the classes are cat, dog, emu") {
		t.Error(err)
	}
	if got := list1(tab.Filter(func(r Row) bool { return r.Label != "cat" })); got != "dog.0.jpg=dog dog.1.jpg=dog emu.0.jpg=emu" {
		t.Error(got)
	}
	for n, want := range []string{"", "cat.0", "cat.0 dog.0", "cat.0 dog.0 emu.0", "cat.0 cat.1 dog.0 emu.0", "cat.0 cat.1 dog.0 dog.1 emu.0"} {
		var got []string
		for _, r := range tab.Limit(n).All() {
			got = append(got, strings.TrimSuffix(r.Filename, ".jpg"))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("Limit(%d): %v, want %s", n, got, want)
		}
	}
	if tab.Limit(99).Len() != 6 || tab.Limit(-1).Len() != 0 {
		t.Error("limits beyond the ends")
	}
	var b strings.Builder
	if err := renamed.Take([]int{3, 0}).WriteCSV(&b); err != nil || b.String() != "filename,category\ndog.0.jpg,perro\ncat.0.jpg,gato\n" {
		t.Error(b.String(), err)
	}
	if err := tab.Trainable(); err != nil {
		t.Error(err)
	}
	for _, c := range []struct {
		tab  *Table
		want string
	}{
		{rows("cat.0.jpg", "cat.1.jpg"), `all 2 images are of one class, "cat"`},
		{rows("cat.0.jpg", "1.jpg"), "1.jpg has no label"},
		{rows(), "no rows"},
	} {
		if err := c.tab.Trainable(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
}

func TestFingerprint(t *testing.T) {
	dir := tree(t, "cat.0.png", "dog.0.png")
	read := func(n string) []byte {
		b, err := os.ReadFile(filepath.Join(dir, n))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	z := file1(t, "a.zip", archive(t, entryOf{name: "x/dog.0.png", content: read("dog.0.png")}, entryOf{name: "x/cat.0.png", content: read("cat.0.png"), store: true}))
	folder, zipped := open(t, dir, OpenOptions{}), open(t, z, OpenOptions{})
	fingerprint := folder.Fingerprint()
	if zipped.Fingerprint() != fingerprint {
		t.Error("a folder and its archive differ")
	}
	seen := map[string]string{fingerprint: "the table"}
	renamed, _ := folder.Rename(map[string]string{"cat": "gato"})
	for name, other := range map[string]*Table{"a category": renamed, "the order": folder.Take([]int{1, 0}), "fewer rows": folder.Limit(1)} {
		p := other.Fingerprint()
		if was, ok := seen[p]; ok {
			t.Errorf("%s has the fingerprint of %s", name, was)
		}
		seen[p] = name
	}
	if err := os.WriteFile(filepath.Join(dir, "cat.0.png"), append(read("cat.0.png"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, ok := seen[folder.Fingerprint()]; ok {
		t.Error("other bytes have the same fingerprint")
	}
}

func TestRules(t *testing.T) {
	for _, c := range []struct {
		rule       Rule
		name, want string
	}{
		{Prefix, "cat.0.jpg", "cat"}, {Prefix, "1.jpg", ""}, {Prefix, "a/dog.1.2.jpg", "dog"}, {Prefix, "cat", ""}, {Prefix, ".x.jpg", ""},
		{Folder, "cats/1.jpg", "cats"}, {Folder, "cats/deep/1.jpg", "cats"}, {Folder, "1.jpg", ""}, {Unlabeled, "cat.0.jpg", ""},
	} {
		if got := c.rule.label(c.name); got != c.want {
			t.Errorf("%v of %s: %q, want %q", c.rule, c.name, got, c.want)
		}
	}
	for r := Auto; r <= Unlabeled; r++ {
		if got, err := ParseRule(r.String()); err != nil || got != r {
			t.Error(got, err)
		}
	}
	if _, err := ParseRule("regexp"); err == nil {
		t.Error("there is a rule regexp")
	}
	for m := Categorical; m <= NoTargets; m++ {
		if got, err := ParseClassMode(m.String()); err != nil || got != m {
			t.Error(got, err)
		}
	}
	if _, err := ParseClassMode("multi_output"); err == nil {
		t.Error("there is a class mode multi_output")
	}
	if got := fmt.Sprint(Rule(-1), ClassMode(77)); got != "rule(-1) class mode 77" {
		t.Error(got)
	}
}

// TestDropped counts what Open has left out, also in tables of some of the rows.
func TestDropped(t *testing.T) {
	folder := open(t, files(t, "cats/1.png", "cats/2.png", "dogs/3.png", "4.png"), OpenOptions{})
	table := open(t, file1(t, "t.csv", []byte("filename,category\n"+filepath.Join(folder.Name(), "4.png")+",cat\nmissing.png,dog\n")), OpenOptions{})
	for _, tab := range []*Table{folder, table} {
		some := tab.Limit(1)
		if n, m, both := tab.Dropped(), some.Dropped(), Concat(some, tab).Dropped(); n != 1 || m != 1 || both != 1 {
			t.Errorf("%s: %d, %d and %d dropped, want 1", tab.Name(), n, m, both)
		}
	}
	if n := Concat(folder, table).Dropped(); n != 2 {
		t.Errorf("%d dropped from two sources", n)
	}
}
