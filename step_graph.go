package lince

import (
	"fmt"
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/metric"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/tensor"
)

// graphOf builds the graph of a training step or of an evaluation step. Its inputs are the model's inputs,
// then targets and example weights for each objective.
func (m *Model) graphOf(c *compiled, store *graph.Store, training bool) (*graph.Graph, error) {
	b := graph.NewBuilder(store, training)
	out := m.forward(b, nil, m.label, false)
	path := evaluationPath
	if training {
		path = metricsPath
	}
	of, total, each := m.losses(b, c, out)
	if of == nil {
		return nil, fmt.Errorf("compiling: %w", b.Err())
	}
	if p := m.penalty(b); p != nil && total != nil {
		total, each = b.Add(total, b.Cast(p, total.DType)), b.Add(each, b.Cast(p, each.DType))
	}
	if training {
		m.learn(b, c, total)
	}
	values := c.results(b, path, of, each)
	var outputs []graph.Output
	for _, name := range c.names {
		v := values[name]
		if v == nil || v.Valid() && v.Rank() != 0 {
			b.In("", "metric "+name).Errorf("the result must be a scalar")
		}
		outputs = append(outputs, graph.Output{Key: name, Value: v})
	}
	g, err := b.Finish(outputs...)
	if err != nil {
		return nil, fmt.Errorf("compiling: %w", err)
	}
	return g, nil
}

// operands are what the metrics of an objective are computed from.
type operands struct{ yTrue, yPred, weights, losses *graph.Value }

// losses adds the losses of all objectives, and inputs for their targets and weights. each is the sum of the losses of
// all objectives for each example, and total is its mean over the batch. Both are nil if there is no loss. of is nil if
// a loss has a mistake.
func (m *Model) losses(b *graph.Builder, c *compiled, out []*graph.Value) (of []operands, total, each *graph.Value) {
	of = make([]operands, len(c.objectives))
	for i, o := range c.objectives {
		key := ""
		if o.prefix != "" {
			key = "/" + o.name
		}
		v := &of[i]
		v.yPred = out[o.output]
		v.yTrue = b.Input("y"+key, o.target.DType, o.target.Shape...)
		v.weights = b.Input("sample_weight"+key, v.yPred.DType, o.target.Shape[0])
		if o.Loss == nil {
			continue
		}
		at := b.In("loss"+key, o.place("loss ("+loss.ClassOf(o.Loss)+")"))
		before := b.Mistakes()
		v.losses = weighted(at, o.Loss.Build(at, v.yTrue, v.yPred), v.weights)
		if v.losses == nil || !v.losses.Valid() {
			if b.Mistakes() == before {
				at.Errorf("Build returned no valid value, and no error; call Errorf to report what is wrong")
			}
			return nil, nil, nil
		}
		mean, examples := at.Mean(v.losses), v.losses
		if o.prefix != "" && examples.Rank() > 1 { // losses of different outputs may differ in rank
			examples = at.Mean(examples, axesFrom(1, examples.Rank())...)
		}
		if w := o.LossWeight; w != nil {
			mean, examples = at.Scale(mean, *w), at.Scale(examples, *w)
		}
		if total != nil {
			mean, examples = at.Add(total, mean), at.Add(each, examples)
		}
		total, each = mean, examples
	}
	return of, total, each
}

// penalty returns the sum of the losses that layers have added and of the penalties of the regularizers of the trained
// weights, a scalar. It is nil if there are none.
func (m *Model) penalty(b *graph.Builder) *graph.Value {
	penalties := slices.Clone(b.Losses())
	for _, v := range m.trained(b) {
		if v.Regularizer == nil {
			continue
		}
		at := b.In("", "regularizer of "+v.Path)
		before := b.Mistakes()
		p := v.Regularizer.Penalty(at, b.Read(v))
		if wantValue(at, before, p, op.Type{DType: v.DType, Shape: tensor.Shape{}}) {
			penalties = append(penalties, p)
		}
	}
	var sum *graph.Value
	for _, p := range penalties {
		if sum == nil {
			sum = p
		} else {
			sum = b.Add(sum, b.Cast(p, sum.DType))
		}
	}
	return sum
}

// trained returns the variables that training changes.
func (m *Model) trained(b *graph.Builder) []*graph.Variable {
	var list []*graph.Variable
	for _, v := range m.vars() {
		if v = b.Store().Find(v); v.Trainable() {
			list = append(list, v)
		}
	}
	return list
}

// wantValue reports whether v, the result of a regularizer or a constraint, has the type want. If not, it reports the
// mistake to at. before is the number of mistakes before v was computed.
func wantValue(at *graph.Builder, before int, v *graph.Value, want op.Type) bool {
	switch {
	case v != nil && v.Valid() && v.Equal(want):
		return true
	case v != nil && v.Valid():
		at.Errorf("the result is %v, want %v", v.Type, want)
	case at.Mistakes() == before:
		at.Errorf("there is no valid result, and no error; call Errorf to report what is wrong")
	}
	return false
}

// constraints returns a graph that applies the constraints of the weights that training updates. It is nil if there are
// none. It is a separate graph, because the values in the training graph are those from before the update.
func (m *Model) constraints(c *compiled, store *graph.Store) (*graph.Graph, error) {
	b := graph.NewBuilder(store, true)
	any := false
	for _, v := range c.updated {
		if v.Constraint == nil {
			continue
		}
		any = true
		at := b.In("", "constraint of "+v.Path)
		w, before := b.Read(v), b.Mistakes()
		if p := v.Constraint.Project(at, w); wantValue(at, before, p, w.Type) {
			b.Assign(w, p)
		}
	}
	g, err := b.Finish()
	if err != nil {
		return nil, fmt.Errorf("compiling: %w", err)
	}
	if !any {
		return nil, nil
	}
	return g, nil
}

// results adds the means of the losses, and the metrics, with variables under path. It returns them by their names in logs.
func (c *compiled) results(b *graph.Builder, path string, of []operands, each *graph.Value) map[string]*graph.Value {
	values := map[string]*graph.Value{}
	if each != nil {
		values["loss"] = metric.Mean(b.In(path+"/loss", "loss"), each, nil)
	}
	for i, o := range c.objectives {
		if o.Loss != nil && c.lossCount() > 1 {
			name := o.prefix + "loss"
			values[name] = metric.Mean(b.In(path+"/"+name, o.place("loss")), of[i].losses, nil)
		}
		for j, x := range slices.Concat(o.Metrics, o.WeightedMetrics) {
			var w *graph.Value
			if j >= len(o.Metrics) {
				w = of[i].weights
			}
			name := o.keys[j]
			values[name] = x.Build(b.In(path+"/"+name, "metric "+name), of[i].yTrue, of[i].yPred, w)
		}
	}
	return values
}

// weighted multiplies losses by the weights of their examples. Keras' sum_over_batch_size divides the
// weighted sum by the number of losses, not by the sum of the weights.
func weighted(at *graph.Builder, losses, weights *graph.Value) *graph.Value {
	if losses != nil && losses.Valid() && losses.Rank() == 0 {
		return at.Errorf("the loss is a scalar; want one value for each example, shape (batch, ...)")
	}
	if losses == nil || !losses.Valid() {
		return losses
	}
	if losses.Rank() > 1 {
		ones := slices.Repeat([]int{1}, losses.Rank())
		ones[0] = tensor.Unknown
		weights = at.Reshape(weights, ones...)
	}
	return at.Mul(losses, weights)
}

// axesFrom returns the axes first, first+1, ..., rank-1.
func axesFrom(first, rank int) []int {
	var axes []int
	for a := first; a < rank; a++ {
		axes = append(axes, a)
	}
	return axes
}

// learn adds the gradients and the optimizer's updates.
func (m *Model) learn(b *graph.Builder, c *compiled, total *graph.Value) {
	trained := m.trained(b)
	weights := make([]*graph.Value, len(trained))
	for i, v := range trained {
		weights[i] = b.Read(v)
	}
	if len(weights) == 0 {
		return // the model can still be evaluated; Fit returns an error
	}
	grads := graph.Grad(b, total, weights...)
	for i, v := range trained {
		if grads[i] != nil {
			c.updated = append(c.updated, v)
		}
	}
	at := b.In(optimizerPath, "optimizer ("+optimizer.ClassOf(c.config.Optimizer)+")")
	c.config.Optimizer.Build(at, weights, grads)
}
