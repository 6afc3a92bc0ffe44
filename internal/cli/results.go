package cli

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"image"
	"io"
	"slices"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/data/picture"
	"github.com/lince-ml/lince/report"
)

// galleryTiles bounds the pictures in a gallery.
const galleryTiles = 24

// judge compares verdicts with labels.
func judge(classes []string, f *data.Flow, verdicts []lince.Classification) (*report.Classification, error) {
	labels := f.ClassIndexes()
	truth, predicted := make([]int, len(verdicts)), make([]int, len(verdicts))
	for i, v := range verdicts {
		truth[i], predicted[i] = labels[v.Row], v.Class
	}
	return report.Classify(classes, truth, predicted)
}

// writeResults writes predictions.csv, confusion.png and mistakes.png.
func writeResults(out *folder, classes []string, f *data.Flow, verdicts []lince.Classification, c *report.Classification) error {
	rows := make([]report.Prediction, len(verdicts))
	for i, v := range verdicts {
		r := f.Table().Row(v.Row)
		rows[i] = report.Prediction{Filename: r.Filename, Label: r.Label, Predicted: classes[v.Class], Probabilities: v.Probabilities}
	}
	for _, file := range []struct {
		name  string
		write func(w io.Writer) error
	}{
		{"predictions.csv", func(w io.Writer) error { return report.WritePredictions(w, classes, rows) }},
		{"confusion.png", func(w io.Writer) error { return report.Confusion(w, classes, c.Confusion) }},
		{"mistakes.png", func(w io.Writer) error { return writeMistakes(w, classes, f, verdicts) }},
	} {
		if err := out.write(file.name, file.write); err != nil {
			return err
		}
	}
	return nil
}

// writeMistakes draws the pictures of which the model was surest and wrong.
func writeMistakes(w io.Writer, classes []string, f *data.Flow, verdicts []lince.Classification) error {
	labels := f.ClassIndexes()
	var wrong []lince.Classification
	for _, v := range verdicts {
		if v.Class != labels[v.Row] {
			wrong = append(wrong, v)
		}
	}
	slices.SortStableFunc(wrong, func(a, b lince.Classification) int {
		return cmp.Compare(b.Probabilities[b.Class], a.Probabilities[a.Class])
	})
	total := len(wrong)
	wrong = wrong[:min(total, galleryTiles)]
	var tiles []report.Tile
	for _, v := range wrong {
		r := f.Table().Row(v.Row)
		img, err := thumbnail(r)
		if err != nil {
			return err
		}
		tiles = append(tiles, report.Tile{
			Picture: img,
			Caption: fmt.Sprintf("%s taken for %s (%.0f%%)", r.Label, classes[v.Class], 100*v.Probabilities[v.Class]),
			Detail:  r.Filename,
			Color:   report.Bad,
		})
	}
	title := fmt.Sprintf("The surest mistakes: %d of %d", len(tiles), total)
	return report.Gallery(w, tiles, report.GalleryOptions{Title: title, Empty: fmt.Sprintf("No mistakes in %s", count(len(verdicts), "picture"))})
}

// thumbnail reads a row's picture, small enough for a gallery.
func thumbnail(r data.Row) (image.Image, error) {
	raw, err := r.Bytes()
	if err != nil {
		return nil, err
	}
	img, err := picture.Decode(raw, picture.RGB)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.Where(), err)
	}
	const side = 160
	if m := max(img.H, img.W); m > side {
		if img, err = picture.Resize(img, max(1, img.H*side/m), max(1, img.W*side/m), picture.Bilinear); err != nil {
			return nil, err
		}
	}
	return report.Pixels(img.H, img.W, img.C, img.Pix)
}

// batchTiles are the pictures of a batch as the model sees it, copied.
func batchTiles(f *data.Flow, b data.Batch) ([]report.Tile, error) {
	p, err := f.Preprocessing().Compile()
	if err != nil {
		return nil, err
	}
	s := b.X.Shape()
	var tiles []report.Tile
	for i, row := range b.Index[:min(len(b.Index), 2*galleryTiles)] {
		pixels := slices.Clone(b.X.Row(i).Float32s())
		p.Undo(pixels)
		img, err := report.Pixels(s[1], s[2], s[3], pixels)
		if err != nil {
			return nil, err
		}
		r := f.Table().Row(row)
		tiles = append(tiles, report.Tile{Picture: img, Caption: label(b, i, f.Classes()), Detail: r.Filename})
	}
	return tiles, nil
}

// writeBatch draws batchTiles.
func writeBatch(tiles []report.Tile) func(w io.Writer) error {
	return func(w io.Writer) error {
		return report.Gallery(w, tiles, report.GalleryOptions{Title: "The first batch, as the model sees it"})
	}
}

// label is the class that an example's target names.
func label(b data.Batch, i int, classes []string) string {
	y := b.Y.Float32s()
	k := b.Y.Len() / b.Y.Shape()[0]
	c := 0
	if k == 1 {
		c = int(y[i])
	} else {
		for j := range k {
			if y[i*k+j] > y[i*k+c] {
				c = j
			}
		}
	}
	return classes[c]
}

// writeCurves draws a history; of one without a finished epoch, what there was of it.
func writeCurves(out *folder, h *lince.History) error {
	r := report.History{Epochs: h.Epochs}
	for _, s := range h.Series {
		r.Series = append(r.Series, report.Series{Name: s.Name, Values: s.Values})
	}
	if p := h.Partial; p != nil && len(h.Epochs) == 0 {
		r.Epochs = []int{p.Epoch}
		for name, v := range p.Logs.All() {
			if finite(v) {
				r.Series = append(r.Series, report.Series{Name: name, Values: []float64{v}})
			}
		}
	}
	if len(r.Series) == 0 {
		return nil
	}
	return out.write("curves.png", func(w io.Writer) error { return report.Curves(w, r) })
}

// writeUnreadable lists the files that could not be used.
func writeUnreadable(bad []data.BadFile) func(w io.Writer) error {
	return func(w io.Writer) error {
		records := [][]string{{"filename", "error"}}
		for _, b := range bad {
			records = append(records, []string{b.Filename, b.Err.Error()})
		}
		return csv.NewWriter(w).WriteAll(records)
	}
}

// leftOut warns of pictures that could be read at first, and not later.
func leftOut(bad []data.BadFile) string {
	return fmt.Sprintf("%s could be read when the pictures were checked, and not later; left out:%s", count(len(bad), "picture"), listBad(bad))
}
