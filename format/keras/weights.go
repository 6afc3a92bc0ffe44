package keras

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/lince-ml/lince/format/hdf5"
	"github.com/lince-ml/lince/tensor"
)

// Weights holds the variables in model.weights.h5 or another .weights.h5 file. Read sorts the entries by path, with conv2d_2 before
// conv2d_10. Write accepts any order.
type Weights []Entry

// Entry holds the variables of one object: a layer, the optimizer, a metric or the model.
type Entry struct {
	// Path is the path of the object: "layers/conv2d_1" (see LayerPaths), "layers/sequential/layers/dense", "optimizer", or "" for the model.
	Path string
	// Name is the object's name. It may be empty; Keras does not need it.
	Name string
	// Vars holds the variables. The trainable ones of a layer come first. A layer without variables also has an entry.
	Vars []*tensor.Tensor
}

// Find returns the entry with a path. Use ByPath to find many entries.
func (w Weights) Find(path string) (Entry, bool) {
	for _, e := range w {
		if e.Path == path {
			return e, true
		}
	}
	return Entry{}, false
}

// ByPath returns the entries by their paths.
func (w Weights) ByPath() map[string]Entry {
	m := make(map[string]Entry, len(w))
	for _, e := range w {
		m[e.Path] = e
	}
	return m
}

const (
	varsGroup = "vars"
	nameAttr  = "name"
	// layersGroup is the name of a group of layers. Keras 2.13 and 2.14 called it legacyLayers; see renumber.
	layersGroup  = "layers"
	legacyLayers = "_layer_checkpoint_dependencies"
	maxDepth     = 64 // of nested models
	maxPath      = 4096
)

// tree returns the HDF5 tree that Keras would write.
func (w Weights) tree() (*hdf5.Tree, error) {
	root := &hdf5.Tree{}
	met := map[string]bool{}
	var errs []error
	for _, e := range w {
		if met[e.Path] {
			errs = append(errs, fmt.Errorf("two entries have the path %q", e.Path))
			continue
		}
		met[e.Path] = true
		vars := root.Group(join(e.Path, varsGroup))
		if e.Name != "" {
			vars.Attr(nameAttr, hdf5.String(e.Name))
		}
		for i, v := range e.Vars {
			vars.Dataset(strconv.Itoa(i), v)
		}
	}
	return root, errors.Join(errs...)
}

// WriteWeights writes a .weights.h5 file.
func WriteWeights(w io.Writer, weights Weights) error {
	tree, err := weights.tree()
	if err == nil {
		_, err = tree.WriteTo(w)
	}
	if err != nil {
		return fmt.Errorf("keras: %w", err)
	}
	return nil
}

// ReadWeights reads a .weights.h5 file of size bytes.
func ReadWeights(r io.ReaderAt, size int64) (Weights, error) {
	w, err := readWeights("weights", r, size)
	if err != nil {
		return nil, fmt.Errorf("keras: %w", err)
	}
	return w, nil
}

// readWeights reads every group "vars" in the file. what names the file in errors.
func readWeights(what string, r io.ReaderAt, size int64) (Weights, error) {
	f, err := hdf5.Open(r, size)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	root, err := f.Root()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	c := collector{met: map[uint64]bool{}, paths: map[string]bool{}}
	if err := c.group(root, "", 0); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	if err := renumber(c.weights); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	slices.SortFunc(c.weights, func(a, b Entry) int { return comparePaths(a.Path, b.Path) })
	return c.weights, nil
}

// collector collects entries.
type collector struct {
	weights Weights
	met     map[uint64]bool
	paths   map[string]bool  // paths of weights
	parts   map[string]*part // entries of several files; nil for a single file
}

// once returns an error if an object is visited twice. Keras never writes hard links, and reading a file with a loop of links would never end.
func (c *collector) once(id uint64, path string) error {
	if c.met[id] {
		return fmt.Errorf("%s: a second link to the same object", path)
	}
	c.met[id] = true
	return nil
}

func (c *collector) group(g *hdf5.Group, path string, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("%s: groups are nested more than %d deep", path, maxDepth)
	}
	if err := c.once(g.ID(), g.Path()); err != nil {
		return err
	}
	children, err := g.Children()
	if err != nil {
		return err
	}
	for _, child := range children {
		if n := len(path) + len(child.Name); n > maxPath || strings.Count(child.Name, `\`) > maxDepth {
			return fmt.Errorf("%s: the path of %.40q... has %d bytes, want at most %d, and at most %d parts", g.Path(), child.Name, n, maxPath, maxDepth)
		}
		switch child.Kind {
		case hdf5.GroupKind:
			below, err := g.Group(child.Name)
			if err != nil {
				return err
			}
			at, vars := childPath(path, child.Name)
			if vars {
				err = c.vars(below, at)
			} else {
				err = c.group(below, at, depth+1)
			}
			if err != nil {
				return err
			}
		case hdf5.DatasetKind:
			// Keras writes no datasets here, and ignores them.
		default:
			return fmt.Errorf("%s: it is of kind %q, which is not supported", join(g.Path(), child.Name), child.Kind)
		}
	}
	return nil
}

// childPath returns the path of a group's child, and whether the child holds the variables of the object at that path. Keras up to 2.14 on
// Windows wrote paths with backslashes, which are a single name in HDF5.
func childPath(path, name string) (child string, vars bool) {
	parts := strings.Split(name, `\`)
	for i, part := range parts {
		if part == varsGroup && i == len(parts)-1 {
			return path, true
		}
		path = join(path, part)
	}
	return path, false
}

// renumber gives the layers in files of Keras 2.13 and 2.14 the paths of later versions. Those versions counted a layer with weights twice: the
// paths of three convolutions were conv2d, conv2d_2 and conv2d_4.
func renumber(weights Weights) error {
	found := map[string]map[string]bool{} // the names in each group of layers
	each := func(path string, do func(group, name string, part int)) []string {
		parts := strings.Split(path, "/")
		end := 0 // of the group's part of the path
		for i, part := range parts {
			if i > 0 && parts[i-1] == legacyLayers {
				do(path[:end-1], part, i)
			}
			end += len(part) + 1
		}
		return parts
	}
	for _, e := range weights {
		each(e.Path, func(group, name string, _ int) {
			if found[group] == nil {
				found[group] = map[string]bool{}
			}
			found[group][name] = true
		})
	}
	if len(found) == 0 {
		return nil
	}
	names := map[string]map[string]string{}
	for group, old := range found {
		names[group] = map[string]string{}
		count := map[string]int{}
		for _, name := range slices.SortedFunc(maps.Keys(old), comparePaths) {
			class, _ := splitNumber(name)
			names[group][name] = class
			if k := count[class]; k > 0 {
				names[group][name] = fmt.Sprintf("%s_%d", class, k)
			}
			count[class]++
		}
	}
	met := map[string]bool{}
	for i, e := range weights {
		now := strings.Split(e.Path, "/")
		old := each(e.Path, func(group, name string, part int) { now[part] = names[group][name] })
		for k, part := range old {
			if part == legacyLayers {
				now[k] = layersGroup
			}
		}
		path := strings.Join(now, "/")
		if met[path] {
			return fmt.Errorf("variables of %q appear twice", path)
		}
		met[path] = true
		weights[i].Path = path
	}
	return nil
}

// vars reads the variables "0", "1", ... of an object.
func (c *collector) vars(g *hdf5.Group, path string) error {
	if err := c.once(g.ID(), g.Path()); err != nil {
		return err
	}
	if c.paths[path] {
		return fmt.Errorf("%s: variables of %q appear twice", g.Path(), path)
	}
	c.paths[path] = true
	e := Entry{Path: path}
	switch v, err := g.Attr(nameAttr); {
	case err == nil:
		if e.Name, err = v.ScalarText(); err != nil {
			return fmt.Errorf("%s: attribute name: %w", g.Path(), err)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if c.parts != nil {
		return c.shard(g, path, e.Name)
	}
	names := g.Names() // sorted
	for i := range names {
		name := strconv.Itoa(i)
		if _, ok := slices.BinarySearch(names, name); !ok {
			return fmt.Errorf("%s: want %d variables named 0 to %d, got %q", g.Path(), len(names), len(names)-1, abbreviate(names))
		}
		v, err := c.dataset(g, name)
		if err != nil {
			return err
		}
		e.Vars = append(e.Vars, v)
	}
	c.weights = append(c.weights, e)
	return nil
}

func (c *collector) dataset(g *hdf5.Group, name string) (*tensor.Tensor, error) {
	d, err := g.Dataset(name)
	if err != nil {
		return nil, err
	}
	if err := c.once(d.ID(), d.Path()); err != nil {
		return nil, err
	}
	return d.Read()
}

func abbreviate(names []string) []string { return names[:min(len(names), 10)] }

// join returns the path of a child.
func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "/" + name
}

// comparePaths compares paths with numbers at the end of names by value.
func comparePaths(a, b string) int {
	as, bs := strings.Split(a, "/"), strings.Split(b, "/")
	return slices.CompareFunc(as, bs, func(x, y string) int {
		xn, xi := splitNumber(x)
		yn, yi := splitNumber(y)
		if xn != yn || xi == yi {
			return strings.Compare(x, y)
		}
		return xi - yi
	})
}

// splitNumber splits a name such as conv2d_3 into its class and its number.
func splitNumber(s string) (string, int) {
	if i := strings.LastIndexByte(s, '_'); i >= 0 {
		if n, err := strconv.ParseUint(s[i+1:], 10, 31); err == nil {
			return s[:i], int(n)
		}
	}
	return s, 0
}
