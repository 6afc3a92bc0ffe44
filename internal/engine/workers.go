package engine

import (
	"sync"
	"sync/atomic"

	"github.com/lince-ml/lince/profile"
)

// workers are the goroutines that runs share. A run is itself a worker, and takes as many of the
// others as are free for its whole time.
type workers struct {
	threads int
	mu      sync.Mutex
	free    []*worker
	made    int
}

func newWorkers(threads int) *workers { return &workers{threads: threads} }

// worker is a goroutine that helps a run.
type worker struct {
	jobs chan *job
	slot int // its scratch in the run's instance
}

// job is a step that is being run. A run has one, and uses it for one step after the other.
type job struct {
	step    *step
	number  int          // of the step in profile
	profile *profile.Run // nil when nobody wants times
	scratch [][]float32
	next    atomic.Int64
	running sync.WaitGroup
}

// take reserves up to threads-1 workers.
func (p *workers) take(into []*worker) []*worker {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(into) < p.threads-1 {
		if n := len(p.free); n > 0 {
			into = append(into, p.free[n-1])
			p.free = p.free[:n-1]
			continue
		}
		if p.made >= p.threads-1 {
			break
		}
		p.made++
		w := &worker{jobs: make(chan *job, 1)}
		go w.loop()
		into = append(into, w)
	}
	for i, w := range into {
		w.slot = i + 1
	}
	return into
}

func (p *workers) give(workers []*worker) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = append(p.free, workers...)
}

// close ends the workers that are free.
func (p *workers) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, w := range p.free {
		close(w.jobs)
	}
	p.made -= len(p.free)
	p.free = nil
}

func (w *worker) loop() {
	for j := range w.jobs {
		j.work(w.slot)
		j.running.Done()
	}
}

// work runs parts until there are none left.
func (j *job) work(slot int) {
	for {
		part := int(j.next.Add(1)) - 1
		if part >= j.step.parts {
			return
		}
		if j.profile != nil {
			j.profile.Part(j.number, part, slot, j.step.run, j.scratch[slot])
			continue
		}
		j.step.run(part, j.scratch[slot])
	}
}

// run runs a step with the given helpers, and returns when all parts are done.
func (j *job) run(s *step, helpers []*worker) {
	if j.profile != nil {
		j.profile.BeginStep()
		defer j.profile.EndStep(j.number)
	}
	j.step = s
	j.next.Store(0)
	if s.parts == 1 {
		j.work(0)
		return
	}
	n := min(len(helpers), s.parts-1)
	j.running.Add(n)
	for _, w := range helpers[:n] {
		w.jobs <- j
	}
	j.work(0)
	j.running.Wait()
}
