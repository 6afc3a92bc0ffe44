package lince

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/lince-ml/lince/format/keras"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/backend"
	"github.com/lince-ml/lince/internal/suggest"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/metric"
	"github.com/lince-ml/lince/optimizer"
)

// CompileOptions says how a model learns, and by what it is measured.
type CompileOptions struct {
	Optimizer optimizer.Optimizer // nil is optimizer.RMSprop{}, as in Keras
	// Loss is required, but for what Outputs says. Of a model of several outputs it is the
	// loss of each that Outputs does not name.
	Loss loss.Loss
	// Metrics count every example alike. A model of several outputs has them in Outputs.
	Metrics []metric.Metric
	// WeightedMetrics count an example by its sample weight and its class's.
	WeightedMetrics []metric.Metric
	// Outputs says for outputs of a model, by their names (Model.OutputNames), what each learns
	// and is measured by: Keras' loss, loss_weights and metrics as dicts.
	Outputs map[string]Objective
}

// Objective is what one output of a model learns, and is measured by.
type Objective struct {
	Loss            loss.Loss       // nil: Compile.Loss; where there is none either the output has no loss
	LossWeight      *float64        // the factor of the loss in the sum of losses; nil is 1
	Metrics         []metric.Metric // as Compile.Metrics
	WeightedMetrics []metric.Metric // as Compile.WeightedMetrics
}

// objective is an Objective made ready.
type objective struct {
	Objective
	output int      // number of the output
	name   string   // of the output
	prefix string   // of its values' names in logs: "" where there is one output
	target op.Type  // of the targets
	keys   []string // of Metrics, then of WeightedMetrics, in compiled.names
}

// compiled is a model made ready to train.
type compiled struct {
	config     CompileOptions
	objectives []objective // one for each output that has targets
	trained    []bool      // of all layers, as they were

	train, evaluate backend.Program
	names           []string // of the values that both graphs return, sorted
	measures        map[string]metric.Metric

	training, evaluation []*graph.Variable // what the metrics sum up in
	optimizer            []*graph.Variable // iteration, learning rate, slots
	started              bool              // a step was made, or the optimizer's state came from a file
}

// Compile makes the model ready for Fit and Evaluate: it builds one graph of a training
// step (forward, loss, gradients, optimizer, metrics) and one of an evaluation step. A
// model that was compiled before gets a new optimizer, without memory of the old one's
// steps; its weights stay. Nothing changes on an error, which tells every mistake.
func (m *Model) Compile(c CompileOptions) error {
	if !m.fitting.TryLock() {
		return errors.New("compiling: the model is training")
	}
	defer m.fitting.Unlock()
	if err := m.passedOverError(); err != nil {
		return fmt.Errorf("compiling: %w", err)
	}
	if m.predict.graph == nil {
		return errors.New("compiling: the model has no layers; Sequential, Functional or Open makes one")
	}
	objectives, err := m.objectives(c)
	if err == nil {
		err = errors.Join(wantLoss(objectives), m.checkLosses(objectives))
	}
	if err != nil {
		return fmt.Errorf("compiling: %w", err)
	}
	return m.compile(c)
}

// checkLosses is checkLoss for each output.
func (m *Model) checkLosses(objectives []objective) error {
	var errs []error
	for _, o := range objectives {
		if o.Loss != nil {
			errs = append(errs, o.of(m.checkLoss(o.Loss, m.outputs[o.output])))
		}
	}
	return errors.Join(errs...)
}

// of says of which output an error is, where there are several.
func (o objective) of(err error) error {
	if err == nil || o.prefix == "" {
		return err
	}
	return fmt.Errorf("output %s: %w", o.name, err)
}

// objectives puts what is said for each output in the order of the outputs.
func (m *Model) objectives(c CompileOptions) ([]objective, error) {
	names := m.OutputNames()
	var errs []error
	isOutput := map[string]bool{}
	for _, name := range names {
		isOutput[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(c.Outputs)) {
		if !isOutput[name] {
			errs = append(errs, fmt.Errorf("Outputs has %q, which is no output%s; there are %s", name, suggest.Hint(name, names), strings.Join(names, ", ")))
		}
	}
	if len(names) > 1 && len(c.Metrics)+len(c.WeightedMetrics) > 0 {
		errs = append(errs, fmt.Errorf("the model has the outputs %s; say in Outputs which of them each metric is of", strings.Join(names, ", ")))
	}
	var list []objective
	for i, name := range names {
		o := objective{Objective: c.Outputs[name], output: i, name: name}
		if o.Loss == nil {
			o.Loss = c.Loss
		}
		if len(names) == 1 {
			o.Metrics = slices.Concat(c.Metrics, o.Metrics)
			o.WeightedMetrics = slices.Concat(c.WeightedMetrics, o.WeightedMetrics)
		} else {
			o.prefix = name + "_"
		}
		if w := o.LossWeight; w != nil && !(*w >= 0 && *w <= math.MaxFloat32) {
			errs = append(errs, o.of(fmt.Errorf("LossWeight is %v, want a number of at least 0", *w)))
		}
		o.target = m.predict.graph.Outputs[i].Value.Type
		if o.Loss != nil {
			o.target = o.Loss.Target(o.target)
		}
		if o.Loss != nil || len(o.Metrics)+len(o.WeightedMetrics) > 0 {
			list = append(list, o)
		}
	}
	return list, errors.Join(errs...)
}

// wantLoss says that no output has a loss.
func wantLoss(objectives []objective) error {
	for _, o := range objectives {
		if o.Loss != nil {
			return nil
		}
	}
	return errors.New("there is no loss; set Loss, as in Compile{Loss: loss.CategoricalCrossentropy{}}")
}

// compileKnown compiles the model as far as a file says in words that are known: without an
// optimizer, or without any loss, for evaluation alone.
func (m *Model) compileKnown(c CompileOptions) error {
	if len(m.unknown) == 0 {
		return m.compile(c)
	}
	return m.compileFor(c, false)
}

// compile is Compile without checkLoss, which refuses what Keras would let pass.
func (m *Model) compile(c CompileOptions) error {
	if c.Optimizer == nil {
		c.Optimizer = optimizer.RMSprop{}
	}
	if err := m.compileFor(c, true); err != nil {
		return err
	}
	m.unknown, m.doubts, m.state = nil, nil, nil
	return nil
}

// compileFor compiles the model for evaluation, and with training for that too.
func (m *Model) compileFor(c CompileOptions, training bool) error {
	c.Metrics, c.WeightedMetrics, c.Outputs = slices.Clone(c.Metrics), slices.Clone(c.WeightedMetrics), maps.Clone(c.Outputs)
	n := &compiled{config: c, trained: m.flags()}
	var err error
	if n.objectives, err = m.objectives(c); err != nil {
		return fmt.Errorf("compiling: %w", err)
	}
	switch err := wantLoss(n.objectives); {
	case err != nil && training:
		return fmt.Errorf("compiling: %w", err)
	case len(n.objectives) == 0:
		return fmt.Errorf("compiling: %w", errNothing)
	}
	if err := n.nameMetrics(); err != nil {
		return fmt.Errorf("compiling: %w", err)
	}
	// The graphs are built on a new store, which shares the layers' variables: a mistake
	// leaves no trace.
	store := graph.NewStore()
	for _, v := range m.store.Variables() {
		if first, _, _ := strings.Cut(v.Path, "/"); first == generatorPath {
			if _, err := store.Share(v.Path, v); err != nil {
				return fmt.Errorf("compiling: %w", err)
			}
		}
	}
	var graphs []*graph.Graph
	for _, train := range []bool{true, false} {
		if train && !training {
			continue
		}
		g, err := m.graphOf(n, store, train)
		if err != nil {
			return err
		}
		graphs = append(graphs, g)
	}
	if err := checkMemory(store.Variables()); err != nil {
		return fmt.Errorf("compiling: %w", err)
	}
	for _, g := range graphs {
		for _, node := range g.Nodes {
			err = errors.Join(err, m.backend.Supports(node))
		}
	}
	if err != nil {
		return fmt.Errorf("compiling for %s: %w", m.backend.Name(), err)
	}
	store.Initialize(m.seed)
	var programs []backend.Program
	for _, g := range graphs {
		p, err := m.backend.Compile(g, store)
		if err != nil {
			for _, p := range programs {
				p.Close()
			}
			return fmt.Errorf("compiling for %s: %w", m.backend.Name(), err)
		}
		programs = append(programs, p)
	}
	n.evaluate = programs[len(programs)-1]
	if training {
		n.train = programs[0]
	}
	for _, v := range store.Variables() {
		switch first, _, _ := strings.Cut(v.Path, "/"); first {
		case optimizerPath:
			n.optimizer = append(n.optimizer, v)
		case metricsPath:
			n.training = append(n.training, v)
		case evaluationPath:
			n.evaluation = append(n.evaluation, v)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if old := m.compiled; old != nil {
		old.close()
	}
	m.compiled, m.store = n, store
	return nil
}

// errNothing says that no output has a loss or a metric.
var errNothing = errors.New("there is nothing to measure")

// close gives the programs' memory back.
func (c *compiled) close() {
	if c.train != nil {
		c.train.Close()
	}
	c.evaluate.Close()
}

// readyToTrain says what keeps the model from being trained.
func (m *Model) readyToTrain() error {
	switch {
	case len(m.unknown) > 0:
		return m.unknownError()
	case m.passedOverError() != nil:
		return m.passedOverError()
	case m.compiled == nil:
		return errors.New("the model is not compiled; call Compile first")
	case m.stale():
		return errors.New("layers were frozen or unfrozen since the model was compiled; call Compile again")
	}
	return nil
}

// flags says of each layer, and of those in models that are layers, whether it is trained.
func (m *Model) flags() []bool {
	var flags []bool
	for _, l := range m.layers {
		flags = append(flags, !l.frozen)
		if inner := l.Model(); inner != nil {
			flags = append(flags, inner.flags()...)
		}
	}
	return flags
}

// stale says that layers were frozen or unfrozen since the model was compiled.
func (m *Model) stale() bool { return !slices.Equal(m.compiled.trained, m.flags()) }

// Compiled returns how the model was compiled; ok is false when it was not.
func (m *Model) Compiled() (c CompileOptions, ok bool) {
	if m.compiled == nil {
		return CompileOptions{}, false
	}
	return m.compiled.config, true
}

// known says whether the loss is one of package loss, of which messages can say more.
func (o objective) known() bool {
	return o.Loss != nil && slices.Contains(loss.Classes(), o.Loss.Class())
}

// place names something of an output for messages.
func (o objective) place(what string) string {
	if o.prefix == "" {
		return what
	}
	return what + " of the output " + o.name
}

// nameMetrics finds the names of what is measured. As in Keras, a weighted metric whose name
// is taken is weighted_accuracy, and others that are equal are numbered: accuracy_1.
func (c *compiled) nameMetrics() error {
	c.measures = map[string]metric.Metric{}
	losses := 0
	for _, o := range c.objectives {
		if o.Loss != nil {
			losses++
		}
	}
	if losses > 0 {
		c.names = []string{"loss"}
	}
	if losses > 1 {
		for _, o := range c.objectives {
			if o.Loss != nil {
				c.names = append(c.names, o.prefix+"loss")
			}
		}
	}
	taken := map[string]bool{}
	for _, name := range c.names {
		taken[name] = true
	}
	var errs []error
	for k := range c.objectives {
		o := &c.objectives[k]
		count := map[string]int{}
		for i, x := range slices.Concat(o.Metrics, o.WeightedMetrics) {
			if x == nil {
				errs = append(errs, o.of(fmt.Errorf("metric %d is nil", i)))
				continue
			}
			name := metricName(x)
			if i >= len(o.Metrics) && count[name] > 0 {
				name = "weighted_" + name
			}
			if count[name]++; count[name] > 1 {
				name = fmt.Sprintf("%s_%d", name, count[name]-1)
			}
			name = o.prefix + name
			if taken[name] {
				errs = append(errs, o.of(fmt.Errorf("metric %d: the name %q is taken; give it another", i, name)))
			}
			if strings.Contains(name, "/") {
				errs = append(errs, o.of(fmt.Errorf("metric %d: its name %q has a slash", i, name)))
			}
			taken[name] = true
			c.names = append(c.names, name)
			o.keys = append(o.keys, name)
			c.measures[name] = x
		}
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

// finalActivation is the activation function that an output's values went through, if that is
// known.
func (n *network) finalActivation(s *Symbol) (f layer.Function, known bool) {
	for s.call != nil {
		l := s.call.layer
		switch {
		case l.Model() != nil:
			return l.Model().finalActivation(l.Model().outputs[s.index])
		case l.config == nil || len(s.call.in) != 1:
			return "", false
		case !layer.PassesThrough(l.config):
			return layer.FinalActivation(l.config)
		}
		s = s.call.in[0]
	}
	return "", false
}

// checkLoss finds losses that cannot be meant with the network's last layer, though Keras
// would let them pass.
func (m *Model) checkLoss(l loss.Loss, output *Symbol) error {
	class, takes := l.Class(), l.Takes()
	shape := output.Shape()
	units := 1
	if len(shape) > 1 {
		units = shape[len(shape)-1]
	}
	last, known := m.finalActivation(output)
	probabilities := takes.Of != loss.Numbers && !takes.Logits
	logits := "" // what else could be meant, where the loss is one that has the field
	if slices.Contains(loss.Classes(), class) {
		logits = ", or set FromLogits"
	}
	switch {
	case last == layer.Softmax && units == 1:
		return errors.New("the last layer is a softmax of 1 unit, which is always 1; for two classes use 2 units, or 1 unit with layer.Sigmoid and loss.BinaryCrossentropy")
	case takes.Of == loss.Distribution && units == 1:
		return fmt.Errorf("%s of 1 unit is always 0; use a unit for each class with layer.Softmax, or loss.BinaryCrossentropy with layer.Sigmoid", class)
	case takes.Of == loss.Distribution && last == layer.Sigmoid:
		return fmt.Errorf("%s of sigmoid outputs: the last layer's outputs must be one distribution over the classes; use layer.Softmax, or loss.BinaryCrossentropy where an example may be of several classes", class)
	case takes.Logits && (last == layer.Softmax || last == layer.Sigmoid):
		return fmt.Errorf("%s takes logits, but the last layer's activation is %s; leave out the activation, or FromLogits", class, last)
	case probabilities && known && last == layer.Linear:
		return fmt.Errorf("%s takes probabilities, but the last layer has no activation; use layer.Softmax or layer.Sigmoid%s", class, logits)
	case probabilities && known && last != layer.Softmax && last != layer.Sigmoid:
		if logits != "" {
			logits += " and leave out the activation"
		}
		return fmt.Errorf("%s takes probabilities, but the last layer's activation is %s; use layer.Softmax or layer.Sigmoid%s", class, last, logits)
	}
	return nil
}
