package lince

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/backend"
	"github.com/lince-ml/lince/internal/config"
	"github.com/lince-ml/lince/internal/suggest"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/metric"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/tensor"
)

// CompileOptions configures how a model is trained and measured: the arguments of Keras' model.compile.
type CompileOptions struct {
	// Optimizer computes the updates of the weights (optimizer). The default is optimizer.RMSprop{}, as in Keras.
	Optimizer optimizer.Optimizer
	// Loss is what training minimizes (loss). It is required unless Outputs has a loss. If the model has several outputs, it is the
	// loss of each output for which Outputs has none.
	Loss loss.Loss
	// Metrics are computed without example weights (metrics). They are for a model with one output; for several
	// outputs, set Objective.Metrics.
	Metrics []metric.Metric
	// WeightedMetrics are computed with example weights and class weights, like the loss (weighted_metrics). They too
	// are for a model with one output.
	WeightedMetrics []metric.Metric
	// Outputs has the objectives of outputs by name (see Model.OutputNames), for models with several outputs:
	// Keras' loss, loss_weights and metrics as dicts.
	Outputs map[string]Objective
}

// Objective says what one output of a model learns, and how it is measured.
type Objective struct {
	// Loss is the loss of the output. The default is CompileOptions.Loss. An output without a loss is not trained.
	Loss loss.Loss
	// LossWeight is the factor of Loss in the sum of all losses, at least 0. Nil means 1.
	LossWeight *float64
	// Metrics are computed without example weights.
	Metrics []metric.Metric
	// WeightedMetrics are computed with example weights.
	WeightedMetrics []metric.Metric
}

// objective is an Objective with its defaults filled in.
type objective struct {
	Objective
	output int      // index of the output
	name   string   // name of the output
	prefix string   // prefix of its logs, "" if there is one output
	target op.Type  // type of the targets
	keys   []string // names in logs, of Metrics, then of WeightedMetrics

	weights    tensor.Shape // of the example weights; a dimension after the batch may be 1
	each       tensor.Shape // of the loss before the reduction; nil without a loss, and for a loss of the whole batch
	unweighted bool         // the loss takes no weights
}

// compiled is what Compile adds to a model.
type compiled struct {
	config     CompileOptions
	objectives []objective // of the outputs that have targets
	trained    []bool      // trainable flags of all layers, as they were at Compile

	train, evaluate backend.Program
	names           []string       // keys of the values that both graphs return, sorted
	sizes           []tensor.Shape // their shapes: scalars and vectors
	graphs          []*graph.Graph // of train, if the model is compiled for training, and of evaluate
	early           *early         // the training step in two parts, or nil
	features        *bothFeatures  // in Fit, the features that it keeps, or nil
	outputs         []*graph.Value // of the model, in the graph of evaluate
	judging         *graph.Graph   // the graph of evaluate that also returns outputs, and its program; see evaluateAndPredict
	judge           backend.Program
	constrain       backend.Program   // runs after each training step; nil if no weight has a constraint
	updated         []*graph.Variable // the weights that a training step changes
	measures        map[string]metric.Metric

	training, evaluation []*graph.Variable // variables of the metrics
	optimizer            []*graph.Variable // iteration, learning rate, slots
	averages             []average         // of the weights, if the optimizer keeps them
	swapped              bool              // the weights are exchanged with their averages
	started              bool              // a step has run, or the optimizer's state came from a file
}

// Compile prepares the model for Fit and Evaluate (model.compile). It builds two graphs: one of a training
// step, with forward pass, loss, gradients, optimizer and metrics, and one of an evaluation step. Compiling
// again keeps the weights and discards the optimizer's state.
//
// If Compile returns an error, the model is unchanged, and the error lists all mistakes. Unlike Keras, Compile refuses
// losses that do not fit the last layer's activation, such as any loss after a softmax over one unit. It returns an
// error while the model trains.
func (m *Model) Compile(c CompileOptions) error {
	if err := c.nilPointers(); err != nil {
		return fmt.Errorf("compiling: %w", err)
	}
	if !m.fitting.TryLock() {
		return errors.New("compiling: the model is training")
	}
	defer m.fitting.Unlock()
	if err := m.unsupportedError(); err != nil {
		return fmt.Errorf("compiling: %w", err)
	}
	if m.predict.graph == nil {
		return errors.New("compiling: the model has no layers; use Sequential, Functional or Open to make one")
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

// checkLosses calls checkLoss for each output.
func (m *Model) checkLosses(objectives []objective) error {
	var errs []error
	for _, o := range objectives {
		if o.Loss != nil {
			errs = append(errs, o.of(m.checkLoss(o.Loss, m.outputs[o.output])))
		}
	}
	return errors.Join(errs...)
}

// of adds the name of the output to an error, if there are several outputs.
func (o objective) of(err error) error {
	if err == nil || o.prefix == "" {
		return err
	}
	return fmt.Errorf("output %s: %w", o.name, err)
}

// objectives returns the objectives of all outputs that have a loss or a metric, in the order of the outputs.
func (m *Model) objectives(c CompileOptions) ([]objective, error) {
	names := m.OutputNames()
	var errs []error
	isOutput := map[string]bool{}
	for _, name := range names {
		isOutput[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(c.Outputs)) {
		if !isOutput[name] {
			errs = append(errs, fmt.Errorf("Outputs has %q, which is not an output%s", name, suggest.Hint(name, names)))
		}
	}
	if len(names) > 1 && len(c.Metrics)+len(c.WeightedMetrics) > 0 {
		errs = append(errs, fmt.Errorf("the model has several outputs (%s); set the metrics of each in Outputs", strings.Join(names, ", ")))
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
			errs = append(errs, o.of(fmt.Errorf("LossWeight must be at least 0, got %v", *w)))
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

// wantLoss returns an error if no output has a loss.
func wantLoss(objectives []objective) error {
	for _, o := range objectives {
		if o.Loss != nil {
			return nil
		}
	}
	return errors.New("there is no loss; set Loss, as in CompileOptions{Loss: loss.CategoricalCrossentropy{}}")
}

// compileKnown compiles a model from a file. If lince does not support all classes in its compile config, it compiles
// the model for evaluation only.
func (m *Model) compileKnown(c CompileOptions) error {
	if len(m.unknown) == 0 {
		return m.compile(c)
	}
	return m.compileFor(c, false)
}

// compile is Compile without checkLoss, because a file may hold a model that Keras accepts and Compile refuses.
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

// compileFor compiles the model for evaluation and, if training is set, for training.
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
	// The graphs are built on a new store that shares the layers' variables, so that the model is unchanged if there is
	// a mistake.
	store, err := m.newStore()
	if err != nil {
		return fmt.Errorf("compiling: %w", err)
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
	n.graphs = graphs
	constrain, err := constraints(n.updated, store)
	if err != nil {
		return err
	}
	if constrain != nil {
		graphs = append(graphs, constrain)
	}
	programs, err := m.programs(graphs, store)
	if err != nil {
		return err
	}
	if training {
		n.train, programs = programs[0], programs[1:]
	}
	n.evaluate = programs[0]
	if constrain != nil {
		n.constrain = programs[1]
	}
	if training {
		if n.early, err = m.divide(graphs[0], store, m.ahead()); err != nil {
			n.close()
			return fmt.Errorf("compiling for %s: %w", m.backend.Name(), err)
		}
	}
	n.assign(store.Variables())
	if training {
		n.averages = averagesOf(graphs[0], store)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if old := m.compiled; old != nil {
		old.close()
	}
	m.compiled, m.store = n, store
	return nil
}

// programs compiles graphs for the backend, and initializes the store's new variables.
func (m *Model) programs(graphs []*graph.Graph, store *graph.Store) (programs []backend.Program, err error) {
	if err := checkMemory(store.Variables()); err != nil {
		return nil, fmt.Errorf("compiling: %w", err)
	}
	for _, g := range graphs {
		for _, node := range g.Nodes {
			err = errors.Join(err, m.backend.Supports(node))
		}
	}
	if err != nil {
		return nil, fmt.Errorf("compiling for %s: %w", m.backend.Name(), err)
	}
	store.Initialize(m.seed)
	for _, g := range graphs {
		p, err := m.backend.Compile(g, store)
		if err != nil {
			for _, p := range programs {
				p.Close()
			}
			return nil, fmt.Errorf("compiling for %s: %w", m.backend.Name(), err)
		}
		programs = append(programs, p)
	}
	return programs, nil
}

// assign finds the variables of the optimizer and of the metrics by their paths.
func (c *compiled) assign(variables []*graph.Variable) {
	for _, v := range variables {
		switch first, _, _ := strings.Cut(v.Path, "/"); first {
		case optimizerPath:
			c.optimizer = append(c.optimizer, v)
		case metricsPath:
			c.training = append(c.training, v)
		case evaluationPath:
			c.evaluation = append(c.evaluation, v)
		}
	}
}

// errNothing means that no output has a loss or a metric.
var errNothing = errors.New("no output has a loss or a metric")

// close frees the programs' memory.
func (c *compiled) close() {
	if c.train != nil {
		c.train.Close()
	}
	c.early.close()
	if c.constrain != nil {
		c.constrain.Close()
	}
	c.evaluate.Close()
	if c.judge != nil {
		c.judge.Close()
	}
}

// evaluateAndPredict returns the program of an evaluation step that returns the model's outputs after the loss and the metrics. It is compiled at its first use.
func (c *compiled) evaluateAndPredict(m *Model) (backend.Program, error) {
	if c.judge != nil {
		return c.judge, nil
	}
	g := *c.graphs[len(c.graphs)-1]
	g.Outputs = slices.Clone(g.Outputs)
	for i, name := range m.OutputNames() {
		g.Outputs = append(g.Outputs, graph.Output{Key: "output/" + name, Value: c.outputs[i]})
	}
	p, err := m.backend.Compile(&g, m.store)
	if err != nil {
		return nil, fmt.Errorf("compiling for %s: %w", m.backend.Name(), err)
	}
	c.judging, c.judge = &g, p
	return p, nil
}

// readyToTrain returns an error if the model cannot be trained.
func (m *Model) readyToTrain() error {
	switch {
	case len(m.unknown) > 0:
		return m.unknownError()
	case m.unsupportedError() != nil:
		return m.unsupportedError()
	case m.compiled == nil:
		return errors.New("the model is not compiled; call Compile first")
	case m.stale():
		return errors.New("layers were frozen or unfrozen since the model was compiled; call Compile again")
	}
	return nil
}

// flags returns the trainable flags of all layers, including those of nested models.
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

// stale reports whether trainable flags have changed since the model was compiled.
func (m *Model) stale() bool { return !slices.Equal(m.compiled.trained, m.flags()) }

// Compiled returns the options with which the model was compiled. ok is false if it is not compiled.
func (m *Model) Compiled() (c CompileOptions, ok bool) {
	if m.compiled == nil {
		return CompileOptions{}, false
	}
	return m.compiled.config, true
}

// known reports whether the loss is a class of package loss. Messages about such a loss are more specific.
func (o objective) known() bool {
	return o.Loss != nil && slices.Contains(loss.Classes(), loss.ClassOf(o.Loss))
}

// place adds the name of the output to a description, if there are several outputs.
func (o objective) place(what string) string {
	if o.prefix == "" {
		return what
	}
	return what + " of the output " + o.name
}

// lossCount returns the number of outputs that have a loss.
func (c *compiled) lossCount() int {
	n := 0
	for _, o := range c.objectives {
		if o.Loss != nil {
			n++
		}
	}
	return n
}

// nameMetrics chooses the names of losses and metrics in logs. As in Keras, a weighted metric whose name is
// taken becomes weighted_accuracy, and further equal names are numbered: accuracy_1.
func (c *compiled) nameMetrics() error {
	c.measures = map[string]metric.Metric{}
	losses := c.lossCount()
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
	for _, name := range c.names {
		if taken["val_"+name] {
			errs = append(errs, fmt.Errorf("a metric has the name %q, which is the name of %s in the validation; give it another", "val_"+name, name))
		}
	}
	return errors.Join(errs...)
}

// metricName returns the name of a metric in logs.
func metricName(x metric.Metric) string {
	if name := metric.NameOf(x); name != "" {
		return name
	}
	return config.SnakeCase(metric.ClassOf(x))
}

// finalActivation returns the last activation function before an output, if it is known.
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

// checkLoss refuses losses that make no sense with the network's last layer, though Keras accepts them.
func (m *Model) checkLoss(l loss.Loss, output *Symbol) error {
	class, takes := loss.ClassOf(l), l.Takes()
	shape := output.Shape()
	units := 1
	if len(shape) > 1 {
		units = shape[len(shape)-1]
	}
	last, known := m.finalActivation(output)
	probabilities := (takes.Of == loss.Distribution || takes.Of == loss.Independent) && !takes.Logits
	logits := "" // also suggested for losses that have the field
	if _, ok := loss.ConfigOf(l)["from_logits"]; ok && slices.Contains(loss.Classes(), class) {
		logits = ", or set FromLogits"
	}
	switch {
	case units == 1 && (last == layer.Softmax || endsInSoftmax(output)):
		return errors.New("the last layer is a softmax of 1 unit, which is always 1; for two classes use 2 units, or 1 unit with layer.Sigmoid and loss.BinaryCrossentropy")
	case takes.Of == loss.Distribution && units == 1:
		return fmt.Errorf("%s of 1 unit is always 0; use a unit for each class with layer.Softmax, or loss.BinaryCrossentropy with layer.Sigmoid", class)
	case takes.Of == loss.Distribution && last == layer.Sigmoid:
		return fmt.Errorf("%s of sigmoid outputs: the last layer's outputs must be one distribution over the classes; use layer.Softmax, or loss.BinaryCrossentropy where an example may be of several classes", class)
	case takes.Logits && (last == layer.Softmax || last == layer.Sigmoid):
		return fmt.Errorf("%s takes logits, but the last layer's activation is %s; remove the activation, or FromLogits", class, last)
	case probabilities && known && last == layer.Linear:
		return fmt.Errorf("%s takes probabilities, but the last layer has no activation; use layer.Softmax or layer.Sigmoid%s", class, logits)
	case probabilities && known && last != layer.Softmax && last != layer.Sigmoid:
		if logits != "" {
			logits += " and remove the activation"
		}
		return fmt.Errorf("%s takes probabilities, but the last layer's activation is %s; use layer.Softmax or layer.Sigmoid%s", class, last, logits)
	}
	return nil
}

// nilPointers returns an error for each nil pointer to a class, such as (*optimizer.SGD)(nil).
func (c CompileOptions) nilPointers() error {
	var errs []error
	check := func(what string, v any) {
		if isNilPointer(v) {
			errs = append(errs, fmt.Errorf("%s is a nil %T", what, v))
		}
	}
	of := func(o Objective, prefix string) {
		check(prefix+"the loss", o.Loss)
		for i, x := range slices.Concat(o.Metrics, o.WeightedMetrics) {
			check(fmt.Sprintf("%smetric %d", prefix, i), x)
		}
	}
	check("the optimizer", c.Optimizer)
	of(Objective{Loss: c.Loss, Metrics: c.Metrics, WeightedMetrics: c.WeightedMetrics}, "")
	for _, name := range slices.Sorted(maps.Keys(c.Outputs)) {
		of(c.Outputs[name], "output "+name+": ")
	}
	return errors.Join(errs...)
}

// errNilDataset is the error for a nil dataset, also for one in an interface, as after an error that was ignored.
var errNilDataset = errors.New("the dataset is nil")

// isNil reports whether an interface is nil or holds a nil pointer.
func isNil(v any) bool { return v == nil || isNilPointer(v) }

// isNilPointer reports whether an interface holds a nil pointer. It is false for a nil interface.
func isNilPointer(v any) bool {
	p := reflect.ValueOf(v) // of the kind Invalid for a nil interface
	return p.Kind() == reflect.Pointer && p.IsNil()
}
