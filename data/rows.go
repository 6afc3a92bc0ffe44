package data

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/lince-ml/lince/internal/bounded"
	"github.com/lince-ml/lince/internal/patherr"
)

// NewTable makes a table of rows that a program has chosen itself, from a database for example. A row is given as
// Row{Filename: "cats/1.jpg", Label: "cat"}; an empty Label means that there is none. The files are those of fsys, such as an embed.FS, a
// *zip.Reader or an os.DirFS. If fsys is nil, they are paths of the operating system.
//
// The rows keep their order, and a file may occur more than once. As for a CSV file, and as in Keras' flow_from_dataframe, rows whose file is missing are
// dropped, and so are rows without a label if others have one: Table.Warnings counts them, and Table.Ignored lists them. NewTable fails if no row
// is left. It reads no file; Table.Check finds those that are no images. Table.Close does not close fsys.
func NewTable(fsys fs.FS, rows []Row) (*Table, error) {
	const name = "rows"
	src := &source{name: name, rule: Unlabeled, task: Classify, opened: time.Now()}
	t := &Table{src: src}
	labeled := slices.ContainsFunc(rows, func(r Row) bool { return r.Label != "" })
	missing, unlabeled := drops{unit: "row"}, drops{unit: "row"}
	for i, r := range rows {
		f, err := rowFile(fsys, r.Filename)
		switch {
		case err != nil:
			missing.add(r.Filename, i, err)
		case labeled && r.Label == "":
			unlabeled.add(r.Filename, i, errNoLabel)
		default:
			t.rows = append(t.rows, Row{r.Filename, r.Label, f})
		}
	}
	t.ignored = slices.Concat(unlabeled.list, missing.list)
	src.dropped = len(rows) - len(t.rows)
	switch {
	case len(rows) == 0:
		return nil, fmt.Errorf("%s: there are no rows", name)
	case len(t.rows) == 0:
		return nil, noRows(name, src.dropped, t.ignored, "")
	}
	if unlabeled.n > 0 {
		t.warn = append(t.warn, unlabeled.noLabel(len(rows)))
	}
	if missing.n > 0 {
		t.warn = append(t.warn, fmt.Sprintf("Dropped %d of the %d rows, which have no file; the first, %s: %v.", missing.n, len(rows), quoteName(missing.list[0].Filename), missing.list[0].Err))
	}
	return t, nil
}

// rowFile returns the file with the given name, or an error if there is none.
func rowFile(fsys fs.FS, name string) (file, error) {
	if name == "" {
		return nil, errors.New("the row has no Filename")
	}
	var info fs.FileInfo
	var err error
	if fsys == nil {
		info, err = os.Stat(name)
	} else {
		info, err = fs.Stat(fsys, name)
	}
	switch {
	case err != nil:
		return nil, patherr.Bare(err)
	case !info.Mode().IsRegular():
		return nil, errors.New("is not a regular file")
	case fsys == nil:
		return diskFile(name), nil
	}
	return fsFile{fsys, name}, nil
}

// fsFile is a file of an fs.FS.
type fsFile struct {
	fsys fs.FS
	name string
}

func (f fsFile) where() string              { return f.name }
func (f fsFile) crc() (uint32, int64, bool) { return 0, 0, false }

func (f fsFile) read(buf []byte) ([]byte, error) {
	r, err := f.fsys.Open(f.name)
	if err != nil {
		return nil, opened(f.name, err)
	}
	defer r.Close()
	info, err := r.Stat()
	if err != nil {
		return nil, accessed(f.name, err)
	}
	if err := readable(info, f.name); err != nil {
		return nil, err
	}
	b, err := bounded.ReadAll(buf, r, min(info.Size(), 1<<20), info.Size()) // an archive's header may claim any size
	if err != nil {
		return nil, accessed(f.name, err)
	}
	return b, nil
}

func (f fsFile) head(n int) ([]byte, error) {
	r, err := f.fsys.Open(f.name)
	if err != nil {
		return nil, opened(f.name, err)
	}
	defer r.Close()
	return firstBytes(r, n, f.name)
}
