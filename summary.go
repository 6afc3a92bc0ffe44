package lince

import (
	"io"
	"os"
	"slices"
	"strings"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/progress"
	"github.com/lince-ml/lince/internal/summary"
)

// Summary prints what the model is made of, as Keras' model.summary(): layers, shapes,
// parameters; those of the optimizer too, once it has made a step. A terminal's width and
// colours are used where w is one.
func (m *Model) Summary(w io.Writer) error {
	s := summary.Model{Name: m.name, Connected: m.branched()}
	for _, l := range m.layers {
		s.Rows = append(s.Rows, m.row(l))
	}
	for _, v := range m.Variables() {
		if v.Trainable() {
			add(&s.Trainable, v.v)
		} else {
			add(&s.NonTrainable, v.v)
		}
	}
	if m.compiled != nil && m.compiled.started {
		s.Optimizer = &summary.Weights{}
		for _, v := range m.compiled.optimizer {
			add(s.Optimizer, v)
		}
	}
	var o summary.Options
	if f, ok := w.(*os.File); ok && progress.IsTerminal(f) {
		o.Width = progress.Columns(f)
		o.Color = os.Getenv("NO_COLOR") == ""
	}
	return s.Write(w, o)
}

// branched says whether the network is more than a chain: Keras' summary then has the column
// "Connected to".
func (m *Model) branched() bool {
	if m.class == "Sequential" {
		return false
	}
	users := map[*Symbol]int{}
	calls := map[*made]int{}
	for _, c := range m.calls {
		calls[c.layer]++
		if len(c.in) > 1 || calls[c.layer] > 1 {
			return true
		}
		for _, x := range c.in {
			if users[x]++; users[x] > 1 {
				return true
			}
		}
	}
	return len(m.inputs) > 1 || len(m.outputs) > 1
}

// row is a layer's row in the summary.
func (m *Model) row(l *made) summary.Row {
	r := summary.Row{Name: l.name, Class: l.Class(), Params: l.CountParams(), Frozen: l.frozen}
	var last *call
	calls := map[*made][]*call{}
	for _, c := range m.calls {
		calls[c.layer] = append(calls[c.layer], c)
		if c.layer != l {
			continue
		}
		last = c
	}
	for _, c := range calls[l] {
		for _, x := range c.in {
			r.Inputs = append(r.Inputs, summary.Connection{
				Layer: x.call.layer.name, Node: slices.Index(calls[x.call.layer], x.call), Tensor: x.index,
			})
		}
	}
	var shapes []string
	for _, s := range last.out {
		shapes = append(shapes, summary.Shape(s.Shape()))
	}
	if r.OutputShape = strings.Join(shapes, ", "); len(shapes) > 1 {
		r.OutputShape = "[" + r.OutputShape + "]"
	}
	return r
}

func add(w *summary.Weights, v *graph.Variable) {
	n := v.Shape.Elements()
	w.Count += n
	w.Bytes += n * v.DType.Size()
}
