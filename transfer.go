package lince

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/lince-ml/lince/internal/suggest"
	"github.com/lince-ml/lince/layer"
)

// TransferOptions configures Model.Transfer.
type TransferOptions struct {
	// Classes is the number of units of the new classifier, at least 1. A single unit is for two classes.
	Classes int
	// Dropout is the rate of the Dropout before the classifier, at least 0 and less than 1. The default, nil, is 0.2, as in
	// Keras' guide. With 0 there is no Dropout.
	Dropout *float64
	// Activation is the activation of the classifier. The default, nil, is layer.Softmax, or layer.Sigmoid for a single unit.
	Activation layer.Activation
}

// Transfer returns a model that computes the features of m and classifies them, as in Keras' guide "Transfer learning &
// fine-tuning". Features defines the features. They are averaged over the image or the sequence (GlobalAveragePooling), and Dropout and a new Dense follow. The
// old classifier is left out.
//
//	base, err := zoo.MobileNetV2(zoo.Options{NoTop: true, InputShape: []int{224, 224, 3}, Weights: zoo.ImageNet})
//	model, err := base.Transfer(lince.TransferOptions{Classes: 5})
//	err = model.Compile(lince.CompileOptions{Optimizer: optimizer.Adam{}, Loss: loss.CategoricalCrossentropy{}})
//	history, err := model.Fit(ctx, train, lince.FitOptions{Epochs: 20, Validation: validation, CacheFeatures: 1})
//
// Layers of the body that are random in training and do nothing in predictions, such as Dropout and RandomFlip, are left out: it runs as in predictions, as in
// Keras' guide with training=False. The new model shares the layers of m and freezes them, so that Fit trains the classifier alone: a BatchNormalization that is frozen uses its
// moving statistics. UnfreezeTop unfreezes some for fine-tuning. A body that is a nested model of m stays one, and another body becomes one. The new model has the
// preprocessing of m, no class names, and is not compiled. A network that was read from ONNX or TFLite is converted by Layered first.
//
// m must have one output.
func (m *Model) Transfer(o TransferOptions) (*Model, error) {
	t, err := m.transfer(o)
	if err != nil {
		return nil, fmt.Errorf("transfer: %w", err)
	}
	return t, nil
}

func (m *Model) transfer(o TransferOptions) (*Model, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	m, err := m.Layered()
	if err != nil {
		return nil, err
	}
	with := Options{Seed: m.seed, backend: m.backend}
	if m, err = m.withoutNoise(with); err != nil {
		return nil, err
	}
	in := m.Inputs()
	x, old, err := m.Features()
	if err != nil {
		return nil, err
	}
	body := m
	if old != nil {
		with := with
		if with.Name = m.name; m.autoNamed {
			with.Name = "body"
		}
		if body, err = with.Functional(in, x); err != nil {
			return nil, err
		}
	}
	if old == nil || !body.hasBody() {
		var list []*Symbol
		for _, s := range m.inputs {
			list = append(list, Input(s.call.layer.config.(layer.Input)))
		}
		in = listOf(list, m.inputList)
		x = Apply(body, list...)
	}
	switch len(x.Shape()) {
	case 2:
	case 3:
		x = x.Then(layer.GlobalAveragePool1D{})
	case 4:
		x = x.Then(layer.GlobalAveragePool2D{})
	default:
		return nil, fmt.Errorf("the features have shape %v, want (batch, features), (batch, steps, features) or (batch, height, width, features)", x.Shape())
	}
	rate := .2
	if o.Dropout != nil {
		rate = *o.Dropout
	}
	if rate > 0 {
		x = x.Then(layer.Dropout{Rate: rate})
	}
	activation := o.Activation
	switch {
	case activation != nil:
	case o.Classes == 1:
		activation = layer.Sigmoid
	default:
		activation = layer.Softmax
	}
	x = x.Then(layer.Dense{Units: o.Classes, Activation: activation})
	t, err := with.Functional(in, x)
	if err != nil {
		return nil, err
	}
	classifier := x.call.layer
	for _, l := range t.layers {
		if l != classifier && len(l.vars()) > 0 {
			l.SetTrainable(false)
		}
	}
	t.Preprocessing, t.notes = m.Preprocessing, m.notes
	return t, nil
}

// noise lists the classes of layers that change their operand in training only.
var noise = []string{
	"Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "AlphaDropout", "GaussianDropout", "GaussianNoise", "RandomBrightness", "RandomContrast",
	"RandomFlip", "RandomRotation", "RandomTranslation", "RandomZoom",
}

// withoutNoise returns the model without layers of noise, or m if it has none.
func (m *Model) withoutNoise(o Options) (*Model, error) {
	changed := false
	to := map[*Symbol]*Symbol{}
	for _, c := range m.calls {
		l, in := c.layer, make([]*Symbol, len(c.in))
		again := false
		for i, x := range c.in {
			if in[i] = x; to[x] != nil {
				in[i] = to[x]
			}
			again = again || in[i] != x
		}
		if inner := l.Model(); inner != nil {
			quiet, err := inner.withoutNoise(o)
			if err != nil {
				return nil, err
			}
			if quiet != inner {
				l, again = quiet.asLayer(), true
			}
		}
		switch {
		case slices.Contains(noise, l.Class()) && len(in) == 1:
			to[c.out[0]], changed = in[0], true
		case again:
			y := apply(l, in)
			if c.keywords != nil {
				y = applyWith(l, in, c.keywords)
			}
			for i, s := range y.Values() {
				to[c.out[i]] = s
			}
			changed = true
		}
	}
	if !changed {
		return m, nil
	}
	out := slices.Clone(m.outputs)
	for i, s := range out {
		if to[s] != nil {
			out[i] = to[s]
		}
	}
	if o.Name = m.name; m.autoNamed && (m.self == nil || m.self.name == "") {
		o.Name = ""
	}
	quiet, err := o.Functional(m.Inputs(), listOf(out, m.outputList))
	if err != nil {
		return nil, err
	}
	quiet.Preprocessing, quiet.notes = m.Preprocessing, m.notes
	return quiet, nil
}

// hasBody reports whether the weights are those of one nested model.
func (m *Model) hasBody() bool {
	nested := false
	for _, l := range m.layers {
		if len(l.vars()) > 0 {
			if nested || l.Model() == nil {
				return false
			}
			nested = true
		}
	}
	return nested
}

func (o TransferOptions) check() error {
	var errs []error
	if o.Classes < 1 {
		errs = append(errs, fmt.Errorf("the field Classes must be at least 1, got %d", o.Classes))
	}
	if r := o.Dropout; r != nil && !(*r >= 0 && *r < 1) {
		errs = append(errs, fmt.Errorf("the field Dropout must be at least 0 and less than 1, got %v", *r))
	}
	return errors.Join(errs...)
}

// UnfreezeTop makes the upper layers of the body trainable, for fine-tuning after Transfer: the given fraction, from 0 to 1, of the frozen layers that
// have weights, counted from the output, with those of nested models. It returns their number. BatchNormalization does not count and stays frozen, so that it
// normalizes by its moving statistics, as in Keras' guide with training=False. The change takes effect with the next Compile.
func (m *Model) UnfreezeTop(fraction float64) int {
	var list []*layerInstance
	for _, l := range m.bodyLayers() {
		if l.thaws() {
			list = append(list, l)
		}
	}
	n := int(math.Ceil(min(max(fraction, 0), 1) * float64(len(list))))
	for _, l := range list[len(list)-n:] {
		l.SetTrainable(true)
	}
	return n
}

// UnfreezeFrom is UnfreezeTop for the layer with this name and all that come after it in the order of the network. The layer may be in a nested model, and need not
// have weights. It returns an error, and changes nothing, if no layer has the name, or if there is nothing to unfreeze.
func (m *Model) UnfreezeFrom(name string) (int, error) {
	all := m.bodyLayers()
	from := slices.IndexFunc(all, func(l *layerInstance) bool { return l.Name() == name })
	if from < 0 {
		var names []string
		for _, l := range all {
			names = append(names, l.Name())
		}
		hint := ""
		if near := suggest.Nearest(name, names); near != "" {
			hint = fmt.Sprintf("; did you mean %s?", near)
		}
		return 0, fmt.Errorf("unfreezing: there is no layer %q%s", name, hint)
	}
	n := 0
	for _, l := range all[from:] {
		if l.thaws() {
			l.SetTrainable(true)
			n++
		}
	}
	if n == 0 {
		return 0, fmt.Errorf("unfreezing: no layer from %q on is frozen and has weights, except BatchNormalization", name)
	}
	return n, nil
}

// bodyLayers returns the layers in the order of the network, with those of nested models instead of the models.
func (m *Model) bodyLayers() []*layerInstance {
	var list []*layerInstance
	met := map[*layerInstance]bool{}
	for _, c := range m.calls {
		inner := []*layerInstance{c.layer}
		if body := c.layer.Model(); body != nil {
			inner = body.bodyLayers()
		}
		for _, l := range inner {
			if !met[l] {
				met[l] = true
				list = append(list, l)
			}
		}
	}
	return list
}

// thaws reports whether fine-tuning may unfreeze the layer.
func (l *layerInstance) thaws() bool {
	_, norm := l.config.(layer.BatchNormalization)
	return len(l.variables) > 0 && l.frozen && !norm
}
