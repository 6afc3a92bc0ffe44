package data

import (
	"context"
	"crypto/sha256"
	"hash/crc32"
	"slices"
)

// sum is the CRC-32 and the length of a file.
type sum struct {
	crc  uint32
	size int64
}

func sumOf(content []byte) sum { return sum{crc32.ChecksumIEEE(content), int64(len(content))} }

// sums are the checksums of rows, by their index in the table that was checked. A size of -1 means that there is none.
type sums struct {
	crc  []uint32
	size []int32 // files are at most 1 GiB long
}

func newSums(n int) *sums {
	return &sums{make([]uint32, n), slices.Repeat([]int32{-1}, n)}
}

func (s *sums) set(i int, v sum) { s.crc[i], s.size[i] = v.crc, int32(v.size) }

// Duplicates returns the groups of two or more rows whose files have equal bytes, in the table's order. It reads only files that have
// the same length and CRC-32 as another one, which Check or an archive knows; files without these are left out, and so are those that
// cannot be read.
func (t *Table) Duplicates(ctx context.Context) ([][]int, error) {
	type place struct {
		sum
		row int32
	}
	var list []place
	for i := range t.Len() {
		if _, drawn := t.file(i).(drawnFile); drawn {
			continue // the images are all different
		}
		if crc, size, known := t.Checksum(i); known && size > 0 {
			list = append(list, place{sum{crc, size}, int32(i)})
		}
	}
	slices.SortFunc(list, func(a, b place) int {
		switch {
		case a.size != b.size:
			return int(min(max(a.size-b.size, -1), 1))
		case a.crc != b.crc:
			return int(min(max(int64(a.crc)-int64(b.crc), -1), 1))
		}
		return int(a.row - b.row)
	})
	var groups [][]int
	for from := 0; from < len(list); {
		to := from + 1
		for to < len(list) && list[to].sum == list[from].sum {
			to++
		}
		if to-from > 1 {
			rows := make([]int, 0, to-from)
			for _, p := range list[from:to] {
				rows = append(rows, int(p.row))
			}
			equal, err := t.equalBytes(ctx, rows)
			if err != nil {
				return nil, err
			}
			groups = append(groups, equal...)
		}
		from = to
	}
	slices.SortFunc(groups, func(a, b []int) int { return a[0] - b[0] })
	return groups, nil
}

// equalBytes divides rows into groups of two or more with equal bytes.
func (t *Table) equalBytes(ctx context.Context, rows []int) ([][]int, error) {
	var groups [][]int
	at := map[[sha256.Size]byte]int{}
	var buf []byte
	for _, i := range rows {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		b, err := readFile(ctx, t.file(i), buf)
		if err != nil {
			continue // the reader of the images reports it
		}
		buf = b
		h := sha256.Sum256(b)
		g, ok := at[h]
		if !ok {
			g = len(groups)
			at[h] = g
			groups = append(groups, nil)
		}
		groups[g] = append(groups[g], i)
	}
	return slices.DeleteFunc(groups, func(g []int) bool { return len(g) < 2 }), nil
}

// KeepTogether moves rows from test to train so that no group has rows in both. It returns the new sides and the number of rows that
// moved. train and test are those of TrainTestSplit, groups those of Duplicates. The order of the other rows stays.
func KeepTogether(train, test []int, groups [][]int) (newTrain, newTest []int, moved int) {
	group := map[int]int{}
	for g, rows := range groups {
		for _, r := range rows {
			group[r] = g
		}
	}
	trains := make([]bool, len(groups))
	for _, r := range train {
		if g, ok := group[r]; ok {
			trains[g] = true
		}
	}
	newTrain = slices.Clip(train)
	for _, r := range test {
		if g, ok := group[r]; ok && trains[g] {
			newTrain = append(newTrain, r)
			moved++
		} else {
			newTest = append(newTest, r)
		}
	}
	return newTrain, newTest, moved
}
