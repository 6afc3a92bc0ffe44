package data

import "sync"

// gate lets as many workers work at once as keep up with the demand: workers that make
// batches nobody waits for would take the processors from whoever trains on the ones before.
type gate struct {
	mu      sync.Mutex
	change  sync.Cond
	working int
	limit   int // of those who work; from 1 to most
	most    int
	starved bool // somebody waits: all may work
}

func (g *gate) init(limit, most int) {
	g.change.L = &g.mu
	g.most = most
	g.limit = max(1, min(limit, most))
}

// enter waits until one more may work.
func (g *gate) enter() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.working >= g.limit && !g.starved {
		g.change.Wait()
	}
	g.working++
}

// leave undoes enter.
func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.working--
	g.change.Signal()
}

// starve says that somebody waits; with more, that one more should have worked before.
func (g *gate) starve(more bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if more {
		g.limit = min(g.limit+1, g.most)
	}
	g.starved = true
	g.change.Broadcast()
}

// fed says that nobody waits any more.
func (g *gate) fed() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.starved = false
}

// full says that all memory for batches is in use: one worker less will do.
func (g *gate) full() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.limit = max(g.limit-1, 1)
}
