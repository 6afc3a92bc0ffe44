// Package profile says where the time of a training goes: which kernel took how long and how
// near it came to what the machine can do, how long the training waited for data, how evenly
// the work was shared among threads. It is given to lince.Fit, and read after it:
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

// Limits are what the machine can do at most with all the threads of the training, as
// the yardstick of the table; 0 is unknown, and leaves the columns out.
type Limits struct {
	GFLOPS float64 // 10^9 float32 multiplications and additions a second
	GBS    float64 // 10^9 bytes of memory a second, read and written together
}

// Profile collects times. The zero value is ready for use; it may be used for several
// trainings, one after the other.
type Profile struct {
	Limits Limits

	// MaxSpans bounds what the trace keeps: the first spans, of a step on a thread each.
	// 0 is 200,000, which makes about 30 MB; what comes after them counts in the table
	// only.
	MaxSpans int

	mu    sync.Mutex
	start time.Time // of the first thing noted
	runs  []*Run
	spans []span  // of phases
	phase []Phase // totals, in the order of their first appearance
}

// Phase is what a training does besides running kernels, or around it.
type Phase struct {
	Name  string
	Count int
	Total time.Duration
	Most  time.Duration // of one
}

// The phases that lince.Fit notes.
const (
	Wait       = "wait for data"
	WaitVal    = "wait for validation data"
	Train      = "training steps"
	Validation = "validation steps"
	Epoch      = "epoch" // all of it, with callbacks
)

// span is something that took its time on a thread, in nanoseconds since the start.
type span struct {
	run      *Run // nil: a phase
	step     int  // or index of the phase
	from, to int64
}

// now is the time since the first call of it.
func (p *Profile) now() int64 {
	if p.start.IsZero() {
		p.start = time.Now()
	}
	return time.Since(p.start).Nanoseconds()
}

// Begin notes the beginning of a phase; the function that it returns notes the end. On a
// nil Profile it does nothing.
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

// Phases are the phases so far.
func (p *Profile) Phases() []Phase {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Phase(nil), p.phase...)
}

// Step is a step of a plan, for an engine to describe.
type Step struct {
	Op        string // "FusedConv2D", "FusedConv2D pack"
	Layer     string
	Shape     string // what it works on: "15x128x128x3 -> 15x63x63x64"
	Algorithm string // "winograd", where there is a choice
	FLOPs     int    // multiplications and additions, as the definition counts them
	Cycles    int    // that the engine's cost model thinks it takes, where it has an opinion
	Bytes     int    // that it must read and write at least
	Parts     int    // that threads can take
}

// Run is a plan bound to memory, that runs again and again, one run at a time. Engines
// write it; its method Part may be called by several threads for different parts.
type Run struct {
	Name    string
	Threads int
	Steps   []Step

	profile *Profile
	count   int
	began   int64     // the current step
	wall    []int64   // by step
	parts   [][]int64 // by step and part
	busy    []thread
}

// thread is what one thread does; padded, as threads write side by side.
type thread struct {
	spans    []span
	from, to int64
	_        [64]byte
}

// NewRun is for engines: a plan of these steps, for so many threads.
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

// Belongs says whether the run was made by p.
func (r *Run) Belongs(p *Profile) bool { return r.profile == p }

func (r *Run) now() int64 { return time.Since(r.profile.start).Nanoseconds() }

// Begin begins a run of the plan.
func (r *Run) Begin() { r.count++ }

// BeginStep begins a step.
func (r *Run) BeginStep() { r.began = r.now() }

// EndStep ends a step, whose parts are all done.
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

// Part runs part of the current step on a thread.
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
