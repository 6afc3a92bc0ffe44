package data

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"

	"github.com/lince-ml/lince/data/picture"
	"golang.org/x/sync/errgroup"
)

// CheckOptions are Check's.
type CheckOptions struct {
	Workers  int                   // files at once; 0 is runtime.GOMAXPROCS(0)
	Progress func(done, total int) // called by one goroutine at a time
}

// Check reads and decodes every image and returns the table without those that can't be
// read, which bad lists with the reasons. Done before a split, it makes the split and the
// batches the same as if the bad files were not there. It is an error when none is left, and
// an *AccessError when a file cannot be reached, which says nothing about the image.
func (t *Table) Check(ctx context.Context, o CheckOptions) (good *Table, bad []BadFile, err error) {
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	errs := make([]error, len(t.rows))
	sums := make([]sum, len(t.rows))
	var next atomic.Int64
	done := make(chan struct{}, 64)
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
					// Nothing can be wrong with it.
				} else if buf, err = readFile(ctx, t.rows[i].file, buf); unreachable(err) {
					return err
				} else if err != nil {
					errs[i] = err
				} else {
					sums[i] = sumOf(buf)
					if _, err = d.Decode(buf, picture.RGB); err != nil {
						errs[i] = fmt.Errorf("%s: %w", t.rows[i].Where(), err)
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
		return nil, bad, fmt.Errorf("%s: not one of the %d pictures could be read; the first: %w", t.Name(), len(bad), bad[0].Err)
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
