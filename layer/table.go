package layer

import (
	"encoding/json"
	"fmt"

	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/internal/config"
	"github.com/lince-ml/lince/tensor"
)

// classes lists the layers.
var classes = &config.Registry[Layer]{
	Kind:  "layer",
	Quiet: true,
	Classes: []config.Entry[Layer]{
		{Of: Input{}, Read: readInput, Write: writeInput},
		{Of: Conv2D{}},
		{Of: DepthwiseConv2D{}},
		{Of: SeparableConv2D{}},
		{Of: MaxPool2D{}},
		{Of: AveragePool2D{}},
		{Of: Flatten{}},
		{Of: Dense{}},
		{Of: Dropout{}},
		{Of: SpatialDropout2D{}},
		{Of: Activate{}},
		{Of: ReLULayer{}},
		{Of: LeakyReLU{}},
		{Of: BatchNormalization{}},
		{Of: SoftmaxLayer{}},
		{Of: GlobalAveragePool2D{}},
		{Of: GlobalMaxPool2D{}},
		{Of: ZeroPadding2D{}},
		{Of: Reshape{}},
		{Of: Add{}},
		{Of: Subtract{}},
		{Of: Multiply{}},
		{Of: Average{}},
		{Of: Maximum{}},
		{Of: Minimum{}},
		{Of: Concatenate{}},
		{Of: Dot{}},
		{Of: Rescaling{}},
		{Of: Normalization{}, Read: readNormalization},
	},
	Types: []config.Type{
		config.TypeOf(encodeActivation, decodeActivation, checkActivation, func(s string) Activation { return Function(s) }),
		config.TypeOf(encodeInitializer, decodeInitializer, initializer.Check, parseInitializer),
		config.TypeOf(func(p Padding) any { return p.String() }, decodePadding, checkPadding, func(string) Padding { return Valid }),
		config.TypeOf(func(p Policy) any { return string(p) }, decodePolicy, Policy.check, func(s string) Policy { return Policy(s) }),
		config.TypeOf(encodeDims, decodeDims, nil, func(string) Dims { return nil }),
		config.TypeOf(func(a Axis) any { return int(a) }, decodeAxis, nil, parseAxis),
		config.TypeOf(encodePads, decodePads, checkPads, func(string) *Pads { return &Pads{{1, 1}, {1, 1}} }),
		config.TypeOf(encodeNumbers, decodeNumbers, checkNumbers, func(string) Numbers { return Numbers{0} }),
		config.TypeOf(func(d tensor.DType) any { return d.String() }, decodeDType, nil, func(string) tensor.DType { return tensor.Float32 }),
	},
	Common: struct {
		_ struct{} `keras:"activity_regularizer,training,omit"`
		_ struct{} `keras:"batch_input_shape,any,omit"` // Keras 2's first layer has it; the model reads it
	}{},
	Check: func(l Layer) error {
		if c, ok := l.(interface{ check() error }); ok {
			return c.check()
		}
		return nil
	},
}

// Classes lists the Keras classes that Decode knows.
func Classes() []string { return classes.Names() }

// UnknownClass is the error for a class that lince does not have: of a layer, or of an
// initializer or activation in its config. Kind says which.
type UnknownClass = config.UnknownClass

// Ignored is a setting that DecodeForPrediction passed over.
type Ignored = config.Ignored

// Decode makes a layer from a Keras class name and its config, as Keras 3 (or Keras 2) saves
// it. It is strict: an unknown class (*UnknownClass), a value of the wrong type or out of
// range, and a key that lince would not heed are errors, all of them reported at once.
func Decode(class string, conf map[string]any) (Layer, error) {
	l, _, err := classes.Decode(class, conf, false)
	return l, err
}

// DecodeForPrediction is Decode for a model that only predicts. It passes over what changes
// training alone and lince does not have yet: regularizers, constraints, initializers of an
// unknown class. It returns what it passed over; a model with such a layer must neither be
// trained nor saved, for it would lose these settings.
func DecodeForPrediction(class string, conf map[string]any) (Layer, []Ignored, error) {
	return classes.Decode(class, conf, true)
}

// DecodeAs makes a layer of a program's own type from its config, by the tags of its fields,
// as strictly as Decode does. It panics where a tag is wrong. The tags are those of this
// package's layers:
//
//	Units  int     `keras:"units,required,count"`
//	Alpha  float64 `keras:"alpha,default=0.3,min=0"`
//	Name   string  `keras:"name,omitempty"`
//	Frozen bool    `keras:"trainable,inverted"`
//	DType  Policy  `keras:"dtype,default=float32"`
func DecodeAs[L Layer](conf map[string]any) (L, error) {
	return config.DecodeOwn[L](classes, conf)
}

// ConfigOf makes the config of a layer by the tags of its fields; see DecodeAs.
func ConfigOf(l Layer) map[string]any { return classes.Config(l) }

func encodeInitializer(i initializer.Initializer) any {
	return config.Wrap("keras.initializers", i.Class(), i.Config())
}

func decodeInitializer(r *config.Reader, key string, v any) (initializer.Initializer, bool) {
	class, conf := config.Object(v)
	if class == "" {
		r.Errorf("%s is %s, want an initializer", key, config.Show(v))
		return nil, false
	}
	i, err := initializer.Decode(class, conf)
	if _, unknown := err.(*UnknownClass); unknown && r.PassOver(key) { //nolint:errorlint // not of something inside of it
		return nil, false
	}
	r.Fail(key, err)
	return i, err == nil
}

// parseInitializer is the default of a tag: a class of package initializer.
func parseInitializer(class string) initializer.Initializer {
	i, err := initializer.Decode(class, nil)
	if err != nil {
		panic(err)
	}
	return i
}

func decodePadding(r *config.Reader, key string, _ any) (Padding, bool) {
	if r.OneOf(key, "valid", "same") == "same" {
		return Same, true
	}
	return Valid, true
}

func checkPadding(p Padding) error {
	if p != Valid && p != Same {
		return fmt.Errorf("got %d, want layer.Valid or layer.Same", p)
	}
	return nil
}

func decodeDType(r *config.Reader, key string, _ any) (tensor.DType, bool) {
	d, err := tensor.ParseDType(r.Text(key, "float32"))
	r.Fail(key, err)
	return d, err == nil
}

// FromConfig makes a layer of a program's own type from its config in a file, as DecodeAs does. It is what
// lince.Options.Layers takes: Layers: {"Name": layer.FromConfig[Name]}.
func FromConfig[T Layer](text json.RawMessage) (Layer, error) {
	return config.DecodeOwnJSON[T](classes, text)
}
