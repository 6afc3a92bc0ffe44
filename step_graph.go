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
	of, total := m.losses(b, c, out)
	if of == nil {
		return nil, fmt.Errorf("compiling: %w", b.Err())
	}
	if p := m.penalty(b); p != nil && total != nil {
		total = b.Add(total, b.Cast(p, total.DType))
	}
	if training {
		m.learn(b, c, total)
	} else {
		c.outputs = out
	}
	values := c.results(b, path, of, total)
	c.sizes = make([]tensor.Shape, len(c.names))
	var outputs []graph.Output
	for i, name := range c.names {
		v := values[name]
		switch {
		case v == nil || v.Valid() && (v.Rank() > 1 || !v.Shape.Known()):
			b.In("", "metric "+name).Errorf("the result must be a scalar, or a vector of known size")
		case v.Valid():
			c.sizes[i] = v.Shape
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
type operands struct {
	yTrue, yPred, weights *graph.Value
	loss                  *graph.Value // the reduced loss; nil if there is none
}

// losses adds the losses of all objectives, and inputs for their targets and weights. total is the sum of the reduced
// losses, a scalar except with loss.None; it is nil if there is no loss. of is nil if a loss has a mistake.
func (m *Model) losses(b *graph.Builder, c *compiled, out []*graph.Value) (of []operands, total *graph.Value) {
	of = make([]operands, len(c.objectives))
	for i := range c.objectives {
		o, v := &c.objectives[i], &of[i]
		key := ""
		if o.prefix != "" {
			key = "/" + o.name
		}
		v.yPred = out[o.output]
		v.yTrue = b.Input("y"+key, o.target.DType, o.target.Shape...)
		var each *graph.Value
		at := b.In("loss"+key, o.place("loss"))
		if o.Loss != nil {
			at = b.In("loss"+key, o.place("loss ("+loss.ClassOf(o.Loss)+")"))
			before := b.Mistakes()
			each = o.Loss.Build(at, v.yTrue, v.yPred)
			if each == nil || !each.Valid() {
				if b.Mistakes() == before {
					at.Errorf("Build returned no valid value, and no error; call Errorf to report what is wrong")
				}
				return nil, nil
			}
		}
		o.takeWeights(each, v.yPred)
		v.weights = b.Input("sample_weight"+key, v.yPred.DType, o.weights...)
		if o.Loss == nil {
			continue
		}
		weights := v.weights
		if o.unweighted {
			weights = nil
		}
		v.loss = loss.Reduce(at, o.Loss, v.yTrue, v.yPred, each, weights)
		scaled := v.loss
		if w := o.LossWeight; w != nil {
			scaled = at.Scale(scaled, *w)
		}
		if total != nil {
			scaled = at.Add(total, scaled)
		}
		total = scaled
	}
	return of, total
}

// takeWeights sets the shape of the objective's example weights. There may be a weight for each number of the loss, but
// usually each example has one: the dimensions after the batch are then 1. each is the loss, nil if there is none.
func (o *objective) takeWeights(each, yPred *graph.Value) {
	o.weights, o.unweighted, o.each = tensor.Shape{yPred.Shape[0]}, false, nil
	switch {
	case each == nil:
	case each.Rank() > 0 && each.Shape[0] == yPred.Shape[0]:
		o.each = each.Shape
		for range each.Rank() - 1 {
			o.weights = append(o.weights, tensor.Unknown)
		}
	case each.Rank() > 0, slices.Contains([]loss.Reduction{loss.Sum, loss.None}, loss.ReductionOf(o.Loss)):
		o.unweighted = true // the loss of the whole batch
	}
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
func constraints(updated []*graph.Variable, store *graph.Store) (*graph.Graph, error) {
	b := graph.NewBuilder(store, true)
	any := false
	for _, v := range updated {
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
func (c *compiled) results(b *graph.Builder, path string, of []operands, total *graph.Value) map[string]*graph.Value {
	values := map[string]*graph.Value{}
	if total != nil {
		values["loss"] = metric.BatchMean(b.In(path+"/loss", "loss"), total, of[0].yPred)
	}
	for i, o := range c.objectives {
		if o.Loss != nil && c.lossCount() > 1 {
			name := o.prefix + "loss"
			values[name] = metric.BatchMean(b.In(path+"/"+name, o.place("loss")), of[i].loss, of[i].yPred)
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
	if total.Valid() && total.Rank() > 0 { // as in Keras, loss.None minimizes the sum
		total = b.Sum(total)
	}
	at := b.In(optimizerPath, "optimizer ("+optimizer.ClassOf(c.config.Optimizer)+")")
	total = optimizer.ScaleLoss(at, c.config.Optimizer, total)
	grads := graph.Grad(b, total, weights...)
	for i, v := range trained {
		if grads[i] != nil {
			c.updated = append(c.updated, v)
		}
	}
	c.config.Optimizer.Build(at, weights, grads)
}
