package cli

import (
	"fmt"

	"github.com/lince-ml/lince/data/check"
	"github.com/lince-ml/lince/internal/nearest"
)

// opinionNeighbors is the number of images that give a second opinion on wrong labels: of the nearest ones by the features, none may have the label. A classifier is
// also sure of images that are only unusual, such as a dog seen from behind; the images that look like these have both labels.
const opinionNeighbors = 20

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
		own, seen := false, 0
		for _, n := range near[i] {
			if n.Row == row[f.Images[0].Index] || seen == k {
				continue
			}
			seen++
			own = own || x.rows[n.Row].Label == f.Classes[0]
		}
		if !own {
			f.Detail += fmt.Sprintf("; none of the %d most similar images is labeled %s", seen, f.Classes[0])
			out = append(out, f)
		}
	}
	return out, nil
}
