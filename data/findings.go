package data

import (
	"context"

	"github.com/lince-ml/lince/data/picture"
)

// Findings counts images that other programs show differently from how they are decoded.
type Findings struct {
	// Turned counts the images with an EXIF orientation, which Keras and Decode ignore by default. TIFF files are
	// not counted: their orientation is always applied.
	Turned int
	// Deep counts the images with more than 8 bits of gray per pixel: 16, or 32 in TIFF files. Keras cuts their values off at 255. Cut of their DeepPixels pixels are above; only
	// Check counts these.
	Deep            int
	Cut, DeepPixels int64
	// Floating counts the images of floating-point gray. Keras cuts their values off at 0 and 255 and drops their fractions. Least and Most are the range of
	// their values in the files; only Check knows it.
	Floating    int
	Least, Most float32
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
	switch {
	case g.Floating == 0:
	case f.Floating == 0:
		f.Least, f.Most = g.Least, g.Most
	default:
		f.Least, f.Most = min(f.Least, g.Least), max(f.Most, g.Most)
	}
	f.Floating += g.Floating
}

// AddDecoded adds what a decoder has found in the values of the last image.
func (f *Findings) AddDecoded(d *picture.Decoder) {
	if cut, pixels := d.CutOff(); pixels > 0 {
		f.Add(Findings{Deep: 1, Cut: int64(cut), DeepPixels: int64(pixels)})
	}
	if least, most, ok := d.FloatRange(); ok {
		f.Add(Findings{Floating: 1, Least: least, Most: most})
	}
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
	sums, found, errs, err := t.scan(ctx, files, o, func(error) bool { return false }, func(_ *fileReader, _ int, _ file, content []byte) (Findings, error) {
		one := finding(content)
		switch picture.DepthOf(content) {
		case picture.Deep:
			one.Deep = 1
		case picture.Floating:
			one.Floating = 1
		}
		return one, picture.Recognize(content)
	})
	if err != nil {
		return nil, Findings{}, nil, err
	}
	table := *t
	table.checked = sums
	bad, _ = t.fileErrors(files, errs)
	return &table, found, bad, nil
}
