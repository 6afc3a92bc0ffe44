package lince

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/format/keras"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/backend"
	"github.com/lince-ml/lince/internal/progress"
	"github.com/lince-ml/lince/profile"
	"github.com/lince-ml/lince/tensor"
)

// runner is a running Fit, Evaluate or Predict with its callbacks. It implements callback.Run for the latter two;
// training has more of it.
type runner struct {
	m        *Model
	task     callback.Task
	steps    int // in an epoch
	display  *progress.Display
	hooks    []callback.Hooks
	stopped  bool
	finished bool // the run ended without an error
	messages []string
}

// begin calls the callbacks' Begin with run, which is r or a training of it.
func (r *runner) begin(run callback.Run, callbacks []callback.Callback) error {
	for i, c := range callbacks {
		if isNil(c) {
			return fmt.Errorf("callback %d is nil", i)
		}
		h, err := c.Begin(run)
		if err != nil {
			return err
		}
		r.hooks = append(r.hooks, h)
	}
	return nil
}

// each calls a hook of all callbacks.
func (r *runner) each(hook func(callback.Hooks) error) error {
	for _, h := range r.hooks {
		if err := hook(h); err != nil {
			return err
		}
	}
	return nil
}

// end calls the callbacks' End after an evaluation or a prediction, which ended with err.
func (r *runner) end(err error) error {
	r.finished = err == nil
	errs := []error{err}
	for _, h := range r.hooks {
		if h.End != nil {
			errs = append(errs, h.End())
		}
	}
	r.flush()
	return errors.Join(errs...)
}

// These methods implement callback.Run.

func (r *runner) Task() callback.Task                    { return r.task }
func (r *runner) Position() callback.Position            { return callback.Position{} }
func (r *runner) Epochs() int                            { return 0 }
func (r *runner) Steps() int                             { return r.steps }
func (r *runner) Validates() bool                        { return false }
func (r *runner) History() *History                      { return &History{} }
func (r *runner) Stop()                                  { r.stopped = true }
func (r *runner) Stopped() bool                          { return r.stopped }
func (r *runner) Finished() bool                         { return r.finished }
func (r *runner) Save(path string) error                 { return r.m.Save(path) }
func (r *runner) SaveWeights(path string) error          { return r.m.SaveWeights(path) }
func (r *runner) Nodes() []callback.Node                 { return r.m.nodes() }
func (r *runner) Network() ([]byte, error)               { return r.m.ToJSON() }
func (r *runner) Weights() []*tensor.Tensor              { return r.m.Weights() }
func (r *runner) SetWeights(w []*tensor.Tensor) error    { return r.m.SetWeights(w) }
func (r *runner) LearningRate() (float64, error)         { return r.m.LearningRate() }
func (r *runner) SetLearningRate(rate float64) error     { return r.m.SetLearningRate(rate) }
func (r *runner) Metrics() []string                      { return r.m.compiled.names }
func (r *runner) HigherIsBetter(name string) (_, _ bool) { return r.m.higherIsBetter(name) }
func (r *runner) Iterations() int                        { return r.m.iterations() }
func (r *runner) SwapAverages(on bool) error             { return r.m.swapAverages(on) }
func (r *runner) KeepsAverages() bool                    { return r.m.compiled != nil && len(r.m.compiled.averages) > 0 }
func (r *runner) Batch(int) []callback.Example           { return nil }

// errNotTraining is the error of methods of callback.Run that are for training only.
var errNotTraining = errors.New("the run is no training: it is an evaluation or a prediction")

// State implements callback.Run.
func (r *runner) State() (callback.State, error) { return callback.State{}, errNotTraining }

// Checkpoint implements callback.Run.
func (r *runner) Checkpoint(string) error { return errNotTraining }

// Mistakes implements callback.Run.
func (r *runner) Mistakes(int) ([]callback.Example, error) { return nil, errNotTraining }

// Variables implements callback.Run.
func (r *runner) Variables() []callback.Variable {
	values := r.m.Weights()
	list := make([]callback.Variable, len(values))
	for i, v := range r.m.Variables() {
		list[i] = callback.Variable{Path: v.Path(), Value: values[i]}
	}
	return list
}

// Printf keeps a message until the current line of the progress display ends.
func (r *runner) Printf(format string, a ...any) {
	r.messages = append(r.messages, strings.TrimSuffix(fmt.Sprintf(format, a...), "\n"))
}

func (r *runner) flush() {
	for _, s := range r.messages {
		_, _ = fmt.Fprintln(r.display.Writer, s) // writing to a closed output must not end the run
	}
	r.messages = nil
}

func (r *training) Position() callback.Position { return r.position }
func (r *training) Epochs() int                 { return r.o.Epochs }
func (r *training) Validates() bool             { return r.o.Validation != nil }
func (r *training) History() *History           { return r.history }

// Checkpoint implements callback.Run.
func (r *training) Checkpoint(path string) error {
	s, err := r.State()
	if err != nil {
		return err
	}
	return r.m.save("saving a checkpoint", path, ".keras", &s, keras.Write)
}

// higherIsBetter reports whether a metric improves as it grows.
func (m *Model) higherIsBetter(name string) (higher, known bool) {
	if name == "loss" {
		return false, true
	}
	if m.compiled == nil {
		return false, false
	}
	x, ok := m.compiled.measures[name]
	if !ok {
		return false, false
	}
	return x.HigherIsBetter()
}

// measured holds the losses and metrics that a step returns: scalars and vectors.
type measured struct {
	names []string
	out   []*tensor.Tensor

	outputs []*tensor.Tensor // of the model, if the program returns them too
}

// newMeasured returns memory for the results of a step.
func (c *compiled) newMeasured() *measured {
	r := &measured{names: c.names}
	for _, s := range c.sizes {
		r.out = append(r.out, tensor.New(tensor.Float32, s...))
	}
	return r
}

// logs returns the results as logs. A vector of one element is a number, as in Keras, whose float() of it fails with
// NumPy 2.4, so that it stays a vector there.
func (r *measured) logs() *Logs {
	l := &Logs{}
	for i, name := range r.names {
		x := r.out[i].Float32s()
		if len(x) == 1 {
			l.Set(name, float64(x[0]))
			continue
		}
		elements := make([]float64, len(x))
		for j, v := range x {
			elements[j] = float64(v)
		}
		l.SetVector(name, elements)
	}
	return l
}

// restore sets the results to logs, of which some may be missing.
func (r *measured) restore(l *Logs) {
	for i, name := range r.names {
		x := r.out[i].Float32s()
		v, _ := l.Get(name)
		vector := l.Vector(name)
		for j := range x {
			x[j] = float32(v)
			if j < len(vector) {
				x[j] = float32(vector[j])
			}
		}
	}
}

// profile records the times of training and evaluation in p, until the returned function is called.
func (m *Model) profile(p *profile.Profile) (end func()) {
	programs := map[string]backend.Program{"training": m.compiled.step(), "validation": m.compiled.evaluate, "constraints": m.compiled.constrain}
	if b := m.compiled.features; b != nil {
		programs["training features"] = b.training.parts.first
		if v := b.validation; v != nil {
			programs["validation"], programs["validation features"] = v.parts.rest, v.parts.first
		}
	}
	for name, program := range programs {
		if x, ok := program.(backend.Profiled); ok {
			x.Profile(p, name)
		}
	}
	return func() {
		for _, program := range programs {
			if x, ok := program.(backend.Profiled); ok {
				x.Profile(nil, "")
			}
		}
	}
}

// step runs a program that changes variables. After a training step it applies the constraints.
func (m *Model) step(p backend.Program, in []*tensor.Tensor, values *measured) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	err := p.Run(in, slices.Concat(values.out, values.outputs))
	if c := m.compiled; err == nil && (p == c.train || p == c.step()) && c.constrain != nil {
		err = c.constrain.Run(nil, nil)
	}
	return err
}

// reset sets the variables of metrics to their initial values.
func (m *Model) reset(vs []*graph.Variable) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, v := range vs {
		m.initialize(v)
	}
}

// initialize sets a variable to its initial value.
func (m *Model) initialize(v *graph.Variable) {
	clear(v.Value().Raw())
	if v.Init != nil {
		v.Init.Initialize(v.Value(), graph.Key(m.seed, v.Path))
	}
	m.store.Changed(v)
}

func progressValues(logs *Logs) []progress.Value {
	var vs []progress.Value
	for name, v := range logs.All() {
		vs = append(vs, progress.Value{Name: name, Value: v})
	}
	return vs
}
