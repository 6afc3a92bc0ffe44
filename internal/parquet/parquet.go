// Package parquet writes Apache Parquet files of the simplest form: a flat table without missing values, whose columns are strings or float32 numbers,
// not compressed. All readers support it. A library for all of Parquet would add 5 MB to the binary.
//
// Format: https://github.com/apache/parquet-format
package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// Strings is a column of strings, which should be UTF-8.
type Strings struct {
	Name   string
	Values []string
}

// Table is the content of a file: the columns Strings, and after them a float32 column for each column of a matrix.
type Table struct {
	Strings []Strings
	// Names are the names of the matrix's columns. Matrix has its elements, row by row.
	Names  []string
	Matrix []float32
}

// The values of Parquet's enums that are used here.
const (
	typeFloat     = 4
	typeByteArray = 6
	required      = 0
	utf8          = 0
	plain         = 0
	rle           = 3
	uncompressed  = 0
	dataPage      = 0
)

const magic = "PAR1"

// groupRows is the number of rows of a row group. Each column of a group is one page.
const groupRows = 1 << 16

// rows returns the number of rows.
func (t Table) rows() (int, error) {
	columns := len(t.Strings) + len(t.Names)
	if columns == 0 {
		return 0, errors.New("parquet: a table needs at least one column")
	}
	n := -1
	if len(t.Names) > 0 {
		n = len(t.Matrix) / len(t.Names)
		if n*len(t.Names) != len(t.Matrix) {
			return 0, fmt.Errorf("parquet: %d numbers do not fill rows of %d", len(t.Matrix), len(t.Names))
		}
	}
	seen := map[string]bool{}
	for _, s := range t.Strings {
		if n >= 0 && len(s.Values) != n {
			return 0, fmt.Errorf("parquet: the column %q has %d rows, want %d", s.Name, len(s.Values), n)
		}
		n = len(s.Values)
		seen[s.Name] = true
	}
	for _, name := range t.Names {
		seen[name] = true
	}
	if len(seen) < columns {
		return 0, errors.New("parquet: two columns have the same name")
	}
	return n, nil
}

// chunk is the data of a column in a row group.
type chunk struct{ at, size int64 }

// Write writes a file. Equal tables give equal bytes. It returns an error if the columns have different lengths or if writing fails.
func Write(w io.Writer, t Table) error {
	n, err := t.rows()
	if err != nil {
		return err
	}
	out := &counter{w: w}
	out.write([]byte(magic))
	var groups [][]chunk
	var page []byte
	for from := 0; from < n; from += groupRows {
		to := min(from+groupRows, n)
		var group []chunk
		for c := range len(t.Strings) + len(t.Names) {
			page = t.page(page[:0], c, from, to)
			if len(page) > math.MaxInt32 {
				return fmt.Errorf("parquet: the strings of a column have more than %d bytes in %d rows", math.MaxInt32, to-from)
			}
			head := pageHeader(to-from, len(page))
			group = append(group, chunk{out.n, int64(len(head) + len(page))})
			out.write(head)
			out.write(page)
			if out.err != nil {
				return out.err
			}
		}
		groups = append(groups, group)
	}
	foot := t.footer(n, groups)
	out.write(foot)
	out.write(binary.LittleEndian.AppendUint32(nil, uint32(len(foot))))
	out.write([]byte(magic))
	return out.err
}

// page appends the values of a column in some rows.
func (t Table) page(b []byte, column, from, to int) []byte {
	if column < len(t.Strings) {
		for _, s := range t.Strings[column].Values[from:to] {
			b = binary.LittleEndian.AppendUint32(b, uint32(len(s)))
			b = append(b, s...)
		}
		return b
	}
	for i := from; i < to; i++ {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(t.Matrix[i*len(t.Names)+column-len(t.Strings)]))
	}
	return b
}

func pageHeader(rows, size int) []byte {
	var t thrift
	t.element(func() {
		t.i32(1, dataPage)
		t.i32(2, size)
		t.i32(3, size)
		t.structure(5, func() {
			t.i32(1, rows)
			t.i32(2, plain)
			t.i32(3, rle) // of the definition and repetition levels, which required columns do not have
			t.i32(4, rle)
		})
	})
	return t.b
}

// column returns the name and the type of a column.
func (t Table) column(i int) (name string, kind int) {
	if i < len(t.Strings) {
		return t.Strings[i].Name, typeByteArray
	}
	return t.Names[i-len(t.Strings)], typeFloat
}

// footer returns the FileMetaData.
func (t Table) footer(rows int, groups [][]chunk) []byte {
	columns := len(t.Strings) + len(t.Names)
	var f thrift
	f.element(func() {
		f.i32(1, 2) // version
		f.list(2, thriftStruct, columns+1, func(i int) {
			if i == 0 {
				f.element(func() {
					f.text(4, "schema")
					f.i32(5, columns)
				})
				return
			}
			name, kind := t.column(i - 1)
			f.element(func() {
				f.i32(1, kind)
				f.i32(3, required)
				f.text(4, name)
				if kind == typeByteArray {
					f.i32(6, utf8)
					f.structure(10, func() { f.structure(1, func() {}) }) // the logical type STRING
				}
			})
		})
		f.i64(3, int64(rows))
		f.list(4, thriftStruct, len(groups), func(g int) {
			size := int64(0)
			for _, c := range groups[g] {
				size += c.size
			}
			n := int64(min(groupRows, rows-g*groupRows))
			f.element(func() {
				f.list(1, thriftStruct, columns, func(i int) { f.chunk(t, i, n, groups[g][i]) })
				f.i64(2, size)
				f.i64(3, n)
			})
		})
		f.text(6, "lince")
	})
	return f.b
}

// chunk adds a ColumnChunk.
func (t *thrift) chunk(table Table, column int, rows int64, c chunk) {
	name, kind := table.column(column)
	t.element(func() {
		t.i64(2, c.at)
		t.structure(3, func() {
			t.i32(1, kind)
			t.list(2, thriftI32, 1, func(int) { t.b = binary.AppendVarint(t.b, plain) })
			t.list(3, thriftBinary, 1, func(int) { t.bytes(name) })
			t.i32(4, uncompressed)
			t.i64(5, rows)
			t.i64(6, c.size)
			t.i64(7, c.size)
			t.i64(9, c.at)
		})
	})
}

// counter counts bytes, and keeps the first error.
type counter struct {
	w   io.Writer
	n   int64
	err error
}

func (c *counter) write(b []byte) {
	if c.err != nil {
		return
	}
	var n int
	n, c.err = c.w.Write(b)
	c.n += int64(n)
}
