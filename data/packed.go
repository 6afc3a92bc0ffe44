package data

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// packedRows are the rows of a table's file in little memory: some 20 bytes and the name for each.
type packedRows struct {
	names  texts
	class  []int32    // for each row, the index of its label; nil if the rows have numbers
	labels []rowLabel // the distinct labels
	values []float32  // for each row, its number, for Regress
	part   []partKind // for each row, its part; nil without a column for it
	group  []int32    // for each row, the index of its group in groups, or -1; nil without a column for it
	groups []string   // the distinct groups
	at     []int32    // for each row, the index of its file, or -1 if its name is the name of a file below root
	files  []file
	root   string

	embedded *embeddedImages // the files, instead of files; at has their rows
}

// rowLabel is a distinct label of a table.
type rowLabel struct {
	text    string
	classes []string // those that the label names, for MultiLabel
}

func (p *packedRows) len() int { return len(p.at) }

func (p *packedRows) label(i int) string {
	switch {
	case p.values != nil:
		return strconv.FormatFloat(float64(p.values[i]), 'g', -1, 32)
	case p.class == nil:
		return ""
	}
	return p.labels[p.class[i]].text
}

func (p *packedRows) file(i int) file {
	if at := p.at[i]; at >= 0 {
		if p.embedded != nil {
			return p.embedded.file(int(at), p.names.at(i))
		}
		return p.files[at]
	}
	return diskFile(onDisk(p.root, p.names.at(i)))
}

func (p *packedRows) row(i int) Row { return Row{p.names.at(i), p.label(i), p.file(i)} }

// renamed returns the rows with other names of classes.
func (p *packedRows) renamed(names map[string]string) *packedRows {
	n := *p
	n.labels = slices.Clone(p.labels)
	for i, l := range n.labels {
		classes := make([]string, len(l.classes))
		for k, c := range l.classes {
			if classes[k] = c; names[c] != "" {
				classes[k] = names[c]
			}
		}
		slices.Sort(classes)
		classes = slices.Compact(classes)
		n.labels[i] = rowLabel{strings.Join(classes, "|"), classes}
	}
	return &n
}

// columnParts returns the parts that rows have by a column.
func (t *Table) columnParts() []string {
	var has [len(columnParts)]bool
	for _, p := range t.packed.part {
		has[p] = true
	}
	var list []string
	for p, name := range columnParts {
		if has[p] && name != "" {
			list = append(list, name)
		}
	}
	return list
}

// columnPart returns the rows of a part by a column.
func (t *Table) columnPart(name string) (*Table, error) {
	p := columnPart(strings.ToLower(name))
	n := *t
	n.pick, n.ignored, n.warn, n.notes = []int32{}, nil, nil, nil
	for i, has := range t.packed.part {
		if p != noPart && has == p {
			n.pick = append(n.pick, int32(i))
		}
	}
	if len(n.pick) == 0 {
		return nil, fmt.Errorf("%s: has no part %q; it has %s", t.Name(), name, strings.Join(t.columnParts(), ", "))
	}
	return &n, nil
}

// parted joins tables of rows of the same file, nil for other tables.
func parted(tables []*Table) *Table {
	if len(tables) == 0 || tables[0].packed == nil {
		return nil
	}
	n := *tables[0]
	n.pick, n.checked = []int32{}, newSums(n.packed.len())
	of := make([]int32, n.packed.len())
	for _, t := range tables {
		if t.packed != n.packed {
			return nil
		}
		if t.checked == nil || t.checked.of == nil {
			of = nil
		}
	}
	for _, t := range tables {
		for i := range t.Len() {
			at := t.at(i)
			n.pick = append(n.pick, int32(at))
			if c := t.checked; c != nil {
				n.checked.crc[at], n.checked.size[at] = c.crc[at], c.size[at]
			}
			if of != nil {
				of[at] = int32(n.checked.files) + t.checked.of[at]
			}
		}
		if of != nil {
			n.checked.files += t.checked.files
		}
	}
	n.checked.of = of
	return &n
}

// onDisk returns the path of a file that a table names relative to a folder.
func onDisk(folder, name string) string {
	p := filepath.FromSlash(name)
	if !filepath.IsAbs(p) {
		p = filepath.Join(folder, p)
	}
	return p
}

// textBlock is the size of a block of texts.
const textBlock = 1 << 20

// texts is a list of short texts in blocks of memory.
type texts struct {
	full   []string // of textBlock bytes each, the last ones of which are not used
	block  []byte   // the block that is being filled
	offset []uint32 // in units of 1, in all blocks; at most 4 GiB
	size   []uint16
}

// maxText is the length of the longest text.
const maxText = 1<<16 - 1

// fits reports whether a text can be added.
func (t *texts) fits(s string) bool {
	return len(s) <= maxText && uint64(len(t.full)+2)*textBlock <= 1<<32
}

// add appends a text that fits.
func (t *texts) add(s string) {
	if len(t.block)+len(s) > textBlock {
		t.flush()
	}
	t.offset = append(t.offset, uint32(len(t.full)*textBlock+len(t.block)))
	t.size = append(t.size, uint16(len(s)))
	t.block = append(t.block, s...)
}

func (t *texts) flush() {
	t.full = append(t.full, string(t.block))
	t.block = t.block[:0]
}

// at returns text i. The texts must be flushed.
func (t *texts) at(i int) string {
	o := t.offset[i]
	block := t.full[o/textBlock]
	o %= textBlock
	return block[o : o+uint32(t.size[i])]
}

// set replaces text i by another one that fits. The texts must be flushed before at is called.
func (t *texts) set(i int, s string) {
	t.add(s)
	last := len(t.offset) - 1
	t.move(i, last)
	t.offset, t.size = t.offset[:last], t.size[:last]
}

// move makes text i that of j.
func (t *texts) move(i, j int) { t.offset[i], t.size[i] = t.offset[j], t.size[j] }

func (t *texts) cut(n int) { t.offset, t.size = t.offset[:n:n], t.size[:n:n] }
