// Package serve answers requests for predictions over HTTP. A Server is an http.Handler, so it runs alone or within another server:
//
//	model, err := lince.Open("model.keras")
//	...
//	s, err := serve.New(serve.Options{})
//	...
//	err = s.Add("cats-dogs", model)
//	...
//	log.Fatal(http.ListenAndServe("localhost:8080", s))
//
// It speaks several protocols at once, each in a file of this package with a table of its routes: image files as they are (raw.go), the Open
// Inference Protocol, version 2 (v2.go), TensorFlow Serving's REST API (tfserving.go), and those of SageMaker, Vertex AI and MLflow (hosting.go).
//
// Requests for the same model are computed in batches. A Server limits the examples that wait, the size of bodies and images, and the time
// of a request. Its errors do not name files or other internals.
package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/internal/machine"
)

// Options configures a Server. The zero value is the default.
type Options struct {
	// MaxBatch is the largest number of examples that are computed together, from 1 to 128. The default is 8. Larger batches take more memory,
	// and are hardly faster on a CPU.
	MaxBatch int
	// MaxDelay is how long an example waits for others before a smaller batch is computed. The default is 0: a batch starts as soon as the
	// processor is free, with all examples that have come while it was not.
	MaxDelay time.Duration
	// Queue is the largest number of examples that a model has at the same time, from the decoding of an image to its prediction. The default is
	// 96. A request beyond it gets the status 429 and a Retry-After header, after 0.25 s.
	Queue int
	// Threads is the number of threads that decode images and compute batches. The default is one per CPU that the process may use: GOMAXPROCS, or the limit of its cgroup. The models share them: a
	// thread that becomes free goes to the model that has had the least time on them.
	Threads int
	// ThreadsPerRequest is the largest number of threads on which a batch is computed, at most that of the model (lince.Options.Threads). A batch gets more than one only
	// while no other work waits for them. The default is 1 for a model that predicts an example in less than a millisecond on one
	// thread, which the server measures when it loads the model, and all threads for others.
	ThreadsPerRequest int
	// Timeout limits the time of a request after its body has been read. The default is 30 s. A request that takes longer gets the status 503.
	Timeout time.Duration
	// MaxBody is the largest size of a request's body in bytes, also after decompression. The default is 32 MiB. A larger body gets the
	// status 413.
	MaxBody int64
	// MaxBodies limits the bytes of all bodies in memory at the same time, and of the images and tensors that are made of them. The default is 512 MiB, or 12 times MaxBody if that is
	// more: so much a body of numbers in JSON can take. A request beyond it gets the status 503.
	MaxBodies int64
	// MaxPixels is the largest number of pixels of an image file. The default is 50 million. The limits of a picture.Decoder hold as well.
	MaxPixels int
	// Token is the bearer token that requests must have, except those of health. The default is "": none is needed.
	Token string
	// Origins lists the origins whose pages may call the server, such as "https://example.com", or "*" for all (CORS). The default is none.
	Origins []string
	// Control lets clients load and unload models (/v2/repository/models/...).
	Control bool
	// Logger gets a record for each request and each change of a model. The default discards them.
	Logger *slog.Logger
	// Poll is how often the server looks for new versions of models from files. The default is 2 s. A negative Poll turns that off.
	Poll time.Duration
	// Open opens a model file. The default is lince.Open.
	Open func(path string) (*lince.Model, error)
}

// defaults returns o with its defaults, or an error that lists what is out of range.
func (o Options) defaults() (Options, error) {
	var errs []error
	number := func(name string, v *int, def, most int) {
		if *v == 0 {
			*v = def
		}
		if *v < 1 || *v > most {
			errs = append(errs, fmt.Errorf("%s must be from 1 to %d, got %d", name, most, *v))
		}
	}
	bytes := func(name string, v *int64, def int64) {
		if *v == 0 {
			*v = def
		}
		if *v < 1 {
			errs = append(errs, fmt.Errorf("%s must be at least 1, got %d", name, *v))
		}
	}
	number("MaxBatch", &o.MaxBatch, 8, 128)
	number("Queue", &o.Queue, 96, 1<<20)
	number("Threads", &o.Threads, machine.Processors(), 1<<10)
	if o.ThreadsPerRequest < 0 || o.ThreadsPerRequest > o.Threads {
		errs = append(errs, fmt.Errorf("ThreadsPerRequest must be from 1 to the number of threads, %d, or 0 for the default, got %d", o.Threads, o.ThreadsPerRequest))
	}
	number("MaxPixels", &o.MaxPixels, 50e6, 1<<30)
	bytes("MaxBody", &o.MaxBody, 32<<20)
	bytes("MaxBodies", &o.MaxBodies, max(512<<20, 12*min(o.MaxBody, 1<<50)))
	if o.Timeout == 0 {
		o.Timeout = 30 * time.Second
	}
	if o.Poll == 0 {
		o.Poll = 2 * time.Second
	}
	if o.MaxDelay < 0 || o.Timeout < 0 {
		errs = append(errs, fmt.Errorf("MaxDelay and Timeout must not be negative, got %v and %v", o.MaxDelay, o.Timeout))
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Open == nil {
		o.Open = lince.Open
	}
	if err := errors.Join(errs...); err != nil {
		return o, fmt.Errorf("serving: %w", err)
	}
	return o, nil
}

// Server answers requests for predictions. It is an http.Handler. New makes one. Its methods are safe for use by several goroutines at once.
type Server struct {
	o        Options
	registry registry
	router   router
	threads  *threads
	bodies   budget
	paused   atomic.Int64 // requests whose refusal is delayed
	metrics  *metrics
	cross    *http.CrossOriginProtection
	draining atomic.Bool
	ctx      context.Context // until Close
	stop     context.CancelFunc
	polling  sync.Once
	deep     sync.Once // see noteDepth
	floating sync.Once
	colors   sync.Once
}

// New makes a Server without models.
func New(o Options) (*Server, error) {
	o, err := o.defaults()
	if err != nil {
		return nil, err
	}
	s := &Server{
		o:       o,
		threads: newThreads(o.Threads),
		bodies:  budget{limit: o.MaxBodies},
	}
	if s.cross, err = protection(o.Origins); err != nil {
		return nil, fmt.Errorf("serving: %w", err)
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.registry.entries = map[string]*entry{}
	s.metrics = newMetrics(s)
	s.router = newRouter(routes())
	return s, nil
}

// Add serves a model under a name, which may have letters, digits, '.', '_' and '-'. The model must not be changed while it is served. It must have an input.
// The first model is the one that requests without a name use. A model that is there already is replaced: requests that have started end with the old one.
func (s *Server) Add(name string, m *lince.Model) error {
	if err := checkName(name); err != nil {
		return fmt.Errorf("serving: %w", err)
	}
	v, err := s.newVersion(name, "1", m)
	if err != nil {
		return fmt.Errorf("serving %s: %w", name, err)
	}
	e, _ := s.registry.put(name, nil)
	old := e.acquire()
	s.widen(v, old)
	if old != nil {
		old.release()
	}
	e.replace(v)
	return nil
}

// Remove ends the serving of a model. It returns an error if there is no such model. Requests that have started end normally.
func (s *Server) Remove(name string) error {
	if !s.registry.remove(name) {
		return fmt.Errorf("serving: there is no model %s", name)
	}
	return nil
}

// Drain makes the server report that it is not ready, so that load balancers send no more requests. Requests are still answered.
func (s *Server) Drain() { s.draining.Store(true) }

// Ready reports whether the server has models, all of them can answer, and Drain has not been called.
func (s *Server) Ready() bool { return !s.draining.Load() && s.registry.ready() }

// Close stops watching files and removes all models. Call it when no more requests come, as after http.Server.Shutdown.
func (s *Server) Close() {
	s.Drain()
	s.stop()
	for _, name := range s.registry.names() {
		s.registry.remove(name)
	}
}
