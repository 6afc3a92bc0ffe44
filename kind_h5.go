package lince

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/lince-ml/lince/format/keras"
)

// openH5 reads the .h5 file of a whole model that Keras 1, 2 or 3 wrote.
func openH5(o Options, file source) (*Model, error) {
	f, err := keras.ReadLegacy(file.r, file.size)
	if err != nil {
		return nil, err
	}
	if f.Config == nil {
		return nil, errors.New("it has weights without a network: make the model, and load them with Model.LoadWeights")
	}
	m, _, err := o.fromConfig(f.Config)
	if err != nil {
		return nil, err
	}
	inFile, err := m.loadLegacy(f)
	if err != nil {
		return nil, err
	}
	m.notes = append(m.notes, legacyNotes(f, inFile)...)
	x, err := parseExtra(f.Extra, "the part of the file that Keras ignores")
	if err != nil {
		return nil, err
	}
	if err := m.setExtra(x); err != nil {
		return nil, err
	}
	if !o.NoCompile {
		o.compileFrom(m, f.CompileConfig, x.ExcludeFromWeightDecay)
	}
	if m.compiled != nil && m.compiled.train != nil {
		if err := m.loadLegacyOptimizer(f, inFile); err != nil {
			m.unknown = append(m.unknown, &CompileSettingError{"optimizer", err})
		}
	}
	return m, m.loadStreams(x)
}

// legacyNotes lists in what the model differs from what the file's Keras computed.
func legacyNotes(f *keras.Legacy, inFile []legacyVariable) (notes []string) {
	kernels := slices.ContainsFunc(inFile, func(v legacyVariable) bool {
		return v.name() == "kernel" && strings.HasPrefix(v.layer.Class(), "Conv")
	})
	switch {
	case kernels && f.Backend == "theano":
		notes = append(notes, "The file was written with Theano, whose convolutions flip their kernels. The kernels were flipped when the file was read.")
	case kernels && f.Backend == "":
		notes = append(notes, "The file is of Keras 1 and does not say whether TensorFlow or Theano wrote it. The kernels were read as those of TensorFlow. If Theano wrote the file, the predictions are wrong.")
	}
	if !strings.HasPrefix(f.KerasVersion, "3.") { // a file of Keras 1 has no version
		notes = append(notes, keras2Notes(f.Config)...)
	}
	return notes
}

// saveH5 writes the file of a whole model in the form of Keras 3's .h5 files.
func saveH5(w io.Writer, m *Model, f *keras.File) error {
	if l := m.graphLayer(); l != nil {
		return fmt.Errorf("the layer %s is a graph of ops, such as an ONNX model, and .h5 files hold Keras layers only; use .keras, or export the model as ONNX", l.name)
	}
	l := &keras.Legacy{Config: f.Config, Extra: f.Extra, Layers: m.legacyGroups()}
	if e, ok := f.Weights.Find(optimizerPath); ok {
		for i, name := range m.legacyStateNames(e) {
			l.Optimizer = append(l.Optimizer, keras.NewLegacyWeight(name, e.Vars[i]))
		}
	}
	return keras.WriteLegacy(w, l)
}

// graphLayer returns a layer of the model, or of a model in it, that is a whole graph. It returns nil if there is none.
func (m *Model) graphLayer() *layerInstance {
	for _, l := range m.layers {
		if isGraph(l) {
			return l
		}
		if inner := l.Model(); inner != nil {
			if g := inner.graphLayer(); g != nil {
				return g
			}
		}
	}
	return nil
}

// writeLegacyWeights writes the weights only.
func writeLegacyWeights(w io.Writer, m *Model, _ *keras.File) error {
	return keras.WriteLegacy(w, &keras.Legacy{Layers: m.legacyGroups()})
}

// legacyGroups returns the groups of the layers' weights in an .h5 file.
func (m *Model) legacyGroups() (groups []keras.LegacyGroup) {
	met := map[*layerInstance]bool{}
	for _, layer := range m.layers {
		g := keras.LegacyGroup{Name: layer.name}
		vs := layer.legacyOrder(layer.legacyVariables(met))
		for i, name := range m.legacyPaths(vs) {
			g.Weights = append(g.Weights, keras.NewLegacyWeight(name, vs[i].Value()))
		}
		groups = append(groups, g)
	}
	return groups
}

// legacyPaths returns names of variables in a group of an .h5 file, such as "sequential/conv2d/kernel". As in Keras 3, the name of a model is part
// of it if the model is a Sequential. If two variables would have one name, the names of all models are parts.
func (m *Model) legacyPaths(vs []legacyVariable) []string {
	for _, all := range []bool{false, true} {
		names := make([]string, len(vs))
		met := map[string]bool{}
		for i, v := range vs {
			at := ""
			for _, in := range append([]*Model{m}, v.in...) {
				if all || in.class == "Sequential" {
					at += in.name + "/"
				}
			}
			names[i] = at + v.layer.name + "/" + v.layer.relative(v.Variable)
			met[names[i]] = true
		}
		if len(met) == len(vs) || all {
			return names
		}
	}
	return nil
}

// legacyStateNames returns names of the optimizer's variables, such as "adam/iteration".
func (m *Model) legacyStateNames(e keras.Entry) []string {
	names := make([]string, len(e.Vars))
	met := map[string]bool{}
	for i := range names {
		name := fmt.Sprintf("variable_%d", i)
		if m.state == nil && m.compiled != nil && i < len(m.compiled.optimizer) {
			path := strings.TrimPrefix(m.compiled.optimizer[i].Path, optimizerPath+"/")
			name = strings.ReplaceAll(path, "/", "_")
		}
		for met[name] {
			name += "_1"
		}
		met[name] = true
		names[i] = cmp.Or(e.Name, optimizerPath) + "/" + name
	}
	return names
}
