package lince

import (
	"sync"
	"sync/atomic"
)

// lock guards the variables of models that share some: it is held, for reading, by whoever
// reads variables, and for writing by a step. Models that have nothing in common have locks of
// their own; join makes two locks one.
type lock struct {
	mu   sync.RWMutex
	next atomic.Pointer[lock] // the lock that stands for this one; nil: it stands for itself
}

// root is the lock that stands for l.
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
		r.mu.Unlock() // it was joined to another while this waited
	}
}

// Unlock undoes Lock. While a lock is held it is joined to no other.
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

// joining is held by whoever makes two locks one: nobody else then holds two.
var joining sync.Mutex

// join makes two locks one. The caller holds neither.
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
