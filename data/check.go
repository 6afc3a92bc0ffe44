package data

import (
	"context"
	"fmt"

	"github.com/lince-ml/lince/data/picture"
)

// CheckOptions configures Table.Check and Table.Inspect.
type CheckOptions struct {
	Findings *Findings             // if not nil, receives what was found in the images
	Workers  int                   // the number of files that are read at once; 0 means runtime.GOMAXPROCS(0)
	Most     int                   // the largest number of different files that are read; if there are more, the error is ErrTooManyFiles. 0 means any number
	Progress func(done, total int) // if not nil, receives the number of checked files; it is called by one goroutine at a time
}

// Check reads and decodes every image. It returns the table without the images that cannot be
// decoded, and lists these in bad with the reasons. If the table is checked before it is split,
// the split and the batches are the same as if the bad files did not exist. A file that several rows
// have, by links on disk, is decoded once; see Files.
//
// Check fails if no image is left. It fails with an *AccessError if a file cannot be reached.
func (t *Table) Check(ctx context.Context, o CheckOptions) (good *Table, bad []BadFile, err error) {
	if t.Len() == 0 {
		return nil, nil, fmt.Errorf("%s: the table has no rows", t.Name())
	}
	files, err := t.Files(ctx, o.Most)
	if err != nil {
		return nil, nil, err
	}
	sums, found, errs, err := t.scan(ctx, files, o, unreachable, func(r *fileReader, f file, content []byte) (Findings, error) {
		if _, err := r.decoder.Decode(content, picture.RGB); err != nil {
			return Findings{}, fmt.Errorf("%s: %w", f.where(), err)
		}
		one := finding(content)
		if cut, pixels := r.decoder.CutOff(); pixels > 0 {
			one.Deep, one.Cut, one.DeepPixels = 1, int64(cut), int64(pixels)
		}
		return one, nil
	})
	if err != nil {
		return nil, nil, err
	}
	o.Findings.Add(found)
	bad, index := t.fileErrors(files, errs)
	if len(index) == 0 {
		return nil, bad, fmt.Errorf("%s: none of the %d images could be read; the first: %w", t.Name(), len(bad), bad[0].Err)
	}
	good = t.Take(index)
	good.checked = sums
	return good, bad, nil
}
