package engine

import (
	"slices"
	"sync"
	"weak"

	"github.com/lince-ml/lince/internal/offheap"
)

// arenas is the memory of an engine's runs. Consecutive runs share an arena, even if they belong to
// different plans or programs. The number of arenas is the largest number of runs that were
// concurrent. Each arena is as large as the largest plan that used it.
//
// An arena lives as long as an instance that is bound to it.
type arenas struct {
	mu   sync.Mutex
	made []weak.Pointer[arena]
}

// arena is memory for one run at a time.
type arena struct {
	*offheap.Block
	busy      bool
	instances []weak.Pointer[instance] // bound to it. They keep the arena; it must not keep those of programs that are no longer used
}

// claim takes the arena of an instance for a run. ok is false if another run has the arena, or if
// the instance has lost its arena. In the second case gone is true.
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

// release makes the arena available to other runs.
func (s *arenas) release(a *arena) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a.busy = false
}

// take returns an arena of at least size bytes for a run of a new instance: the smallest free one
// that is large enough, or a new one. A new one replaces the largest free arena, if there is one.
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

// bind adds an instance.
func (a *arena) bind(i *instance) {
	a.instances = slices.DeleteFunc(a.instances, func(p weak.Pointer[instance]) bool { return p.Value() == nil })
	a.instances = append(a.instances, weak.Make(i))
}

// drop frees the arena. The instances that are bound to it, none of which may be running, lose it.
func (a *arena) drop() {
	for _, p := range a.instances {
		if i := p.Value(); i != nil {
			*i = instance{}
		}
	}
	a.instances = nil
	a.Free()
}
