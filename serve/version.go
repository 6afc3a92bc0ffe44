package serve

import (
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/tensor"
)

// port is an input or an output of a model.
type port struct {
	name  string
	dtype tensor.DType
	shape tensor.Shape // (batch, ...)
}

// version is a loaded model with the queue of its requests.
type version struct {
	name, number    string // of the model, and of the version
	model           *lince.Model
	pipeline        *preprocess.Pipeline // nil if the model has no preprocessing
	classifier      bool                 // its outputs are probabilities of classes, or logits
	inputs, outputs []port
	batcher         *batcher
	stats           statistics
	explainer       explainer
	free            sync.Pool // inputs of images, if all have the same size
	loaded          time.Time

	mu      sync.Mutex
	users   int // requests that use it
	retired bool
	freed   chan struct{} // closed when it is retired and has no users
}

// newVersion makes a version of a model, and computes a prediction to check it.
func (s *Server) newVersion(name, number string, m *lince.Model) (*version, error) {
	if m == nil {
		return nil, errors.New("the model is nil")
	}
	v := &version{name: name, number: number, model: m, loaded: time.Now(), freed: make(chan struct{})}
	v.inputs = ports(m.Inputs(), m.InputNames())
	v.outputs = ports(m.Outputs(), m.OutputNames())
	if len(v.inputs) == 0 {
		return nil, errors.New("the model has no inputs")
	}
	for _, p := range append(append([]port(nil), v.inputs...), v.outputs...) {
		if _, ok := v2Types[p.dtype]; !ok || len(p.shape) == 0 {
			return nil, fmt.Errorf("the tensor %s has the type %v and the shape %v, which cannot be served", p.name, p.dtype, p.shape)
		}
	}
	if len(m.Preprocessing) > 0 {
		var err error
		if v.pipeline, err = m.Preprocessing.Compile(); err != nil {
			return nil, err
		}
	}
	out := v.outputs[0]
	v.classifier = len(v.outputs) == 1 && out.dtype == tensor.Float32 && len(out.shape) == 2 && out.shape[1] != tensor.Unknown && !m.Regression
	v.batcher = newBatcher(batchOptions{most: s.o.MaxBatch, delay: s.o.MaxDelay, limit: s.o.Queue, threads: max(s.o.ThreadsPerRequest, 1)}, s.threads, v.compute)
	v.batcher.observe = func(n int, took time.Duration) {
		s.metrics.batch(name, n, took)
		v.stats.batch(n, took)
	}
	v.batcher.dropped = func() { s.metrics.drop(name) }
	v.batcher.broken = func(err error) {
		s.o.Logger.Error("computing a batch failed", "model", name, "version", number, "error", err)
	}
	return v, nil
}

func ports(list *lince.Symbol, names []string) []port {
	var ps []port
	for i, v := range list.Values() {
		ps = append(ps, port{names[i], v.DType(), v.Shape()})
	}
	return ps
}

// compute computes a batch.
func (v *version) compute(threads int, in []*tensor.Tensor) ([]*tensor.Tensor, error) {
	return v.model.CallOn(threads, in...)
}

// acquire adds a user. It returns false if the version is retired.
func (v *version) acquire() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.retired {
		return false
	}
	v.users++
	return true
}

// release removes a user.
func (v *version) release() { v.change(-1, false) }

// retire frees the version when it has no more users.
func (v *version) retire() { v.change(0, true) }

func (v *version) change(by int, retire bool) {
	v.mu.Lock()
	v.users += by
	end := v.users == 0 && (retire || v.retired && by != 0)
	v.retired = v.retired || retire
	v.mu.Unlock()
	if end {
		close(v.freed)
		// Without this, models of reloads in a row pile up: what a new one allocates raises the size at which the next collection starts.
		go runtime.GC()
	}
}

// noClassifier returns the error of a request for classes.
func (v *version) noClassifier() error {
	if v.model.Regression {
		return bad("the model %s predicts a number, not classes; POST {\"instances\": [{\"b64\": IMAGE}]} to /v1/models/%s:predict", v.name, v.name)
	}
	return bad("the model %s is no classifier: its output is not (batch, classes); send its input tensors", v.name)
}

// classes returns the names of the classes, or their indexes as text.
func (v *version) classes() []string {
	if v.model.Classes != nil {
		return v.model.Classes
	}
	n := v.outputs[0].shape[1]
	if n == 1 {
		n = 2 // a single unit has two classes
	}
	names := make([]string, n)
	for i := range names {
		names[i] = strconv.Itoa(i)
	}
	return names
}
