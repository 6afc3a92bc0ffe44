package data

import "sync"

// gate limits how many workers run at once to the number that keeps up with the demand. Without
// it, workers would make batches that are not needed yet and take processors from training.
type gate struct {
	mu      sync.Mutex
	change  sync.Cond
	working int
	limit   int // the maximum of working; from 1 to most
	most    int
	starved bool // the consumer is waiting: all workers may run
}

func (g *gate) init(limit, most int) {
	g.change.L = &g.mu
	g.most = most
	g.limit = max(1, min(limit, most))
}

// enter waits until one more worker may run.
func (g *gate) enter() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.working >= g.limit && !g.starved {
		g.change.Wait()
	}
	g.working++
}

// leave gives the place that enter took to another worker.
func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.working--
	g.change.Signal()
}

// starve records that the consumer is waiting. If more is set, the limit was too low, and it
// increases by one.
func (g *gate) starve(more bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if more {
		g.limit = min(g.limit+1, g.most)
	}
	g.starved = true
	g.change.Broadcast()
}

// fed records that the consumer is no longer waiting.
func (g *gate) fed() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.starved = false
}

// full records that all memory for batches is in use, so one worker fewer is enough.
func (g *gate) full() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.limit = max(g.limit-1, 1)
}
