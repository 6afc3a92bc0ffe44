package data

import (
	"archive/zip"
	"bytes"
	"context"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

func TestNewTable(t *testing.T) {
	cat, dog := append(png(t), 1), append(png(t), 2)
	dir := t.TempDir()
	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	for name, b := range map[string][]byte{"a.png": cat, "sub/b.png": dog} {
		w, err := z.Create(name)
		noError(t, err)
		_, err = w.Write(b)
		noError(t, err)
		noError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o777))
		noError(t, os.WriteFile(filepath.Join(dir, name), b, 0o666))
	}
	noError(t, z.Close())
	archive, err := zip.NewReader(bytes.NewReader(packed.Bytes()), int64(packed.Len()))
	noError(t, err)
	rows := []Row{{Filename: "sub/b.png", Label: "dog"}, {Filename: "a.png", Label: "cat"}, {Filename: "a.png", Label: "cat"}}
	inDir := make([]Row, len(rows))
	for i, r := range rows {
		inDir[i] = Row{Filename: filepath.Join(dir, r.Filename), Label: r.Label}
	}
	for _, c := range []struct {
		what string
		open func() (*Table, error)
	}{
		{"os.DirFS", func() (*Table, error) { return NewTable(os.DirFS(dir), rows) }},
		{"*zip.Reader", func() (*Table, error) { return NewTable(archive, rows) }},
		{"paths", func() (*Table, error) { return NewTable(nil, inDir) }},
	} {
		table, err := c.open()
		if err != nil {
			t.Errorf("%s: %v", c.what, err)
			continue
		}
		if got := strings.Join(table.Labels(), " "); got != "dog cat cat" || table.Dropped() != 0 || len(table.Warnings()) != 0 {
			t.Errorf("%s: labels %s, dropped %d, warnings %q", c.what, got, table.Dropped(), table.Warnings())
		}
		for i, want := range [][]byte{dog, cat, cat} {
			if b, err := table.Row(i).Bytes(); err != nil || !bytes.Equal(b, want) {
				t.Errorf("%s: row %d has %d bytes, error %v; want %d", c.what, i, len(b), err, len(want))
			}
		}
		good, bad, err := table.Check(context.Background(), CheckOptions{})
		if err != nil || good.Len() != 3 || len(bad) != 0 {
			t.Errorf("%s: Check: %d rows, bad %v, error %v", c.what, good.Len(), bad, err)
		}
		f, err := Images(table, ImageOptions{TargetSize: [2]int{8, 8}, NoShuffle: true})
		noError(t, err)
		for b, err := range f.Batches(context.Background(), 0, 0) {
			noError(t, err)
			if b.X.Shape()[0] != 3 {
				t.Errorf("%s: a batch of shape %v", c.what, b.X.Shape())
			}
		}
		noError(t, table.Close())
	}
}

// TestNewTableDrops has the rows that Keras' flow_from_dataframe would leave out.
func TestNewTableDrops(t *testing.T) {
	files := fstest.MapFS{"a.png": {Data: append(png(t), 1)}, "b.png": {Data: append(png(t), 2)}, "d/c.png": {Data: append(png(t), 3)}}
	table, err := NewTable(files, []Row{{Filename: "a.png", Label: "x"}, {Filename: "b.png"}, {Filename: "none.png", Label: "x"}, {Filename: "d", Label: "x"}, {Label: "x"}, {Filename: "../a.png", Label: "x"}})
	noError(t, err)
	if table.Len() != 1 || table.Dropped() != 5 || len(table.Ignored()) != 5 {
		t.Errorf("%d rows, dropped %d, ignored %v", table.Len(), table.Dropped(), table.Ignored())
	}
	got := strings.Join(table.Warnings(), "\n")
	if want := "Dropped 1 of the 6 rows, which have no label, such as b.png.\nDropped 4 of the 6 rows, which have no file; the first, none.png: row 2: no such file or folder."; got != want {
		t.Errorf("warnings:\n%s\nwant:\n%s", got, want)
	}
	for _, c := range []struct {
		rows []Row
		want string
	}{
		{nil, "rows: there are no rows"},
		{[]Row{{Filename: "none.png", Label: "x"}}, "rows: none of its 1 rows can be used; the first, none.png: row 0: no such file or folder"},
	} {
		if _, err := NewTable(files, c.rows); err == nil || err.Error() != c.want {
			t.Errorf("NewTable(%v): %v, want %s", c.rows, err, c.want)
		}
	}
	if table, err := NewTable(files, []Row{{Filename: "a.png"}}); err != nil || table.Len() != 1 {
		t.Errorf("rows without labels: %v", err)
	}
}

func noError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// The weights are those of scikit-learn 1.9.1: compute_class_weight("balanced", classes=numpy.unique(y), y=y).
func TestBalancedClassWeight(t *testing.T) {
	files := fstest.MapFS{"a.png": {Data: png(t)}}
	var rows []Row
	for label, n := range map[string]int{"cat": 3, "dog": 1, "emu": 4} {
		for range n {
			rows = append(rows, Row{Filename: "a.png", Label: label})
		}
	}
	table, err := NewTable(files, rows)
	noError(t, err)
	for _, c := range []struct {
		classes []string
		want    map[int]float64
	}{
		{nil, map[int]float64{0: 8. / 9, 1: 8. / 3, 2: 2. / 3}},
		{[]string{"emu", "owl", "dog", "cat"}, map[int]float64{0: 2. / 3, 2: 8. / 3, 3: 8. / 9}},
	} {
		f, err := Images(table, ImageOptions{TargetSize: [2]int{8, 8}, Classes: c.classes})
		noError(t, err)
		if got := f.BalancedClassWeight(); !maps.Equal(got, c.want) {
			t.Errorf("classes %v: %v, want %v", c.classes, got, c.want)
		}
	}
	f, err := Images(table, ImageOptions{TargetSize: [2]int{8, 8}, ClassMode: NoTargets})
	noError(t, err)
	if got := f.BalancedClassWeight(); got != nil {
		t.Errorf("without labels: %v, want nil", got)
	}
}
