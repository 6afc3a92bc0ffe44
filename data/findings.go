package data

import (
	"context"
	"maps"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/lince-ml/lince/data/picture"
)

// Findings counts images that other programs show differently from how they are decoded.
type Findings struct {
	// Turned counts the images with an EXIF orientation, which Keras and Decode ignore by default. TIFF files are
	// not counted: their orientation is always applied.
	Turned int
	// Deep counts the images with 16 bits of gray per pixel. Keras cuts their values off at 255. Cut of their DeepPixels pixels are above; only
	// Check counts these.
	Deep            int
	Cut, DeepPixels int64
}

// Add adds other findings. A nil f is allowed.
func (f *Findings) Add(g Findings) {
	if f == nil {
		return
	}
	f.Turned += g.Turned
	f.Deep += g.Deep
	f.Cut += g.Cut
	f.DeepPixels += g.DeepPixels
}

// finding returns what an image file shows without being decoded.
func finding(content []byte) Findings {
	var f Findings
	if picture.Orientation(content) != 1 && picture.Format(content) != "TIFF" {
		f.Turned = 1
	}
	return f
}

// Inspect reads all files without decoding them. It returns the table with their checksums, which speeds up Fingerprint, and what it
// found in them. bad lists the files that cannot be read, or whose first bytes are not those of an image that can be decoded.
func (t *Table) Inspect(ctx context.Context, o CheckOptions) (seen *Table, found Findings, bad []BadFile, err error) {
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	var mu sync.Mutex
	errs := map[int]error{}
	table := *t
	table.checked = newSums(t.stored())
	rep := reading{ctx: ctx, progress: o.Progress}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(o.Workers)
	for i := range t.Len() {
		file := t.file(i)
		if _, drawn := file.(drawnFile); drawn || file == nil {
			continue
		}
		g.Go(func() error {
			b, err := readFile(ctx, file, nil)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				f := finding(b)
				if picture.Deep(b) {
					f.Deep = 1
				}
				found.Add(f)
				table.checked.set(t.at(i), sumOf(b))
				err = picture.Recognize(b)
			}
			if err != nil {
				errs[i] = err
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return rep.next(t.Len())
		})
	}
	if err := g.Wait(); err != nil {
		return nil, Findings{}, nil, err
	}
	for _, i := range slices.Sorted(maps.Keys(errs)) {
		bad = append(bad, BadFile{t.Row(i).Filename, errs[i]})
	}
	return &table, found, bad, nil
}
