package data

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/lince-ml/lince/internal/patherr"
)

// parquetRecords are the rows of a Parquet file. A column may hold texts, numbers, truth values or lists of these, or images: as bytes, or as the
// datasets of Hugging Face have them, in a struct with the fields bytes and path.
type parquetRecords struct {
	file   *plainParquet
	groups []parquet.RowGroup
	size   int64 // the file's bytes
	fields []parquetColumn
	row    int             // the number of rows that were read
	text   int64           // the number of bytes in their texts
	rows   int64           // the number of rows in the file
	images *embeddedImages // those in the file; nil if there are none
	first  int             // the row of images that is the first one here
}

// parquetColumn is a column of the table. It may have several columns in the file.
type parquetColumn struct {
	name    string
	kind    columnKind
	leaf    *parquet.Column // its values; for images in a struct, their bytes
	path    *parquet.Column // for images in a struct, their paths; may be nil
	classes []string        // the names of the classes that the numbers stand for
	// nullable reports whether a list may be missing, not only empty.
	nullable bool
	logical  logicalText // nil for values that are written as they are stored
	unmarked bool        // its values are bytes, of which the file does not say whether they are texts
	content  byteContent // of these, once it is known

	values, paths *parquetValues
}

type columnKind uint8

const (
	plainColumn columnKind = iota
	listColumn
	imageColumn // images in a struct
	otherColumn // cannot be read
)

// newParquet reads the description of a Parquet file.
func newParquet(f *os.File) (_ *parquetRecords, err error) {
	info, err := f.Stat()
	if err != nil {
		return nil, patherr.Bare(err)
	}
	return openParquet(f, info.Size())
}

func openParquet(r io.ReaderAt, size int64) (_ *parquetRecords, err error) {
	defer recovered(&err)
	plain, err := newPlainParquet(r, size)
	if err != nil {
		head := make([]byte, min(size, 64))
		if _, err := r.ReadAt(head, 0); err == nil && bytes.HasPrefix(head, lfsPointer) {
			return nil, fmt.Errorf("is %s%s", lfs, remedies[lfs])
		}
		return nil, fmt.Errorf("is not a Parquet file, or a damaged one (%w); write it again", err)
	}
	f, err := parquet.OpenFile(plain, plain.length(), &parquet.FileConfig{SkipPageIndex: true, SkipBloomFilters: true, ReadBufferSize: 64 << 10})
	if err != nil {
		return nil, fmt.Errorf("is not a Parquet file, or a damaged one (%w); write it again", err)
	}
	plain.leaves = leavesOf(f.Root())
	p := &parquetRecords{file: plain, groups: f.RowGroups(), size: size, rows: f.NumRows()}
	classes := classLabels(f)
	var leaves []*format.SchemaElement
	for i, e := range f.Metadata().Schema {
		if e.Type.Valid && i > 0 {
			leaves = append(leaves, &f.Metadata().Schema[i])
		}
	}
	for _, c := range f.Root().Columns() {
		field := newParquetColumn(c, classes[c.Name()])
		if field.leaf != nil {
			e := leaves[field.leaf.Index()]
			field.logical = logicalTextOf(e)
			field.unmarked = field.kind == plainColumn && e.Type.V == format.ByteArray && e.LogicalType.Value == nil && !e.ConvertedType.Valid
		}
		p.fields = append(p.fields, field)
	}
	return p, nil
}

// recovered turns a panic of the library, which a damaged file may cause, into an error.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("is a damaged Parquet file (%v); write it again", r)
	}
}

func newParquetColumn(c *parquet.Column, classes []string) parquetColumn {
	out := parquetColumn{name: c.Name(), kind: otherColumn, classes: classes, nullable: c.Optional()}
	switch {
	case c.Leaf() && c.MaxRepetitionLevel() == 0:
		out.kind, out.leaf = plainColumn, c
	case c.Leaf():
		out.kind, out.leaf = listColumn, c
	case c.Column("bytes") != nil && c.Column("bytes").Leaf() && c.MaxRepetitionLevel() == 0:
		out.kind, out.leaf = imageColumn, c.Column("bytes")
		if p := c.Column("path"); p != nil && p.Leaf() {
			out.path = p
		}
	default:
		inner := c
		for !inner.Leaf() && len(inner.Columns()) == 1 {
			inner = inner.Columns()[0]
		}
		if inner.Leaf() && inner.MaxRepetitionLevel() == 1 {
			out.kind, out.leaf = listColumn, inner
		}
	}
	return out
}

// classLabels returns the names of classes by column, which the datasets of Hugging Face keep in the metadata.
func classLabels(f *parquet.File) map[string][]string {
	text, ok := f.Lookup("huggingface")
	if !ok {
		return nil
	}
	type feature struct {
		Names   []string        `json:"names"`
		Type    string          `json:"_type"`
		Feature json.RawMessage `json:"feature"`
	}
	var meta struct {
		Info struct {
			Features map[string]json.RawMessage `json:"features"`
		} `json:"info"`
	}
	if json.Unmarshal([]byte(text), &meta) != nil {
		return nil
	}
	out := map[string][]string{}
	for name, raw := range meta.Info.Features {
		var x feature
		if json.Unmarshal(raw, &x) != nil { // a list of features
			continue
		}
		if inner := (feature{}); x.Feature != nil && json.Unmarshal(x.Feature, &inner) == nil {
			x = inner
		}
		if x.Type == "ClassLabel" {
			out[name] = x.Names
		}
	}
	return out
}

// holdsImages reports whether a column has images, not their names.
func (p *parquetRecords) holdsImages(column int) bool {
	c := &p.fields[column]
	if c.unmarked && c.content == unknownContent {
		c.content = p.contentOf(c)
	}
	return c.kind == imageColumn || c.unmarked && c.content > textContent
}

func (p *parquetRecords) columns() []string {
	names := make([]string, len(p.fields))
	for i, c := range p.fields {
		names[i] = c.name
	}
	return names
}

func (p *parquetRecords) next(want []int, cells []value) (row int, err error) {
	defer recovered(&err)
	if int64(p.row) >= p.rows {
		return p.row, io.EOF
	}
	row = p.row
	p.row++
	clear(cells)
	var bad error
	for i, w := range want {
		if w < 0 {
			continue
		}
		if p.images != nil && p.holdsImages(w) {
			cells[i].text = []byte(p.images.names.at(p.first + row))
			if p.images.nulls[p.first+row] {
				bad = recordError{fmt.Errorf("the column %q has no image (null); write the image into the file, or remove the row", p.fields[w].name)}
			}
			continue
		}
		if k := slices.Index(want[:i], w); k >= 0 { // its value was read
			cells[i] = cells[k]
			continue
		}
		c := &p.fields[w]
		if c.kind == imageColumn || c.kind == otherColumn {
			return row, fmt.Errorf("the column %q has a type that cannot be read, want texts, numbers or lists of these, or images in bytes: write lists of pixels as PNG files", c.name)
		}
		if c.values == nil {
			c.values = p.values(c.leaf)
		}
		if err := c.cell(&cells[i]); err != nil {
			var r recordError
			if !errors.As(err, &r) {
				return row, fmt.Errorf("the column %q: %w", c.name, err)
			}
			bad = err
		}
		// A long text of a dictionary may be that of all rows.
		p.text += int64(len(cells[i].text))
		for _, text := range cells[i].list {
			p.text += int64(len(text))
		}
		if most := max(p.most(), 1<<30); p.text > most {
			return row, fmt.Errorf("the column %q: the texts have more than %d bytes, far more than the file has", c.name, most)
		}
	}
	return row, bad
}

// most is how many bytes the texts or the images of the file may have: as many as of other compressed files, at any size of the file.
func (p *parquetRecords) most() int64 { return 16*p.size + 64<<20 }

// cell reads the next value of a column.
func (c *parquetColumn) cell(to *value) error {
	v, err := c.values.next()
	if err != nil {
		return err
	}
	if c.kind == plainColumn {
		if v.IsNull() {
			to.absent = true
			return nil
		}
		to.text, err = c.text(v)
		return err
	}
	if v.IsNull() && v.DefinitionLevel() == 0 && c.nullable {
		to.absent = true // the list itself is missing
		return nil
	}
	to.isList = true
	var bad error
	for {
		if !v.IsNull() {
			text, err := c.text(v)
			if err != nil {
				bad = err
			}
			to.list = append(to.list, string(text))
		}
		if more, err := c.values.inRow(); err != nil || !more {
			return cmp.Or(err, bad)
		}
		if v, err = c.values.next(); err != nil {
			return err
		}
	}
}

// text returns a value as a text: a class's name for its number. nil is a missing value.
func (c *parquetColumn) text(v parquet.Value) ([]byte, error) {
	if c.classes != nil && (v.Kind() == parquet.Int64 || v.Kind() == parquet.Int32) {
		k := v.Int64()
		if v.Kind() == parquet.Int32 {
			k = int64(v.Int32())
		}
		switch {
		case k == -1: // the label of an example without one
			return nil, nil
		case k < 0 || k >= int64(len(c.classes)):
			return nil, recordError{fmt.Errorf("the column %q has the class %d, but names only %d classes", c.name, k, len(c.classes))}
		}
		return []byte(c.classes[k]), nil
	}
	if c.logical != nil {
		return c.logical(v)
	}
	switch v.Kind() {
	case parquet.Boolean:
		return strconv.AppendBool(nil, v.Boolean()), nil
	case parquet.Int32:
		return strconv.AppendInt(nil, int64(v.Int32()), 10), nil
	case parquet.Int64:
		return strconv.AppendInt(nil, v.Int64(), 10), nil
	case parquet.Float:
		return strconv.AppendFloat(nil, float64(v.Float()), 'g', -1, 32), nil
	case parquet.Double:
		return strconv.AppendFloat(nil, v.Double(), 'g', -1, 64), nil
	case parquet.Int96: // an old form of timestamps: the nanoseconds of a day, and the day
		t := v.Int96()
		const epoch, day = 2_440_588, 24 * 60 * 60 * 1_000_000_000
		if far := int64(t[2]) - epoch; far < -100_000 || far > 100_000 {
			return nil, recordError{fmt.Errorf("the column %q has a timestamp that is %d days from 1970, too many for nanoseconds", c.name, far)}
		}
		return []byte(momentText((int64(t[2])-epoch)*day+int64(uint64(t[1])<<32|uint64(t[0])), time.Nanosecond)), nil
	case parquet.ByteArray, parquet.FixedLenByteArray:
		return v.ByteArray(), nil
	}
	return nil, recordError{fmt.Errorf("the column %q has values of the type %v, which cannot be read", c.name, v.Kind())}
}

// parquetValues reads the values of a column.
type parquetValues struct {
	file   *plainParquet
	groups []parquet.RowGroup // those after the one that is being read
	column int
	pages  parquet.Pages // of a group; nil between groups
	values parquet.ValueReader
	buf    [256]parquet.Value
	at, n  int

	repeats bool // the values are those of a dictionary, which may repeat one without end
}

// values returns a reader of a column's values.
func (p *parquetRecords) values(leaf *parquet.Column) *parquetValues {
	return &parquetValues{file: p.file, groups: p.groups, column: leaf.Index()}
}

// page reads the next page. The library can read the pages of all groups, but keeps the last one of each group, and a group is often one page.
func (v *parquetValues) page() (parquet.Page, error) {
	for {
		if v.pages == nil {
			if len(v.groups) == 0 {
				return nil, io.EOF
			}
			v.pages, v.groups = v.groups[0].ColumnChunks()[v.column].Pages(), v.groups[1:]
		}
		page, err := v.pages.ReadPage()
		if !errors.Is(err, io.EOF) {
			return page, err
		}
		if err := v.pages.Close(); err != nil {
			return nil, err
		}
		v.pages = nil
	}
}

// fill makes sure that there is a value in the buffer.
func (v *parquetValues) fill() error {
	for v.at >= v.n {
		if v.values == nil {
			page, err := v.page()
			switch {
			case v.file.err != nil:
				return v.file.err
			case errors.Is(err, io.EOF):
				return io.ErrUnexpectedEOF
			case err != nil:
				return err
			}
			v.values, v.repeats = page.Values(), page.Dictionary() != nil
		}
		n, err := v.values.ReadValues(v.buf[:])
		if v.at, v.n = 0, n; errors.Is(err, io.EOF) || err == nil && n == 0 {
			v.values = nil
		} else if err != nil {
			return err
		}
	}
	return nil
}

// next returns the next value.
func (v *parquetValues) next() (parquet.Value, error) {
	if err := v.fill(); err != nil {
		return parquet.Value{}, err
	}
	v.at++
	return v.buf[v.at-1], nil
}

// inRow reports whether the next value is of the same row.
func (v *parquetValues) inRow() (bool, error) {
	err := v.fill()
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return false, nil
	}
	return err == nil && v.buf[v.at].RepetitionLevel() > 0, err
}
