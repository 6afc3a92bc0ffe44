//go:build unix

package cli

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince/internal/escape"
	"github.com/lince-ml/lince/internal/folderlock"
	"github.com/lince-ml/lince/internal/sheet"
)

// TestOddNames checks that files with odd names are found in folders and in the tables that lince and Python's csv write, and that the CSV files of
// train, evaluate and predict have these names, with the same predictions.
func TestOddNames(t *testing.T) {
	workIn(t)
	odd := []string{"a,b", `a"b`, "a\nb", "a\rb", "=cmd|' /C calc'!A0", "a\tb", strings.Repeat("n", 240), "%41", " a ", "-1", "'a", "#", `a\b`, "caf\xe9", "a;b|c", "*?"}
	files := map[string][]byte{}
	var want [][]string
	content := pngs(t, 2*len(odd))
	for _, class := range []string{"cat", "dog"} {
		for k, name := range odd {
			name = class + "/" + name + ".png"
			files[name] = content[fmt.Sprintf("%s.%d.png", class, k)]
			want = append(want, []string{name, class})
		}
	}
	put(t, "set", files)
	var table bytes.Buffer
	if err := csv.NewWriter(&table).WriteAll(append([][]string{{"filename", "category"}}, want...)); err != nil {
		t.Fatal(err)
	}
	writeFile(t, "table.csv", table.String())
	slices.SortFunc(want, slices.Compare)
	rows := func(name string) [][]string {
		t.Helper()
		r, err := csv.NewReader(strings.NewReader(read(t, name))).ReadAll()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, row := range r {
			row[0] = sheet.Undo(row[0])
		}
		slices.SortFunc(r[1:], slices.Compare)
		return r[1:]
	}
	for _, args := range [][]string{{"set"}, {"table.csv", "--images", "set"}, {"set.csv", "--images", "set"}} {
		out := args[0] + ".csv"
		if o := succeed(t, append([]string{"data", "--csv", out}, args...)...); strings.Contains(o.stderr, "warning") && args[0] != "set" {
			t.Errorf("%v: %s", args, o.stderr)
		}
		if got := rows(out); !reflect.DeepEqual(got, want) {
			t.Errorf("%v: the table has\n%q\nwant\n%q", args, got, want)
		}
	}
	succeed(t, "train", "set", "--model", network("two.json"), "--epochs", "1", "--out", "r")
	model := filepath.Join("r", "model.keras")
	succeed(t, "evaluate", model, "table.csv", "--images", "set", "--out", "e")
	succeed(t, "predict", model, "set", "--csv", "p.csv")
	evaluated, predicted := rows(filepath.Join("e", "predictions.csv")), rows("p.csv")
	for i := range predicted {
		if evaluated[i][1] = ""; len(predicted) != len(want) || !slices.Equal(predicted[i], evaluated[i]) {
			t.Fatalf("row %d of %d: predict writes %q, evaluate %q", i, len(predicted), predicted[i], evaluated[i])
		}
	}
	names := map[string]bool{}
	for _, row := range want {
		names[row[0]] = true
	}
	for _, row := range rows(filepath.Join("r", "predictions.csv")) {
		if !names[row[0]] {
			t.Errorf("train writes the name %q", row[0])
		}
	}
}

// TestHostileNames gives images whose folders and files have names that a spreadsheet runs, or that control a terminal, to the commands that write
// names. No cell of a CSV file is a formula, nothing on the terminal is hidden, and lince reads its own files back.
func TestHostileNames(t *testing.T) {
	plots(t)
	workIn(t)
	files := map[string][]byte{}
	for name, content := range pngs(t, 8) {
		class := "=cmd|' !A0"
		if strings.HasPrefix(name, "dog") {
			class = "@x\x1b[31m\x07\u202e"
		}
		files[class+"/-"+name] = content
		if strings.Contains(name, ".1.") { // a duplicate, so that there is something to find
			files[class+"/+"+name] = content
		}
	}
	files["=cmd|' !A0/-bad.png"] = []byte("no image")
	put(t, "set", files)
	model := filepath.Join(trained(t), "model.keras")
	for _, args := range [][]string{
		{"data", "set", "--csv", "data.csv"},
		{"check", "set", "--out", "checked"},
		{"clean", "set", "--out", "keep.csv"},
		{"features", model, "set", "--out", "features.csv", "--neighbors", "1"},
		{"features", model, "set", "--out", "array.npy"},
		{"predict", model, "set", "--csv", "predictions.csv"},
		{"predict", model, "set"},
		{"train", "set", "--model", network("two.json"), "--epochs", "1", "--out", "run"},
		{"evaluate", "run/model.keras", "set", "--out", "evaluated"},
		{"predict", "run/model.keras", "set"},
		{"predict", "run/model.keras", "set", "--csv", "classes.csv"},
		{"report", "run"},
	} {
		o := succeed(t, args...)
		for _, text := range []string{o.stdout, o.stderr} {
			if i := strings.IndexFunc(text, func(r rune) bool { return r != '\r' && escape.IsHidden(r) }); i >= 0 {
				t.Errorf("%v controls the terminal: %.100q", args, text[i:])
			}
		}
	}
	tables := 0
	err := filepath.WalkDir(".", func(p string, _ os.DirEntry, err error) error {
		if err != nil || filepath.Ext(p) != ".csv" || filepath.Base(p) == "history.csv" {
			return err
		}
		tables++
		records, err := csv.NewReader(strings.NewReader(read(t, p))).ReadAll()
		if err != nil {
			return err
		}
		strange := false
		for _, r := range records {
			for _, cell := range r {
				strange = strange || strings.HasPrefix(cell, "'")
				if sheet.Undo(sheet.Text(cell)) != cell || sheet.Text(cell) != cell && !strings.HasPrefix(cell, "'") {
					t.Errorf("%s has the cell %q", p, cell)
				}
			}
		}
		if !strange {
			t.Errorf("%s has none of the names: %v", p, records)
		}
		return nil
	})
	if err != nil || tables < 10 {
		t.Errorf("%d tables, %v", tables, err)
	}
	// The tables can be used.
	kept := read(t, "keep.csv")
	if o := succeed(t, "data", "keep.csv", "--images", "set", "--csv", "-"); o.stdout != kept || strings.Count(kept, "\n") != 9 {
		t.Errorf("the table is %s, read back %s", kept, o.stdout)
	}
	o := succeed(t, "clean", "set", "--out", "-", "--raw-csv")
	contains(t, "the table with --raw-csv", o.stdout, "\n=cmd|' !A0/", ",=cmd|' !A0\n")
	succeed(t, "check", "set", "--out", "raw", "--raw-csv")
	contains(t, "findings.csv with --raw-csv", read(t, "raw", "findings.csv"), ",=cmd|' !A0,")
	succeed(t, "features", model, "set", "--out", "raw.csv", "--raw-csv")
	contains(t, "the features with --raw-csv", read(t, "raw.csv"), ",=cmd|' !A0,")
}

// TestTooManyThreads checks that all commands with --threads refuse a number that only costs memory.
func TestTooManyThreads(t *testing.T) {
	workIn(t)
	model := filepath.Join(trained(t), "model.keras")
	for _, args := range [][]string{
		{"train", "demo:cats-and-dogs?n=24", "--out", "out"}, {"evaluate", model, "demo:cats-and-dogs?n=24"}, {"predict", model, "demo:cats-and-dogs?n=24"},
		{"run", model, "--random"}, {"features", model, "demo:cats-and-dogs?n=24", "--out", "out.csv"}, {"check", "demo:cats-and-dogs?n=24"}, {"serve", model},
		{"clean", "set", "--out", "keep.csv"},
	} {
		for _, n := range []string{"100000", "-1"} {
			o := run(t, append(args, "--threads="+n)...)
			if o.code != exitUsage || !strings.Contains(o.stderr, "--threads must be from 1 to 4096, or 0 for one per processor") || !strings.Contains(o.stderr, "got "+n) {
				t.Errorf("%v: exit code %d, %s", args, o.code, o.stderr)
			}
		}
	}
	sameTree(t, map[string]string{}, snapshot(t, "."))
}

// TestSameFolder checks that while a process writes to a folder, another one that would write to it is refused.
func TestSameFolder(t *testing.T) {
	workIn(t)
	if err := os.Mkdir("out", 0o777); err != nil {
		t.Fatal(err)
	}
	unlock, free, err := folderlock.Lock("out")
	if err != nil || !free {
		t.Fatal(free, err)
	}
	args := []string{"train", "demo:cats-and-dogs?n=12", "--model", network("two.json"), "--epochs", "1", "--out", "out", "-q"}
	for _, more := range [][]string{nil, {"--overwrite"}} {
		o := run(t, append(args, more...)...)
		if o.code != exitFailure || !strings.Contains(o.stderr, "the folder out is in use by another lince process") {
			t.Errorf("%v: exit code %d, %s", more, o.code, o.stderr)
		}
	}
	if names := snapshot(t, "out"); len(names) > 0 {
		t.Errorf("the refused processes wrote %d files", len(names))
	}
	unlock()
	succeed(t, args...)
}
