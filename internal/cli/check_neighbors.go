package cli

import (
	"fmt"

	"github.com/lince-ml/lince/data/check"
	"github.com/lince-ml/lince/internal/nearest"
)

// The second opinion on wrong labels: of the nearest images by the features, at most a twentieth may have the label. A classifier is also sure of images that are only
// unusual, such as a dog seen from behind; the images that look like these have both labels.
const (
	opinionNeighbors = 20
	opinionOwn       = 20 // the fraction of the neighbors that may have the label is 1 of this number
)

// secondOpinion returns the findings whose neighbors confirm them. row has the row in x of each row of the table.
func (e *env) secondOpinion(x *featureTable, row map[int]int, found []check.Finding, threads int) ([]check.Finding, error) {
	size := map[string]int{}
	for _, r := range x.rows {
		size[r.Label]++
	}
	if len(found) == 0 {
		return nil, nil
	}
	var queries []float32
	for _, f := range found {
		i := row[f.Images[0].Index]
		queries = append(queries, x.matrix[i*x.dimension:][:x.dimension]...)
	}
	near, err := nearest.Find(e.ctx, queries, x.dimension, opinionNeighbors+1, nearest.Options{Base: x.matrix, Threads: threads})
	if err != nil {
		return nil, err
	}
	var out []check.Finding
	for i, f := range found {
		// A class of few images has few neighbors.
		k := min(opinionNeighbors, max(1, size[f.Classes[1]]/2))
		own, seen := 0, 0
		for _, n := range near[i] {
			if n.Row == row[f.Images[0].Index] || seen == k {
				continue
			}
			if seen++; x.rows[n.Row].Label == f.Classes[0] {
				own++
			}
		}
		if own*opinionOwn > k {
			continue
		}
		f.Detail += fmt.Sprintf("; of the %d most similar images, %s", seen, has(own, f.Classes[0]))
		out = append(out, f)
	}
	return out, nil
}

// has says how many images have a label.
func has(n int, label string) string {
	if n == 0 {
		return "none is labeled " + label
	}
	return fmt.Sprintf("%d is labeled %s", n, label)
}
