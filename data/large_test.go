package data

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// TestLargeTable opens a table of many rows, splits it, and takes batches of both sides, as training does. It has 100,000 rows, or those of
// LINCE_TABLE_ROWS, over the same few images. It fails if the rows take more memory than they should: 150 bytes each on Go's heap.
func TestLargeTable(t *testing.T) {
	rows := 100_000
	if s := os.Getenv("LINCE_TABLE_ROWS"); s != "" {
		var err error
		if rows, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	const images = 100
	var names []string
	for i := range images {
		names = append(names, fmt.Sprintf("base/%d.png", i))
	}
	dir := tree(t, names...)
	var b strings.Builder
	b.WriteString("filename,category\n")
	for part := range rows / images {
		link := fmt.Sprintf("part%d", part)
		if err := os.Symlink("base", filepath.Join(dir, link)); err != nil {
			t.Skip(err)
		}
		for i := range images {
			fmt.Fprintf(&b, "%s/%d.png,class%d\n", link, i, i%10)
		}
	}
	name := filepath.Join(dir, "t.csv")
	if err := os.WriteFile(name, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	b.Reset()
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	tab := open(t, name, OpenOptions{})
	if tab.Len() != rows || len(tab.Classes()) != 10 {
		t.Fatal(tab.Len(), tab.Classes())
	}
	opened := heap()
	if err := tab.Trainable(); err != nil {
		t.Fatal(err)
	}
	train, val, err := tab.TrainTestSplit(SplitOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, side := range []*Table{train, val} {
		f, err := Images(side, ImageOptions{TargetSize: [2]int{8, 8}})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, err := range f.Batches(t.Context(), 0, 0) {
			if err != nil {
				t.Fatal(err)
			}
			if n++; n == 2 {
				break
			}
		}
		defer runtime.KeepAlive(f)
	}
	after := heap()
	t.Logf("%d rows: %d bytes each in the table, %d with the split and the datasets", rows, (opened-before)/uint64(rows), (after-before)/uint64(rows))
	if (after-before)/uint64(rows) > 150 {
		t.Errorf("a row takes %d bytes", (after-before)/uint64(rows))
	}
	runtime.KeepAlive(tab)
}
