package hdf5

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/lince-ml/lince/tensor"
)

// Tree is a group to write, with everything below it. The zero Tree is an empty group. Mistakes, such as a duplicate name or
// an attribute that is too large, are reported by WriteTo, all at once.
type Tree struct {
	annotations
	groups map[string]*Tree
	data   map[string]*Data
}

// Data is a dataset to write. It keeps the tensor, which must not change before WriteTo returns.
type Data struct {
	annotations
	tensor *tensor.Tensor
}

// annotations holds the attributes of a Tree or Data, and the mistakes found in it.
type annotations struct {
	attrs map[string]Value
	errs  []error
}

// Attr sets an attribute. Its name and value together may have at most 64 KB. name must be valid UTF-8 without NUL.
func (a *annotations) Attr(name string, v Value) {
	if a.attrs == nil {
		a.attrs = map[string]Value{}
	}
	if name == "" || !utf8.ValidString(name) || strings.Contains(name, "\x00") {
		a.errs = append(a.errs, fmt.Errorf("attribute name %q: want UTF-8 text", name))
		return
	}
	a.attrs[name] = v
}

// checkName returns an error for a name that HDF5 does not allow.
func checkName(name string) error {
	switch {
	case name == "", name == ".", strings.ContainsAny(name, "/\x00"), !utf8.ValidString(name):
		return fmt.Errorf("name %q: want UTF-8 text that is not \".\" and has no \"/\"", name)
	case len(name) > 1<<15:
		return fmt.Errorf("name %.20q...: want at most %d bytes, got %d", name, 1<<15, len(name))
	}
	return nil
}

// Group returns the group at a path relative to t, such as "layers/conv2d". Missing groups are created.
func (t *Tree) Group(path string) *Tree {
	for name := range strings.SplitSeq(path, "/") {
		g := t.groups[name]
		if g == nil {
			if err := checkName(name); err != nil {
				t.errs = append(t.errs, err)
			}
			if t.data[name] != nil {
				t.errs = append(t.errs, fmt.Errorf("name %q: there are a group and a dataset of that name", name))
			}
			if t.groups == nil {
				t.groups = map[string]*Tree{}
			}
			g = &Tree{}
			t.groups[name] = g
		}
		t = g
	}
	return t
}

// Dataset adds a dataset. A BFloat16 tensor is stored as Keras stores it: as opaque elements of two bytes, with the attribute
// dtype = "bfloat16".
func (t *Tree) Dataset(name string, v *tensor.Tensor) *Data {
	d := &Data{tensor: v}
	if err := checkName(name); err != nil {
		t.errs = append(t.errs, err)
		return d
	}
	switch {
	case v == nil:
		t.errs = append(t.errs, fmt.Errorf("dataset %q: the tensor is nil", name))
		return d
	case t.data[name] != nil:
		t.errs = append(t.errs, fmt.Errorf("name %q: there are two datasets of that name", name))
	case t.groups[name] != nil:
		t.errs = append(t.errs, fmt.Errorf("name %q: there are a group and a dataset of that name", name))
	}
	if v.DType() == tensor.BFloat16 {
		if nativeBig {
			t.errs = append(t.errs, fmt.Errorf("dataset %q: bfloat16 can only be written on little-endian machines", name))
		}
		d.Attr("dtype", String("bfloat16"))
	}
	if t.data == nil {
		t.data = map[string]*Data{}
	}
	t.data[name] = d
	return d
}

// problems returns the mistakes in the tree, each with its path.
func (t *Tree) problems(path string) error {
	var all []error
	for _, err := range t.errs {
		all = append(all, fmt.Errorf("%s: %w", path, err))
	}
	for _, name := range slices.Sorted(maps.Keys(t.data)) {
		for _, err := range t.data[name].errs {
			all = append(all, fmt.Errorf("%s: %w", join(path, name), err))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.groups)) {
		all = append(all, t.groups[name].problems(join(path, name)))
	}
	return errors.Join(all...)
}
