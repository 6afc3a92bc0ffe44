package data

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/lince-ml/lince/data/picture"
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
	index := make([]int, 0, t.Len()-len(errs))
	for i := range t.Len() {
		if err := errs[i]; err != nil {
			bad = append(bad, BadFile{t.Row(i).Filename, err})
		} else {
			index = append(index, i)
		}
	}
	if len(index) == 0 {
		if len(bad) == 0 {
			return nil, nil, fmt.Errorf("%s: the table has no rows", t.Name())
		}
		return nil, bad, fmt.Errorf("%s: none of the %d images could be read; the first: %w", t.Name(), len(bad), bad[0].Err)
	}
	good = t.Take(index)
	good.checked = sums
	return good, bad, nil
}

// decodeAll decodes the images of all rows. It returns their checksums, and the errors by row.
func (t *Table) decodeAll(ctx context.Context, o CheckOptions) (sums *sums, errs map[int]error, err error) {
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	n := t.Len()
	sums, errs = newSums(t.stored()), map[int]error{}
	var mu sync.Mutex // of errs
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
				if i >= n {
					return nil
				}
				var err error
				f := t.file(i)
				if _, drawn := f.(drawnFile); drawn {
					// A generated image is always valid.
				} else if buf, err = readFile(ctx, f, buf); unreachable(err) {
					return err
				} else if err == nil {
					sums.set(t.at(i), sumOf(buf))
					if _, err = d.Decode(buf, picture.RGB); err != nil {
						err = fmt.Errorf("%s: %w", f.where(), err)
					} else if o.Findings != nil {
						one := finding(buf)
						if cut, pixels := d.CutOff(); pixels > 0 {
							one.Deep, one.Cut, one.DeepPixels = 1, int64(cut), int64(pixels)
						}
						found.Lock()
						o.Findings.Add(one)
						found.Unlock()
					}
				}
				if err != nil {
					mu.Lock()
					errs[i] = err
					mu.Unlock()
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
	for range n {
		select {
		case <-done:
		case <-ctx.Done():
		}
		if rep.next(n) != nil {
			break
		}
	}
	if err := g.Wait(); err != nil {
		return nil, nil, err
	}
	rep.finish()
	return sums, errs, nil
}
