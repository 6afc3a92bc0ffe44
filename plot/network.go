package plot

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/tensor"
)

// box is a layer, or the frame of a nested model with its layers.
type box struct {
	*vertex
	title string
	rows  []row
	inner *graph // of a frame
}

// row is a line of text below the title of a box: a name in normal type and its value in bold.
type row struct{ name, value string }

// graph is the boxes of a model with the arrows between them.
type graph struct {
	boxes         []*box
	arrows        []*arrow
	bands         [][2]float64 // of the ranks
	ports         map[*arrow]ports
	width, height float64
}

// network returns the boxes of a model, and places them.
func network(ctx context.Context, m *lince.Model, o Options) (*graph, error) {
	g := &graph{}
	of := map[*lince.Symbol]*box{}
	for _, c := range m.Calls() {
		b, err := newBox(ctx, c, o)
		if err != nil {
			return nil, err
		}
		g.boxes = append(g.boxes, b)
		for _, s := range c.Out {
			of[s] = b
		}
		met := map[*box]bool{} // as in Keras, one arrow for several operands
		for _, s := range c.In {
			if from := of[s]; from != nil && !met[from] {
				met[from] = true
				g.arrows = append(g.arrows, &arrow{from: from.vertex, to: b.vertex})
			}
		}
	}
	var vertices []*vertex
	sideways := o.RankDir == LeftRight || o.RankDir == RightLeft
	for _, b := range g.boxes {
		if sideways { // layout works from the top down
			b.width, b.height = b.height, b.width
		}
		vertices = append(vertices, b.vertex)
	}
	var err error
	g.width, g.height, g.bands, err = layout(ctx, vertices, g.arrows)
	g.ports = portsOf(g.arrows)
	return g, err
}

// newBox returns the box of a call, with its size.
func newBox(ctx context.Context, c lince.Call, o Options) (*box, error) {
	l := c.Layer
	b := &box{vertex: &vertex{}, title: l.Class()}
	if o.ShowLayerNames {
		b.title = fmt.Sprintf("%s (%s)", l.Name(), l.Class())
	}
	if o.ShowLayerActivations {
		if a := activation(l); a != "" {
			b.rows = append(b.rows, row{"Activation", a})
		}
	}
	if o.ShowShapes {
		if len(c.In) > 0 {
			b.rows = append(b.rows, row{"Input shape", shapes(c.In)})
		}
		b.rows = append(b.rows, row{"Output shape", shapes(c.Out)})
	}
	if o.ShowDType {
		b.rows = append(b.rows, row{"Output dtype", c.Out[0].DType().String()})
	}
	if o.ShowTrainable && l.CountParams() > 0 {
		b.rows = append(b.rows, row{"Trainable", map[bool]string{true: "True", false: "False"}[l.Trainable()]})
	}
	if m := l.Model(); m != nil && o.ExpandNested {
		var err error
		if b.inner, err = network(ctx, m, o); err != nil {
			return nil, err
		}
	}
	b.measure(o)
	return b, nil
}

// ports are the distances of an arrow's ends from the middles of its boxes.
type ports struct{ from, to float64 }

// portsOf returns the ports of all arrows. Several arrows end beside each other, in the order of the boxes or bends that they come from.
func portsOf(arrows []*arrow) map[*arrow]ports {
	type end struct {
		a *arrow
		x float64 // of the next box or bend
	}
	type side struct {
		v   *vertex
		out bool
	}
	ends := map[side][]end{}
	for _, a := range arrows {
		first, last := a.to, a.from
		if n := len(a.bends); n > 0 {
			first, last = a.bends[0], a.bends[n-1]
		}
		ends[side{a.from, true}] = append(ends[side{a.from, true}], end{a, first.x})
		ends[side{a.to, false}] = append(ends[side{a.to, false}], end{a, last.x})
	}
	of := map[*arrow]ports{}
	for s, ends := range ends {
		slices.SortStableFunc(ends, func(a, b end) int { return cmp.Compare(a.x, b.x) })
		step := min(22, s.v.width/float64(len(ends)+1))
		for i, e := range ends {
			p, x := of[e.a], (float64(i)-float64(len(ends)-1)/2)*step
			if s.out {
				p.from = x
			} else {
				p.to = x
			}
			of[e.a] = p
		}
	}
	return of
}

// activation returns the name of a layer's activation function, "" if it has none.
func activation(l *lince.Layer) string {
	if l.Model() != nil {
		return ""
	}
	switch a := l.Config()["activation"].(type) {
	case string:
		return a
	case map[string]any:
		name, _ := a["class_name"].(string)
		return name
	}
	return ""
}

// shapes formats the shapes of symbols as Python does.
func shapes(list []*lince.Symbol) string {
	var texts []string
	for _, s := range list {
		var sizes []string
		for _, n := range s.Shape() {
			if n == tensor.Unknown {
				sizes = append(sizes, "None")
			} else {
				sizes = append(sizes, fmt.Sprint(n))
			}
		}
		texts = append(texts, "("+strings.Join(sizes, ", ")+")")
	}
	return strings.Join(texts, ", ")
}
