package lince

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/config"
	"github.com/lince-ml/lince/internal/progress"
	"github.com/lince-ml/lince/internal/summary"
	"github.com/lince-ml/lince/tensor"
)

// SummaryOptions configures Model.Summary. The zero value is Keras' default.
type SummaryOptions struct {
	// ExpandNested also prints the layers of nested models (expand_nested).
	ExpandNested bool
	// ShowTrainable adds a column: Y for a trainable layer, N for a frozen layer, - for a layer without weights
	// (show_trainable).
	ShowTrainable bool
	// Ops prints the ops of the graph that computes predictions instead of the layers: the layer that added each, the op, the
	// shape of its result, and the parameters that it is the first to use. Keras has no such table. It shows what is
	// in a model without layers, such as one from an ONNX file.
	Ops bool
	// LineLength is the width of the table in columns (line_length). The default is the terminal's width minus 4, and
	// 76 if w is not a terminal. The default is at most 88, or 108 with the column "Connected to".
	LineLength int
	// Positions are the fractions of the width at which the columns end (positions). The default is Keras'.
	Positions []float64
	// LayerRange limits the table to the layers from the first whose name matches LayerRange[0] to the last whose name
	// matches LayerRange[1] (layer_range). Both are names, or regular expressions for the beginning of a name. The
	// counts of parameters are still those of the whole model. The default is all layers.
	LayerRange [2]string
}

// Summary prints a table of the model's layers with their output shapes and parameters, as Keras'
// model.summary() does. If the model is not a chain of layers, a column shows what each layer is connected
// to. After the first training step, the optimizer's parameters are listed too. If w is a terminal, the table
// has its width and colors; NO_COLOR turns colors off.
func (m *Model) Summary(w io.Writer, o SummaryOptions) error {
	all := m.rows
	if o.Ops {
		all = m.opRows
	}
	rows, err := inRange(all(), o.LayerRange)
	if err != nil {
		return fmt.Errorf("summary: %w", err)
	}
	s := summary.Model{Name: m.name, Connected: !m.chain && !o.Ops, Rows: rows}
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

// inRange returns the rows of SummaryOptions.LayerRange.
func inRange(rows []summary.Row, names [2]string) ([]summary.Row, error) {
	if names == [2]string{} {
		return rows, nil
	}
	var ends [2][]int // the rows whose names match
	for i, name := range names {
		match, err := regexp.Compile("^(?:" + name + ")")
		if err != nil {
			return nil, fmt.Errorf("LayerRange: %w", err)
		}
		for k, r := range rows {
			if match.MatchString(r.Name) {
				ends[i] = append(ends[i], k)
			}
		}
		if ends[i] == nil {
			return nil, fmt.Errorf("LayerRange: no layer has a name that matches %q", name)
		}
	}
	from, to := slices.Min(ends[0]), slices.Max(ends[1])
	if from > to { // the names are in the opposite order
		from, to = slices.Min(ends[1]), slices.Max(ends[0])
	}
	return rows[from : to+1], nil
}

// rows returns the layers' rows in the summary.
func (m *Model) rows() []summary.Row {
	calls, node := nodes(m.calls)
	var rows []summary.Row
	for _, l := range m.layers {
		r := summary.Row{Name: l.name, Class: config.PythonName(l.Class()), Params: l.CountParams(), Frozen: l.frozen}
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

// OpInfo describes an op of a model's prediction graph.
type OpInfo struct {
	Layer     string         // the path of the layer that added it, or the name of an input
	Op        string         // its name, such as "Conv2D"
	Shapes    []tensor.Shape // of its results, without those after the first that nothing uses
	Params    int            // of the variables that it is the first to use
	Trainable bool           // one of these variables is trained
}

// Ops lists the ops that compute predictions, in an order in which they can run. Variables and constants are not listed.
func (m *Model) Ops() []OpInfo {
	if m.predict.graph == nil { // a model without layers
		return nil
	}
	alone := ""
	if hidden := m.layers[len(m.layers)-1]; isGraph(hidden) && m.only(hidden) { // its name says nothing
		alone = hidden.name + "/"
	}
	used := map[*graph.Value]bool{}
	for _, n := range m.predict.graph.Nodes {
		for _, x := range n.In {
			used[x] = true
		}
	}
	for _, out := range m.predict.graph.Outputs {
		used[out.Value] = true
	}
	met := map[string]bool{}
	var list []OpInfo
	for _, n := range m.predict.graph.Nodes {
		o := OpInfo{Layer: strings.TrimPrefix(n.Layer, alone), Op: n.Op.Name()}
		switch x := n.Op.(type) {
		case op.Variable, op.Const:
			continue
		case op.Input:
			o.Layer = x.Key
		}
		for _, x := range n.In {
			v, ok := x.Node.Op.(op.Variable)
			if !ok || met[v.Path] {
				continue
			}
			met[v.Path] = true
			o.Params += x.Shape.Elements()
			o.Trainable = o.Trainable || m.base.Lookup(v.Path).Trainable()
		}
		for i, v := range n.Out {
			if i == 0 || used[v] { // the argmax of a pool is for its gradient
				o.Shapes = append(o.Shapes, v.Shape.Clone())
			}
		}
		list = append(list, o)
	}
	return list
}

// isGraph reports whether a layer is a whole graph, such as an ONNX model.
func isGraph(l *layerInstance) bool {
	_, ok := l.config.(graphLayer)
	return ok
}

// only reports whether the model has no other layer than l that computes something.
func (m *Model) only(l *layerInstance) bool {
	return !slices.ContainsFunc(m.calls, func(c *call) bool { return c.layer != l && len(c.in) > 0 })
}

func (m *Model) opRows() []summary.Row {
	var rows []summary.Row
	for _, o := range m.Ops() {
		var shapes [][]int
		for _, s := range o.Shapes {
			shapes = append(shapes, s)
		}
		if strings.ContainsFunc(o.Layer, unprintable) { // names in a file may be anything
			o.Layer = strconv.Quote(o.Layer)
		}
		rows = append(rows, summary.Row{Name: o.Layer, Class: o.Op, OutputShape: summary.Shapes(shapes...), Params: o.Params, Frozen: !o.Trainable})
	}
	return rows
}

func add(w *summary.Weights, v *graph.Variable) {
	n := v.Shape.Elements()
	w.Count += n
	w.Bytes += n * v.DType.Size()
}
