package data

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/lince-ml/lince/data/picture"
	"golang.org/x/sync/errgroup"
)

// CheckOptions configures Table.Check.
type CheckOptions struct {
	Findings *Findings             // if not nil, receives what was found in the images
	Workers  int                   // the number of files that are read at once; 0 means runtime.GOMAXPROCS(0)
	Progress func(done, total int) // if not nil, receives the number of checked files; it is called by one goroutine at a time
}

// Check reads and decodes every image. It returns the table without the images that cannot be
// decoded, and lists these in bad with the reasons. If the table is checked before it is split,
// the split and the batches are the same as if the bad files did not exist.
//
// Check fails if no image is left. It fails with an *AccessError if a file cannot be reached.
func (t *Table) Check(ctx context.Context, o CheckOptions) (good *Table, bad []BadFile, err error) {
	sums, errs, err := t.decodeAll(ctx, o)
	if err != nil {
		return nil, nil, err
	}
	var rows []Row
	for i, r := range t.rows {
		if errs[i] != nil {
			bad = append(bad, BadFile{r.Filename, errs[i]})
		} else {
			rows = append(rows, r)
		}
	}
	if len(rows) == 0 {
		if len(bad) == 0 {
			return nil, nil, fmt.Errorf("%s: the table has no rows", t.Name())
		}
		return nil, bad, fmt.Errorf("%s: none of the %d images could be read; the first: %w", t.Name(), len(bad), bad[0].Err)
	}
	good = t.with(rows)
	good.checked = map[string]sum{}
	for i, s := range sums {
		if s.ok {
			good.checked[t.rows[i].file.where()] = s
		}
	}
	return good, bad, nil
}

// decodeAll decodes the images of all rows. It returns the checksum or the error of each.
func (t *Table) decodeAll(ctx context.Context, o CheckOptions) (sums []sum, errs []error, err error) {
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	sums, errs = make([]sum, len(t.rows)), make([]error, len(t.rows))
	var next atomic.Int64
	done := make(chan struct{}, 64)
	var found sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	for range o.Workers {
		g.Go(func() error {
			var d picture.Decoder
			var buf []byte
			for {
				i := int(next.Add(1) - 1)
				if i >= len(t.rows) {
					return nil
				}
				var err error
				if _, drawn := t.rows[i].file.(drawnFile); drawn {
					// A generated image is always valid.
				} else if buf, err = readFile(ctx, t.rows[i].file, buf); unreachable(err) {
					return err
				} else if err != nil {
					errs[i] = err
				} else {
					sums[i] = sumOf(buf)
					if _, err = d.Decode(buf, picture.RGB); err != nil {
						errs[i] = fmt.Errorf("%s: %w", t.rows[i].Where(), err)
					} else if o.Findings != nil {
						f := finding(buf)
						if cut, pixels := d.CutOff(); pixels > 0 {
							f.Deep, f.Cut, f.DeepPixels = 1, int64(cut), int64(pixels)
						}
						found.Lock()
						o.Findings.Add(f)
						found.Unlock()
					}
				}
				select {
				case done <- struct{}{}:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
		})
	}
	rep := reading{ctx: ctx, progress: o.Progress}
	for range t.rows {
		select {
		case <-done:
		case <-ctx.Done():
		}
		if rep.next(len(t.rows)) != nil {
			break
		}
	}
	if err := g.Wait(); err != nil {
		return nil, nil, err
	}
	rep.finish()
	return sums, errs, nil
}
