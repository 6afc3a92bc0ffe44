package engine

import (
	"slices"
	"sync"
	"weak"

	"github.com/lince-ml/lince/internal/offheap"
)

// arenas is the memory of an engine's runs. What runs one after the other uses the same
// memory, whatever its plan or program: there are as many arenas as there were runs at
// once, each as large as the largest plan that had it.
//
// An arena lives as long as an instance that is bound to it.
type arenas struct {
	mu   sync.Mutex
	made []weak.Pointer[arena]
}

// arena is memory that one run at a time has.
type arena struct {
	*offheap.Block
	busy      bool
	instances []*instance // bound to it
}

// claim takes the arena of an instance for a run. It fails when another run has it, or when
// the instance was let go of.
func (s *arenas) claim(i *instance) (ok, gone bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case i.arena == nil:
		return false, true
	case i.arena.busy:
		return false, false
	}
	i.arena.busy = true
	return true, false
}

// release ends a run.
func (s *arenas) release(a *arena) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a.busy = false
}

// take finds or makes an arena of at least size bytes for a run of a new instance: the
// smallest that is free. Where all free ones are too small, the new one comes in place of the
// largest of them.
func (s *arenas) take(size int) *arena {
	s.mu.Lock()
	defer s.mu.Unlock()
	var fits, less *arena
	s.made = slices.DeleteFunc(s.made, func(p weak.Pointer[arena]) bool {
		a := p.Value()
		if a == nil {
			return true
		}
		switch n := len(a.Bytes); {
		case a.busy:
		case n >= size && (fits == nil || n < len(fits.Bytes)):
			fits = a
		case n < size && (less == nil || n > len(less.Bytes)):
			less = a
		}
		return false
	})
	if fits == nil {
		if less != nil {
			less.drop()
			s.made = slices.DeleteFunc(s.made, func(p weak.Pointer[arena]) bool { return p.Value() == less })
		}
		fits = &arena{Block: offheap.New(size)}
		s.made = append(s.made, weak.Make(fits))
	}
	fits.busy = true
	return fits
}

// drop takes the arena from the instances that are bound to it, none of which runs, and
// gives it back.
func (a *arena) drop() {
	for _, i := range a.instances {
		*i = instance{}
	}
	a.instances = nil
	a.Free()
}
