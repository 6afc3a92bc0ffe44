package lince

import (
	"io"
	"os"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/progress"
	"github.com/lince-ml/lince/internal/summary"
)

// SummaryOptions is how to print a model's summary. The zero value is Keras' default.
type SummaryOptions struct {
	ExpandNested  bool      // show the layers of models that are layers
	ShowTrainable bool      // a column that says which layers are trained: Y, N, or - for no weights
	LineLength    int       // width of the table in columns; 0 is the terminal's, at most 88 (108 with "Connected to")
	Positions     []float64 // fractions of the width at which the columns end; nil is Keras' default
}

// Summary prints what the model is made of, as Keras' model.summary(): layers, shapes,
// parameters, and what each layer is connected to where the model is no chain; the parameters
// of the optimizer too, once it has made a step. A terminal's width and colours are used where
// w is one.
func (m *Model) Summary(w io.Writer, o SummaryOptions) error {
	s := summary.Model{Name: m.name, Connected: !m.chain, Rows: m.rows()}
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
	how := summary.Options{
		ExpandNested: o.ExpandNested, ShowTrainable: o.ShowTrainable, LineLength: o.LineLength, Positions: o.Positions,
	}
	if f, ok := w.(*os.File); ok && progress.IsTerminal(f) {
		how.Width = progress.Columns(f)
		how.Color = os.Getenv("NO_COLOR") == ""
	}
	return s.Write(w, how)
}

// rows are the layers' rows in the summary.
func (m *Model) rows() []summary.Row {
	calls, node := nodes(m.calls)
	var rows []summary.Row
	for _, l := range m.layers {
		r := summary.Row{Name: l.name, Class: l.Class(), Params: l.CountParams(), Frozen: l.frozen}
		for _, c := range calls[l] {
			for _, x := range c.in {
				r.Inputs = append(r.Inputs, summary.Connection{Layer: x.call.layer.name, Node: node[x.call], Tensor: x.index})
			}
		}
		var shapes [][]int
		for _, s := range calls[l][len(calls[l])-1].out {
			shapes = append(shapes, s.Shape())
		}
		r.OutputShape = summary.Shapes(shapes...)
		if inner := l.Model(); inner != nil {
			r.Nested = inner.rows()
		}
		rows = append(rows, r)
	}
	return rows
}

func add(w *summary.Weights, v *graph.Variable) {
	n := v.Shape.Elements()
	w.Count += n
	w.Bytes += n * v.DType.Size()
}
