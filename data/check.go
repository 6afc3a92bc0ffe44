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

	// GrayRange is the preprocessing's, for what Findings says about images of more than 8 bits. Images with another one are not kept.
	GrayRange [2]float64

	// Keep, if not nil, lets Check keep the decoded images in Keep.Cache, at target size, so that they are not decoded again: a Flow of the
	// checked table, or of a table that comes from it, uses them if it loads images as a Flow with the options Keep does. Its other options
	// may differ. As with a Flow, all images must fit into the Cache, or none is kept. Only images that are loaded as RGB are kept, not those
	// that are resized with BilinearTF. Inspect keeps none.
	Keep *ImageOptions
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
	images, load, err := o.kept(len(files.First))
	if err != nil {
		return nil, nil, err
	}
	sums, found, errs, err := t.scan(ctx, files, o, unreachable, func(r *fileReader, k int, f file, content []byte) (Findings, error) {
		one := finding(content)
		err := t.Decode(ctx, content, &r.decoder, func(d *picture.Decoder) error {
			img, err := d.DecodeLevels(content, picture.RGB, o.GrayRange)
			if err != nil {
				return err
			}
			one.AddDecoded(d)
			if images != nil && (!load.Orient || one.Turned == 0) && (load.GrayRange == o.GrayRange || !d.Levels().Ranged()) {
				if img, err := d.Fit(img, load, len(content)); err == nil { // a Flow reports the error when it uses the image
					images.keep(k, img.Pix)
				}
			}
			return nil
		})
		if err != nil {
			return Findings{}, fmt.Errorf("%s: %w", f.where(), err)
		}
		return one, nil
	})
	if err != nil {
		return nil, nil, err
	}
	sums.images, sums.load = images, load
	o.Findings.Add(found)
	bad, index := t.fileErrors(files, errs)
	if len(index) == 0 {
		return nil, bad, fmt.Errorf("%s: none of the %d images could be read; the first: %w", t.Name(), len(bad), bad[0].Err)
	}
	good = t.Take(index)
	good.checked = sums
	return good, bad, nil
}

// kept returns memory for the images of n files that Keep asks for, and how they are loaded. It returns no memory if none are kept.
func (o CheckOptions) kept(n int) (*decoded, picture.Options, error) {
	if o.Keep == nil || o.Keep.Cache == nil {
		return nil, picture.Options{}, nil
	}
	keep := *o.Keep // preprocessing changes it
	load, _, err := keep.preprocessing()
	if err != nil {
		return nil, load, err
	}
	if err := load.Check(); err != nil {
		return nil, load, err
	}
	size := keep.TargetSize[0] * keep.TargetSize[1] * load.ColorMode.Channels()
	if load.ColorMode != picture.RGB || load.Interpolation == picture.BilinearTF || !keep.Cache.reserve(int64(n)*int64(size)) {
		return nil, load, nil
	}
	return newDecoded(n, size), load, nil
}

// images returns the images that Check has kept, by the rows of t. It returns nil if there are none that were loaded in this way.
func (t *Table) images(load picture.Options) *decoded {
	if t.checked == nil || t.checked.images == nil || t.checked.load != load {
		return nil
	}
	d := *t.checked.images
	d.of = make([]int32, t.Len())
	for i := range d.of {
		d.of[i] = t.checked.of[t.at(i)]
	}
	return &d
}
