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

// openCSV makes a table of a CSV file's rows, in their order: Keras'
// flow_from_dataframe. Rows whose file is not there are left out with Keras' warning.
func openCSV(name string, o OpenOptions, rep *reading) (*Table, error) {
	if o.Part != "" {
		return nil, fmt.Errorf("%s: a part (%q) can't be chosen of a CSV file; give the folder as its images", name, o.Part)
	}
	if o.LabelRule != Auto && o.LabelRule != Unlabelled {
		return nil, fmt.Errorf("%s: a CSV's labels come from its category column, not by the rule %q", name, o.LabelRule)
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

// finder returns the function that finds the file of a CSV's name.
func finder(name string, o OpenOptions, rep *reading) (func(string) (file, error), io.Closer, error) {
	images := cmp.Or(o.Images, filepath.Dir(name))
	k, err := sniff(images)
	if err != nil {
		return nil, nil, err
	}
	switch k {
	case kindFolder:
		return func(n string) (file, error) {
			p := filepath.FromSlash(n)
			if !filepath.IsAbs(p) {
				p = filepath.Join(images, p)
			}
			info, err := os.Stat(p)
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return nil, fmt.Errorf("there is no file %s", p)
			case err != nil:
				return nil, patherr.Bare(err)
			case !info.Mode().IsRegular():
				return nil, fmt.Errorf("%s is not a file", p)
			}
			return diskFile(p), nil
		}, nil, nil
	case kindZip:
		l, err := listZip(images, rep)
		if err != nil {
			return nil, nil, err
		}
		// The names may leave out the archive's folders: train/cat.0.jpg is found as
		// cat.0.jpg too, as long as there is one.
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
				return nil, fmt.Errorf("%s has no entry of that name", images)
			case i == ambiguous:
				return nil, fmt.Errorf("%s has several entries of that name; give its folder too", images)
			default:
				return l.entries[i].file, nil
			}
		}, l, nil
	}
	return nil, nil, fmt.Errorf("%s: holds no pictures for %s: give a folder or a zip archive", images, name)
}

func readCSV(name string, o OpenOptions, rep *reading, find func(string) (file, error)) (*Table, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, patherr.Bare(err))
	}
	defer f.Close()
	br := bufio.NewReader(f)
	if bom, _, err := br.ReadRune(); err == nil && bom != '\ufeff' {
		if err := br.UnreadRune(); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	r := csv.NewReader(br)
	r.ReuseRecord = true
	header, err := r.Read()
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: is empty; its first line must name the columns, as in filename,category", name)
	} else if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	header = slices.Clone(header)
	nameAt, nameCol, err := column(name, header, "FilenameColumn, --filename", o.FilenameColumn, "filename")
	if err != nil {
		return nil, err
	}
	catAt := -1
	if o.LabelRule != Unlabelled {
		if catAt, _, err = column(name, header, "CategoryColumn, --category", o.LabelColumn, "category", "class"); err != nil {
			return nil, err
		}
	}

	t := &Table{src: &source{name: name, rule: Unlabelled}}
	var missing []BadFile
	read := 0
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		read++
		if err := rep.next(0); err != nil {
			return nil, err
		}
		line, _ := r.FieldPos(0)
		row := Row{Filename: strings.Clone(record[nameAt])}
		if catAt >= 0 {
			row.Label = strings.Clone(record[catAt])
		}
		bad := func(err error) { missing = append(missing, BadFile{row.Filename, err}) }
		if !isPicture(row.Filename) {
			bad(fmt.Errorf("line %d: is not a picture's name (it must end in %s)", line, strings.Join(extensions, ", ")))
		} else if row.file, err = find(row.Filename); err != nil {
			bad(fmt.Errorf("line %d: %w", line, err))
		} else if catAt >= 0 && row.Label == "" {
			t.ignored = append(t.ignored, BadFile{row.Filename, fmt.Errorf("line %d: the category is empty", line)})
		} else {
			t.rows = append(t.rows, row)
		}
	}
	if n := len(t.ignored); n > 0 {
		t.warn = append(t.warn, fmt.Sprintf("%d of the %d rows have no category and are left out, such as %s.", n, read, t.ignored[0].Filename))
	}
	if n := len(missing); n > 0 {
		t.warn = append(t.warn, fmt.Sprintf("Found %d invalid image filename(s) in x_col=%q. These filename(s) will be ignored.", n, nameCol))
		t.ignored = append(t.ignored, missing...)
	}
	if len(t.rows) == 0 {
		if len(t.ignored) > 0 {
			hint := ""
			if o.Images == "" && len(missing) == read {
				hint = "; if the pictures are not beside the CSV, say where they are (Images, --images)"
			}
			return nil, fmt.Errorf("%s: none of its %d rows can be used; the first, %s: %w%s", name, read, t.ignored[0].Filename, t.ignored[0].Err, hint)
		}
		return nil, fmt.Errorf("%s: has no rows below its header", name)
	}
	rep.finish()
	return t, nil
}

// column finds the wanted column, or the first of the usual ones. option is where it is chosen.
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
