package cli

import (
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

// neighborPlot draws wrong predictions and, beside each, the images with the nearest features.
type neighborPlot struct {
	*env
	model       *lince.Model
	classes     []string
	threads     int
	f           *data.Flow // of the predictions
	predictions []lince.Classification
	base        *data.Flow          // where neighbors are searched; if it is f, an image is not its own neighbor
	what        string              // names the images of base
	kept        *lince.FeatureCache // may have the features of f and base
	body        *lince.Model
}

// write writes neighbors.png. It writes nothing if the model has no features, which lince features explains.
func (p *neighborPlot) write(out *folder) error {
	var err error
	if p.body, _, err = featureModel(p.model, "", p.threads); err != nil {
		return nil //nolint:nilerr // the plot is left out
	}
	wrong := wrongPredictions(p.f, p.predictions)
	total := len(wrong)
	wrong = wrong[:min(total, neighborMistakes)]
	rows := sampleRows(p.base.Len(), neighborImages)
	o := report.GalleryOptions{
		Title: "Wrong predictions and their nearest neighbors", Columns: 1 + neighborTiles,
		Empty: fmt.Sprintf("No wrong predictions in %s", count(len(p.predictions), "image")),
	}
	var tiles []report.Tile
	if total > 0 {
		o.Subtitle = fmt.Sprintf("%d of %d wrong predictions, with the nearest of %d %s by cosine distance of features; green: the right class", len(wrong), total, len(rows), p.what)
		if tiles, err = p.tiles(wrong, rows); err != nil {
			return err
		}
	}
	return out.start("neighbors.png", func(w io.Writer) error { return report.Gallery(w, tiles, o) })
}

// tiles returns a row of tiles for each wrong prediction. rows are the rows of base that are searched.
func (p *neighborPlot) tiles(wrong []lince.Classification, rows []int) ([]report.Tile, error) {
	var queries []int
	for _, c := range wrong {
		queries = append(queries, c.Row)
	}
	q, err := p.featuresOf(p.f, queries)
	if err != nil {
		return nil, err
	}
	b, err := p.featuresOf(p.base, rows)
	if err != nil {
		return nil, err
	}
	near, err := nearest.Find(p.hard, q.matrix, q.dimension, neighborTiles+1, nearest.Options{Base: b.matrix, Threads: p.threads})
	if err != nil {
		return nil, err
	}
	var tiles []report.Tile
	for i, list := range near {
		c := wrong[q.index[i]]
		tile, err := mistakeTile(p.f, c, p.classes)
		if err != nil {
			return nil, err
		}
		label := p.f.Table().Row(c.Row).Label
		// Two long names do not fit in one line.
		tile.Caption, tile.Detail = label, fmt.Sprintf("predicted %s (%s)", p.classes[c.Class], sure(c))
		tiles = append(tiles, tile)
		end := len(tiles) + neighborTiles
		for _, n := range list {
			if p.base == p.f && rows[b.index[n.Row]] == c.Row || len(tiles) == end {
				continue
			}
			r := b.rows[n.Row]
			img, err := thumbnail(p.f.Table(), r)
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

// featuresOf computes the features of some rows of a dataset. An index of the result is a position in rows.
func (p *neighborPlot) featuresOf(f *data.Flow, rows []int) (*featureTable, error) {
	if p.kept != nil {
		if ds := p.kept.Of(f); ds != data.Indexed(f) {
			return p.keptOf(ds, f.Table(), rows)
		}
	}
	sub, err := featureFlow(p.model, f.Table().Take(rows), data.DefaultBatchSize, p.threads, false)
	if err != nil {
		return nil, err
	}
	quiet := *p.env
	quiet.ctx, quiet.text, quiet.quiet = p.hard, io.Discard, true // results are written after ^C too
	x, err := quiet.features(p.body, sub, "")
	if err == nil && len(x.rows) == 0 {
		err = errors.New("no image can be read")
	}
	return x, err
}

// keptOf is featuresOf for a dataset whose features are kept.
func (p *neighborPlot) keptOf(ds data.Dataset, t *data.Table, rows []int) (*featureTable, error) {
	at := make(map[int]int, len(rows))
	for i, row := range rows {
		at[row] = i
	}
	x := &featureTable{}
	for b, err := range p.body.Predictions(p.hard, ds) {
		if err != nil {
			return nil, err
		}
		for i, row := range b.Index {
			if j, ok := at[row]; ok {
				features := b.Output.Row(i).Float32s()
				x.dimension, x.matrix = len(features), append(x.matrix, features...)
				x.rows, x.index = append(x.rows, t.Row(row)), append(x.index, j)
			}
		}
	}
	return x, nil
}

// sampleRows returns at most most of n rows, at equal distances.
func sampleRows(n, most int) []int {
	rows := make([]int, min(n, most))
	for i := range rows {
		rows[i] = i * n / len(rows)
	}
	return rows
}
