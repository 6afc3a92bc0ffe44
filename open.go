package lince

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/lince-ml/lince/format/keras"
	"github.com/lince-ml/lince/tensor"
)

// Open reads a model from a file with default Options. See Options.Open.
func Open(path string) (*Model, error) { return Options{}.Open(path) }

// Read reads a model from the size bytes of a file in r with default Options. See Options.Read.
func Read(r io.ReaderAt, size int64) (*Model, error) { return Options{}.Read(r, size) }

// FromJSON makes a model from the JSON of Keras' model.to_json() with default Options. See Options.FromJSON.
func FromJSON(config []byte) (*Model, error) { return Options{}.FromJSON(config) }

// Open reads a model from a file (keras.models.load_model). The first bytes of the file decide its kind; FileKinds lists the
// kinds. lince, Keras 3, and Keras 2.12 or later write .keras files; Keras 1, 2 and 3 write .h5 files. Classes and arguments of
// old versions become those of Keras 3. The model may be Sequential or Functional, and may contain nested models. Unless
// NoCompile is set, it is compiled with the options in the file, so that Fit continues training. The JSON of Keras'
// model.to_json() gives a model whose weights have their initial values. A model from ONNX or TensorFlow Lite has no Keras
// layers; Ops lists its ops.
//
// If the network has classes that lince does not support, the error lists all of them. Unsupported classes and settings
// that only training needs are not an error; Model.Unknown lists them. Model.Notes lists what differs from the file: for example,
// that images have the channels last.
//
// Open is safe for files from untrusted sources: a file cannot run code, it can refer only to files in its own folder, and Open
// takes memory at most in proportion to the size of the files.
func (o Options) Open(path string) (*Model, error) {
	m, err := o.open(path)
	return m, aboutFile("opening the model "+path, err)
}

func (o Options) open(path string) (*Model, error) {
	f, err := openSource(path)
	if err != nil {
		return nil, err
	}
	defer f.close()
	return o.read(f)
}

// Read reads a model from the size bytes of a file in r, as Open does. It fails for a model that needs other files beside
// its own.
func (o Options) Read(r io.ReaderAt, size int64) (*Model, error) {
	m, err := o.read(source{r: r, size: size})
	return m, aboutFile("reading a model", err)
}

// FromJSON makes a model from the JSON of Keras' model.to_json() (keras.models.model_from_json). The weights
// get their initial values. If the JSON has a compile config, the model is compiled, unless NoCompile is set.
func (o Options) FromJSON(text []byte) (*Model, error) {
	m, err := o.fromJSON(text)
	return m, aboutFile("reading a model's JSON", err)
}

func (o Options) fromJSON(text []byte) (*Model, error) {
	m, compile, err := o.fromConfig(text)
	if err != nil {
		return nil, err
	}
	if m, err = m.initialized(); err != nil {
		return nil, err
	}
	o.compileFrom(m, compile, nil)
	var writer struct {
		KerasVersion string `json:"keras_version"` // Keras 3 does not write it
	}
	if json.Unmarshal(text, &writer) == nil && writer.KerasVersion != "" {
		m.notes = append(m.notes, keras2Notes(text)...)
	}
	return m, nil
}

// read reads a model of any kind.
func (o Options) read(f source) (*Model, error) {
	k, err := sniff(f)
	if err != nil {
		return nil, err
	}
	if k.open == nil {
		return nil, k.errNotOpened(f)
	}
	m, err := k.open(o, f)
	return m, withExport(k, f, err)
}

// fromFile makes the model of a file.
func (o Options) fromFile(f *keras.File) (*Model, error) {
	m, compile, err := o.fromConfig(f.Config)
	if err != nil {
		return nil, err
	}
	forms := m.flattenedForms(nil)
	// Memory for variables is allocated only after checking that the file has their values.
	if err := m.load(f.Weights); err != nil {
		return nil, err
	}
	x, err := readExtra(f)
	if err != nil {
		return nil, err
	}
	if err := m.setExtra(x); err != nil {
		return nil, err
	}
	o.compileFrom(m, compile, x.ExcludeFromWeightDecay)
	if m.compiled != nil && m.compiled.train != nil {
		if err := m.loadOptimizer(f.Weights, forms); err != nil {
			m.unknown = append(m.unknown, &CompileSettingError{"optimizer", err})
		}
	}
	if len(m.unknown) > 0 {
		if e, ok := f.Weights.Find(optimizerPath); ok {
			m.state = &e
		}
	}
	return m, m.loadStreams(x)
}

// readExtra reads the part of a file that Keras ignores.
func readExtra(f *keras.File) (extra, error) {
	return parseExtra(f.Extra, "the part of the file that Keras ignores")
}

// parseExtra decodes the JSON that only lince reads, nil if a file has none. where says in errors where it stands.
func parseExtra(text []byte, where string) (x extra, err error) {
	if text != nil {
		if err := json.Unmarshal(text, &x); err != nil {
			return x, fmt.Errorf("%s: %w", where, err)
		}
	}
	return x, nil
}

// setExtra sets what describes the classes and the images from a file.
func (m *Model) setExtra(x extra) error {
	m.Classes, m.Preprocessing, m.Temperature, m.MultiLabel, m.Regression = x.Classes, x.Preprocessing, x.Temperature, x.MultiLabel, x.Regression
	return m.checkExtra()
}

// loadStreams restores the states of the random number generators.
func (m *Model) loadStreams(x extra) error {
	for path, n := range x.State {
		if v := m.store.Lookup(path); v != nil && v.DType == tensor.Int64 && v.Rank() == 0 {
			if err := m.store.Set(v, tensor.Scalar(n)); err != nil {
				return err
			}
		}
	}
	return nil
}

// fromConfig makes a model from a Keras object. Its variables have no values yet. compile is the compile config, or nil
// if NoCompile is set.
func (o Options) fromConfig(text []byte) (m *Model, compile json.RawMessage, err error) {
	n, err := keras.ReadNetwork(text)
	if err != nil {
		return nil, nil, err
	}
	r := reader{Options: o, missing: map[string][]string{}, reasons: map[string]string{}, shared: map[int64]*layerInstance{}, batches: hasGraph(n)}
	m, err = r.model(n, nil, "")
	if missing := r.missingClasses(); missing != nil {
		return nil, nil, missing
	}
	if err != nil {
		return nil, nil, err
	}
	m.seed = o.Seed
	if n.ChannelsFirst {
		m.notes = append(m.notes, "In the file, images have the shape (channels, height, width). The model takes images of shape (height, width, channels).")
	}
	if !o.NoCompile {
		compile = n.CompileConfig
	}
	return m, compile, nil
}

// load sets the layers' variables from a file.
func (m *Model) load(weights keras.Weights) error {
	p, err := m.planPaths(weights, WeightsOptions{})
	if err != nil {
		return err
	}
	p.fresh = true
	_, err = p.apply(m)
	return err
}

// wrapped adds what an error is about, if there is an error.
func wrapped(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
