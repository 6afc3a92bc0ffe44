package torch

import (
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/lince-ml/lince/internal/pickle"
	"github.com/lince-ml/lince/tensor"
)

// decoder makes the objects of a file.
type decoder struct {
	r      io.ReaderAt
	size   int64
	budget int64 // the bytes that all tensors together may still have
	stores map[string]*storage
	// find returns the number of bytes of a storage in the archive, and sets how it is loaded. It is nil for files of the older form.
	find func(s *storage) error
	// elements has the size of the elements of a storage, in files of the older form.
	elements map[string]int64
}

const maxRank = 32 // of a tensor

// storageRef is a typed reference to a storage, as persistent IDs make it.
type storageRef struct {
	*storage
	typ    Type
	offset int64 // the number of elements before it, for a view of a storage
}

// device is a torch.device, which means nothing here.
type device struct{}

// options returns which classes and functions a pickle may refer to: those that state dicts need.
func (d *decoder) options(size int) pickle.Options {
	g := map[string]any{
		"collections OrderedDict":             pickle.Call(orderedDict),
		"torch Size":                          pickle.Call(one),
		"torch device":                        pickle.Call(func(pickle.Tuple) (any, error) { return device{}, nil }),
		"torch._utils _rebuild_tensor":        pickle.Call(d.tensor),
		"torch._utils _rebuild_tensor_v2":     pickle.Call(d.tensor),
		"torch._utils _rebuild_tensor_v3":     pickle.Call(d.tensorV3),
		"torch._utils _rebuild_parameter":     pickle.Call(parameter),
		"torch.storage UntypedStorage":        untyped,
		"torch UntypedStorage":                untyped,
		"torch.nn.parameter Parameter":        pickle.Call(parameter),
		"torch._tensor _rebuild_from_type_v2": pickle.Call(subclass),
		"torch Tensor":                        tensorClass{},
	}
	for i, t := range types {
		g["torch "+t.name] = Type(i)
		if t.storage != "" {
			g["torch "+t.storage] = Type(i)
			g["torch.storage "+t.storage] = Type(i)
		}
	}
	// An operation makes up to 100 bytes. The limit keeps them below 16 times the pickle's size and 64 MiB.
	return pickle.Options{Globals: g, Persistent: d.storage, Operations: 1<<19 + size/8}
}

// tensorClass is the class torch.Tensor.
type tensorClass struct{}

func one(args pickle.Tuple) (any, error) {
	if len(args) != 1 {
		return nil, fmt.Errorf("a call has %d arguments, want 1", len(args))
	}
	return args[0], nil
}

// orderedDict makes an OrderedDict. Python 2 passes its items as a list of pairs.
func orderedDict(args pickle.Tuple) (any, error) {
	d := &pickle.Dict{}
	if len(args) == 0 {
		return d, nil
	}
	list, ok := args[0].(*pickle.List)
	if !ok || len(args) > 1 {
		return nil, errors.New("an OrderedDict is not made of a list of pairs")
	}
	for _, v := range list.Items {
		var pair []any
		switch v := v.(type) {
		case *pickle.List:
			pair = v.Items
		case pickle.Tuple:
			pair = v
		}
		if len(pair) != 2 {
			return nil, errors.New("an OrderedDict is not made of a list of pairs")
		}
		if key, ok := pair[0].(string); ok {
			if err := d.Set(key, pair[1]); err != nil {
				return nil, err
			}
		}
	}
	return d, nil
}

// parameter makes a Parameter of (tensor, requires_grad, hooks): the tensor.
func parameter(args pickle.Tuple) (any, error) {
	if len(args) >= 1 {
		if v, ok := args[0].(*view); ok {
			return v, nil
		}
	}
	return nil, errors.New("a Parameter is not made of a tensor")
}

// subclass makes a tensor with attributes of (function, class, arguments, attributes). The class must be Tensor or Parameter.
func subclass(args pickle.Tuple) (any, error) {
	if len(args) == 4 {
		make, ok1 := args[0].(pickle.Call)
		of, ok2 := args[2].(pickle.Tuple)
		_, ok3 := args[1].(tensorClass)
		_, ok4 := args[1].(pickle.Call) // Parameter
		if ok1 && ok2 && (ok3 || ok4) {
			return make(of)
		}
	}
	return nil, errors.New("a tensor is of an unknown class, which is refused")
}

// storage makes the reference to a storage with the persistent ID ("storage", class, key, location, elements) or, in the older
// form, ("storage", class, key, location, elements, view), where view is None or (key, offset, elements).
func (d *decoder) storage(id any) (any, error) {
	t, ok := id.(pickle.Tuple)
	if !ok || len(t) < 5 || len(t) > 6 {
		return nil, errors.New("it refers to an object outside the pickle that is not a storage")
	}
	what, _ := text(t[0])
	typ, ok1 := t[1].(Type)
	key, ok2 := text(t[2])
	elements, ok3 := t[4].(int64)
	if what != "storage" || !ok1 || !ok2 || !ok3 || elements < 0 || elements > math.MaxInt64/16 || len(key) > 100 {
		return nil, errors.New("it refers to a storage in an unknown way")
	}
	size := int64(typ.size())
	ref := storageRef{typ: typ}
	s := d.stores[key]
	if s == nil {
		s = &storage{key: key, bytes: elements * size}
		if d.find != nil {
			if err := d.find(s); err != nil {
				return nil, fmt.Errorf("storage %.40q: %w", key, err)
			}
		} else {
			d.elements[key] = size
		}
		d.stores[key] = s
	}
	if s.bytes != elements*size {
		return nil, fmt.Errorf("storage %.40q has %d bytes, a tensor says %d", key, s.bytes, elements*size)
	}
	if d.find == nil && d.elements[key] != size {
		return nil, fmt.Errorf("storage %.40q has elements of two sizes", key)
	}
	ref.storage = s
	if len(t) == 6 && t[5] != nil {
		part, _ := t[5].(pickle.Tuple)
		if len(part) != 3 {
			return nil, fmt.Errorf("storage %.40q: its view is not valid", key)
		}
		if ref.offset, ok = part[1].(int64); !ok || ref.offset < 0 || ref.offset > elements {
			return nil, fmt.Errorf("storage %.40q: its view begins at element %v", key, part[1])
		}
	}
	return ref, nil
}

// tensor makes a tensor of (storage, offset, shape, strides, ...).
func (d *decoder) tensor(args pickle.Tuple) (any, error) {
	if len(args) < 4 {
		return nil, fmt.Errorf("a tensor is made of %d values, want at least 4", len(args))
	}
	ref, ok := args[0].(storageRef)
	if !ok {
		return nil, errors.New("a tensor has no storage")
	}
	return d.newView(ref, ref.typ, args)
}

// tensorV3 makes a tensor of (storage, offset, shape, strides, requires_grad, hooks, dtype, ...), whose storage has no type.
func (d *decoder) tensorV3(args pickle.Tuple) (any, error) {
	if len(args) < 7 {
		return nil, fmt.Errorf("a tensor is made of %d values, want at least 7", len(args))
	}
	ref, ok1 := args[0].(storageRef)
	typ, ok2 := args[6].(Type)
	if !ok1 || !ok2 || typ == untyped {
		return nil, errors.New("a tensor has no storage or no dtype")
	}
	return d.newView(ref, typ, args)
}

func (d *decoder) newView(ref storageRef, typ Type, args pickle.Tuple) (any, error) {
	v := &view{store: ref.storage, typ: typ}
	offset, ok1 := args[1].(int64)
	dims, ok2 := args[2].(pickle.Tuple)
	strides, ok3 := args[3].(pickle.Tuple)
	if !ok1 || !ok2 || !ok3 || offset < 0 || len(dims) > maxRank {
		return nil, errors.New("a tensor has no valid offset, shape and strides")
	}
	offset += ref.offset
	v.offset = int(min(offset, math.MaxInt))
	v.dims = tensor.Shape{}
	for _, list := range []struct {
		from pickle.Tuple
		add  func(n int)
	}{{dims, func(n int) { v.dims = append(v.dims, n) }}, {strides, func(n int) { v.strides = append(v.strides, n) }}} {
		for _, x := range list.from {
			n, ok := x.(int64)
			if !ok || n < 0 || int64(int(n)) != n {
				return nil, fmt.Errorf("a tensor has the dimension or stride %v", x)
			}
			list.add(int(n))
		}
	}
	if err := v.check(); err != nil {
		return nil, err
	}
	if d.budget -= int64(v.dims.Elements()) * int64(typ.size()); d.budget < 0 {
		return nil, errors.New("its tensors together have far more elements than the file has bytes (tensors that share their numbers count each time); save copies: torch.save({k: v.clone() for k, v in state.items()}, FILE)")
	}
	ref.users++
	return v, nil
}

// text returns a string of Python 2 or 3.
func text(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case []byte:
		return string(v), len(v) <= 256
	}
	return "", false
}
