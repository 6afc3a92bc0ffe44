package lince

import (
	"bytes"
	"strings"
	"testing"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/tensor"
)

// A model from a graph without Keras layers predicts like the model that the graph came from. It can be trained and
// nested.
func TestFromGraph(t *testing.T) {
	from := trained(t)
	m, err := on(1).FromGraph(from.predict.graph, from.store)
	if err != nil {
		t.Fatal(err)
	}
	x, _ := bars(5)
	want := must(from.PredictBatch(x))
	if got := must(m.PredictBatch(x)); !bytes.Equal(got.Raw(), want.Raw()) {
		t.Errorf("predictions are %v, want %v", got.Float32s(), want.Float32s())
	}
	if m.CountParams() != from.CountParams() || m.InputNames()[0] != "input_layer" || len(m.Layers()) != 2 {
		t.Errorf("%d parameters, layers %v", m.CountParams(), layerNames(m))
	}
	var table bytes.Buffer
	if err := m.Summary(&table, SummaryOptions{}); err != nil || !strings.Contains(table.String(), "graph (Graph)") {
		t.Errorf("summary: %v\n%s", err, table.String())
	}
	if err := m.Compile(CompileOptions{Loss: loss.CategoricalCrossentropy{}}); err != nil {
		t.Fatal(err)
	}
	fit(t, m, barsData(12, 4, 1), FitOptions{})
	if bytes.Equal(must(m.PredictBatch(x)).Raw(), want.Raw()) {
		t.Error("the model has not learned")
	}
	if !bytes.Equal(must(from.PredictBatch(x)).Raw(), want.Raw()) {
		t.Error("the variables are not copies")
	}
	again := must(reopen(m))
	if got := must(again.PredictBatch(x)); !bytes.Equal(got.Raw(), must(m.PredictBatch(x)).Raw()) {
		t.Error("the model predicts otherwise after saving")
	}
	fit(t, m, barsData(12, 4, 1), FitOptions{})
	fit(t, again, barsData(12, 4, 1), FitOptions{})
	if !bytes.Equal(must(again.PredictBatch(x)).Raw(), must(m.PredictBatch(x)).Raw()) {
		t.Error("training differs after saving")
	}
	in := Input(layer.Input{Shape: []int{6, 6, 1}})
	whole := must(on(1).Functional(in, Apply(m, in).Then(layer.Dense{Units: 1})))
	if got := must(whole.PredictBatch(x)); !got.Shape().Equal(tensor.Shape{5, 1}) {
		t.Errorf("in another model: %v", got)
	}
}

func TestFromGraphMistakes(t *testing.T) {
	build := func(f func(b *graph.Builder) *graph.Value) (*graph.Graph, *graph.Store) {
		store := graph.NewStore()
		b := graph.NewBuilder(store, false)
		return must(b.Finish(graph.Output{Key: "y", Value: f(b)})), store
	}
	weight := func(b *graph.Builder) *graph.Value {
		return b.Variable(graph.Variable{Path: "w", Type: op.Type{DType: tensor.Float32, Shape: tensor.Shape{2}}})
	}
	for name, c := range map[string]struct {
		f    func(b *graph.Builder) *graph.Value
		want string
	}{
		"no inputs": {func(b *graph.Builder) *graph.Value { return b.Constant(tensor.Float32, 1) }, "got 0 and 1"},
		"no value":  {func(b *graph.Builder) *graph.Value { return b.Add(b.Input("x", tensor.Float32, -1, 2), weight(b)) }, "variable w has no value"},
		"scalar":    {func(b *graph.Builder) *graph.Value { return b.Input("x", tensor.Float32, -1) }, "must have shape (batch, ...)"},
		"an update": {func(b *graph.Builder) *graph.Value {
			w := weight(b)
			b.Assign(w, b.Scale(w, 2))
			return b.Add(b.Input("x", tensor.Float32, -1, 2), w)
		}, "it updates variables"},
	} {
		g, store := build(c.f)
		if _, err := on(1).FromGraph(g, store); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v", name, err)
		}
	}
	if _, err := FromGraph(nil, nil); err == nil {
		t.Error("of nothing: no error")
	}
}
