package engine

import (
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/profile"
)

// workers are the goroutines that runs share. The goroutine that calls Run also runs parts. A run
// reserves all free workers, or as many as it may have, and releases them when it ends.
type workers struct {
	threads int
	mu      sync.Mutex
	free    []*worker
	made    int
}

func newWorkers(threads int) *workers { return &workers{threads: threads} }

// worker is a goroutine that helps a run. Waking a goroutine takes longer than many steps, so a worker
// polls for the next step, and between runs for the next job, for a while before it sleeps.
type worker struct {
	jobs  chan *job           // delivers a job to a sleeping worker
	mail  atomic.Pointer[job] // delivers a job to a waiting worker
	slot  int                 // index of its scratch memory in the run's instance
	state atomic.Int32
}

// The states of a worker. A worker that is sleeping or waiting does not access its last job. The run
// that sets its state to present also sends it a job.
const (
	sleeping int32 = iota
	waiting        // polls for a job
	present        // works on a job, or polls for its next step
	leaving        // about to stop working on a job, unless a new step has been published
)

// job is the work of a run that its helpers share: one step after another.
type job struct {
	number  int          // of the step in profile
	profile *profile.Run // nil if times are not recorded
	scratch [][]float32  // one for each worker

	step atomic.Pointer[step] // nil when the run is over
	// next holds the number of the step in its upper 32 bits and how many parts have been taken in the lower 32; see taken.
	// Numbers of steps go up by two, over all runs; while the step is being changed the number is odd.
	next   atomic.Uint64
	done   atomic.Int64  // number of parts that are done
	asleep atomic.Uint64 // 1 + the number of the step for which the run waits in wake; 0 if it does not wait
	wake   chan struct{}
}

// The number of times that a thread polls before it sleeps: about 10 microseconds for a step, and about
// 100 microseconds for a job.
const (
	spins = 500
	waits = 5000
)

// take reserves up to most workers and appends them to into.
func (p *workers) take(into []*worker, most int) []*worker {
	if most == 0 {
		return into
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(into) < most {
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

// give releases workers.
func (p *workers) give(workers []*worker) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = append(p.free, workers...)
}

// close ends the free workers.
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

// help works on a job until its run is over, or until no step has been published for a while.
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
		// A step may be published now. If this worker sees it first, it sets the state to present;
		// otherwise the run does.
		w.state.Store(leaving)
		if j.next.Load()>>32 != seen && w.state.CompareAndSwap(leaving, present) {
			continue
		}
		w.state.CompareAndSwap(leaving, waiting) // fails if the run has set it to present and sends the job
		return
	}
}

// wait polls for another job for a while. It returns nil if no job arrives.
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
	for { // a run has set the state to present, and a job is about to arrive
		if j := w.mail.Load(); j != nil {
			w.mail.Store(nil)
			return j
		}
	}
}

// give sends a job to a worker, unless the worker is still working on it.
func (w *worker) give(j *job) {
	switch {
	case w.state.CompareAndSwap(sleeping, present):
		w.jobs <- j
	case w.state.CompareAndSwap(waiting, present), w.state.CompareAndSwap(leaving, present):
		w.mail.Store(j)
	}
}

// taken says which parts of a step have been taken. Even slots take the first parts and odd slots the last ones, because a
// kernel's first parts are the upper rows of images, or the first images: a thread then reads mostly what it has written in
// the step before, which is in its own caches. The number of first parts is in the lower 16 bits, that of last parts in the
// upper 16 bits. Steps with more parts than 16 bits can count are taken from the front only, and all bits are one number.
type taken uint32

const maxTwoEnded = 1<<16 - 1

// take returns the part that a slot takes next, or -1 if none is left, and what it adds to t.
func (t taken) take(parts, slot int) (part int, one uint64) {
	if parts > maxTwoEnded {
		if int(t) >= parts {
			return -1, 0
		}
		return int(t), 1
	}
	first, last := int(t&maxTwoEnded), int(t>>16)
	switch {
	case first+last >= parts:
		return -1, 0
	case slot%2 == 0:
		return first, 1
	}
	return parts - 1 - last, 1 << 16
}

// work runs parts of a step until there are none left.
func (j *job) work(slot int, number uint64) {
	s := j.step.Load()
	if s == nil {
		return
	}
	for {
		next := j.next.Load()
		part, one := taken(uint32(next)).take(s.parts, slot)
		if next>>32 != number || part < 0 {
			return
		}
		if !j.next.CompareAndSwap(next, next+one) {
			continue
		}
		j.part(s, part, slot)
		// Between Add and CompareAndSwap the run may have seen that the step is done, and may already
		// wait for a later step. Because the number is compared, the run is woken for this step only.
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

// change replaces a step that is done with s. A helper may have read the number of the old step, but
// not yet the step itself, so that it then reads s. To keep it from taking a part of s, the number
// changes first: work takes a part only if the number is still the one that it was called with.
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

// over ends a run. After it returns, no helper accesses the job.
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
