package lince

import (
	"io"
	"os"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/progress"
	"github.com/lince-ml/lince/internal/summary"
)

// Summary prints what the model is made of, as Keras' model.summary(): layers, shapes,
// parameters; those of the optimizer too, once it has made a step. A terminal's width and
// colours are used where w is one.
func (m *Model) Summary(w io.Writer) error {
	s := summary.Model{Name: m.name}
	for _, l := range m.layers {
		s.Rows = append(s.Rows, summary.Row{
			Name: l.Name, Class: l.Class, OutputShape: summary.Shape(l.Output), Params: l.CountParams(),
		})
		for _, v := range l.Variables {
			if v.Trainable() {
				add(&s.Trainable, v)
			} else {
				add(&s.NonTrainable, v)
			}
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

func add(w *summary.Weights, v *graph.Variable) {
	n := v.Shape.Elements()
	w.Count += n
	w.Bytes += n * v.DType.Size()
}
