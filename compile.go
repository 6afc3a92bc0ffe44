package lince

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lince-ml/lince/format/keras"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/backend"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/metric"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/tensor"
)

// Compile says how a model learns, and by what it is measured.
type Compile struct {
	Optimizer optimizer.Optimizer // nil is optimizer.RMSprop{}, as in Keras
	Loss      loss.Loss           // required
	// Metrics count every example alike.
	Metrics []metric.Metric
	// WeightedMetrics count an example by its sample weight and its class's.
	WeightedMetrics []metric.Metric
}

// compiled is a model made ready to train.
type compiled struct {
	config Compile
	target op.Type // of y

	train, evaluate backend.Program
	names           []string // of the values that both graphs return, sorted
	keys            []string // of Metrics, then of WeightedMetrics, in names
	measures        map[string]metric.Metric

	training, evaluation []*graph.Variable // what the metrics sum up in
	optimizer            []*graph.Variable // iteration, learning rate, slots
	started              bool              // a step was made, or the optimizer's state came from a file
}

// Compile makes the model ready for Fit and Evaluate: it builds one graph of a training
// step (forward, loss, gradients, optimizer, metrics) and one of an evaluation step. A
// model that was compiled before gets a new optimizer, without memory of the old one's
// steps; its weights stay. Nothing changes on an error, which tells every mistake.
func (m *Model) Compile(c Compile) error {
	if !m.fitting.TryLock() {
		return errors.New("compiling: the model is training")
	}
	defer m.fitting.Unlock()
	if m.predict.graph == nil {
		return errors.New("compiling: the model has no layers; Sequential or Open makes one")
	}
	if c.Loss == nil {
		return errors.New("compiling: there is no loss; set Loss, as in Compile{Loss: loss.CategoricalCrossentropy{}}")
	}
	if err := checkLoss(c.Loss, m.predict.graph.Outputs[0].Value); err != nil {
		return fmt.Errorf("compiling: %w", err)
	}
	return m.compile(c)
}

// compile is Compile without the checks that are a matter of taste.
func (m *Model) compile(c Compile) error {
	if c.Optimizer == nil {
		c.Optimizer = optimizer.RMSprop{}
	}
	c.Metrics, c.WeightedMetrics = slices.Clone(c.Metrics), slices.Clone(c.WeightedMetrics)
	n := &compiled{config: c, target: targetOf(c.Loss, m.predict.graph.Outputs[0].Value.Type)}
	if err := n.nameMetrics(); err != nil {
		return fmt.Errorf("compiling: %w", err)
	}
	// The graphs are built on a store of their own, so that a mistake leaves no trace.
	trial := graph.NewStore()
	for _, v := range m.Variables() {
		if _, err := trial.Declare(graph.Variable{Path: v.Path, Type: v.Type, Role: v.Role, Frozen: v.Frozen, Init: v.Init}); err != nil {
			return fmt.Errorf("compiling: %w", err)
		}
	}
	train, err := m.graphOf(n, trial, true)
	if err != nil {
		return err
	}
	evaluate, err := m.graphOf(n, trial, false)
	if err != nil {
		return err
	}
	if err := checkMemory(trial.Variables()); err != nil {
		return fmt.Errorf("compiling: %w", err)
	}
	for _, g := range []*graph.Graph{train, evaluate} {
		for _, node := range g.Nodes {
			err = errors.Join(err, m.backend.Supports(node))
		}
	}
	if err != nil {
		return fmt.Errorf("compiling for %s: %w", m.backend.Name(), err)
	}

	m.mu.Lock()
	defer m.mu.Unlock()
	m.forget()
	for _, v := range trial.Variables() {
		have, err := m.store.Declare(*v)
		if err != nil {
			return fmt.Errorf("compiling: %w", err)
		}
		switch first, _, _ := strings.Cut(v.Path, "/"); first {
		case optimizerPath:
			n.optimizer = append(n.optimizer, have)
		case metricsPath:
			n.training = append(n.training, have)
		case evaluationPath:
			n.evaluation = append(n.evaluation, have)
		}
	}
	m.store.Initialize(m.seed)
	if n.train, err = m.backend.Compile(train, m.store); err == nil {
		n.evaluate, err = m.backend.Compile(evaluate, m.store)
	}
	if err != nil {
		m.forget()
		return fmt.Errorf("compiling for %s: %w", m.backend.Name(), err)
	}
	m.compiled = n
	return nil
}

// forget undoes a Compile. What random layers remember is the model's, and stays.
func (m *Model) forget() {
	if c := m.compiled; c != nil {
		c.train.Close()
		c.evaluate.Close()
	}
	m.compiled = nil
	m.store.Remove(func(v *graph.Variable) bool {
		first, _, _ := strings.Cut(v.Path, "/")
		return first == optimizerPath || first == metricsPath || first == evaluationPath
	})
}

// Compiled returns how the model was compiled; ok is false when it was not.
func (m *Model) Compiled() (c Compile, ok bool) {
	if m.compiled == nil {
		return Compile{}, false
	}
	return m.compiled.config, true
}

// graphOf builds the graph of a training step, or of an evaluation step.
func (m *Model) graphOf(c *compiled, store *graph.Store, training bool) (*graph.Graph, error) {
	b := graph.NewBuilder(store, training)
	yPred := m.forward(b, false)
	yTrue := b.Input("y", c.target.DType, c.target.Shape...)
	weights := b.Input("sample_weight", yPred.DType, c.target.Shape[0])

	at := b.In("loss", "loss ("+c.config.Loss.Class()+")")
	losses := c.config.Loss.Build(at, yTrue, yPred)
	if losses != nil && losses.Valid() && losses.Rank() == 0 {
		losses = at.Errorf("the loss is one number; want one an example, shape (batch, ...)")
	}
	if losses == nil || !losses.Valid() {
		return nil, fmt.Errorf("compiling: %w", errors.Join(b.Err()))
	}
	// Keras' sum_over_batch_size: the weighted sum over the number of losses, not the
	// sum of the weights.
	each := weights
	if losses.Rank() > 1 {
		ones := slices.Repeat([]int{1}, losses.Rank())
		ones[0] = tensor.Unknown
		each = at.Reshape(weights, ones...)
	}
	losses = at.Mul(losses, each)
	if training {
		m.learn(b, c, at.Mean(losses))
	}

	path := evaluationPath
	if training {
		path = metricsPath
	}
	values := map[string]*graph.Value{
		"loss": metric.Mean(b.In(path+"/loss", "loss"), losses, nil),
	}
	for i, x := range slices.Concat(c.config.Metrics, c.config.WeightedMetrics) {
		var w *graph.Value
		if i >= len(c.config.Metrics) {
			w = weights
		}
		name := c.keys[i]
		values[name] = x.Build(b.In(path+"/"+name, "metric "+name), yTrue, yPred, w)
	}
	var outputs []graph.Output
	for _, name := range c.names {
		v := values[name]
		if v == nil || v.Valid() && v.Rank() != 0 {
			b.In("", "metric "+name).Errorf("want a scalar as the result")
		}
		outputs = append(outputs, graph.Output{Key: name, Value: v})
	}
	g, err := b.Finish(outputs...)
	if err != nil {
		return nil, fmt.Errorf("compiling: %w", err)
	}
	return g, nil
}

// learn adds the gradients and the optimizer.
func (m *Model) learn(b *graph.Builder, c *compiled, total *graph.Value) {
	var weights []*graph.Value
	for _, v := range m.Variables() {
		if v.Trainable() {
			weights = append(weights, b.Read(b.Store().Lookup(v.Path)))
		}
	}
	if len(weights) == 0 {
		return // there is still something to evaluate; Fit refuses
	}
	grads := graph.Grad(b, total, weights...)
	at := b.In(optimizerPath, "optimizer ("+c.config.Optimizer.Class()+")")
	for i, g := range grads {
		if g == nil {
			at.Errorf("the loss does not depend on %s; freeze its layer or take it out", weights[i].Node.Op.(op.Variable).Path)
			return
		}
	}
	c.config.Optimizer.Build(at, weights, grads)
}

// nameMetrics finds the names of what is measured. As in Keras, a weighted metric whose name
// is taken is weighted_accuracy, and others that are equal are numbered: accuracy_1.
func (c *compiled) nameMetrics() error {
	c.names = []string{"loss"}
	c.measures = map[string]metric.Metric{}
	count := map[string]int{}
	var errs []error
	for i, x := range slices.Concat(c.config.Metrics, c.config.WeightedMetrics) {
		if x == nil {
			errs = append(errs, fmt.Errorf("metric %d is nil", i))
			continue
		}
		name := metricName(x)
		if i >= len(c.config.Metrics) && count[name] > 0 {
			name = "weighted_" + name
		}
		if count[name]++; count[name] > 1 {
			name = fmt.Sprintf("%s_%d", name, count[name]-1)
		}
		if slices.Contains(c.names, name) {
			errs = append(errs, fmt.Errorf("metric %d: the name %q is taken; give it another", i, name))
		}
		if strings.Contains(name, "/") {
			errs = append(errs, fmt.Errorf("metric %d: its name %q has a slash", i, name))
		}
		c.names = append(c.names, name)
		c.keys = append(c.keys, name)
		c.measures[name] = x
	}
	slices.Sort(c.names)
	return errors.Join(errs...)
}

// metricName is the key of a metric in logs and histories.
func metricName(x metric.Metric) string {
	if name := x.Named(); name != "" {
		return name
	}
	return keras.SnakeCase(x.Class())
}

// targetOf is the type of the targets that a loss takes for outputs of a type: whole
// numbers for a sparse loss, else what the outputs are. A loss can say so itself, by a
// method Target(output op.Type) op.Type.
func targetOf(l loss.Loss, output op.Type) op.Type {
	if t, ok := l.(interface{ Target(op.Type) op.Type }); ok {
		return t.Target(output)
	}
	if strings.HasPrefix(l.Class(), "Sparse") && len(output.Shape) > 1 {
		return op.Type{DType: tensor.Int32, Shape: output.Shape[:len(output.Shape)-1].Clone()}
	}
	return op.Type{DType: output.DType, Shape: output.Shape.Clone()}
}

// checkLoss finds losses that cannot be meant with the network's last layer, though Keras
// would let them pass.
func checkLoss(l loss.Loss, output *graph.Value) error {
	class := l.Class()
	shape := output.Shape
	units := 1
	if len(shape) > 1 {
		units = shape[len(shape)-1]
	}
	categorical := class == "CategoricalCrossentropy" || class == "SparseCategoricalCrossentropy"
	logits, _ := l.Config()["from_logits"].(bool)
	last := ""
	for _, name := range []string{"Softmax", "Sigmoid", "Tanh", "ReLU"} {
		if output.Is(name) {
			last = strings.ToLower(name)
		}
	}
	switch {
	case last == "softmax" && units == 1:
		return errors.New("the last layer is a softmax of 1 unit, which is always 1; for two classes use 2 units, or 1 unit with layer.Sigmoid and loss.BinaryCrossentropy")
	case categorical && units == 1:
		return fmt.Errorf("%s of 1 unit is always 0; use a unit for each class with layer.Softmax, or loss.BinaryCrossentropy with layer.Sigmoid", class)
	case categorical && last == "sigmoid":
		return fmt.Errorf("%s of sigmoid outputs: the last layer's outputs must be one distribution over the classes; use layer.Softmax, or loss.BinaryCrossentropy where an example may be of several classes", class)
	case logits && (last == "softmax" || last == "sigmoid"):
		return fmt.Errorf("%s takes logits, but the last layer's activation is %s; leave out the activation, or FromLogits", class, last)
	case (categorical || class == "BinaryCrossentropy") && !logits && linear(output):
		return fmt.Errorf("%s takes probabilities, but the last layer has no activation; use layer.Softmax or layer.Sigmoid, or set FromLogits", class)
	case (categorical || class == "BinaryCrossentropy") && !logits && (last == "relu" || last == "tanh"):
		return fmt.Errorf("%s takes probabilities, but the last layer's activation is %s; use layer.Softmax or layer.Sigmoid, or set FromLogits and leave out the activation", class, last)
	}
	return nil
}

// rate is the optimizer's variable of the learning rate.
func (m *Model) rate() (*graph.Variable, error) {
	if m.compiled == nil {
		return nil, errors.New("the model is not compiled")
	}
	v := m.store.Lookup(optimizerPath + "/learning_rate")
	if v == nil {
		return nil, fmt.Errorf("the optimizer %s has no learning rate that can be set", m.compiled.config.Optimizer.Class())
	}
	return v, nil
}

// LearningRate is the optimizer's learning rate.
func (m *Model) LearningRate() (float64, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	v, err := m.rate()
	if err != nil {
		return 0, err
	}
	return float64(v.Value().Float32s()[0]), nil
}

// SetLearningRate changes the learning rate from the next step on.
func (m *Model) SetLearningRate(rate float64) error {
	if !(rate > 0) || rate > 1e30 {
		return fmt.Errorf("the learning rate is %v, want a number above 0", rate)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	v, err := m.rate()
	if err != nil {
		return err
	}
	return m.store.Set(v, tensor.Scalar(float32(rate)))
}
