package data

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lince-ml/lince/internal/patherr"
)

// openCSV makes a table of the rows of a CSV file, in the file's order, as Keras'
// flow_from_dataframe does. Rows whose file is missing are dropped with Keras' warning.
func openCSV(name string, o OpenOptions, rep *reading) (*Table, error) {
	if o.Part != "" {
		return nil, fmt.Errorf("%s: a part (%q) cannot be chosen from a CSV file; name the folder of the images instead (Images, --images)", name, o.Part)
	}
	if o.LabelRule != Auto && o.LabelRule != Unlabeled {
		return nil, fmt.Errorf("%s: the labels come from the CSV's category column; the rule %q cannot be used", name, o.LabelRule)
	}
	find, closer, err := finder(name, o, rep)
	if err != nil {
		return nil, err
	}
	t, err := readCSV(name, o, rep, find)
	if err != nil {
		if closer != nil {
			closer.Close()
		}
		return nil, err
	}
	t.src.closer = closer
	return t, nil
}

// finder returns a function that finds the file for a name in the CSV file, and a Closer to close
// after the files have been read.
func finder(name string, o OpenOptions, rep *reading) (func(string) (file, error), io.Closer, error) {
	images := cmp.Or(o.Images, filepath.Dir(name))
	k, err := sniff(images)
	if err != nil {
		return nil, nil, err
	}
	switch k {
	case kindFolder:
		return func(n string) (file, error) { return findOnDisk(images, n) }, nil, nil
	case kindArchive:
		l, err := listArchive(images, rep)
		if err != nil {
			return nil, nil, err
		}
		return l.finder(images), l, nil
	}
	return nil, nil, fmt.Errorf("%s: is not a folder or an archive, so it cannot hold the images of %s", images, name)
}

func findOnDisk(folder, name string) (file, error) {
	p := filepath.FromSlash(name)
	if !filepath.IsAbs(p) {
		p = filepath.Join(folder, p)
	}
	info, err := os.Stat(p)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("there is no file %s", p)
	case err != nil:
		return nil, patherr.Bare(err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a regular file", p)
	}
	return diskFile(p), nil
}

// finder returns a function that finds entries by name. A name may omit leading folders if only one
// entry matches: cat.0.jpg finds train/cat.0.jpg.
func (l *listing) finder(archive string) func(string) (file, error) {
	const ambiguous = -1
	at := map[string]int{}
	for i, e := range l.entries {
		for n := e.name; ; {
			if _, twice := at[n]; twice && n != e.name {
				at[n] = ambiguous
			} else {
				at[n] = i
			}
			_, rest, ok := strings.Cut(n, "/")
			if !ok {
				break
			}
			n = rest
		}
	}
	return func(n string) (file, error) {
		switch i, ok := at[path.Clean(slashed(n))]; {
		case !ok:
			return nil, fmt.Errorf("%s has no entry of that name", archive)
		case i == ambiguous:
			return nil, fmt.Errorf("%s has several entries of that name; add the entry's folder to the name", archive)
		default:
			return l.entries[i].file, nil
		}
	}
}

// readCSV makes a table of the rows for which find returns a file.
func readCSV(name string, o OpenOptions, rep *reading, find func(string) (file, error)) (*Table, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, patherr.Bare(err))
	}
	defer f.Close()
	c, err := newCSV(f, name, o)
	if err != nil {
		return nil, err
	}
	t := &Table{src: &source{name: name, rule: Unlabeled}}
	var missing, unlabeled []BadFile
	read := 0
	for {
		row, line, err := c.next()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		read++
		if err := rep.next(0); err != nil {
			return nil, err
		}
		bad := func(err error) BadFile { return BadFile{row.Filename, fmt.Errorf("line %d: %w", line, err)} }
		if !isImage(row.Filename) {
			missing = append(missing, bad(fmt.Errorf("is not the name of an image (it must end in %s)", strings.Join(extensions, ", "))))
		} else if row.file, err = find(row.Filename); err != nil {
			missing = append(missing, bad(err))
		} else if c.labelAt >= 0 && row.Label == "" {
			unlabeled = append(unlabeled, bad(errors.New("the label is empty")))
		} else {
			t.rows = append(t.rows, row)
		}
	}
	if n := len(unlabeled); n > 0 {
		t.warn = append(t.warn, fmt.Sprintf("Dropped %d of the %d rows, which have no label, such as %s.", n, read, unlabeled[0].Filename))
	}
	if n := len(missing); n > 0 {
		t.warn = append(t.warn, fmt.Sprintf("Found %d invalid image filename(s) in x_col=%q. These filename(s) will be ignored.", n, c.nameColumn))
	}
	t.ignored = slices.Concat(unlabeled, missing)
	if len(t.rows) == 0 {
		return nil, noRows(name, t.ignored, o.Images == "" && len(missing) == read)
	}
	rep.finish()
	return t, nil
}

// noRows is the error of a CSV file without a usable row. If elsewhere is set, the images may be in
// another folder.
func noRows(name string, bad []BadFile, elsewhere bool) error {
	if len(bad) == 0 {
		return fmt.Errorf("%s: has no rows below its header", name)
	}
	hint := ""
	if elsewhere {
		hint = "; if the images are not in the folder of the CSV file, name their folder (Images, --images)"
	}
	return fmt.Errorf("%s: none of its %d rows can be used; the first, %s: %w%s", name, len(bad), bad[0].Filename, bad[0].Err, hint)
}

// csvRows reads the rows of a CSV file.
type csvRows struct {
	r               *csv.Reader
	nameColumn      string
	nameAt, labelAt int // columns; labelAt is -1 for Unlabeled
}

// newCSV reads the header of a CSV file and finds the columns.
func newCSV(r io.Reader, name string, o OpenOptions) (*csvRows, error) {
	br := bufio.NewReader(r)
	if bom, _, err := br.ReadRune(); err == nil && bom != '\ufeff' {
		if err := br.UnreadRune(); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	c := &csvRows{r: csv.NewReader(br), labelAt: -1}
	c.r.ReuseRecord = true
	header, err := c.r.Read()
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: is empty; its first line must name the columns, as in filename,category", name)
	} else if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	header = slices.Clone(header)
	if c.nameAt, c.nameColumn, err = column(name, header, "FilenameColumn, --filename", o.FilenameColumn, "filename"); err != nil {
		return nil, err
	}
	if o.LabelRule != Unlabeled {
		if c.labelAt, _, err = column(name, header, "LabelColumn, --category", o.LabelColumn, "category", "class"); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// next reads a row and its line number. At the end, it returns io.EOF.
func (c *csvRows) next() (Row, int, error) {
	record, err := c.r.Read()
	if err != nil {
		return Row{}, 0, err
	}
	line, _ := c.r.FieldPos(0)
	row := Row{Filename: strings.Clone(record[c.nameAt])}
	if c.labelAt >= 0 {
		row.Label = strings.Clone(record[c.labelAt])
	}
	return row, line, nil
}

// column finds the wanted column. If wanted is "", it finds the first of the usual names. option
// names the setting that chooses the column.
func column(name string, header []string, option, wanted string, usual ...string) (int, string, error) {
	if wanted != "" {
		usual = []string{wanted}
	}
	for _, u := range usual {
		if i := slices.Index(header, u); i >= 0 {
			return i, u, nil
		}
	}
	if len(header) == 1 && strings.ContainsAny(header[0], ";\t") {
		return 0, "", fmt.Errorf("%s: has one column, %q; columns must be separated by commas", name, header[0])
	}
	return 0, "", fmt.Errorf("%s: has no column %q; its columns are %s: choose one (%s)", name, usual[0], strings.Join(header, ", "), option)
}
