package lince

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/tensor"
)

// State implements callback.Run.
func (r *training) State() (callback.State, error) {
	if r.over && !r.finished {
		return callback.State{}, errors.New("training was interrupted; take its State in a Checkpoint hook, because End hooks may change the model")
	}
	if r.network == nil {
		n, err := r.m.identity()
		if err != nil {
			return callback.State{}, fmt.Errorf("the state: %w", err)
		}
		r.network = &n
	}
	s := callback.State{
		Version: callback.StateVersion, Position: r.position, Phase: r.phase, Called: r.called, Begun: r.begun, Stopped: r.stopped, Swapped: r.m.compiled.swapped,
		StepsPerEpoch: r.o.StepsPerEpoch, Source: r.place, Network: *r.network, Training: identify(r.source.ds),
		History: copyHistory(r.history), Logs: &Logs{},
	}
	if r.o.Validation != nil {
		v := identify(r.o.Validation)
		s.Validation = &v
	}
	if r.logs != nil {
		s.Logs = r.logs.Clone()
	}
	r.m.mu.RLock()
	for _, v := range r.m.compiled.training {
		s.Metrics = append(s.Metrics, v.Value().Clone())
	}
	r.m.mu.RUnlock()
	for i := range r.o.Callbacks {
		memory, err := r.memory(i)
		if err != nil {
			return callback.State{}, err
		}
		s.Callbacks = append(s.Callbacks, memory)
	}
	return s, nil
}

// memory returns the memory of a callback.
func (r *training) memory(i int) (callback.Memory, error) {
	memory := callback.Memory{Type: fmt.Sprintf("%T", r.o.Callbacks[i]), State: json.RawMessage("null")}
	switch {
	case r.memories != nil: // not yet restored
		return r.memories[i], nil
	case r.before != nil && r.before[i].Type != "":
		return r.before[i], nil
	case i < len(r.hooks) && r.hooks[i].State != nil:
		b, err := json.Marshal(r.hooks[i].State)
		if err != nil {
			return memory, fmt.Errorf("the state of callback %d (%s): %w", i, memory.Type, err)
		}
		memory.State = b
	}
	return memory, nil
}

func identify(ds data.Dataset) callback.Data {
	return callback.Data{Len: ds.Len(), Steps: ds.Steps(), Fingerprint: ds.Fingerprint()}
}

// identity returns hashes that identify the model; see callback.Network.
func (m *Model) identity() (callback.Network, error) {
	text, err := m.ToJSON()
	if err != nil {
		return callback.Network{}, err
	}
	var config map[string]any
	if err := json.Unmarshal(text, &config); err != nil {
		return callback.Network{}, err
	}
	compile, _ := config["compile_config"].(map[string]any)
	delete(config, "compile_config")
	if opt, ok := compile["optimizer"].(map[string]any); ok {
		c, _ := opt["config"].(map[string]any)
		if in, ok := c["inner_optimizer"].(map[string]any); ok {
			c, _ = in["config"].(map[string]any)
		}
		if _, number := c["learning_rate"].(float64); number { // a variable, which the checkpoint restores
			delete(c, "learning_rate")
		}
	}
	if m.compiled != nil && m.compiled.config.Optimizer != nil {
		if list := optimizer.Excluded(m.compiled.config.Optimizer); compile != nil && len(list) > 0 {
			compile["exclude_from_weight_decay"] = list // not in Keras' config
		}
	}
	a, errA := json.Marshal(config)
	b, errB := json.Marshal(compile)
	if err := errors.Join(errA, errB); err != nil {
		return callback.Network{}, err
	}
	sum := func(b []byte) string { h := sha256.Sum256(b); return hex.EncodeToString(h[:]) }
	return callback.Network{Config: sum(a), Compile: sum(b)}, nil
}

// checkState returns all reasons why training cannot resume from a State.
func (r *training) checkState(s *callback.State) error {
	if s.Version != callback.StateVersion {
		return fmt.Errorf("the state to resume has version %d, this version of lince resumes version %d; use the version of lince that wrote it, or start from the beginning", s.Version, callback.StateVersion)
	}
	var errs []error
	add := func(format string, a ...any) {
		errs = append(errs, fmt.Errorf("the state to resume "+format, a...))
	}
	network, err := r.m.identity()
	if err != nil {
		return err
	}
	r.network = &network
	switch {
	case s.Network.Config != network.Config:
		add("was saved with another network: its layers differ from the model's; resume with the model that was trained")
	case s.Network.Compile != network.Compile:
		add("was saved with a model that was compiled with another optimizer, loss or metrics; compile the model as it was")
	}
	if err := sameData("training data", &s.Training, r.source.ds); err != nil {
		add("%w", err)
	}
	if err := sameData("validation data", s.Validation, r.o.Validation); err != nil {
		add("%w", err)
	}
	if s.StepsPerEpoch != r.o.StepsPerEpoch {
		add("has StepsPerEpoch %d, FitOptions has %d; set it as it was", s.StepsPerEpoch, r.o.StepsPerEpoch)
	}
	if len(s.Callbacks) != len(r.o.Callbacks) {
		add("has %d callbacks, FitOptions has %d; give the same ones", len(s.Callbacks), len(r.o.Callbacks))
	} else {
		for i, c := range r.o.Callbacks {
			if t := fmt.Sprintf("%T", c); t != s.Callbacks[i].Type {
				add("has a %s as callback %d, FitOptions has a %s; give the same ones in the same order", s.Callbacks[i].Type, i, t)
			}
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return r.checkPlace(s)
}

// sameData compares a dataset with that of a State. Either is nil if there was none.
func sameData(what string, was *callback.Data, ds data.Dataset) error {
	switch {
	case was == nil && ds == nil:
		return nil
	case was == nil:
		return fmt.Errorf("was saved without %s; remove them", what)
	case ds == nil:
		return fmt.Errorf("was saved with %s; add them", what)
	}
	is := identify(ds)
	switch {
	case was.Len != is.Len:
		return fmt.Errorf("was saved with other %s: they had %d examples, there are %d now; restore them, or start from the beginning", what, was.Len, is.Len)
	case was.Steps != is.Steps:
		return fmt.Errorf("was saved with other %s: they had %d batches, there are %d now; restore them, or start from the beginning", what, was.Steps, is.Steps)
	case was.Fingerprint != is.Fingerprint:
		return fmt.Errorf("was saved with other %s: the number of examples is the same, but their content, order or settings differ; restore them, or start from the beginning", what)
	}
	return nil
}

// checkPlace returns an error for positions that Fit never writes.
func (r *training) checkPlace(s *callback.State) error {
	bad := func(format string, a ...any) error {
		return fmt.Errorf("the state to resume is corrupt; start from the beginning: "+format, a...)
	}
	const far = 1 << 40 // epochs
	p, at, steps := s.Position, s.Source, r.source.ds.Steps()
	if p.Epoch < 0 || p.Epoch > far || p.Step < 0 || p.Step > r.steps || at.Epoch < 0 || at.Epoch > far || at.Step < 0 || at.Step > steps {
		return bad("it is at epoch %d, step %d, and in the data at epoch %d, step %d; an epoch has %d steps", p.Epoch, p.Step, at.Epoch, at.Step, r.steps)
	}
	if s.Called < 0 || s.Called > len(s.Callbacks) {
		return bad("it has called %d of %d callbacks", s.Called, len(s.Callbacks))
	}
	if s.Swapped && len(r.m.compiled.averages) == 0 {
		return bad("its weights are averages, but the optimizer keeps no averages")
	}
	if s.Begun < 0 || s.Begun > len(s.Callbacks) {
		return bad("it has called BatchBegin of %d of %d callbacks", s.Begun, len(s.Callbacks))
	}
	switch s.Phase {
	case callback.AtEpochBegin, callback.AtEnd:
	case callback.AtSteps, callback.AtValidation, callback.AtEpochEnd:
		for _, name := range r.values.names {
			if _, ok := logged(s, name); !ok && (s.Phase != callback.AtSteps || p.Step > 0) {
				return bad("it has no %s for the epoch", name)
			}
		}
		if s.Phase == callback.AtEpochEnd && p.Epoch == 0 {
			return bad("it is at the end of an epoch, but at epoch 0")
		}
	default:
		return bad("it has the unknown phase %q", s.Phase)
	}
	variables := r.m.compiled.training
	if len(s.Metrics) != len(variables) {
		return bad("it has %d variables of metrics, the model has %d", len(s.Metrics), len(variables))
	}
	for i, v := range variables {
		if t := s.Metrics[i]; t == nil || t.DType() != v.DType || !t.Shape().Equal(v.Shape) {
			return bad("%s must be %v, got %v", v.Path, v.Type, t)
		}
	}
	if s.History != nil {
		for _, x := range s.History.Series {
			if len(x.Values) != len(s.History.Epochs) {
				return bad("it has %d values of %s for %d epochs", len(x.Values), x.Name, len(s.History.Epochs))
			}
			if x.Vectors != nil && len(x.Vectors) != len(s.History.Epochs) {
				return bad("it has %d vectors of %s for %d epochs", len(x.Vectors), x.Name, len(s.History.Epochs))
			}
		}
	}
	return nil
}

// resume moves to the position of a State, which has been checked.
func (r *training) resume(s *callback.State) error {
	r.position, r.place, r.phase, r.called, r.begun, r.stopped = s.Position, s.Source, s.Phase, s.Called, s.Begun, s.Stopped
	if s.Phase == callback.AtEnd && !s.Stopped && s.Position.Epoch < r.o.Epochs { // Epochs is larger than before
		r.phase, r.called = callback.AtEpochBegin, 0
	}
	if s.History != nil {
		r.history = copyHistory(s.History)
	}
	if s.Logs != nil {
		r.logs = s.Logs.Clone()
		r.values.restore(s.Logs)
	}
	r.memories = s.Callbacks
	r.m.mu.Lock()
	r.m.compiled.swapped = s.Swapped
	err := setAll(r.m.store, r.m.compiled.training, s.Metrics)
	r.m.mu.Unlock()
	if err == nil && r.phase == callback.AtSteps && !r.o.AllowNaN {
		r.guard.keep(r.m)
		r.guard.step = r.position.Step
	}
	return err
}

func setAll(store *graph.Store, vs []*graph.Variable, ts []*tensor.Tensor) error {
	for i, v := range vs {
		if err := store.Set(v, ts[i]); err != nil {
			return err
		}
	}
	return nil
}

func copyHistory(h *History) *History {
	c := &History{Epochs: append([]int(nil), h.Epochs...)}
	for _, s := range h.Series {
		c.Series = append(c.Series, callback.Series{Name: s.Name, Values: append([]float64(nil), s.Values...), Vectors: slices.Clone(s.Vectors)})
	}
	return c
}

func logged(s *callback.State, name string) (float64, bool) {
	if s.Logs == nil {
		return 0, false
	}
	return s.Logs.Get(name)
}
