package torch

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lince-ml/lince/internal/pickle"
)

// stateKeys are the keys under which checkpoints have a state dict, in the order in which they are preferred.
var stateKeys = []string{"state_dict", "model_state_dict", "model_state", "model", "network", "net", "module", "weights", "params"}

// prefixes are removed if all names begin with them: those of DataParallel, torch.compile, and of modules that contain the network.
var prefixes = []string{"module.", "_orig_mod.", "model."}

const maxNested = 4 // checkpoints in checkpoints

// stateDict finds the state dict in an object.
func stateDict(v any) (*File, error) {
	f := &File{}
	var path []string
	d, ok := v.(*pickle.Dict)
	if !ok {
		return nil, fmt.Errorf("the file holds %s, want a state dict; %s", kind(v), saveIt)
	}
	has := finder{}
	for range maxNested {
		key, others := has.inner(d)
		if key == "" {
			break
		}
		for _, o := range others {
			f.Others = append(f.Others, strings.Join(append(slices.Clone(path), o), "/"))
		}
		path = append(path, key)
		d = d.Items[key].(*pickle.Dict)
	}
	f.From = strings.Join(path, "/")
	slices.Sort(f.Others)
	for _, name := range d.Keys {
		if v, ok := d.Items[name].(*view); ok {
			f.Tensors = append(f.Tensors, &Tensor{Name: name, Type: v.typ, Shape: v.dims, view: v})
		}
	}
	if len(f.Tensors) == 0 {
		return nil, fmt.Errorf("the file holds no state dict, but a dict with the keys %s; %s", list(d.Keys), saveIt)
	}
	f.trim()
	return f, nil
}

// inner returns the key of the state dict in a checkpoint, and the keys of other state dicts. key is "" if d is a state dict itself.
func (has finder) inner(d *pickle.Dict) (key string, others []string) {
	var all []string
	own := false
	for _, k := range d.Keys {
		switch v := d.Items[k].(type) {
		case *view:
			own = true
		case *pickle.Dict:
			if has.tensors(v, maxNested) {
				all = append(all, k)
			}
		}
	}
	for _, k := range stateKeys {
		if slices.Contains(all, k) {
			key = k
			break
		}
	}
	if key == "" && !own && len(all) > 0 {
		key = all[0]
	}
	for _, k := range all {
		if k != key {
			others = append(others, k)
		}
	}
	return key, others
}

// finder remembers which dicts have tensors. A dict can be in many others, or in itself.
type finder map[*pickle.Dict]bool

// tensors reports whether a dict has tensors, or a dict in it does.
func (has finder) tensors(d *pickle.Dict, depth int) bool {
	if known, ok := has[d]; ok || depth < 0 {
		return known
	}
	has[d] = false
	for _, k := range d.Keys {
		switch v := d.Items[k].(type) {
		case *view:
			has[d] = true
		case *pickle.Dict:
			has[d] = has.tensors(v, depth-1)
		}
		if has[d] {
			break
		}
	}
	return has[d]
}

// trim removes what all names begin with, if it is one of prefixes.
func (f *File) trim() {
	for again := true; again; {
		again = false
		for _, p := range prefixes {
			if !slices.ContainsFunc(f.Tensors, func(v *Tensor) bool { return !strings.HasPrefix(v.Name, p) || len(v.Name) == len(p) }) {
				for _, v := range f.Tensors {
					v.Name = v.Name[len(p):]
				}
				f.Prefix += p
				again = true
			}
		}
	}
}

// kind names a value for an error.
func kind(v any) string {
	switch v := v.(type) {
	case *view:
		return "a tensor"
	case *pickle.List:
		return fmt.Sprintf("a list of %d values", len(v.Items))
	case pickle.Tuple:
		return fmt.Sprintf("a tuple of %d values", len(v))
	case string:
		return "text"
	case int64, float64, bool:
		return "a number"
	case nil:
		return "None"
	}
	return "a value of another kind"
}

// list returns the first names, quoted.
func list(names []string) string {
	var b strings.Builder
	for i, n := range names {
		if i == 10 {
			fmt.Fprintf(&b, " and %d more", len(names)-i)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%.40q", n)
	}
	if len(names) == 0 {
		return "(none)"
	}
	return b.String()
}
