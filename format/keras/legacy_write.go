package keras

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/lince-ml/lince/format/hdf5"
	"github.com/lince-ml/lince/tensor"
)

// maxAttribute is the size in bytes up to which Keras writes a list of names as one attribute.
const maxAttribute = 64512

// WriteLegacy writes an HDF5 file of a whole model as Keras 3.15 does with model.save("x.h5"). Config is a model as WriteNetwork writes it;
// its compile_config becomes the attribute training_config, so that CompileConfig must be nil. If Config is nil, it is a file of weights only, as
// Keras' save_weights wrote it before .weights.h5. Keras 3 reads the file; Keras 2 reads it if
// its classes have all arguments of the layers. Equal models give equal bytes.
func WriteLegacy(w io.Writer, l *Legacy) error {
	tree, err := l.tree()
	if err == nil {
		_, err = tree.WriteTo(w)
	}
	if err != nil {
		return fmt.Errorf("keras: %w", err)
	}
	return nil
}

func (l *Legacy) tree() (*hdf5.Tree, error) {
	root := &hdf5.Tree{}
	version := l.KerasVersion
	if version == "" {
		version = Version
	}
	backend := l.Backend
	if backend == "" {
		backend = "tensorflow"
	}
	root.Attr(versionAttr, hdf5.String(version))
	root.Attr(backendAttr, hdf5.String(backend))
	weights := root
	if l.Config != nil {
		model, training, err := legacyConfigs(l.Config)
		if err != nil {
			return nil, err
		}
		root.Attr(modelConfigAttr, hdf5.String(string(model)))
		if training != nil {
			root.Attr(trainingConfigAttr, hdf5.String(string(training)))
		}
		if l.Extra != nil {
			root.Attr(linceAttr, hdf5.String(string(l.Extra)))
		}
		weights = root.Group(modelWeightsGroup)
		weights.Attr(versionAttr, hdf5.String(version))
		weights.Attr(backendAttr, hdf5.String(backend))
	}
	var names []string
	for _, g := range l.Layers {
		if g.Name == topLevelGroup || slices.Contains(names, g.Name) {
			return nil, fmt.Errorf("two groups of weights have the name %q", g.Name)
		}
		names = append(names, g.Name)
		if err := addWeights(weights.Group(g.Name), g.Weights); err != nil {
			return nil, err
		}
	}
	if err := setTexts(weights, layerNamesAttr, names); err != nil {
		return nil, err
	}
	if err := addWeights(weights.Group(topLevelGroup), l.TopLevel); err != nil {
		return nil, err
	}
	if l.Optimizer == nil {
		return root, nil
	}
	return root, addWeights(root.Group(optimizerGroup), l.Optimizer)
}

// addWeights adds datasets and their names to a group.
func addWeights(g *hdf5.Tree, weights []LegacyWeight) error {
	names := make([]string, len(weights))
	for i, w := range weights {
		value, err := w.Read()
		if err != nil {
			return err
		}
		names[i] = w.Name
		to, name := g, w.Name
		if slash := strings.LastIndexByte(name, '/'); slash >= 0 {
			to, name = g.Group(name[:slash]), name[slash+1:]
		}
		to.Dataset(name, value)
	}
	return setTexts(g, weightNamesAttr, names)
}

// setTexts sets an attribute that is a list of strings. A long list becomes several attributes, as in Keras.
func setTexts(g *hdf5.Tree, name string, texts []string) error {
	if len(texts) == 0 { // h5py writes an empty list as numbers
		g.Attr(name, hdf5.Numbers(tensor.New(tensor.Float64, 0)))
		return nil
	}
	width := 16 // of a reference to a string
	for _, s := range texts {
		width = max(width, len(s))
	}
	if width > maxAttribute {
		return fmt.Errorf("a name in %s has %d bytes, want at most %d", name, width, maxAttribute)
	}
	pieces := 1
	for (len(texts)+pieces-1)/pieces*width > maxAttribute {
		pieces++
	}
	if pieces == 1 {
		g.Attr(name, hdf5.Strings(texts...))
		return nil
	}
	total := len(texts)
	for i := range pieces { // sizes as those of numpy.array_split
		n := total / pieces
		if i < total%pieces {
			n++
		}
		g.Attr(name+strconv.Itoa(i), hdf5.Strings(texts[:n]...))
		texts = texts[n:]
	}
	return nil
}

// legacyConfigs splits the config of a model into model_config and training_config, and leaves out the members that only .keras files have.
func legacyConfigs(text json.RawMessage) (model, training []byte, err error) {
	v, err := scan(text)
	if err != nil {
		return nil, nil, fmt.Errorf("the model's config: %w", err)
	}
	f := v.fields("config", "compile_config")
	if f[0].kind() != '{' {
		return nil, nil, errors.New("the model's config is not a Keras object")
	}
	if f[1].ok && string(f[1].raw()) != "{}" {
		if training, err = legacyTraining(f[1].value); err != nil {
			return nil, nil, err
		}
	}
	return legacyModel(v), training, nil
}

// legacyModel returns a model in the form of .h5 files: its entries and those of its layers have no module, registered_name, build_config
// or compile_config. Ops keep the module, without which nothing tells them from layers.
func legacyModel(v value) []byte {
	var set [][2]string
	f := v.fields("module", "config", "registered_name", "build_config", "compile_config")
	for _, key := range []string{"module", "registered_name", "build_config", "compile_config"} {
		if key != "module" || !strings.HasPrefix(f[0].text(), opsModule) {
			set = append(set, [2]string{key, ""})
		}
	}
	if layers := f[1].fields("layers")[0]; layers.ok {
		list := []byte{'['}
		for l := range layers.items() {
			if len(list) > 1 {
				list = append(list, ", "...)
			}
			list = append(list, legacyModel(l)...)
		}
		conf := setMembers(f[1].value, [2]string{"layers", string(append(list, ']'))})
		set = append(set, [2]string{"config", string(conf)})
	}
	return setMembers(v, set...)
}

// legacyTraining turns a compile_config into a training_config.
func legacyTraining(v value) ([]byte, error) {
	f := v.fields("optimizer")[0]
	if !f.ok {
		return nil, errors.New("compile_config has no optimizer")
	}
	o := f.fields("class_name", "config", "registered_name")
	class := o[0].raw()
	if o[2].ok {
		class = o[2].raw()
	}
	optimizer := `{"class_name": ` + string(class) + `, "config": ` + string(o[1].raw()) + `}`
	return setMembers(v, [2]string{"optimizer", ""}, [2]string{"optimizer_config", optimizer}), nil
}
