package data

import (
	"cmp"
	"context"
	"crypto/sha256"
	"hash/crc32"
	"math"
	"slices"

	"github.com/lince-ml/lince/data/picture"
)

// sum is the CRC-32 and the length of a file.
type sum struct {
	crc  uint32
	size int64
}

func sumOf(content []byte) sum { return sum{crc32.ChecksumIEEE(content), int64(len(content))} }

// sums is what is known of the rows of a table that was checked: checksums, by the index of the row in that table, and decoded images. A size of -1 means that there is none.
type sums struct {
	crc   []uint32
	size  []int32 // files are at most 1 GiB long
	of    []int32 // the numbers of the files; nil if they are not known
	files int     // the number of files

	images *decoded        // the images of the files; nil if none were kept
	load   picture.Options // how the images were loaded
}

func newSums(n int) *sums {
	return &sums{crc: make([]uint32, n), size: slices.Repeat([]int32{-1}, n)}
}

// take sets the checksums of a table's rows to those of their files.
func (s *sums) take(t *Table, files *Files, each []sum) {
	s.of, s.files = make([]int32, len(s.crc)), len(each)
	for i, k := range files.Of {
		at := t.at(i)
		s.crc[at], s.size[at], s.of[at] = each[k].crc, int32(each[k].size), k
	}
}

// joinSums returns the checksums of the rows of several tables, one table after the other; nil if no table was checked.
func joinSums(tables []*Table) *sums {
	if !slices.ContainsFunc(tables, (*Table).Checked) {
		return nil
	}
	n := 0
	for _, t := range tables {
		n += t.Len()
	}
	s, next := newSums(n), 0
	for _, t := range tables {
		for i := range t.Len() {
			if crc, size, known := t.Checksum(i); known && size <= math.MaxInt32 {
				s.crc[next], s.size[next] = crc, int32(size)
			}
			next++
		}
	}
	return s
}

// Duplicates returns the groups of two or more rows whose files have equal bytes, in the table's order. It reads only files that have
// the same length and CRC-32 as another one, which Check or an archive knows; files without these are left out, and so are those that
// cannot be read.
func (t *Table) Duplicates(ctx context.Context) ([][]int, error) {
	of, first, err := t.knownFiles(ctx)
	if err != nil {
		return nil, err
	}
	type place struct {
		sum
		file int32
	}
	var list []place
	count := make([]int32, len(first)) // rows by the first file of a group; files are their own groups for now
	group := make([]int32, len(first))
	for k, i := range first {
		group[k] = -1
		if _, drawn := t.file(int(i)).(drawnFile); drawn {
			continue // the images are all different
		}
		if crc, size, known := t.Checksum(int(i)); known && size > 0 {
			group[k] = int32(k)
			list = append(list, place{sum{crc, size}, int32(k)})
		}
	}
	slices.SortFunc(list, func(a, b place) int {
		return cmp.Or(cmp.Compare(a.size, b.size), cmp.Compare(a.crc, b.crc), cmp.Compare(a.file, b.file))
	})
	for from := 0; from < len(list); {
		to := from + 1
		for to < len(list) && list[to].sum == list[from].sum {
			to++
		}
		if to-from > 1 {
			rows, file := make([]int, 0, to-from), map[int]int32{}
			for _, p := range list[from:to] {
				rows = append(rows, int(first[p.file]))
				file[int(first[p.file])] = p.file
			}
			equal, err := t.equalBytes(ctx, rows)
			if err != nil {
				return nil, err
			}
			for _, g := range equal {
				for _, row := range g {
					group[file[row]] = file[g[0]]
				}
			}
		}
		from = to
	}
	for _, k := range of {
		if g := group[k]; g >= 0 {
			count[g]++
		}
	}
	groups := make([][]int, len(first))
	for i, k := range of {
		if g := group[k]; g >= 0 && count[g] > 1 {
			if groups[g] == nil {
				groups[g] = make([]int, 0, count[g])
			}
			groups[g] = append(groups[g], i)
		}
	}
	groups = slices.DeleteFunc(groups, func(g []int) bool { return g == nil })
	slices.SortFunc(groups, func(a, b []int) int { return a[0] - b[0] })
	if len(groups) == 0 {
		return nil, nil
	}
	return groups, nil
}

// knownFiles returns the files of the rows as Files does, if Check has found them out. Otherwise, each row has a separate file.
func (t *Table) knownFiles(ctx context.Context) (of, first []int32, err error) {
	if t.checked != nil && t.checked.of != nil {
		f, err := t.Files(ctx, 0)
		if err != nil {
			return nil, nil, err
		}
		return f.Of, f.First, nil
	}
	of = make([]int32, t.Len())
	for i := range of {
		of[i] = int32(i)
	}
	return of, of, nil
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
