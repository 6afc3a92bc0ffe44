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
	// Deep are the images with more than 8 bits of gray per pixel: 16, or 32 in TIFF files. Keras cuts their values off at 0 and 255.
	Deep Levels
	// Floating are the images of floating-point gray. Keras cuts their values off at 0 and 255 and drops their fractions.
	Floating Levels
	// Colors are the images with 16 bits per color, of which the upper 8 bits are kept, as in Keras.
	Colors Levels
}

// Levels describes the values of images that may not fit into 8 bits. Inspect counts only the images, since it does not decode them.
type Levels struct {
	Images       int
	Pixels, Lost int64      // Lost are those that became black or white because their values are outside Range
	Least, Most  float64    // the range of the values in the files
	Range        [2]float64 // picture.Options.GrayRange; zero for 0 to 255
}

func (l *Levels) add(m Levels) {
	switch {
	case m.Pixels == 0:
	case l.Pixels == 0:
		l.Least, l.Most, l.Range = m.Least, m.Most, m.Range
	default:
		l.Least, l.Most = min(l.Least, m.Least), max(l.Most, m.Most)
	}
	l.Images += m.Images
	l.Pixels += m.Pixels
	l.Lost += m.Lost
}

// Add adds other findings. A nil f is allowed.
func (f *Findings) Add(g Findings) {
	if f == nil {
		return
	}
	f.Turned += g.Turned
	f.Deep.add(g.Deep)
	f.Floating.add(g.Floating)
	f.Colors.add(g.Colors)
}

// AddDecoded adds what a decoder has found in the values of the last image.
func (f *Findings) AddDecoded(d *picture.Decoder) {
	v := d.Levels()
	one := Levels{1, int64(v.Pixels), int64(v.Lost), v.Least, v.Most, v.Range}
	switch v.Depth {
	case picture.Deep:
		f.Deep.add(one)
	case picture.Floating:
		f.Floating.add(one)
	case picture.DeepColors:
		f.Colors.add(one)
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
			one.Deep.Images = 1
		case picture.Floating:
			one.Floating.Images = 1
		case picture.DeepColors:
			one.Colors.Images = 1
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
