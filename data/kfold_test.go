package data

import (
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"os"
	"strings"
	"testing"
)

func TestStratifiedKFold(t *testing.T) {
	var cases []struct {
		N, Folds, Classes int
		Seed              uint32
		Labels            []string
		Of                struct {
			Head []int
			CRC  uint32
		}
	}
	b, err := os.ReadFile("testdata/kfold.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		labels := c.Labels
		if labels == nil {
			labels = mixedLabels(c.N, c.Classes)
		}
		of, err := StratifiedKFold(labels, c.Folds, c.Seed)
		if err != nil {
			t.Fatalf("%+v: %v", c, err)
		}
		var b []byte
		for _, f := range of {
			b = binary.LittleEndian.AppendUint32(b, uint32(f))
		}
		if crc32.ChecksumIEEE(b) != c.Of.CRC {
			t.Errorf("%d rows, %d folds: %v, scikit-learn has %v", c.N, c.Folds, of[:8], c.Of.Head)
		}
	}
	for _, c := range []struct {
		labels string
		folds  int
		want   string
	}{{"aabb", 1, "at least 2"}, {"aabbb", 3, "the class a has 2 rows, fewer than the 3 folds"}, {"", 2, "no rows"}} {
		if _, err := StratifiedKFold(strings.Split(c.labels, "")[:len(c.labels)], c.folds, 0); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v", c, err)
		}
	}
}

func TestTableStratifiedKFold(t *testing.T) {
	table := &Table{}
	for i := range 20 {
		table.rows = append(table.rows, Row{Filename: string(rune('a' + i)), Label: []string{"cat", "dog"}[i%2]})
	}
	seen := map[string]int{}
	for fold := range 4 {
		train, test, err := table.StratifiedKFold(4, fold, 7)
		if err != nil {
			t.Fatal(err)
		}
		if train.Len() != 15 || test.Len() != 5 {
			t.Errorf("fold %d has %d and %d rows", fold, train.Len(), test.Len())
		}
		for _, r := range test.All() {
			seen[r.Filename]++
		}
		for _, r := range train.All() {
			if seen[r.Filename] > fold+1 {
				t.Errorf("%s is in several folds", r.Filename)
			}
		}
	}
	if len(seen) != 20 {
		t.Errorf("%d of 20 rows are in a fold", len(seen))
	}
	if _, _, err := table.StratifiedKFold(4, 4, 7); err == nil || !strings.Contains(err.Error(), "from 0 to 3") {
		t.Errorf("error %v", err)
	}
}
