package keras

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/lince-ml/lince/format/hdf5"
	"github.com/lince-ml/lince/tensor"
)

const maxShards = 10_000

// ReadShards reads the weights that Keras' save_weights wrote to several files, because max_shard_size was set. text is the file
// .weights.json, a map from the paths of variables to names of files. open opens the file beside it with one of these names, which is
// a plain name ending in .weights.h5. The variables of a layer may be in several files.
func ReadShards(text []byte, open func(name string) (io.ReaderAt, int64, error)) (Weights, error) {
	w, err := readShards(text, open)
	if err != nil {
		return nil, fmt.Errorf("keras: %w", err)
	}
	return w, nil
}

func readShards(text []byte, open func(name string) (io.ReaderAt, int64, error)) (Weights, error) {
	var config struct {
		Map map[string]json.RawMessage `json:"weight_map"`
	}
	if err := json.Unmarshal(text, &config); err != nil {
		return nil, fmt.Errorf("the map of shards: %w", err)
	}
	if config.Map == nil {
		return nil, errors.New("the map of shards has no weight_map")
	}
	files := map[string]bool{}
	for path, v := range config.Map {
		var one string
		list := []string{""}
		if json.Unmarshal(v, &one) == nil {
			list[0] = one
		} else if err := json.Unmarshal(v, &list); err != nil {
			return nil, fmt.Errorf("weight_map: %.100q must be the name of a file or a list of names", path)
		}
		for _, name := range list {
			if strings.ContainsAny(name, `/\:`) || !strings.HasSuffix(name, ".weights.h5") {
				return nil, fmt.Errorf("weight_map: %.100q names the file %.100q, want a name that ends in .weights.h5, without a folder", path, name)
			}
			if files[name] = true; len(files) > maxShards {
				return nil, fmt.Errorf("weight_map names more than %d files", maxShards)
			}
		}
	}
	parts := map[string]*part{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := readShard(name, open, parts); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	var weights Weights
	for _, path := range slices.SortedFunc(maps.Keys(parts), comparePaths) {
		p := parts[path]
		e := Entry{Path: path, Name: p.name}
		for i := range len(p.vars) {
			v := p.vars[i]
			if v == nil {
				return nil, fmt.Errorf("%s: variable %d is in none of the shards", path, i)
			}
			e.Vars = append(e.Vars, v)
		}
		weights = append(weights, e)
	}
	return weights, nil
}

// part is an entry whose variables come from several files.
type part struct {
	name string
	vars map[int]*tensor.Tensor
}

func readShard(name string, open func(name string) (io.ReaderAt, int64, error), parts map[string]*part) error {
	r, size, err := open(name)
	if err != nil {
		return err
	}
	if c, ok := r.(io.Closer); ok {
		defer func() { _ = c.Close() }() // only read
	}
	f, err := hdf5.Open(r, size)
	if err != nil {
		return err
	}
	root, err := f.Root()
	if err != nil {
		return err
	}
	c := collector{met: map[uint64]bool{}, paths: map[string]bool{}, parts: parts}
	return c.group(root, "", 0)
}

// shard reads the variables of an object that are in this file.
func (c *collector) shard(g *hdf5.Group, path, name string) error {
	p := c.parts[path]
	if p == nil {
		p = &part{vars: map[int]*tensor.Tensor{}}
		c.parts[path] = p
	}
	if name != "" {
		p.name = name
	}
	for _, key := range g.Names() {
		i, err := strconv.Atoi(key)
		if err != nil || i < 0 || strconv.Itoa(i) != key {
			return fmt.Errorf("%s: want variables named 0, 1, ..., got %.40q", g.Path(), key)
		}
		if p.vars[i] != nil {
			return fmt.Errorf("%s: variable %d is in two shards", g.Path(), i)
		}
		if p.vars[i], err = c.dataset(g, key); err != nil {
			return err
		}
	}
	return nil
}
