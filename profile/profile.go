// Package profile records where training spends its time: how long each kernel takes and how close it
// gets to the limits of the machine, how long training waits for data, and how evenly the work is
// divided among threads. Pass a Profile to lince's Model.Fit, and read it afterwards:
//
//	p := &profile.Profile{}
//	_, err := model.Fit(ctx, train, lince.FitOptions{Profile: p})
//	...
//	err = p.WriteTable(os.Stdout)
//	err = p.WriteTrace(file) // for https://ui.perfetto.dev, or chrome://tracing
package profile

import (
	"sync"
	"time"
)

// Limits are the limits of the machine with as many threads as training uses. The table compares kernels with
// them. A limit of 0 is unknown, and the table leaves out its comparison.
type Limits struct {
	GFLOPS float64 // 10^9 float32 additions and multiplications per second
	GBS    float64 // 10^9 bytes of memory read and written per second
}

// Profile collects times. The zero value is ready to use. It may be used for several calls of Fit, one after
// the other.
type Profile struct {
	// Limits are the limits of the machine, for the table. With the zero value the table has no comparison.
	Limits Limits

	// MaxSpans is the maximum number of spans in the trace. A span is one step on one thread. Later spans
	// count in the table only. The default, 0, is 200,000, which makes a trace of about 30 MB.
	MaxSpans int

	mu    sync.Mutex
	start time.Time // time of the first event
	runs  []*Run
	spans []span  // spans of phases
	phase []Phase // totals by phase, in the order of first use
}

// Phase is a kind of work during training, such as waiting for data, with its total time. Kernels are not
// phases.
type Phase struct {
	Name  string        // name, such as Wait
	Count int           // how often it occurred
	Total time.Duration // time of all occurrences
	Most  time.Duration // time of the longest occurrence
}

// The phases that lince's Fit records.
const (
	Wait       = "wait for data"            // for a batch of training data
	WaitVal    = "wait for validation data" // for a batch of validation data
	Train      = "training steps"           // training steps
	Validation = "validation steps"         // validation steps
	Epoch      = "epoch"                    // whole epochs, including callbacks
)

// span is the time that a step or a phase took on a thread, in nanoseconds since the start.
type span struct {
	run      *Run // nil for a phase
	step     int  // index of the step, or of the phase
	from, to int64
}

// now returns the time since its first call, in nanoseconds.
func (p *Profile) now() int64 {
	if p.start.IsZero() {
		p.start = time.Now()
	}
	return time.Since(p.start).Nanoseconds()
}

// Begin records the beginning of a phase. The returned function records its end. On a nil Profile, both do
// nothing.
func (p *Profile) Begin(phase string) (end func()) {
	if p == nil {
		return func() {}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	from := p.now()
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		to := p.now()
		i := p.index(phase)
		took := time.Duration(to - from)
		p.phase[i].Count++
		p.phase[i].Total += took
		p.phase[i].Most = max(p.phase[i].Most, took)
		if len(p.spans) < p.maxSpans() {
			p.spans = append(p.spans, span{step: i, from: from, to: to})
		}
	}
}

func (p *Profile) index(phase string) int {
	for i := range p.phase {
		if p.phase[i].Name == phase {
			return i
		}
	}
	p.phase = append(p.phase, Phase{Name: phase})
	return len(p.phase) - 1
}

func (p *Profile) maxSpans() int {
	if p.MaxSpans == 0 {
		return 200_000
	}
	return p.MaxSpans
}

// Phases returns the phases recorded so far, in the order of first use.
func (p *Profile) Phases() []Phase {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Phase(nil), p.phase...)
}

// Step describes a step of a plan: a kernel with its work. Engines make them.
type Step struct {
	Op        string // name of the op: "FusedConv2D", "FusedConv2D pack"
	Layer     string // name of the layer
	Shape     string // shapes of operands and result: "15x128x128x3 -> 15x63x63x64"
	Algorithm string // "winograd" and the like, if there is a choice
	FLOPs     int    // additions and multiplications by the op's definition
	Cycles    int    // processor cycles that the engine's cost model predicts; 0 means no prediction
	Bytes     int    // smallest number of bytes that must be read and written
	Parts     int    // number of parts that threads can take
}

// Run records the times of a plan, summed over its runs. Engines call its methods, for one run at a time.
// Part may be called by several threads at the same time, for different parts.
type Run struct {
	Name    string // name of the plan, such as "training, batch 15"
	Threads int    // number of threads
	Steps   []Step // steps of the plan, in order

	profile *Profile
	count   int
	began   int64     // beginning of the current step
	wall    []int64   // total time by step
	parts   [][]int64 // total time by step and part
	busy    []thread
}

// thread has the spans of one thread. It is padded because threads write to neighboring elements.
type thread struct {
	spans    []span
	from, to int64
	_        [64]byte
}

// NewRun adds a plan with these steps that runs on this number of threads. Engines call it.
func (p *Profile) NewRun(name string, threads int, steps []Step) *Run {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now()
	r := &Run{Name: name, Threads: threads, Steps: steps, profile: p, wall: make([]int64, len(steps)), busy: make([]thread, threads)}
	for _, s := range steps {
		r.parts = append(r.parts, make([]int64, s.Parts))
	}
	p.runs = append(p.runs, r)
	return r
}

// Belongs reports whether the run was made by p.NewRun.
func (r *Run) Belongs(p *Profile) bool { return r.profile == p }

func (r *Run) now() int64 { return time.Since(r.profile.start).Nanoseconds() }

// Begin starts a run of the plan.
func (r *Run) Begin() { r.count++ }

// BeginStep starts a step.
func (r *Run) BeginStep() { r.began = r.now() }

// EndStep ends a step. All its parts must be done.
func (r *Run) EndStep(step int) {
	r.wall[step] += r.now() - r.began
	share := r.profile.maxSpans() / max(1, r.Threads)
	for i := range r.busy {
		t := &r.busy[i]
		if t.to > t.from && len(t.spans) < share {
			t.spans = append(t.spans, span{r, step, t.from, t.to})
		}
		t.from, t.to = 0, 0
	}
}

// Part calls work for a part of the current step and records the time. on is the index of the calling thread.
func (r *Run) Part(step, part, on int, work func(part int, scratch []float32), scratch []float32) {
	t := &r.busy[on]
	from := r.now()
	work(part, scratch)
	to := r.now()
	if t.from == 0 {
		t.from = from
	}
	t.to = to
	r.parts[step][part] += to - from
}
