package keras

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"

	"github.com/lince-ml/lince/format/hdf5"
)

const maxLegacyWeights = 1_000_000 // in a file

// ReadLegacy reads an HDF5 file of size bytes that Keras 1, 2 or 3 wrote for a whole model (.h5, .hdf5), or for the weights of a
// model. Values are not read until LegacyWeight.Read is called; the caller must keep r open until then. The error names the attribute or
// group with a mistake.
func ReadLegacy(r io.ReaderAt, size int64) (*Legacy, error) {
	l, err := readLegacy(r, size)
	if err != nil {
		return nil, fmt.Errorf("keras: %w", err)
	}
	return l, nil
}

func readLegacy(r io.ReaderAt, size int64) (*Legacy, error) {
	f, err := hdf5.Open(r, size)
	if err != nil {
		return nil, err
	}
	root, err := f.Root()
	if err != nil {
		return nil, err
	}
	c := &legacyReader{met: map[uint64]string{}, groups: map[string]*hdf5.Group{}}
	l := &Legacy{}
	if l.Config, err = jsonAttr(root, modelConfigAttr); err != nil {
		return nil, err
	}
	training, err := jsonAttr(root, trainingConfigAttr)
	if err != nil {
		return nil, err
	}
	if l.CompileConfig, err = upgradeCompile(training); err != nil {
		return nil, fmt.Errorf("attribute %s: %w", trainingConfigAttr, err)
	}
	if l.Extra, err = jsonAttr(root, linceAttr); err != nil {
		return nil, err
	}
	weights := root
	switch g, err := root.Group(modelWeightsGroup); {
	case err == nil:
		weights = g
	case l.Config != nil || !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	for _, a := range []struct {
		name string
		to   *string
	}{{versionAttr, &l.KerasVersion}, {backendAttr, &l.Backend}} {
		for _, g := range []*hdf5.Group{weights, root} {
			if *a.to == "" {
				if *a.to, err = textAttr(g, a.name); err != nil {
					return nil, err
				}
			}
		}
	}
	if err := c.layers(l, weights); err != nil {
		return nil, err
	}
	switch g, err := root.Group(optimizerGroup); {
	case err == nil:
		if l.Optimizer, err = c.weights(g); err != nil {
			return nil, err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	return l, nil
}

// legacyReader counts what a file has.
type legacyReader struct {
	count int
	met   map[uint64]string // paths of the datasets and of the layers' groups, by ID
	// groups holds the groups that were opened, by path: a file may have very many names below one group.
	groups map[string]*hdf5.Group
}

// group opens the group at a path relative to g.
func (c *legacyReader) group(g *hdf5.Group, path string) (*hdf5.Group, error) {
	if strings.Count(path, "/") > maxDepth {
		return nil, fmt.Errorf("%s: the path %q has more than %d parts", g.Path(), cut(path), maxDepth)
	}
	for name := range strings.SplitSeq(path, "/") {
		full := join(g.Path(), name)
		below := c.groups[full]
		if below == nil {
			var err error
			if below, err = g.Group(name); err != nil {
				return nil, err
			}
			c.groups[full] = below
		}
		g = below
	}
	return g, nil
}

// once returns an error if an object was met before. A second name for the same bytes would let a small file fill a large memory.
func (c *legacyReader) once(id uint64, path string) error {
	if at, ok := c.met[id]; ok {
		return fmt.Errorf("%s: it is the same object as %s", path, at)
	}
	c.met[id] = path
	return nil
}

// layers reads the groups of the layers.
func (c *legacyReader) layers(l *Legacy, g *hdf5.Group) error {
	names, found, err := textsAttr(g, layerNamesAttr)
	if err != nil {
		return err
	}
	if !found {
		return fmt.Errorf("%s has no attribute %s: it is not a model or the weights of a model by Keras", g.Path(), layerNamesAttr)
	}
	if len(names) > maxLayers {
		return fmt.Errorf("attribute %s: want at most %d layers, got %d", layerNamesAttr, maxLayers, len(names))
	}
	met := map[string]bool{}
	for _, name := range names {
		if met[name] {
			return fmt.Errorf("attribute %s: the layer %q appears twice", layerNamesAttr, cut(name))
		}
		met[name] = true
		group, err := c.group(g, name)
		if err != nil {
			return err
		}
		if err := c.once(group.ID(), group.Path()); err != nil {
			return err
		}
		weights, err := c.weights(group)
		if err != nil {
			return err
		}
		l.Layers = append(l.Layers, LegacyGroup{name, weights})
	}
	switch top, err := g.Group(topLevelGroup); {
	case err == nil && !met[topLevelGroup]:
		l.TopLevel, err = c.weights(top)
		return err
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return nil
}

// weights finds the datasets of a group.
func (c *legacyReader) weights(g *hdf5.Group) ([]LegacyWeight, error) {
	names, _, err := textsAttr(g, weightNamesAttr)
	if err != nil {
		return nil, err
	}
	if c.count += len(names); c.count > maxLegacyWeights {
		return nil, fmt.Errorf("want at most %d variables, got more", maxLegacyWeights)
	}
	var list []LegacyWeight
	for _, name := range names {
		in, last := g, name
		if slash := strings.LastIndexByte(name, '/'); slash >= 0 {
			if in, err = c.group(g, name[:slash]); err != nil {
				return nil, err
			}
			last = name[slash+1:]
		}
		d, err := in.Dataset(last)
		if err != nil {
			return nil, err
		}
		if err := c.once(d.ID(), d.Path()); err != nil {
			return nil, err
		}
		list = append(list, LegacyWeight{name, d.Shape(), d.DType(), d.Read})
	}
	return list, nil
}

// textAttr reads an attribute that is a string, "" if the group does not have it.
func textAttr(g *hdf5.Group, name string) (string, error) {
	v, err := g.Attr(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	s, err := v.ScalarText()
	if err != nil {
		return "", fmt.Errorf("attribute %s of %s: %w", name, g.Path(), err)
	}
	return s, nil
}

// textsAttr reads an attribute that is a list of strings. Keras cuts a long list into the attributes name0, name1, ...
func textsAttr(g *hdf5.Group, name string) (list []string, found bool, err error) {
	pieces, err := g.Attrs(func(s string) bool { return strings.HasPrefix(s, name) })
	if err != nil {
		return nil, false, err
	}
	for i := -1; ; i++ {
		key := name
		if i >= 0 {
			key += strconv.Itoa(i)
		}
		v, ok := pieces[key]
		if !ok && i < 0 {
			continue
		}
		if !ok {
			return list, found, nil
		}
		texts, err := v.TextList()
		if err != nil {
			return nil, false, fmt.Errorf("attribute %s of %s: %w", key, g.Path(), err)
		}
		list, found = append(list, texts...), true
		if i < 0 {
			return list, true, nil
		}
	}
}

// jsonAttr reads an attribute that is JSON, nil if the group does not have it. Some files have the JSON inside a JSON string.
func jsonAttr(g *hdf5.Group, name string) ([]byte, error) {
	s, err := textAttr(g, name)
	if err != nil || s == "" {
		return nil, err
	}
	text, err := unquoted([]byte(s))
	if err != nil {
		return nil, fmt.Errorf("attribute %s: %w", name, err)
	}
	if string(text) == "null" {
		return nil, nil
	}
	return text, nil
}

// unquoted returns JSON that may stand inside a JSON string, as text.
func unquoted(text []byte) ([]byte, error) {
	v, err := scan(text)
	if err != nil {
		return nil, err
	}
	if s, ok := v.str(); ok {
		if v, err = scan([]byte(s)); err != nil {
			return nil, err
		}
	}
	return v.raw(), nil
}
