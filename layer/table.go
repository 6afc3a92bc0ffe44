package layer

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/lince-ml/lince/constraint"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/internal/config"
	"github.com/lince-ml/lince/regularizer"
	"github.com/lince-ml/lince/tensor"
)

// classes lists the layers.
var classes = &config.Registry[Layer]{
	Kind:  "layer",
	Quiet: true,
	Classes: []config.Entry[Layer]{
		{Of: Input{}, Class: "InputLayer", Read: readInput, Write: writeInput},
		{Of: Conv2D{}, Aliases: []string{"Convolution2D"}},
		{Of: DepthwiseConv2D{}},
		{Of: SeparableConv2D{}, Aliases: []string{"SeparableConvolution2D"}},
		{Of: MaxPool2D{}, Class: "MaxPooling2D", Aliases: []string{"MaxPool2D"}},
		{Of: AveragePool2D{}, Class: "AveragePooling2D", Aliases: []string{"AvgPool2D"}},
		{Of: Flatten{}},
		{Of: Dense{}},
		{Of: Dropout{}, Training: true},
		{Of: SpatialDropout2D{}, Training: true},
		{Of: Activate{}, Class: "Activation"},
		{Of: ReLULayer{}, Class: "ReLU"},
		{Of: LeakyReLU{}},
		{Of: BatchNormalization{}},
		{Of: SoftmaxLayer{}, Class: "Softmax"},
		{Of: GlobalAveragePool2D{}, Class: "GlobalAveragePooling2D", Aliases: []string{"GlobalAvgPool2D"}},
		{Of: GlobalMaxPool2D{}, Class: "GlobalMaxPooling2D", Aliases: []string{"GlobalMaxPool2D"}},
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
		{Of: ActivityRegularization{}, Training: true},
		{Of: ELULayer{}, Class: "ELU"},
		{Of: PReLU{}},

		{Of: Conv2DTranspose{}, Aliases: []string{"Convolution2DTranspose"}},
		{Of: UpSampling2D{}},
		{Of: Cropping2D{}},
		{Of: Resizing{}},
		{Of: CenterCrop{}},
		{Of: AdaptiveAveragePool2D{}, Class: "AdaptiveAveragePooling2D"},
		{Of: AdaptiveMaxPool2D{}, Class: "AdaptiveMaxPooling2D"},
		{Of: Permute{}},
		{Of: RepeatVector{}},
		{Of: Identity{}},
		{Of: GaussianNoise{}, Training: true},
		{Of: GaussianDropout{}, Training: true},
		{Of: AlphaDropout{}, Training: true},
		{Of: Conv1D{}, Aliases: []string{"Convolution1D"}},
		{Of: Conv1DTranspose{}, Aliases: []string{"Convolution1DTranspose"}},
		{Of: DepthwiseConv1D{}},
		{Of: SeparableConv1D{}, Aliases: []string{"SeparableConvolution1D"}},
		{Of: MaxPool1D{}, Class: "MaxPooling1D", Aliases: []string{"MaxPool1D"}},
		{Of: AveragePool1D{}, Class: "AveragePooling1D", Aliases: []string{"AvgPool1D"}},
		{Of: GlobalAveragePool1D{}, Class: "GlobalAveragePooling1D", Aliases: []string{"GlobalAvgPool1D"}},
		{Of: GlobalMaxPool1D{}, Class: "GlobalMaxPooling1D", Aliases: []string{"GlobalMaxPool1D"}},
		{Of: AdaptiveAveragePool1D{}, Class: "AdaptiveAveragePooling1D"},
		{Of: AdaptiveMaxPool1D{}, Class: "AdaptiveMaxPooling1D"},
		{Of: UpSampling1D{}},
		{Of: ZeroPadding1D{}},
		{Of: Cropping1D{}},
		{Of: SpatialDropout1D{}, Training: true},
		{Of: LayerNormalization{}, Write: writeAxis},
		{Of: RMSNormalization{}, Write: writeAxis},
		{Of: UnitNormalization{}, Write: writeAxis},
		{Of: GroupNormalization{}},
		{Of: SpectralNormalization{}},
		{Of: Embedding{}},
		{Of: EinsumDense{}},
		{Of: MultiHeadAttention{}},
		{Of: GroupQueryAttention{}},
		{Of: Attention{}},
		{Of: AdditiveAttention{}},
		{Of: RandomFlip{}, Training: true},
		{Of: RandomRotation{}, Training: true, Write: writeFactors},
		{Of: RandomZoom{}, Training: true},
		{Of: RandomTranslation{}, Training: true},
		{Of: RandomContrast{}, Training: true, Write: writeFactors},
		{Of: RandomBrightness{}, Training: true, Write: writeFactors},
		{Of: RandomCrop{}},
		{Of: RandomShear{}, Training: true, Write: writeFactors},
		{Of: RandomPerspective{}, Training: true, Write: writeFactors},
		{Of: RandomColorDegeneration{}, Training: true, Write: writeFactors},
		{Of: RandomGrayscale{}, Training: true},
		{Of: RandomHue{}, Training: true, Write: writeFactors},
		{Of: RandomSaturation{}, Training: true, Write: writeFactors},
		{Of: RandomInvert{}, Training: true, Write: writeFactors},
		{Of: RandomPosterization{}, Training: true, Write: writeFactors},
		{Of: Solarization{}, Write: writeFactors},
		{Of: AutoContrast{}},
		{Of: Equalization{}},
		{Of: ContrastLimitedAdaptiveHistogramEqualization{}},
		{Of: RandomSharpness{}, Training: true, Write: writeFactors},
		{Of: RandomGaussianBlur{}, Training: true, Write: writeFactors},
		{Of: RandomElasticTransform{}, Training: true, Write: writeFactors},
		{Of: MixUp{}, Training: true},
		{Of: CutMix{}, Training: true, Write: writeFactors},
		{Of: RandomErasing{}, Training: true, Write: writeFactors},
		{Of: RandomColorJitter{}, Training: true},
		{Of: RandAugment{}, Training: true, Write: writeFactors},
		{Of: AugMix{}, Training: true, Write: writeFactors},
		{Of: Pipeline{}},
	},
	Refused: refused,
	Types: []config.Type{
		config.TypeOf(encodeActivation, decodeActivation, checkActivation, func(s string) Activation { return Function(s) }),
		config.TypeOf(encodeInitializer, objectReader("an initializer", initializer.Decode), initializer.Check, parseInitializer),
		config.TypeOf(encodeRegularizer, objectReader("a regularizer", regularizer.Decode), regularizer.Check, noDefault[regularizer.Regularizer]),
		config.TypeOf(encodeConstraint, objectReader("a constraint", constraint.Decode), constraint.Check, noDefault[constraint.Constraint]),
		config.TypeOf(func(p Padding) any { return p.String() }, decodePadding, checkPadding, parsePadding),
		config.TypeOf(func(p Policy) any { return string(p) }, decodePolicy, Policy.check, func(s string) Policy { return Policy(s) }),
		config.TypeOf(encodeDims, decodeDims, nil, noDefault[Dims]),
		config.TypeOf(func(a Axis) any { return int(a) }, decodeAxis, nil, parseAxis),
		config.TypeOf(encodePads, decodePads, checkPads, parsePads),
		config.TypeOf(func(p Pads) any { return encodePads(&p) }, decodeCrop, func(p Pads) error { return checkPads(&p) }, noDefault[Pads]),
		config.TypeOf(encodeEnds, decodeEnds, checkEnds, parseEnds),
		config.TypeOf(encodeExtra, decodeExtra, checkExtra, noDefault[*Size]),
		config.TypeOf(encodeNumbers, decodeNumbers, checkNumbers, parseNumbers),
		config.TypeOf(func(d tensor.DType) any { return d.String() }, decodeDType, nil, parseDType),
		config.TypeOf(encodeLayer, decodeLayer, nil, noDefault[Layer]),
		config.TypeOf(encodeFactor, decodeFactor, checkFactor, parseFactor),
		config.TypeOf(encodeRange, decodeRange, checkRange, parseRange),
		config.TypeOf(encodeLayers, decodeLayers, checkLayers, noDefault[Layers]),
	},
	Common: struct {
		_ struct{} `keras:"activity_regularizer,training,omit"`
		_ struct{} `keras:"batch_input_shape,any,omit"` // of the first layer in Keras 2; the model reads it
	}{},
	Check: func(l Layer) error {
		if c, ok := l.(interface{ check() error }); ok {
			return c.check()
		}
		return nil
	},
}

// ClassOf returns the name of the Keras class of a layer, such as "Conv2D", "MaxPooling2D" or "InputLayer". For a custom layer, it is the name of
// its Go type, or what its method Class() string returns.
func ClassOf(l Layer) string { return classes.ClassOf(l) }

// NameOf returns the name of a layer. It is empty if the name is automatic.
func NameOf(l Layer) string { return classes.NameOf(l) }

// ConfigOf returns the arguments that Keras needs to create a layer again, for JSON, as Keras' get_config does. Floating-point numbers are
// float64 and integers int. It contains the name unless the name is automatic. The tags of the fields declare the arguments. A custom layer
// with other arguments has a method Config() map[string]any.
func ConfigOf(l Layer) map[string]any { return classes.ConfigOf(l) }

// Classes lists the Keras names of the layers that Decode supports.
func Classes() []string { return classes.Names() }

// UnknownClass is the error for a class that lince does not support. Its Kind is "layer",
// "initializer", "regularizer", "constraint" or "activation"; all but the first are for classes in the
// config of a layer.
type UnknownClass = config.UnknownClass

// Ignored is a setting that DecodeForPrediction skipped.
type Ignored = config.Ignored

// Decode returns the layer of a Keras class with the given config, as Keras 3 or Keras 2 saves it.
// The error for an unknown class is an *UnknownClass. Decode also returns an error for a value of
// the wrong type or out of range, and for an unsupported key. It reports all mistakes in a config
// together.
func Decode(class string, conf map[string]any) (Layer, error) {
	l, _, err := classes.Decode(class, conf, false)
	return l, err
}

// DecodeForPrediction is like Decode for a model that only predicts. It skips settings that
// affect training only and that lince does not support: regularizers, constraints and
// initializers of an unknown class, and regularizers and constraints for which the layer has no field.
// It returns the skipped settings. If there are any, the model must not be trained or saved, because
// the settings would be lost.
func DecodeForPrediction(class string, conf map[string]any) (Layer, []Ignored, error) {
	return classes.Decode(class, conf, true)
}

// DecodeAs returns a custom layer of type L with the given config. The tags of its fields declare
// the arguments, as they do for the layers of this package:
//
//	Units  int     `keras:"units,required,count"`
//	Alpha  float64 `keras:"alpha,default=0.3,min=0"`
//	Name   string  `keras:"name,omitempty"`
//	Frozen bool    `keras:"trainable,inverted"`
//	DType  Policy  `keras:"dtype,default=float32"`
//
// DecodeAs reports the same mistakes as Decode. It panics if a tag is invalid.
func DecodeAs[L Layer](conf map[string]any) (L, error) {
	return config.DecodeCustom[L](classes, conf)
}

func encodeInitializer(i initializer.Initializer) any {
	return config.Wrap("keras.initializers", initializer.ClassOf(i), initializer.ConfigOf(i))
}

func encodeRegularizer(x regularizer.Regularizer) any {
	return config.Wrap("keras.regularizers", regularizer.ClassOf(x), regularizer.ConfigOf(x))
}

func encodeConstraint(c constraint.Constraint) any {
	return config.Wrap("keras.constraints", constraint.ClassOf(c), constraint.ConfigOf(c))
}

// objectReader returns a function that reads a Keras object, such as an initializer, which decode
// decodes. what names the object in messages. The value in the config may already be a T: the model
// decodes custom classes.
func objectReader[T any](what string, decode func(class string, conf map[string]any) (T, error)) func(*config.Reader, string, any) (T, bool) {
	return func(r *config.Reader, key string, v any) (T, bool) {
		if x, ok := v.(T); ok {
			return x, true
		}
		var none T
		class, conf := config.Object(v)
		if class == "" {
			r.Errorf("%s is %s, want %s", key, config.Show(v), what)
			return none, false
		}
		x, err := decode(class, conf)
		if _, unknown := err.(*UnknownClass); unknown && r.Skip(key) { //nolint:errorlint // only if the object itself is unknown
			return none, false
		}
		r.Fail(key, err)
		return x, err == nil
	}
}

// parseInitializer parses the default in a tag: a class of package initializer.
func parseInitializer(class string) initializer.Initializer {
	i, err := initializer.Decode(class, nil)
	if err != nil {
		panic(err)
	}
	return i
}

// noDefault is for types whose zero value is the default of every class. A tag with another default
// is a mistake in this package.
func noDefault[T any](text string) T {
	panic(fmt.Sprintf("layer: the default %s of a %T in a tag: only its zero value can be a default", text, *new(T)))
}

func parseNumbers(text string) Numbers {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		panic(err)
	}
	return Numbers{n}
}

// parsePads reads a number for all sides.
func parsePads(text string) *Pads {
	n, err := strconv.Atoi(text)
	if err != nil {
		panic(err)
	}
	return &Pads{{n, n}, {n, n}}
}

func parseDType(text string) tensor.DType {
	d, err := tensor.ParseDType(text)
	if err != nil {
		panic(err)
	}
	return d
}

func decodePadding(r *config.Reader, key string, _ any) (Padding, bool) {
	if r.OneOf(key, "valid", "same") == "same" {
		return Same, true
	}
	return Valid, true
}

func parsePadding(text string) Padding {
	for _, p := range []Padding{Same, Causal} {
		if p.String() == text {
			return p
		}
	}
	return Valid
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

// FromConfig is DecodeAs for a config in JSON. Use it in lince.Options to open files that
// contain a custom layer:
//
//	lince.Options{Layers: map[string]lince.LayerDecoder{"Name": layer.FromConfig[Name]}}
func FromConfig[T Layer](text json.RawMessage) (Layer, error) {
	return config.DecodeCustomJSON[T](classes, text)
}
