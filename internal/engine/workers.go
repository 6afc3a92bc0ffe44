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

// worker is a goroutine that helps a run. While steps, or runs, follow each other closely it looks
// for the next one in a loop, since to be woken takes longer than many a step.
type worker struct {
	jobs  chan *job           // for one that sleeps
	mail  atomic.Pointer[job] // for one that waits
	slot  int                 // its scratch in the run's instance
	state atomic.Int32
}

// The states of a worker. One that sleeps or waits does not touch the job it had; who makes it
// present gives it another, or the same again.
const (
	sleeping int32 = iota
	waiting
	present
	leaving // if nothing has come
)

// job is what a run has its helpers do: one step after the other.
type job struct {
	number  int          // of the step in profile
	profile *profile.Run // nil when nobody wants times
	scratch [][]float32

	step   atomic.Pointer[step] // nil when the run is over
	next   atomic.Uint64        // the number of the step, counted by twos from the first run on, and of the next part of it; an odd number: the step is being changed
	done   atomic.Int64         // parts
	asleep atomic.Uint64        // 1 + the number of the step for whose end the run waits in wake; else 0
	wake   chan struct{}
}

// How often a thread looks for what it waits for before it sleeps: for a step some 10
// microseconds, between runs some 100.
const (
	spins = 500
	waits = 5000
)

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
		for j != nil {
			w.help(j)
			j = w.wait()
		}
	}
}

// help works on a job until its run is over, or nothing has come for a while.
func (w *worker) help(j *job) {
	seen, spun := uint64(0), 0
	for {
		if number := j.next.Load() >> 32; number != seen && number%2 == 0 {
			seen, spun = number, 0
			if j.step.Load() == nil {
				w.state.Store(waiting)
				return
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
		w.state.CompareAndSwap(leaving, waiting) // or the run has made it present, and sends the job
		return
	}
}

// wait waits for another job; nil is none, for a while.
func (w *worker) wait() *job {
	for range waits {
		if j := w.mail.Load(); j != nil {
			w.mail.Store(nil)
			return j
		}
		kernel.Pause()
	}
	if w.state.CompareAndSwap(waiting, sleeping) {
		return nil
	}
	for { // it is on its way
		if j := w.mail.Load(); j != nil {
			w.mail.Store(nil)
			return j
		}
	}
}

// give gives a job to a worker that has none; one that is present has it already.
func (w *worker) give(j *job) {
	switch {
	case w.state.CompareAndSwap(sleeping, present):
		w.jobs <- j
	case w.state.CompareAndSwap(waiting, present), w.state.CompareAndSwap(leaving, present):
		w.mail.Store(j)
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
		// Between the two the run may have seen the end, and wait for that of a later step:
		// it is woken for this one only.
		if int(j.done.Add(1)) == s.parts && j.asleep.CompareAndSwap(number+1, 0) {
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
	j.change(s)
	return j.open()
}

// change puts s in the place of a step that is done. A helper may have read the number of that
// one and not yet the step. The number changes first, so that such a helper, which then finds s,
// takes no part of it: work takes parts under the number that it was given.
func (j *job) change(s *step) {
	number := j.next.Load()>>32 + 1
	j.next.Store(number << 32)
	j.done.Store(0)
	j.step.Store(s)
}

// open lets helpers take parts of the step.
func (j *job) open() (number uint64) {
	number = (j.next.Load()>>32 + 1) & (1<<32 - 1)
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
		w.give(j)
	}
	j.work(0, number)
	for range spins {
		if int(j.done.Load()) == s.parts {
			return
		}
		kernel.Pause()
	}
	j.asleep.Store(number + 1)
	if int(j.done.Load()) == s.parts && j.asleep.CompareAndSwap(number+1, 0) {
		return
	}
	<-j.wake
}

// over ends a run: no helper has anything to do with it after that.
func (j *job) over(helpers []*worker) {
	j.publish(nil)
	for _, w := range helpers {
		for n := 0; w.state.Load() >= present; n++ {
			if n < spins {
				kernel.Pause()
			} else {
				runtime.Gosched()
			}
		}
	}
}
