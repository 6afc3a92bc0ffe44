package engine

import (
	"runtime"
	"sync"
	"weak"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/offheap"
	"github.com/lince-ml/lince/tensor"
)

// filters is how a kernel wants one of its operands: packed.
type filters interface {
	// PackedLen is the number of floats of the packed operand.
	PackedLen() int
	// PackParts is the number of parts of packing.
	PackParts() int
	// Pack packs a part of w.
	Pack(part int, w, packed []float32)
}

// packer is filters of a function.
type packer struct {
	length, parts int
	run           func(part int, w, packed []float32)
}

// PackedLen implements filters.
func (p packer) PackedLen() int { return p.length }

// PackParts implements filters.
func (p packer) PackParts() int { return p.parts }

// Pack implements filters.
func (p packer) Pack(part int, w, packed []float32) { p.run(part, w, packed) }

// sharedFilters are filters of which several kernels may want the same.
type sharedFilters interface {
	filters
	// Packing is a comparable value: kernels with equal ones pack into equal bits.
	Packing() any
}

// packed is a variable, a constant or what is computed of them, as kernels want it.
type packed struct {
	block *offheap.Block
	data  []float32

	mu      sync.Mutex
	version uint64 // one more than that of the variables that was packed
}

func newPacked(length int) *packed {
	b := offheap.New(length * 4)
	return &packed{block: b, data: tensor.View[float32](b.Bytes)}
}

// packs finds what is packed already. It lives as long as instances that use it.
type packs struct {
	mu   sync.Mutex
	made map[packKey]weak.Pointer[packed]
}

// packKey is a packed value.
type packKey struct {
	store   weak.Pointer[graph.Store]
	value   string // see expressions
	packing any    // nil for the value itself
}

// find returns length numbers of a value under a packing, which all that want the same share.
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
		if s.made[key] == made { // no other has taken its place
			delete(s.made, key)
		}
	}, key)
	return p
}
