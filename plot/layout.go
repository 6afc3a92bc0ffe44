package plot

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
)

// This file places the boxes of a graph without cycles in ranks, in the manner of Sugiyama: each box is in the rank
// after those that it gets arrows from, arrows over several ranks pass through invisible boxes, the boxes of a rank are
// ordered so that few arrows cross, and then moved so that arrows are short and straight.

// vertex is a box to place. The flow goes from the top down: sizes and positions are those of that direction.
type vertex struct {
	width, height float64
	x, y          float64 // of the center; layout computes them
	rank          int
	hidden        bool // a bend of an arrow
	up, down      []*vertex
	order         float64
}

// arrow leads from one vertex to another, through its bends.
type arrow struct {
	from, to *vertex
	bends    []*vertex
}

// The distances between boxes, in points.
const (
	gapX    = 28
	gapBend = 16
	gapRank = 34
)

// maxBends limits the bends of a drawing. If each of 40 convolutions gets the results of all before, there are 46,000, and the drawing is 20 m wide. Of 250 there are ten million.
const maxBends = 50_000

// layout places vertices, which are in an order in which arrows go forward, and returns the size of the whole. bands
// has the upper and lower edge of each rank.
func layout(ctx context.Context, vertices []*vertex, arrows []*arrow) (width, height float64, bands [][2]float64, err error) {
	assignRanks(vertices, arrows)
	bends := 0
	for _, a := range arrows {
		bends += a.to.rank - a.from.rank - 1
	}
	if bends > maxBends {
		return 0, 0, nil, fmt.Errorf("the network has too many long connections for a drawing: its %d arrows would pass beside %d layers in all, and at most %d are supported; lince summary without --plot lists the layers", len(arrows), bends, maxBends)
	}
	ranks := addBends(vertices, arrows)
	if err := orderRanks(ctx, ranks); err != nil {
		return 0, 0, nil, err
	}
	if err := placeRanks(ctx, ranks); err != nil {
		return 0, 0, nil, err
	}
	left, right := math.Inf(1), math.Inf(-1)
	for _, rank := range ranks {
		tallest := 0.
		for _, v := range rank {
			tallest = max(tallest, v.height)
			left, right = min(left, v.x-v.width/2), max(right, v.x+v.width/2)
		}
		if len(bands) > 0 {
			height += gapRank
		}
		bands = append(bands, [2]float64{height, height + tallest})
		for _, v := range rank {
			v.y = height + tallest/2
		}
		height += tallest
	}
	for _, rank := range ranks {
		for _, v := range rank {
			v.x -= left
		}
	}
	return right - left, height, bands, nil
}

// assignRanks gives each vertex the rank after the last of those that lead to it. Vertices that nothing leads to are
// moved next to the first that they lead to.
func assignRanks(vertices []*vertex, arrows []*arrow) {
	into, out := map[*vertex][]*vertex{}, map[*vertex][]*vertex{}
	for _, a := range arrows {
		into[a.to] = append(into[a.to], a.from)
		out[a.from] = append(out[a.from], a.to)
	}
	for _, v := range vertices {
		for _, u := range into[v] {
			v.rank = max(v.rank, u.rank+1)
		}
	}
	for _, v := range vertices {
		if len(into[v]) == 0 && len(out[v]) > 0 {
			v.rank = out[v][0].rank - 1
			for _, w := range out[v] {
				v.rank = min(v.rank, w.rank-1)
			}
		}
	}
}

// addBends returns the vertices of each rank, with a bend for each rank that an arrow passes.
func addBends(vertices []*vertex, arrows []*arrow) [][]*vertex {
	var ranks [][]*vertex
	put := func(v *vertex) {
		for len(ranks) <= v.rank {
			ranks = append(ranks, nil)
		}
		ranks[v.rank] = append(ranks[v.rank], v)
	}
	for _, v := range vertices {
		put(v)
	}
	for _, a := range arrows {
		last := a.from
		for r := a.from.rank + 1; r < a.to.rank; r++ {
			v := &vertex{rank: r, hidden: true}
			a.bends = append(a.bends, v)
			put(v)
			connect(last, v)
			last = v
		}
		connect(last, a.to)
	}
	return ranks
}

func connect(from, to *vertex) {
	from.down = append(from.down, to)
	to.up = append(to.up, from)
}

// orderRanks sorts the vertices of each rank by the mean position of their neighbors, from the top down and from the
// bottom up, and keeps the order with the fewest crossings.
func orderRanks(ctx context.Context, ranks [][]*vertex) error {
	number := func() {
		for _, rank := range ranks {
			for i, v := range rank {
				v.order = float64(i)
			}
		}
	}
	number()
	best, least := clone(ranks), crossings(ranks)
	for sweep := 0; sweep < 12 && least > 0; sweep++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		for k := range ranks {
			rank, down := ranks[k], sweep%2 == 0
			if !down {
				rank = ranks[len(ranks)-1-k]
			}
			mean := map[*vertex]float64{}
			for _, v := range rank {
				near := v.up
				if !down {
					near = v.down
				}
				mean[v] = v.order
				if len(near) > 0 {
					sum := 0.
					for _, u := range near {
						sum += u.order
					}
					mean[v] = sum / float64(len(near))
				}
			}
			slices.SortStableFunc(rank, func(a, b *vertex) int { return cmp.Compare(mean[a], mean[b]) })
			for i, v := range rank {
				v.order = float64(i)
			}
		}
		if n := crossings(ranks); n < least {
			best, least = clone(ranks), n
		}
	}
	copy(ranks, best)
	number()
	return nil
}

func clone(ranks [][]*vertex) [][]*vertex {
	var c [][]*vertex
	for _, rank := range ranks {
		c = append(c, slices.Clone(rank))
	}
	return c
}

// crossings counts the pairs of arrows between neighboring ranks that cross. The orders of vertices are their places in the ranks.
func crossings(ranks [][]*vertex) int {
	n := 0
	for k := range len(ranks) - 1 {
		type end struct{ from, to int }
		var ends []end
		for _, v := range ranks[k] {
			for _, w := range v.down {
				ends = append(ends, end{int(v.order), int(w.order)})
			}
		}
		slices.SortFunc(ends, func(a, b end) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
		// An arrow crosses those before it that end farther to the right. sums is a Fenwick tree: it counts the arrows that end at each place.
		sums := make([]int, len(ranks[k+1])+1)
		for i, e := range ends {
			n += i
			for at := e.to + 1; at > 0; at &= at - 1 {
				n -= sums[at]
			}
			for at := e.to + 1; at < len(sums); at += at & -at {
				sums[at]++
			}
		}
	}
	return n
}

// column is a list of vertices in consecutive ranks that are placed exactly below each other.
type column struct {
	vertices []*vertex
	x        float64
}

// placeRanks computes the horizontal positions. It aligns vertices in columns, places the columns as far to the left as
// the order and the gaps allow, and then moves each toward the columns that it is connected with.
func placeRanks(ctx context.Context, ranks [][]*vertex) error {
	columns, of := align(ranks)
	left, right := map[*vertex]*vertex{}, map[*vertex]*vertex{} // neighbors in the rank
	for _, rank := range ranks {
		for i := 1; i < len(rank); i++ {
			left[rank[i]], right[rank[i-1]] = rank[i-1], rank[i]
		}
	}
	placed := map[*column]bool{}
	var place func(c *column)
	place = func(c *column) { // after the columns on its left
		if placed[c] {
			return
		}
		placed[c] = true
		for _, v := range c.vertices {
			if u := left[v]; u != nil {
				place(of[u])
				c.x = max(c.x, of[u].x+distance(u, v))
			}
		}
	}
	for _, c := range columns {
		place(c)
	}
	move := func(c *column) {
		low, high := math.Inf(-1), math.Inf(1)
		sum, n := 0., 0.
		for _, v := range c.vertices {
			if u := left[v]; u != nil {
				low = max(low, of[u].x+distance(u, v))
			}
			if u := right[v]; u != nil {
				high = min(high, of[u].x-distance(v, u))
			}
			for _, u := range slices.Concat(v.up, v.down) {
				if of[u] != c {
					sum += of[u].x
					n++
				}
			}
		}
		if n > 0 {
			c.x = max(min(sum/n, high), low)
		}
	}
	for range 30 {
		if err := ctx.Err(); err != nil {
			return err
		}
		for _, c := range columns {
			move(c)
		}
		for _, c := range slices.Backward(columns) {
			move(c)
		}
	}
	for v, c := range of {
		v.x = c.x
	}
	return nil
}

// align divides the vertices into columns, in the manner of Brandes and Koepf ("Fast and Simple Horizontal Coordinate
// Assignment"): a box is placed below the middle one of the boxes above it, if it is the middle one of the boxes below
// that one, and the bends of an arrow are placed below each other. The lines of columns do not cross.
func align(ranks [][]*vertex) (columns []*column, of map[*vertex]*column) {
	of = map[*vertex]*column{}
	below := map[*vertex][2]*vertex{} // the middle ones below a vertex: of the boxes, and of the bends
	for _, rank := range ranks {
		for _, v := range rank {
			below[v] = [2]*vertex{middle(v.down, false), middle(v.down, true)}
		}
	}
	for _, rank := range ranks {
		last := -1. // the position of the vertex above the last that was aligned
		for _, v := range rank {
			var c *column
			kind := 0
			if v.hidden {
				kind = 1
			}
			if u := middle(v.up, v.hidden); u != nil && below[u][kind] == v && u.order > last {
				c, last = of[u], u.order
			} else {
				c = &column{}
				columns = append(columns, c)
			}
			c.vertices = append(c.vertices, v)
			of[v] = c
		}
	}
	return columns, of
}

// middle returns the middle one of the vertices that are hidden, or of those that are not. It is nil if their number is
// even.
func middle(list []*vertex, hidden bool) *vertex {
	list = slices.DeleteFunc(slices.Clone(list), func(v *vertex) bool { return v.hidden != hidden })
	if len(list)%2 == 0 {
		return nil
	}
	slices.SortStableFunc(list, func(a, b *vertex) int { return cmp.Compare(a.order, b.order) })
	return list[len(list)/2]
}

// distance is the smallest distance between the centers of two neighbors of a rank.
func distance(a, b *vertex) float64 {
	gap := float64(gapX)
	if a.hidden || b.hidden {
		gap = gapBend
	}
	return (a.width+b.width)/2 + gap
}
