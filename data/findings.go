package data

import (
	"context"
	"sync"

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
// found in them. bad lists the files that cannot be read, or whose first bytes are not those of an image that can be decoded. A file that
// several rows have, by links on disk, is read once.
func (t *Table) Inspect(ctx context.Context, o CheckOptions) (seen *Table, found Findings, bad []BadFile, err error) {
	files, err := t.Files(ctx, o.Most)
	if err != nil {
		return nil, Findings{}, nil, err
	}
	var mu sync.Mutex
	errs := map[int]error{}
	each, of := make([]sum, len(files.First)), make([]Findings, len(files.First))
	err = t.eachFile(ctx, files, o, func(ctx context.Context, r *fileReader, k int) error {
		each[k].size = -1
		file := t.file(int(files.First[k]))
		if _, drawn := file.(drawnFile); drawn || file == nil {
			return nil
		}
		b, err := r.read(ctx, file)
		if err == nil {
			if of[k] = finding(b); picture.Deep(b) {
				of[k].Deep = 1
			}
			each[k] = sumOf(b)
			err = picture.Recognize(b)
		}
		if err != nil {
			mu.Lock()
			errs[k] = err
			mu.Unlock()
		}
		return ctx.Err()
	})
	if err != nil {
		return nil, Findings{}, nil, err
	}
	table := *t
	table.checked = newSums(t.stored())
	table.checked.take(t, files, each)
	for _, k := range files.Of {
		found.Add(of[k])
	}
	bad, _ = t.fileErrors(files, errs)
	return &table, found, bad, nil
}
