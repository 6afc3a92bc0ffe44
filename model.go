package lince

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"sync"

	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/format/keras"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/backend"
	"github.com/lince-ml/lince/internal/engine"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/metric"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/tensor"
)

// Options say how a model is made. The package's functions of the same names are the
// methods of the zero Options.
type Options struct {
	// Name of the model; "" is Keras' "sequential". A file's model keeps its own.
	Name string
	// Seed of the initial weights and of Dropout's masks: with the same seed, the same
	// data and the same version of lince the same bits come out, for any number of threads.
	Seed uint64
	// Threads that the engine uses; 0 is one a processor.
	Threads int
	// NoCompile leaves out how a file's model was compiled, and its optimizer's state: for
	// prediction, or to compile it anew.
	NoCompile bool
	// Layers make the layers of a program's own classes of their config in a file, by class:
	// Keras' custom_objects. layer.FromConfig[Name] is such a function. A file's other classes
	// are those of package layer.
	Layers map[string]LayerDecoder
	// Optimizers, Losses and Metrics make those of a program's own classes, likewise. config is
	// nil where a file names one by its name alone.
	Optimizers map[string]OptimizerDecoder
	Losses     map[string]LossDecoder
	Metrics    map[string]MetricDecoder

	backend backend.Backend // tests; nil is the engine
}

// LayerDecoder makes a layer of a program's own class of its config, a JSON object.
type LayerDecoder = func(config json.RawMessage) (layer.Layer, error)

// OptimizerDecoder makes an optimizer of a program's own class of its config, a JSON object.
type OptimizerDecoder = func(config json.RawMessage) (optimizer.Optimizer, error)

// LossDecoder makes a loss of a program's own class of its config, a JSON object.
type LossDecoder = func(config json.RawMessage) (loss.Loss, error)

// MetricDecoder makes a metric of a program's own class of its config, a JSON object.
type MetricDecoder = func(config json.RawMessage) (metric.Metric, error)

// Model is a network with its weights. Sequential, Functional and Open make one. It is a
// layer.Layer too, a part of other models.
//
// Any number of goroutines may predict at once, while the model trains too: a prediction
// then sees the weights as they are between two steps. There may be one Fit at a time, and
// what else changes the model must not run beside others' calls. That includes its first use
// as a layer, which names a model that has no name of its own.
type Model struct {
	// Classes are the names of the classes, in the order of the outputs; nil where there
	// are none. Where one output says it all, Classes[1] is what an output near 1 means.
	// They travel in the model's file, in a place that Keras ignores.
	Classes []string
	// Preprocessing is how a picture becomes the model's input; nil where nobody said. It
	// travels in the file as Classes do. Fit sets both from its data set where they are nil.
	Preprocessing Preprocessing

	network
	name      string
	autoNamed bool
	frozen    bool // the reverse of Keras' trainable, as it was last set for the whole
	seed      uint64
	label     func(*call) string // names a call for messages
	self      *layerInstance              // the model as a layer; guarded by making

	// store has all variables there are; base has those of the layers only, which live as
	// long as the model, where those of optimizer and metrics live as long as a Compile.
	store, base *graph.Store
	backend     backend.Backend

	compiled *compiled
	unknown  []error         // what of a file's compile part is not known
	said     json.RawMessage // the file's compile part, which is saved again where unknown has something
	state    *keras.Entry    // the file's optimizer state, likewise
	doubts   []error         // what Compile would have refused in a file's compile part
	fitting  sync.Mutex      // held by Fit, and by what changes how the model is compiled
	testing  sync.Mutex      // held by an evaluation, which has its own metric variables

	// mu is held, for reading, by whoever reads variables, and for writing by a step.
	mu      *lock
	predict lazyProgram
}

// History has the logs of a training's epochs; see callback.History.
type History = callback.History

// Logs are metrics by name, in order; see callback.Logs.
type Logs = callback.Logs

// Name is the model's name.
func (m *Model) Name() string { return m.name }

// Layers lists the layers in Keras' order: of a Sequential model without the Input, of a
// Functional one by falling distance from the outputs.
func (m *Model) Layers() []*Layer {
	list := make([]*Layer, len(m.layers))
	for i, l := range m.layers {
		list[i] = &Layer{l, m}
	}
	return list
}

// Layer is the layer of a name (Keras' get_layer), nil where there is none. What is in a model
// that is a layer is found by way of that: m.Layer("resnet50").Model().Layer("conv1_conv").
func (m *Model) Layer(name string) *Layer {
	for _, l := range m.layers {
		if l.name == name {
			return &Layer{l, m}
		}
	}
	return nil
}

// Inputs are the symbols of the model's inputs: the beginning of other models over the same
// layers. It is a List where the model takes several.
func (m *Model) Inputs() *Symbol { return listOf(m.inputs, m.inputList) }

// Outputs are the symbols of the model's outputs (Keras' model.output), to which new layers can
// be applied. It is a List where the model has several.
func (m *Model) Outputs() *Symbol { return listOf(m.outputs, m.outputList) }

func listOf(symbols []*Symbol, list bool) *Symbol {
	if len(symbols) == 1 && !list {
		return symbols[0]
	}
	return List(symbols...)
}

// InputNames are the names of the inputs: those of the layers, or the keys of a Keras model
// whose inputs are a dict.
func (m *Model) InputNames() []string { return uniqueNames(m.inputs, m.inputKeys) }

// OutputNames are the names of the outputs: those of the layers whose results they are. They
// are the keys of Compile.Outputs, and begin the names of logs where there are several. A layer
// of several results numbers them: heads, heads_1. Of a Keras model whose outputs are a dict they
// are its keys.
func (m *Model) OutputNames() []string { return uniqueNames(m.outputs, m.outputKeys) }

func uniqueNames(symbols []*Symbol, keys []string) []string {
	if keys != nil {
		return slices.Clone(keys)
	}
	names := make([]string, len(symbols))
	taken, count := map[string]bool{}, map[string]int{}
	for i, s := range symbols {
		name := s.call.layer.name
		for taken[name] {
			count[s.call.layer.name]++
			name = fmt.Sprintf("%s_%d", s.call.layer.name, count[s.call.layer.name])
		}
		names[i], taken[name] = name, true
	}
	return names
}

// Trainable says whether the model is trained, as it was last set for the whole; see
// Layer.SetTrainable.
func (m *Model) Trainable() bool { return !m.frozen }

// SetTrainable says for all layers at once whether they are trained; see Layer.SetTrainable.
func (m *Model) SetTrainable(trainable bool) { m.asLayer().SetTrainable(trainable) }

// InputShape is what the model takes; the batch dimension is tensor.Unknown. Of several inputs
// it is the first one's; the others' are those of Inputs.
func (m *Model) InputShape() tensor.Shape { return m.inputs[0].Shape() }

// OutputShape is what the model gives; the batch dimension is tensor.Unknown. Of several
// outputs it is the first one's; the others' are those of Outputs.
func (m *Model) OutputShape() tensor.Shape { return m.outputs[0].Shape() }

// vars are the variables of the layers, in their order, each once.
func (m *Model) vars() []*graph.Variable {
	var vs []*graph.Variable
	for _, v := range m.Variables() {
		vs = append(vs, v.v)
	}
	return vs
}

// Variables are the layers' variables, in the order of the layers; those of a layer that is in
// several models in this one come once. See Layer.Variables.
func (m *Model) Variables() []Variable {
	var vs []Variable
	met := map[*graph.Variable]bool{}
	for _, l := range m.layers {
		for _, v := range l.Variables() {
			if !met[v.v] {
				met[v.v] = true
				vs = append(vs, v)
			}
		}
	}
	return vs
}

// CountParams is the number of parameters.
func (m *Model) CountParams() int {
	n := 0
	for _, v := range m.vars() {
		n += v.Shape.Elements()
	}
	return n
}

// Weights copies the values of Variables, in that order: Keras' get_weights.
func (m *Model) Weights() []*tensor.Tensor {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var ts []*tensor.Tensor
	for _, v := range m.vars() {
		ts = append(ts, v.Value().Clone())
	}
	return ts
}

// SetWeights gives Variables values, in that order: Keras' set_weights. Nothing changes
// when one does not fit.
func (m *Model) SetWeights(weights []*tensor.Tensor) error {
	if err := fits(m.Variables(), weights); err != nil {
		return fmt.Errorf("setting weights: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, v := range m.vars() {
		if err := m.store.Set(v, weights[i]); err != nil {
			return fmt.Errorf("setting weights: %w", err)
		}
	}
	return nil
}

// Initialize draws all weights anew, and makes the optimizer forget.
func (m *Model) Initialize(seed uint64) error {
	if !m.fitting.TryLock() {
		return errors.New("initializing: the model is training")
	}
	defer m.fitting.Unlock()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seed = seed
	fresh := graph.NewStore()
	for _, v := range m.store.Variables() {
		if _, err := fresh.Declare(graph.Variable{Path: v.Path, Type: v.Type, Role: v.Role, Init: v.Init}); err != nil {
			return fmt.Errorf("initializing: %w", err)
		}
	}
	fresh.Initialize(seed)
	for _, v := range m.store.Variables() {
		if err := m.store.Set(v, fresh.Lookup(v.Path).Value()); err != nil {
			return fmt.Errorf("initializing: %w", err)
		}
	}
	if m.compiled != nil {
		m.compiled.started = false
	}
	return nil
}

// engines are those that models share, so that models that come and go do not leave
// workers behind, and models at work together do not take more threads than one.
var engines = struct {
	sync.Mutex
	made map[engineKey]*engine.Engine
}{made: map[engineKey]*engine.Engine{}}

type engineKey struct {
	threads int
	isa     string
}

// engineFor returns the backend that runs the model.
func (o Options) engineFor() (backend.Backend, error) {
	if o.backend != nil {
		return o.backend, nil
	}
	if o.Threads < 0 {
		return nil, fmt.Errorf("threads are %d, want at least 1, or 0 for one a processor", o.Threads)
	}
	key := engineKey{o.Threads, os.Getenv("LINCE_ISA")}
	if key.threads == 0 {
		key.threads = runtime.GOMAXPROCS(0)
	}
	engines.Lock()
	defer engines.Unlock()
	e := engines.made[key]
	if e == nil {
		var err error
		if e, err = engine.New(engine.Options{Threads: key.threads}); err != nil {
			return nil, err
		}
		engines.made[key] = e
	}
	return e, nil
}

// output is where messages go that have no other place.
func output(w io.Writer) io.Writer {
	if w == nil {
		return os.Stdout
	}
	return w
}
