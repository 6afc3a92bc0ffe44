package engine

import (
	"runtime"
	"sync"
	"weak"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/offheap"
	"github.com/lince-ml/lince/tensor"
)

// packer implements conv.Packer with a function.
type packer struct {
	length, parts int
	run           func(part int, w, packed []float32)
}

// PackedLen implements conv.Packer.
func (p packer) PackedLen() int { return p.length }

// PackParts implements conv.Packer.
func (p packer) PackParts() int { return p.parts }

// Pack implements conv.Packer.
func (p packer) Pack(part int, w, packed []float32) { p.run(part, w, packed) }

// packed is a prepared value: a variable, a constant, or a value computed from them, packed for a
// kernel.
type packed struct {
	block *offheap.Block
	data  []float32

	mu      sync.Mutex
	version uint64 // 1 + the version of the variables from which it was computed; 0: not computed yet
}

func newPacked(length int) *packed {
	b := offheap.New(length * 4)
	return &packed{block: b, data: tensor.View[float32](b.Bytes)}
}

// packs finds existing packed values, so that they are shared. A packed value lives as long as an
// instance that uses it.
type packs struct {
	mu   sync.Mutex
	made map[packKey]weak.Pointer[packed]
}

// packKey identifies a packed value.
type packKey struct {
	store   weak.Pointer[graph.Store]
	value   string // expression.key
	packing any    // conv.SharedPacker.Packing; nil if the value is not packed
}

// find returns memory for a packed value of the given length, in floats. All users of the same value share it.
func (s *packs) find(store *graph.Store, value string, packing any, length int) *packed {
	key := packKey{weak.Make(store), value, packing}
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.made[key].Value(); p != nil {
		return p
	}
	p := newPacked(length)
	if s.made == nil {
		s.made = map[packKey]weak.Pointer[packed]{}
	}
	made := weak.Make(p)
	s.made[key] = made
	runtime.AddCleanup(p, func(key packKey) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.made[key] == made { // another one may have replaced it
			delete(s.made, key)
		}
	}, key)
	return p
}
