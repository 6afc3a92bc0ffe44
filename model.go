package lince

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"

	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/backend"
	"github.com/lince-ml/lince/internal/engine"
	"github.com/lince-ml/lince/layer"
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
	// Layers make the layers of a program's own classes of their config in a file: Keras'
	// custom_objects. A file's other classes are those of package layer.
	Layers map[string]func(config json.RawMessage) (layer.Layer, error)

	backend backend.Backend // tests; nil is the engine
}

// Model is a network with its weights. Sequential and Open make one.
//
// Any number of goroutines may predict at once, while the model trains too: a prediction
// then sees the weights as they are between two steps. There may be one Fit at a time, and
// what else changes the model must not run beside others' calls.
type Model struct {
	// Classes are the names of the classes, in the order of the outputs; nil where there
	// are none. Where one output says it all, Classes[1] is what an output near 1 means.
	// They travel in the model's file, in a place that Keras ignores.
	Classes []string
	// Preprocessing is how a picture becomes the model's input; nil where nobody said. It
	// travels in the file as Classes do. Fit sets both from its data set where they are nil.
	Preprocessing Preprocessing

	name    string
	seed    uint64
	layers  []Layer
	input   layer.Input
	inName  string
	store   *graph.Store
	backend backend.Backend

	compiled *compiled
	fitting  sync.Mutex // held by Fit, and by what changes how the model is compiled
	testing  sync.Mutex // held by an evaluation, which has its own metric variables

	// mu is held, for reading, by whoever reads variables, and for writing by a step.
	mu      sync.RWMutex
	predict lazyProgram
}

// Layer is a layer of a model.
type Layer struct {
	Name, Class   string
	Config        layer.Layer
	Input, Output tensor.Shape // the batch dimension is tensor.Unknown
	// Variables are the layer's: trainable ones, then the others, as in Keras. They are
	// the model's, to read while nothing trains.
	Variables []*graph.Variable

	place int // in the list that the model was made of
}

// CountParams is the number of the layer's parameters.
func (l Layer) CountParams() int {
	n := 0
	for _, v := range l.Variables {
		n += v.Shape.Elements()
	}
	return n
}

// History is what became of a training; see callback.History.
type History = callback.History

// Logs are metrics by name, in order; see callback.Logs.
type Logs = callback.Logs

// Name is the model's name.
func (m *Model) Name() string { return m.name }

// Layers lists the layers, without the input as in Keras.
func (m *Model) Layers() []Layer { return append([]Layer(nil), m.layers...) }

// InputShape is what the model takes; the batch dimension is tensor.Unknown.
func (m *Model) InputShape() tensor.Shape {
	return append(tensor.Shape{tensor.Unknown}, m.input.Shape...)
}

// OutputShape is what the model gives; the batch dimension is tensor.Unknown.
func (m *Model) OutputShape() tensor.Shape {
	if len(m.layers) == 0 {
		return m.InputShape()
	}
	return m.layers[len(m.layers)-1].Output.Clone()
}

// Variables are the layers' variables, in the order of the layers. See Layer.Variables.
func (m *Model) Variables() []*graph.Variable {
	var vs []*graph.Variable
	for _, l := range m.layers {
		vs = append(vs, l.Variables...)
	}
	return vs
}

// CountParams is the number of parameters.
func (m *Model) CountParams() int {
	n := 0
	for _, l := range m.layers {
		n += l.CountParams()
	}
	return n
}

// Weights copies the values of Variables, in that order: Keras' get_weights.
func (m *Model) Weights() []*tensor.Tensor {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var ts []*tensor.Tensor
	for _, v := range m.Variables() {
		ts = append(ts, v.Value().Clone())
	}
	return ts
}

// SetWeights gives Variables values, in that order: Keras' set_weights. Nothing changes
// when one does not fit.
func (m *Model) SetWeights(weights []*tensor.Tensor) error {
	vs := m.Variables()
	if len(weights) != len(vs) {
		return fmt.Errorf("setting weights: got %d tensors, the model has %d variables", len(weights), len(vs))
	}
	var errs []error
	for i, v := range vs {
		if t := weights[i]; t == nil || t.DType() != v.DType || !t.Shape().Equal(v.Shape) {
			errs = append(errs, fmt.Errorf("setting weights: number %d: got %v, %s is %v", i, t, v.Path, v.Type))
		}
	}
	if errs != nil {
		return errors.Join(errs...)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, v := range vs {
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
