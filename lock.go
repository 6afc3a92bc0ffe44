package lince

import (
	"sync"
	"sync/atomic"
)

// lock guards the variables of models that share some. It is held for reading by code that reads variables,
// and for writing by a training step. Each model starts with its own lock. join merges two locks into one.
type lock struct {
	mu   sync.RWMutex
	next atomic.Pointer[lock] // the lock that replaced this one; nil if none did
}

// root returns the lock that replaced l, or l itself.
func (l *lock) root() *lock {
	for n := l.next.Load(); n != nil; n = l.next.Load() {
		l = n
	}
	return l
}

// Lock locks for writing.
func (l *lock) Lock() {
	for {
		r := l.root()
		r.mu.Lock()
		if r.next.Load() == nil {
			return
		}
		r.mu.Unlock() // it was joined to another lock while Lock waited
	}
}

// Unlock undoes Lock. A lock that is held is not joined to another.
func (l *lock) Unlock() { l.root().mu.Unlock() }

// RLock locks for reading.
func (l *lock) RLock() {
	for {
		r := l.root()
		r.mu.RLock()
		if r.next.Load() == nil {
			return
		}
		r.mu.RUnlock()
	}
}

// RUnlock undoes RLock.
func (l *lock) RUnlock() { l.root().mu.RUnlock() }

// joining is held by join. Without it two joins could deadlock, because each takes two locks.
var joining sync.Mutex

// join merges two locks into one. The caller must hold neither.
func (l *lock) join(other *lock) {
	joining.Lock()
	defer joining.Unlock()
	a, b := l.root(), other.root()
	if a == b {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	b.mu.Lock()
	defer b.mu.Unlock()
	a.next.Store(b)
}
