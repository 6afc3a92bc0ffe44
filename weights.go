package lince

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/lince-ml/lince/format/keras"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/atomicfile"
	"github.com/lince-ml/lince/tensor"
)

// WeightsOptions configures LoadWeights. The zero value is Keras' default: the file must have the weights of all layers.
type WeightsOptions struct {
	// ByName matches layers by their names (Keras' by_name). Layers that only the model has keep their values. Layers that only the
	// file has are ignored. At least one layer must match. Use ByName if some layers of the model and the file differ, such as the
	// classifier (include_top). A layer of a nested model is also found if it is not nested in the file, and vice versa. In PyTorch
	// files, the dots in names of modules count as underscores: features.0 is the layer features_0.
	ByName bool
	// SkipMismatch skips layers whose weights in the file differ in number or shape (Keras' skip_mismatch). They keep their values. A
	// PyTorch file may then also have more or fewer modules at the end of the network than the model has layers.
	SkipMismatch bool
	// Names maps the names of layers or variables to their names in the file, such as {"stem_conv": "features.0.0"} or
	// {"stem_conv/kernel": "features.0.0.weight"}. Only safetensors and PyTorch files have such names. A layer of a nested model is
	// called "model/layer". Layers that are not in Names are matched as if Names were nil.
	Names map[string]string
}

// WeightsReport says what LoadWeights did.
type WeightsReport struct {
	// Kind is the kind of the file, as in FileKind.Name.
	Kind string
	// Loaded lists the variables that got a value from the file.
	Loaded []LoadedWeight
	// Skipped lists the variables that kept their values.
	Skipped []SkippedWeight
	// Unused lists what the file has and the model does not, except for the state of the optimizer.
	Unused []string
}

// LoadedWeight is a variable that got a value from a file.
type LoadedWeight struct {
	// Variable is the path of the variable, such as "conv2d/kernel", or "body/conv2d/kernel" in a nested model.
	Variable string
	// Source is the name in the file.
	Source string
}

// SkippedWeight is a variable that kept its value, and the reason.
type SkippedWeight struct{ Variable, Reason string }

// String returns a line such as "280 variables loaded, 2 skipped (predictions/kernel, predictions/bias), 2 unused in the file (fc.weight, fc.bias)".
func (r WeightsReport) String() string {
	s := fmt.Sprintf("%d variables loaded", len(r.Loaded))
	var skipped []string
	for _, v := range r.Skipped {
		skipped = append(skipped, v.Variable)
	}
	if len(skipped) > 0 {
		s += fmt.Sprintf(", %d skipped (%s)", len(skipped), some(skipped))
	}
	if len(r.Unused) > 0 {
		s += fmt.Sprintf(", %d unused in the file (%s)", len(r.Unused), some(r.Unused))
	}
	return s
}

// some lists the first names.
func some(names []string) string {
	const most = 5
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}

// SaveWeights writes the weights to a file (model.save_weights). The end of path decides the kind of file:
//
//   - .weights.h5: Keras 3's file, with the optimizer's state. Keras' load_weights reads it.
//   - .h5 and .hdf5: the layers' variables in the layout of Keras 2, which Keras' load_weights also reads.
//   - .safetensors: the layers' variables by their paths, such as "conv2d/kernel", or "body/conv2d/kernel" in a nested model.
func (m *Model) SaveWeights(path string) error {
	k := kindFor(path)
	if k == nil || k.saveWeights == nil {
		return fmt.Errorf("saving weights: %s: the name must end in %s", path, strings.Join(suffixesOf(func(k *kind) bool { return k.saveWeights != nil }), " or "))
	}
	f, unlock, err := m.file(nil)
	if err != nil {
		return fmt.Errorf("saving weights: %s: %w", path, err)
	}
	defer unlock()
	return wrapped("saving weights", atomicfile.Write(path, func(w io.Writer) error { return k.saveWeights(w, m, f) }))
}

func writeKerasWeights(w io.Writer, _ *Model, f *keras.File) error {
	return keras.WriteWeights(w, f.Weights)
}

// LoadWeights reads the values of the layers' variables from a file (model.load_weights). The first bytes of the file decide its kind:
//
//   - .weights.h5 of lince and Keras 3, and .weights.json, which names several such files;
//   - weights-only .h5 of Keras 1 to 3;
//   - .keras and .h5 files of whole models, of which only the weights are used;
//   - .safetensors with Keras' names, or with PyTorch's;
//   - .pth and .pt: state dicts and checkpoints of PyTorch that can be read without running code.
//
// Without ByName, layers are matched by their order in HDF5 files, as Keras does, and by the paths of variables in safetensors.
//
// The modules of a PyTorch file, also in a safetensors file, are matched with layers by their kinds, shapes and order, and their weights are
// transposed. The order of a state dict must be one in which the network could run. If more than one match is possible, or none,
// LoadWeights returns an error that lists both sides; set Names then. LoadWeights checks the weights only. The model must compute what the
// module computes: the padding, epsilon and activations of PyTorch's networks often differ from those of Keras.
//
// The optimizer's state is unchanged. If something does not match, the error lists all of it, and the model is unchanged.
func (m *Model) LoadWeights(path string, o WeightsOptions) (WeightsReport, error) {
	r, err := m.loadWeights(path, o)
	return r, aboutFile("loading the weights "+path, err)
}

func (m *Model) loadWeights(path string, o WeightsOptions) (WeightsReport, error) {
	f, err := openSource(path)
	if err != nil {
		return WeightsReport{}, err
	}
	defer f.close()
	return m.loadFrom(f, o)
}

func (m *Model) loadFrom(f source, o WeightsOptions) (WeightsReport, error) {
	k, err := sniff(f)
	if err != nil {
		return WeightsReport{}, err
	}
	if k.weights == nil {
		return WeightsReport{}, fmt.Errorf("is %s; want %s", k.title, strings.Join(suffixesOf(func(k *kind) bool { return k.weights != nil }), ", "))
	}
	if len(o.Names) > 0 && !k.named {
		return WeightsReport{}, fmt.Errorf("is %s, for which Names cannot be given: its layers have the names of Keras' layers", k.title)
	}
	p, err := k.weights(m, f, o)
	if err != nil {
		return WeightsReport{}, err
	}
	p.kind = k.name
	m.mu.Lock()
	defer m.mu.Unlock()
	return p.apply(m)
}

// suffixesOf lists the usual suffixes of kinds.
func suffixesOf(of func(*kind) bool) (list []string) {
	for _, k := range kinds() {
		if of(k) && !slices.Contains(list, k.suffixes[0]) {
			list = append(list, k.suffixes[0])
		}
	}
	return list
}

// weightTarget is a variable that a value can be loaded into.
type weightTarget struct {
	*graph.Variable
	path  string // "body/conv/kernel"
	layer *layerInstance
	where string // the layer's path, "body/conv"
}

// name returns the variable's name within its layer, such as "kernel".
func (t weightTarget) name() string { return t.layer.relative(t.Variable) }

// weightTargets returns the variables of the model's layers, each once.
func (m *Model) weightTargets() []weightTarget {
	return m.targetsBelow("", map[*layerInstance]bool{})
}

func (m *Model) targetsBelow(where string, met map[*layerInstance]bool) (list []weightTarget) {
	for _, l := range m.layers {
		list = append(list, l.targets(where, met)...)
	}
	return list
}

func (l *layerInstance) targets(where string, met map[*layerInstance]bool) (list []weightTarget) {
	if met[l] {
		return nil
	}
	met[l] = true
	if inner := l.Model(); inner != nil {
		return inner.targetsBelow(where+l.name+"/", met)
	}
	for _, v := range l.variables {
		list = append(list, weightTarget{v, where + v.Path, l, where + l.name})
	}
	return list
}

// weightPlan says which variable gets which value.
type weightPlan struct {
	kind    string
	pairs   []weightPair
	skipped []SkippedWeight
	unused  []string
	errs    []error
	// fresh means that the model is being opened, so that it need not be unchanged if a value cannot be read.
	fresh bool
}

// weightPair is a variable and its value in the file.
type weightPair struct {
	to   weightTarget
	from string
	// read returns the value in the variable's shape.
	read func() (*tensor.Tensor, error)
}

func (p *weightPlan) add(to weightTarget, from string, read func() (*tensor.Tensor, error)) {
	p.pairs = append(p.pairs, weightPair{to, from, read})
}

func (p *weightPlan) skip(to weightTarget, reason string) {
	p.skipped = append(p.skipped, SkippedWeight{to.path, reason})
}

// mismatch records that the variables of a layer do not fit: an error, or a reason to skip them.
func (p *weightPlan) mismatch(o WeightsOptions, targets []weightTarget, err error) {
	if !o.SkipMismatch {
		p.errs = append(p.errs, err)
		return
	}
	for _, t := range targets {
		p.skip(t, err.Error())
	}
}

// maxWeightErrors is how many mistakes an error lists.
const maxWeightErrors = 20

func (p *weightPlan) err() error {
	errs := p.errs
	if more := len(errs) - maxWeightErrors; more > 0 {
		errs = append(errs[:maxWeightErrors:maxWeightErrors], fmt.Errorf("and %d more mistakes", more))
	}
	return errors.Join(errs...)
}

// apply sets the variables. It changes nothing if a value cannot be read.
func (p *weightPlan) apply(m *Model) (WeightsReport, error) {
	if err := p.err(); err != nil {
		return WeightsReport{}, err
	}
	r := WeightsReport{Kind: p.kind, Skipped: p.skipped, Unused: p.unused}
	values := make([]*tensor.Tensor, len(p.pairs))
	set := func(i int) error {
		t := values[i]
		values[i] = nil
		v := m.store.Find(p.pairs[i].to.Variable)
		if p.fresh { // no variable has memory yet, and a value that was read has its own
			return m.store.Take(v, t)
		}
		return m.store.Set(v, t)
	}
	for i, pair := range p.pairs {
		var err error
		if values[i], err = pair.value(); err == nil && p.fresh {
			err = set(i)
		}
		if err != nil {
			p.errs = append(p.errs, fmt.Errorf("%s, %s in the file: %w", pair.to.path, pair.from, err))
			continue
		}
		r.Loaded = append(r.Loaded, LoadedWeight{pair.to.path, pair.from})
	}
	if err := p.err(); err != nil {
		return WeightsReport{}, err
	}
	for i := range p.pairs {
		if p.fresh {
			break
		}
		if err := set(i); err != nil {
			return WeightsReport{}, err
		}
	}
	m.store.Initialize(m.seed) // in a model that is being opened, this marks the store as initialized
	m.forgetForms()
	return r, nil
}

// value reads the value and converts it to the variable's type.
func (p weightPair) value() (*tensor.Tensor, error) {
	t, err := p.read()
	if err == nil {
		t, err = legacyValue(legacyVariable{Variable: p.to.Variable}, t)
	}
	if err == nil && !t.Shape().Equal(p.to.Shape) {
		err = fmt.Errorf("got %v, want %v", t, p.to.Type)
	}
	return t, err
}
