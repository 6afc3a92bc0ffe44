package lince

import (
	"fmt"
	"strings"

	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/format/keras"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/backend"
	"github.com/lince-ml/lince/internal/progress"
	"github.com/lince-ml/lince/profile"
	"github.com/lince-ml/lince/tensor"
)

// These methods implement callback.Run.

func (r *training) Position() callback.Position { return r.position }
func (r *training) Epochs() int                 { return r.o.Epochs }
func (r *training) Validates() bool             { return r.o.Validation != nil }
func (r *training) History() *History           { return r.history }
func (r *training) Stop()                       { r.stopped = true }
func (r *training) Finished() bool              { return r.finished }
func (r *training) Save(path string) error      { return r.m.Save(path) }

func (r *training) Weights() []*tensor.Tensor              { return r.m.Weights() }
func (r *training) SetWeights(w []*tensor.Tensor) error    { return r.m.SetWeights(w) }
func (r *training) LearningRate() (float64, error)         { return r.m.LearningRate() }
func (r *training) SetLearningRate(rate float64) error     { return r.m.SetLearningRate(rate) }
func (r *training) HigherIsBetter(name string) (_, _ bool) { return r.m.higherIsBetter(name) }

// Checkpoint implements callback.Run.
func (r *training) Checkpoint(path string) error {
	s, err := r.State()
	if err != nil {
		return err
	}
	return r.m.save("saving a checkpoint", path, ".keras", &s, keras.Write)
}

// Printf keeps a message until the current line of the progress display ends.
func (r *training) Printf(format string, a ...any) {
	r.messages = append(r.messages, strings.TrimSuffix(fmt.Sprintf(format, a...), "\n"))
}

func (r *training) flush() {
	for _, s := range r.messages {
		_, _ = fmt.Fprintln(r.display.Writer, s) // writing to a closed output must not end training
	}
	r.messages = nil
}

// higherIsBetter reports whether a metric improves as it grows.
func (m *Model) higherIsBetter(name string) (higher, known bool) {
	if name == "loss" {
		return false, true
	}
	x, ok := m.compiled.measures[name]
	if !ok {
		return false, false
	}
	return x.HigherIsBetter()
}

// scalars are the losses and metrics that a step returns.
type scalars struct {
	names []string
	out   []*tensor.Tensor
}

func newScalars(names []string) *scalars {
	s := &scalars{names: names}
	for range names {
		s.out = append(s.out, tensor.New(tensor.Float32))
	}
	return s
}

func (s *scalars) logs() *Logs {
	l := &Logs{}
	for i, name := range s.names {
		l.Set(name, float64(s.out[i].Float32s()[0]))
	}
	return l
}

// profile records the times of training and evaluation in p, until the returned function is called.
func (m *Model) profile(p *profile.Profile) (end func()) {
	programs := map[string]backend.Program{"training": m.compiled.train, "validation": m.compiled.evaluate, "constraints": m.compiled.constrain}
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
func (m *Model) step(p backend.Program, in []*tensor.Tensor, values *scalars) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	err := p.Run(in, values.out)
	if c := m.compiled; err == nil && p == c.train && c.constrain != nil {
		err = c.constrain.Run(nil, nil)
	}
	return err
}

// reset sets the variables of metrics to their initial values.
func (m *Model) reset(vs []*graph.Variable) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, v := range vs {
		clear(v.Value().Raw())
		if v.Init != nil {
			v.Init.Initialize(v.Value(), graph.Key(m.seed, v.Path))
		}
	}
	m.store.Changed(vs...)
}

func progressValues(logs *Logs) []progress.Value {
	var vs []progress.Value
	for name, v := range logs.All() {
		vs = append(vs, progress.Value{Name: name, Value: v})
	}
	return vs
}
