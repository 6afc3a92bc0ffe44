package cli

import (
	"cmp"
	"context"
	"encoding/csv"
	"fmt"
	"image"
	"io"
	"slices"
	"strings"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/data/picture"
	"github.com/lince-ml/lince/internal/sheet"
	"github.com/lince-ml/lince/report"
)

// galleryTiles is the largest number of images in a gallery.
const galleryTiles = 24

// classification compares predictions with the labels of their images.
func classification(classes []string, f *data.Flow, predictions []lince.Classification) (*report.Classification, error) {
	indexes := f.ClassIndexes()
	targets, classified := make([]int, len(predictions)), make([]int, len(predictions))
	for i, p := range predictions {
		targets[i], classified[i] = indexes[p.Row], p.Class
	}
	return report.Classify(classes, targets, classified)
}

// writeResults writes predictions.csv and confusion.png, and starts to write mistakes.png.
func writeResults(out *folder, classes []string, f *data.Flow, predictions []lince.Classification, c *report.Classification, answer answerFlags) error {
	if err := out.start("mistakes.png", func(w io.Writer) error { return writeMistakes(w, classes, f, predictions) }); err != nil {
		return err
	}
	rows := make([]report.Prediction, len(predictions))
	for i, p := range predictions {
		r := f.Table().Row(p.Row)
		rows[i] = answer.prediction(p, classes)
		rows[i].Filename, rows[i].Label = r.Filename, r.Label
	}
	for _, file := range []struct {
		name  string
		write func(w io.Writer) error
	}{
		{"predictions.csv", func(w io.Writer) error { return report.WritePredictions(w, classes, rows, answer.options(out.raw)) }},
		{"confusion.png", func(w io.Writer) error { return report.Confusion(w, classes, c.Confusion) }},
	} {
		if err := out.write(file.name, file.write); err != nil {
			return err
		}
	}
	return nil
}

// sure says how sure a model is of the class that it predicts: the probability, or the score of a model that gives no probabilities.
func sure(c lince.Classification) string {
	if c.Scores != nil {
		return "score " + printed(c.Scores[c.Class], true)
	}
	return report.FormatPercent(float64(c.Probability))
}

// moreSure compares two predictions by the probabilities or scores of their classes, the higher first.
func moreSure(a, b lince.Classification) int {
	return cmp.Compare(written(b)[b.Class], written(a)[a.Class])
}

// wrongPredictions returns the wrong predictions, the most confident first.
func wrongPredictions(f *data.Flow, predictions []lince.Classification) []lince.Classification {
	indexes := f.ClassIndexes()
	var wrong []lince.Classification
	for _, p := range predictions {
		if p.Class != indexes[p.Row] {
			wrong = append(wrong, p)
		}
	}
	slices.SortStableFunc(wrong, moreSure)
	return wrong
}

// mistakeTile returns the tile of a wrong prediction.
func mistakeTile(f *data.Flow, p lince.Classification, classes []string) (report.Tile, error) {
	r := f.Table().Row(p.Row)
	img, err := thumbnail(f.Table(), r)
	return report.Tile{
		Image:   img,
		Caption: fmt.Sprintf("%s, predicted %s (%s)", r.Label, classes[p.Class], sure(p)),
		Detail:  r.Filename,
		Color:   report.Bad,
	}, err
}

// writeMistakes draws the images of the most confident wrong predictions.
func writeMistakes(w io.Writer, classes []string, f *data.Flow, predictions []lince.Classification) error {
	wrong := wrongPredictions(f, predictions)
	total := len(wrong)
	wrong = wrong[:min(total, galleryTiles)]
	var tiles []report.Tile
	for _, p := range wrong {
		tile, err := mistakeTile(f, p, classes)
		if err != nil {
			return err
		}
		tiles = append(tiles, tile)
	}
	title := "Wrong predictions"
	if total > 0 {
		title = fmt.Sprintf("The most confident wrong predictions: %d of %d", len(tiles), total)
	}
	return report.Gallery(w, tiles, report.GalleryOptions{Title: title, Empty: fmt.Sprintf("No wrong predictions in %s", count(len(predictions), "image"))})
}

// thumbnail decodes the image of a table's row and scales it down for a gallery.
func thumbnail(t *data.Table, r data.Row) (image.Image, error) {
	raw, err := r.Bytes()
	if err != nil {
		return nil, err
	}
	var small picture.Image
	err = t.Decode(context.Background(), raw, new(picture.Decoder), func(d *picture.Decoder) error {
		img, err := d.Decode(raw, picture.RGB)
		if err != nil {
			return err
		}
		const side = 160
		if m := max(img.H, img.W); m > side {
			img, err = picture.Resize(img, max(1, img.H*side/m), max(1, img.W*side/m), picture.Bilinear)
		}
		small = img
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.Where(), err)
	}
	return report.Pixels(small.H, small.W, small.C, small.Pix)
}

// batchTiles returns tiles with copies of a batch's images.
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
		tiles = append(tiles, report.Tile{Image: img, Caption: label(b, i, f.Classes()), Detail: r.Filename})
	}
	return tiles, nil
}

// writeBatch draws the gallery of batchTiles.
func writeBatch(tiles []report.Tile) func(w io.Writer) error {
	return func(w io.Writer) error {
		return report.Gallery(w, tiles, report.GalleryOptions{Title: "The first training batch, after augmentation"})
	}
}

// label returns the class name of example i's target, or several names.
func label(b data.Batch, i int, classes []string) string {
	y := b.Y.Float32s()
	k := b.Y.Len() / b.Y.Shape()[0]
	if len(classes) == 0 {
		return numberText(y[i])
	}
	if k == 1 {
		return classes[int(y[i])]
	}
	var names []string
	for j, v := range y[i*k : (i+1)*k] {
		if v > 0 {
			names = append(names, classes[j])
		}
	}
	return strings.Join(names, labelSeparator)
}

// writeCurves plots a history.
func writeCurves(out *folder, h *lince.History) error {
	r := plotted(h)
	if len(r.Series) == 0 {
		return nil
	}
	return out.write("curves.png", func(w io.Writer) error { return report.Curves(w, r) })
}

// plotted returns what is plotted of a history. Without a completed epoch it is the interrupted one.
func plotted(h *lince.History) *lince.History {
	p := h.Partial
	if p == nil || len(h.Epochs) > 0 {
		return h
	}
	r := &lince.History{Epochs: []int{p.Epoch}}
	for name, v := range p.Logs.All() {
		if finite(v) {
			r.Series = append(r.Series, report.Series{Name: name, Values: []float64{v}})
		}
	}
	return r
}

// writeUnreadable lists the files that could not be used.
func writeUnreadable(bad []data.BadFile, raw bool) func(w io.Writer) error {
	return func(w io.Writer) error {
		records, text := [][]string{{"filename", "error"}}, sheet.Texts(raw)
		for _, b := range bad {
			records = append(records, []string{text(b.Filename), text(b.Err.Error())})
		}
		return csv.NewWriter(w).WriteAll(records)
	}
}
