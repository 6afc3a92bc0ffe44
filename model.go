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
	"github.com/lince-ml/lince/constraint"
	"github.com/lince-ml/lince/format/keras"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/backend"
	"github.com/lince-ml/lince/internal/engine"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/metric"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/optimizer/schedule"
	"github.com/lince-ml/lince/regularizer"
	"github.com/lince-ml/lince/tensor"
)

// Options configures how a model is built or opened. The zero value is the default, and the package's
// functions Sequential, Functional, Open, Read and so on are the methods of the zero Options.
type Options struct {
	// Name is the model's name. The default is Keras' "sequential" or "functional". A model opened from a
	// file keeps the name in the file.
	Name string
	// Seed determines the initial weights and the masks of Dropout. The same seed, data and version of lince
	// give the same bits, for any number of threads.
	Seed uint64
	// Threads is the number of threads that compute, at most MaxThreads. The default is one per CPU (GOMAXPROCS).
	Threads int
	// NoCompile ignores how the model in a file was compiled, and its optimizer's state (Keras'
	// compile=False). Use it to predict only, or to compile the model differently.
	NoCompile bool
	// InputShapes sets the shapes of inputs of an ONNX model, by their names and in the file's order of dimensions, such as
	// (batch, channels, height, width). It is needed for a network that computes with dimensions that its file leaves open. A
	// dimension may be tensor.Unknown. The default is the file's shapes.
	InputShapes map[string]tensor.Shape
	// Layers decodes custom layers in a file: it maps the name of a class to a function that makes the layer
	// from its config (Keras' custom_objects). layer.FromConfig[T] is such a function for a layer of type T.
	// Classes of package layer need no entry.
	Layers map[string]LayerDecoder
	// Optimizers, Losses and Metrics decode custom optimizers, losses and metrics. config is nil if the file
	// names the class without a config.
	Optimizers map[string]OptimizerDecoder
	Losses     map[string]LossDecoder
	Metrics    map[string]MetricDecoder
	// Regularizers and Constraints decode custom regularizers and constraints of layers in a file.
	Regularizers map[string]RegularizerDecoder
	Constraints  map[string]ConstraintDecoder
	// Schedules decodes custom learning rate schedules of an optimizer in a file.
	Schedules map[string]ScheduleDecoder

	// Recognize makes the network of a file that has weights and no network, such as a state dict of PyTorch. nil knows none; zoo.Recognize
	// knows the published networks of package zoo.
	Recognize Recognizer

	backend backend.Backend // tests; nil is the engine
}

// LayerDecoder makes a custom layer from its config, a JSON object.
type LayerDecoder = func(config json.RawMessage) (layer.Layer, error)

// OptimizerDecoder makes a custom optimizer from its config, a JSON object.
type OptimizerDecoder = func(config json.RawMessage) (optimizer.Optimizer, error)

// LossDecoder makes a custom loss from its config, a JSON object.
type LossDecoder = func(config json.RawMessage) (loss.Loss, error)

// MetricDecoder makes a custom metric from its config, a JSON object.
type MetricDecoder = func(config json.RawMessage) (metric.Metric, error)

// RegularizerDecoder makes a custom regularizer from its config, a JSON object.
type RegularizerDecoder = func(config json.RawMessage) (regularizer.Regularizer, error)

// ConstraintDecoder makes a custom constraint from its config, a JSON object.
type ConstraintDecoder = func(config json.RawMessage) (constraint.Constraint, error)

// ScheduleDecoder makes a custom learning rate schedule from its config, a JSON object.
type ScheduleDecoder = func(config json.RawMessage) (schedule.Schedule, error)

// Model is a network with its weights (keras.Model). Sequential, Functional and Open make one. A Model is also a
// layer.Layer, so it can be nested in other models, which then share its weights.
//
// Any number of goroutines may predict at the same time, even while the model trains: each prediction uses the weights
// as they were after a complete step. Only one Fit may run at a time. Other methods that change the model must not run
// concurrently with any use of it. The first use of a model as a layer is such a change if Options.Name was not set,
// because the model then gets a name.
type Model struct {
	// Classes are the names of the classes, in the order of the outputs; nil if they are not known. A model with a
	// single output unit has two classes, and an output near 1 means Classes[1]. The names are saved in the model's
	// file, where Keras ignores them.
	Classes []string
	// Preprocessing turns an image into the model's input; nil if it is not known. It is saved in the model's
	// file, as Classes are. Fit takes both from its dataset if they are nil.
	Preprocessing Preprocessing
	// Temperature calibrates the probabilities of Classify and the other methods that return a Classification: they divide the logits by it.
	// It is from 0.01 to 100; 0 and 1 change nothing. FitTemperature computes it. It is saved in the model's file, where Keras ignores
	// it. Predict, Evaluate and Fit do not use it, so their numbers are Keras'. It is for the weights for which it was computed: training the
	// model further does not change it, so compute it again then.
	Temperature float64
	// MultiLabel says that an image may have any number of the classes: each output is the probability of its class, independent of the
	// others. Classify then turns logits into probabilities with a sigmoid; see Classification.Above. It is saved in the model's file,
	// where Keras ignores it.
	MultiLabel bool
	// Regression says that the single output is a number to predict, not the probability of a class. Classify and the other methods that
	// return a Classification then return an error; use Predict or Predictions. It is saved in the model's file, where Keras ignores it.
	Regression bool

	network
	name      string
	autoNamed bool
	frozen    bool // the opposite of Keras' trainable, as last set for the model as a whole
	seed      uint64
	label     func(*call) string // names a call in messages
	self      *layerInstance     // the model as a layer; guarded by making

	// store has all variables. base has only those of the layers: they live as long as the model, while the
	// variables of the optimizer and the metrics live until the next Compile.
	store, base *graph.Store
	backend     backend.Backend

	compiled    *compiled
	unknown     []error         // what training needs from the file and lince does not support
	notes       []string        // what differs from the file
	compileJSON json.RawMessage // the file's compile config, which is saved again if unknown is not empty
	state       *keras.Entry    // the file's optimizer state, saved again in the same case
	doubts      []error         // what Compile would refuse in the file's compile options
	fitting     sync.Mutex      // held by Fit and Compile
	testing     sync.Mutex      // held by Evaluate, which has its own metric variables

	// mu is held for reading by code that reads variables, and for writing by a training step.
	mu            *lock
	predict       lazyProgram
	probabilities bool // the first output, whose activation is not known, is made of probabilities
}

// History holds the logs of each epoch of training; see callback.History.
type History = callback.History

// Logs holds metrics by name, in order; see callback.Logs.
type Logs = callback.Logs

// Name returns the model's name (model.name).
func (m *Model) Name() string { return m.name }

// Layers returns the layers in the order of Keras' model.layers. For a Sequential model this is the order of the chain,
// without the Input. In a Functional model, layers farther from the outputs come first. Operations between the layers, such as x / 255, are
// not among them.
func (m *Model) Layers() []*Layer {
	var list []*Layer
	for _, l := range m.layers {
		if !l.isOp() {
			list = append(list, &Layer{l, m})
		}
	}
	return list
}

// Layer returns the layer with this name (model.get_layer), or nil if there is none. To reach a layer of a
// nested model, go through that model: m.Layer("resnet50").Model().Layer("conv1_conv").
func (m *Model) Layer(name string) *Layer {
	for _, l := range m.layers {
		if l.name == name {
			return &Layer{l, m}
		}
	}
	return nil
}

// Inputs returns the symbol of the model's input (model.inputs), from which other models over the same layers
// can be built. It is a List if the model has several inputs.
func (m *Model) Inputs() *Symbol { return listOf(m.inputs, m.inputList) }

// Outputs returns the symbol of the model's output (model.output), to which new layers can be applied. It is
// a List if the model has several outputs.
func (m *Model) Outputs() *Symbol { return listOf(m.outputs, m.outputList) }

func listOf(symbols []*Symbol, list bool) *Symbol {
	if len(symbols) == 1 && !list {
		return symbols[0]
	}
	return List(symbols...)
}

// InputNames returns the names of the inputs: the names of their layers, or the keys if the model was opened
// from a Keras file whose inputs are a dict.
func (m *Model) InputNames() []string { return uniqueNames(m.inputs, m.inputKeys) }

// OutputNames returns the names of the outputs: the names of the layers that compute them. They are the keys
// of CompileOptions.Outputs and, if there are several outputs, the prefixes of their logs. If a layer
// computes several outputs, the second and later ones are numbered: heads, heads_1, heads_2. If the model was
// opened from a Keras file whose outputs are a dict, the names are its keys.
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

// Trainable reports whether the model is trainable, as last set by SetTrainable for the model as a whole
// (model.trainable).
func (m *Model) Trainable() bool { return !m.frozen }

// SetTrainable sets the trainable flag of the model and of all its layers; see Layer.SetTrainable.
func (m *Model) SetTrainable(trainable bool) { m.asLayer().SetTrainable(trainable) }

// InputShape returns the shape of the model's input, (batch, ...). The batch dimension is tensor.Unknown. If
// there are several inputs, it is the shape of the first; see Inputs for the others.
func (m *Model) InputShape() tensor.Shape { return m.inputs[0].Shape() }

// OutputShape returns the shape of the model's output, (batch, ...). The batch dimension is tensor.Unknown.
// If there are several outputs, it is the shape of the first; see Outputs for the others.
func (m *Model) OutputShape() tensor.Shape { return m.outputs[0].Shape() }

// vars returns the variables of the layers in order, without duplicates.
func (m *Model) vars() []*graph.Variable {
	var vs []*graph.Variable
	for _, v := range m.Variables() {
		vs = append(vs, v.v)
	}
	return vs
}

// Variables returns the variables of the layers (model.variables), in the order of the layers. A variable of
// a layer that occurs several times in nested models is listed once. See Layer.Variables.
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

// CountParams returns the number of parameters (model.count_params): the elements of all variables.
func (m *Model) CountParams() int {
	n := 0
	for _, v := range m.vars() {
		n += v.Shape.Elements()
	}
	return n
}

// Weights returns copies of the values of Variables, in that order (model.get_weights).
func (m *Model) Weights() []*tensor.Tensor {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var ts []*tensor.Tensor
	for _, v := range m.vars() {
		ts = append(ts, v.Value().Clone())
	}
	return ts
}

// SetWeights sets the values of Variables, in that order (model.set_weights). It returns an error, and
// changes nothing, if the number, a shape or a type does not match.
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

// Initialize gives all weights new initial values, drawn with seed, and resets the optimizer's state. It
// returns an error while the model trains.
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

// engines has an engine for each number of threads and instruction set. Models share them. So workers are not leaked
// when models are garbage collected, and several models that run at the same time use no more threads than one model.
var engines = struct {
	sync.Mutex
	made map[engineKey]*engine.Engine
}{made: map[engineKey]*engine.Engine{}}

type engineKey struct {
	threads int
	isa     string
}

// MaxThreads is the largest number of Options.Threads. More threads than processors only cost time and memory.
const MaxThreads = 4096

// engineFor returns the backend for a new model.
func (o Options) engineFor() (backend.Backend, error) {
	if o.backend != nil {
		return o.backend, nil
	}
	if o.Threads < 0 || o.Threads > MaxThreads {
		return nil, fmt.Errorf("the number of threads must be from 1 to %d, or 0 for one per CPU, got %d", MaxThreads, o.Threads)
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

// output returns w, or os.Stdout if w is nil.
func output(w io.Writer) io.Writer {
	if w == nil {
		return os.Stdout
	}
	return w
}
