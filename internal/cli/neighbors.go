package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/internal/nearest"
	"github.com/lince-ml/lince/report"
)

// The size of neighbors.png: wrong predictions, neighbors of each, and the images among which they are searched. The limit keeps
// the time short, because the features of these images are computed for the plot.
const (
	neighborMistakes = 8
	neighborTiles    = 5
	neighborImages   = 500
)

// writeNeighbors draws wrong predictions of f and, beside each, the images of base whose features are nearest. what names
// the images of base. If base is f, an image is not its own neighbor. It returns false, and writes nothing, if the model has no features.
func (e *env) writeNeighbors(out *folder, m *lince.Model, classes []string, f *data.Flow, predictions []lince.Classification, base *data.Flow, what string) (bool, error) {
	body, _, err := featureModel(m, "", 0)
	if err != nil {
		return false, nil //nolint:nilerr // lince features tells why
	}
	wrong := wrongPredictions(f, predictions)
	total := len(wrong)
	wrong = wrong[:min(total, neighborMistakes)]
	rows := sampleRows(base.Len(), neighborImages)
	title := report.GalleryOptions{Title: "Wrong predictions and their nearest neighbors", Columns: 1 + neighborTiles, Empty: fmt.Sprintf("No wrong predictions in %s", count(len(predictions), "image"))}
	var tiles []report.Tile
	if total > 0 {
		title.Subtitle = fmt.Sprintf("%d of %d wrong predictions, with the nearest of %d %s by cosine distance of features; green: the right class", len(wrong), total, len(rows), what)
		if tiles, err = e.neighborTiles(body, m, classes, f, wrong, base, rows); err != nil {
			return false, err
		}
	}
	return true, out.write("neighbors.png", func(w io.Writer) error { return report.Gallery(w, tiles, title) })
}

// neighborTiles returns a row of tiles for each wrong prediction.
func (e *env) neighborTiles(body, m *lince.Model, classes []string, f *data.Flow, wrong []lince.Classification, base *data.Flow, rows []int) ([]report.Tile, error) {
	var queries []int
	for _, p := range wrong {
		queries = append(queries, p.Row)
	}
	q, err := e.featuresOf(body, m, f, queries)
	if err != nil {
		return nil, err
	}
	b, err := e.featuresOf(body, m, base, rows)
	if err != nil {
		return nil, err
	}
	near, err := nearest.Find(e.hard, q.matrix, q.dimension, neighborTiles+1, nearest.Options{Base: b.matrix})
	if err != nil {
		return nil, err
	}
	var tiles []report.Tile
	for i, list := range near {
		p := wrong[q.index[i]]
		tile, err := mistakeTile(f, p, classes)
		if err != nil {
			return nil, err
		}
		label := f.Table().Row(p.Row).Label
		// Two long names do not fit in one line.
		tile.Caption, tile.Detail = label, fmt.Sprintf("predicted %s (%.0f%%)", classes[p.Class], 100*p.Probability)
		tiles = append(tiles, tile)
		end := len(tiles) + neighborTiles
		for _, n := range list {
			r := b.rows[n.Row]
			if base == f && rows[b.index[n.Row]] == p.Row || len(tiles) == end {
				continue
			}
			img, err := thumbnail(r)
			if err != nil {
				return nil, err
			}
			color := report.Bad
			if r.Label == label {
				color = report.Good
			}
			tiles = append(tiles, report.Tile{Image: img, Caption: r.Label, Detail: fmt.Sprintf("%.2g  %s", n.Distance, r.Filename), Color: color})
		}
		for len(tiles) < end {
			tiles = append(tiles, report.Tile{})
		}
	}
	return tiles, nil
}

// featuresOf computes the features of some rows of a dataset. Its table has the rows in their order; an index is a position in rows.
func (e *env) featuresOf(body, m *lince.Model, f *data.Flow, rows []int) (*featureTable, error) {
	sub, err := featureFlow(m, f.Table().Take(rows), data.DefaultBatchSize, 0, false)
	if err != nil {
		return nil, err
	}
	quiet := *e
	quiet.ctx, quiet.text, quiet.quiet = e.hard, io.Discard, true // results are written after ^C too
	x, err := quiet.features(body, sub, "")
	if err == nil && len(x.rows) == 0 {
		err = errors.New("no image can be read")
	}
	if err != nil && e.hard.Err() != nil {
		err = context.Cause(e.hard)
	}
	return x, err
}

// sampleRows returns at most most of n rows, at equal distances.
func sampleRows(n, most int) []int {
	rows := make([]int, min(n, most))
	for i := range rows {
		rows[i] = i * n / len(rows)
	}
	return rows
}
