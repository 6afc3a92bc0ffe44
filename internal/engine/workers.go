package engine

import (
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/lince-ml/lince/internal/kernel"
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

// worker is a goroutine that helps a run. While the run's steps follow each other closely it
// looks for the next one in a loop, since to be woken takes longer than many a step.
type worker struct {
	jobs  chan *job
	slot  int          // its scratch in the run's instance
	state atomic.Int32 // in the job
}

// The states of a worker. One that is away does not touch the job; it comes back when the job
// is sent to it, by who made it present.
const (
	away int32 = iota
	present
	leaving // if nothing has come
)

// job is what a run has its helpers do: one step after the other.
type job struct {
	number  int          // of the step in profile
	profile *profile.Run // nil when nobody wants times
	scratch [][]float32

	step   atomic.Pointer[step] // nil when the run is over
	next   atomic.Uint64        // the number of the step, counted from the first run on, and of the next part of it
	done   atomic.Int64         // parts
	asleep atomic.Bool          // the run waits in wake
	wake   chan struct{}
}

// spins is how often a thread looks for what it waits for before it sleeps: some microseconds.
const spins = 400

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
		seen, spun := uint64(0), 0
		for {
			if number := j.next.Load() >> 32; number != seen {
				seen, spun = number, 0
				if j.step.Load() == nil {
					w.state.Store(away)
					break
				}
				j.work(w.slot, number)
				continue
			}
			if spun < spins {
				spun++
				kernel.Pause()
				continue
			}
			// A step may come now: who sees that first, this worker or the run, makes it present.
			w.state.Store(leaving)
			if j.next.Load()>>32 != seen && w.state.CompareAndSwap(leaving, present) {
				continue
			}
			w.state.CompareAndSwap(leaving, away) // or the run has made it present, and sends the job
			break
		}
	}
}

// work runs parts of a step until there are none left.
func (j *job) work(slot int, number uint64) {
	s := j.step.Load()
	if s == nil {
		return
	}
	for {
		next := j.next.Load()
		part := int(uint32(next))
		if next>>32 != number || part >= s.parts {
			return
		}
		if !j.next.CompareAndSwap(next, next+1) {
			continue
		}
		j.part(s, part, slot)
		if int(j.done.Add(1)) == s.parts && j.asleep.CompareAndSwap(true, false) {
			j.wake <- struct{}{}
		}
	}
}

func (j *job) part(s *step, part, slot int) {
	if j.profile != nil {
		j.profile.Part(j.number, part, slot, s.run, j.scratch[slot])
		return
	}
	s.run(part, j.scratch[slot])
}

// publish makes s the step that helpers work on.
func (j *job) publish(s *step) (number uint64) {
	number = (j.next.Load()>>32 + 1) & (1<<32 - 1)
	j.done.Store(0)
	j.step.Store(s)
	j.next.Store(number << 32)
	return number
}

// run runs a step with the given helpers, and returns when all parts are done.
func (j *job) run(s *step, helpers []*worker) {
	if j.profile != nil {
		j.profile.BeginStep()
		defer j.profile.EndStep(j.number)
	}
	if s.parts == 1 || len(helpers) == 0 {
		for part := range s.parts {
			j.part(s, part, 0)
		}
		return
	}
	number := j.publish(s)
	for _, w := range helpers[:min(len(helpers), s.parts-1)] {
		if w.state.CompareAndSwap(away, present) || w.state.CompareAndSwap(leaving, present) {
			w.jobs <- j
		}
	}
	j.work(0, number)
	for range spins {
		if int(j.done.Load()) == s.parts {
			return
		}
		kernel.Pause()
	}
	j.asleep.Store(true)
	if int(j.done.Load()) == s.parts && j.asleep.CompareAndSwap(true, false) {
		return
	}
	<-j.wake
}

// over ends a run: no helper has anything to do with it after that.
func (j *job) over(helpers []*worker) {
	j.publish(nil)
	for _, w := range helpers {
		for n := 0; w.state.Load() != away; n++ {
			if n < spins {
				kernel.Pause()
			} else {
				runtime.Gosched()
			}
		}
	}
}
