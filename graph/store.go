package graph

import (
	"fmt"

	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// Role is what a variable is used for.
type Role uint8

// The roles. A Weight is trained. State belongs to a layer or a metric, such as moving statistics
// or sums. A Slot is an optimizer's state for one weight, such as a momentum. Hyper is a number
// that controls training: the iteration or the learning rate.
const (
	Weight Role = iota
	State
	Slot
	Hyper
)

// String returns the role's name.
func (r Role) String() string { return [...]string{"weight", "state", "slot", "hyper"}[r] }

// Initializer sets the initial value of a variable. key identifies a stream of random numbers. It
// is derived from the model's seed and the variable's path (see Key), so the order of creation does
// not matter.
type Initializer interface {
	Initialize(t *tensor.Tensor, key uint64)
}

// ShapeChecker is implemented by initializers that do not support all shapes.
type ShapeChecker interface {
	// CheckShape returns an error if the initializer does not support variables of this shape.
	CheckShape(tensor.Shape) error
}

// Variable is a named tensor that outlives a run.
type Variable struct {
	Path string // "conv2d/kernel": the layer's path and the variable's name
	op.Type
	Role   Role
	Frozen bool        // never trained, though a Weight
	Init   Initializer // nil: zeros

	// Regularizer and Constraint are for a Weight; the model ignores them while it is not trained. Both
	// may be nil.
	Regularizer Regularizer
	Constraint  Constraint

	off  bool // the layer is frozen: see Builder.Freeze
	cell *cell
}

// cell holds the value of a variable; variables of other stores may share it.
type cell struct {
	value   *tensor.Tensor
	version uint64
}

// Value returns the variable's tensor, or nil before the store is initialized. It is not a copy.
func (v *Variable) Value() *tensor.Tensor { return v.cell.value }

// Trainable reports whether training changes the variable.
func (v *Variable) Trainable() bool { return v.Role == Weight && !v.Frozen && !v.off }

// Store holds a model's variables in the order in which they were declared. Stores may share
// variables: a nested model shares its variables with the models around it. A shared variable must
// have only one writer at a time. Readers detect a change by its version.
type Store struct {
	vars   []*Variable
	byPath map[string]*Variable
	byCell map[*cell]*Variable
}

// NewStore returns an empty store.
func NewStore() *Store {
	return &Store{byPath: map[string]*Variable{}, byCell: map[*cell]*Variable{}}
}

// Share adds a variable that shares the value of v, a variable of another store. If the store
// already has a variable with that value, path becomes another name for it.
func (s *Store) Share(path string, v *Variable) (*Variable, error) {
	if have := s.byPath[path]; have != nil {
		if have.cell != v.cell {
			return nil, fmt.Errorf("variable %s: the name is taken by another variable", path)
		}
		return have, nil
	}
	if have := s.byCell[v.cell]; have != nil {
		s.byPath[path] = have
		return have, nil
	}
	w := *v
	w.Path = path
	s.add(&w)
	return &w, nil
}

// Find returns the store's variable that shares the value of v, or nil if there is none.
func (s *Store) Find(v *Variable) *Variable { return s.byCell[v.cell] }

func (s *Store) add(v *Variable) {
	s.vars = append(s.vars, v)
	s.byPath[v.Path] = v
	s.byCell[v.cell] = v
}

// Declare adds a variable. If the store already has a variable with this path, Declare returns that
// one; it is an error if its type differs. It is also an error if the initializer does not support the
// shape.
func (s *Store) Declare(v Variable) (*Variable, error) {
	if have := s.byPath[v.Path]; have != nil {
		if !have.Equal(v.Type) {
			return nil, fmt.Errorf("variable %s is already declared as %v, want %v", v.Path, have.Type, v.Type)
		}
		have.off = v.off
		return have, nil
	}
	if !v.Shape.Known() {
		return nil, fmt.Errorf("variable %s has shape %v: every dimension must be known", v.Path, v.Shape)
	}
	if c, ok := v.Init.(ShapeChecker); ok {
		if err := c.CheckShape(v.Shape); err != nil {
			return nil, fmt.Errorf("variable %s: %w", v.Path, err)
		}
	}
	w := v
	w.cell = &cell{}
	s.add(&w)
	return &w, nil
}

// Variables lists the variables in the order of declaration; the caller must not change
// the list.
func (s *Store) Variables() []*Variable { return s.vars }

// Lookup returns the variable with this path, or nil if there is none.
func (s *Store) Lookup(path string) *Variable { return s.byPath[path] }

// Initialize gives every variable that has no value its initial value.
func (s *Store) Initialize(seed uint64) {
	for _, v := range s.vars {
		if v.cell.value != nil {
			continue
		}
		v.cell.value = tensor.New(v.DType, v.Shape...)
		if v.Init != nil {
			v.Init.Initialize(v.cell.value, Key(seed, v.Path))
		}
		s.Changed(v)
	}
}

// Set copies a value into the variable.
func (s *Store) Set(v *Variable, t *tensor.Tensor) error {
	if t.DType() != v.DType || !t.Shape().Equal(v.Shape) {
		return fmt.Errorf("variable %s: got %v, want %v", v.Path, t, v.Type)
	}
	if v.cell.value == nil {
		v.cell.value = tensor.New(v.DType, v.Shape...)
	}
	copy(v.cell.value.Raw(), t.Raw())
	s.Changed(v)
	return nil
}

// Take sets the variable's value to t without a copy. The caller must not use t afterwards.
func (s *Store) Take(v *Variable, t *tensor.Tensor) error {
	if t.DType() != v.DType || !t.Shape().Equal(v.Shape) {
		return fmt.Errorf("variable %s: got %v, want %v", v.Path, t, v.Type)
	}
	v.cell.value = t
	s.Changed(v)
	return nil
}

// Changed records that the values of vars (default: all variables) were changed in place, so that
// prepared values that depend on them are recomputed.
func (s *Store) Changed(vars ...*Variable) {
	if len(vars) == 0 {
		vars = s.vars
	}
	for _, v := range vars {
		v.cell.version++
	}
}

// Version returns a number greater than or equal to 1 that increases whenever one of the variables
// changes, through this store or through another that shares it.
func (s *Store) Version(vars ...*Variable) uint64 {
	version := uint64(1)
	for _, v := range vars {
		version += v.cell.version
	}
	return version
}

// Key returns the key of the stream of random numbers for a seed and a path. It is the FNV-1a hash
// of the path, combined with the seed and mixed by the finalizer of SplitMix64.
func Key(seed uint64, path string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(path) {
		h = (h ^ uint64(path[i])) * 1099511628211
	}
	h ^= seed * 0x9e3779b97f4a7c15
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}
