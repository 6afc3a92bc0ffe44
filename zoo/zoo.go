// Package zoo makes published networks, as keras.applications does: it has a function for each network, with Keras' arguments and names
// of layers, so Keras' files of weights fit. Networks lists them.
//
//	m, err := zoo.MobileNetV2(zoo.Options{Weights: zoo.ImageNet})
//	m, err := zoo.EfficientNetLite0(zoo.Options{Weights: "efficientnet-lite0.pth"})
//
// Nothing is ever downloaded: files of weights that are missing are errors, which say where to get them. Recognize lets lince.Open open files of
// weights of some networks.
package zoo

import (
	"errors"
	"fmt"
	"slices"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// Options are the arguments of the functions of keras.applications. The zero value is Keras' default, except that Weights is a file.
type Options struct {
	// NoTop leaves out the classifier (Keras' include_top=False): the output is that of the last convolution, or Pooling's. The default
	// is false.
	NoTop bool
	// Weights is a file that LoadWeights reads. With NoTop, its classifier is ignored. ImageNet is the file that Keras would download, if it
	// is in the folder of Keras' downloads; with a classifier, the model has the names of its classes. The default, "", draws the weights at random.
	Weights string
	// InputShape is the height, width and channels of an image, {224, 224, 3}. tensor.Unknown is possible for height and width with NoTop.
	// Each network has a smallest height and width. Numbers of channels other than 3 need weights that have them. The default, nil, is the size
	// that the network was designed for, or, with NoTop, 3 channels and an unknown size.
	InputShape []int
	// Pooling is what NoTop does with the result: AvgPooling and MaxPooling give features of shape (batch, channels). The default is NoPooling, which
	// gives (batch, height, width, channels).
	Pooling Pooling
	// Classes is the number of classes. At least 1. The default is 1000, those of ImageNet.
	Classes int
	// ClassifierActivation is the activation of the classifier. layer.Linear gives logits. The default, nil, is layer.Softmax.
	ClassifierActivation layer.Activation

	// Alpha multiplies the number of channels of MobileNet, MobileNetV2 and MobileNetV3. The default, 0, is 1.
	Alpha float64
	// DepthMultiplier is the number of channels that each depthwise convolution of MobileNet makes of one. The default, 0, is 1.
	DepthMultiplier int
	// DropoutRate is the rate of the Dropout before the classifier of MobileNet, 0.001 by default, and of MobileNetV3, 0.2 by default (Keras'
	// dropout and dropout_rate). The default, nil, is the network's.
	DropoutRate *float64
	// Minimalistic makes MobileNetV3 without squeeze-and-excitation, hard swish and 5x5 convolutions (Keras' minimalistic=True).
	Minimalistic bool
	// NoPreprocessing leaves out the first layers of MobileNetV3, EfficientNetV2 and ConvNeXt, which prepare pixels from 0 to 255 (Keras'
	// include_preprocessing=False).
	NoPreprocessing bool

	// Model configures how the model is built: its seed and threads. Name is the model's name; the default is the network's, such as
	// "efficientnet-lite0".
	Model lince.Options
}

// ImageNet is the value of Options.Weights for the weights that were trained on ImageNet: Keras' weights="imagenet".
const ImageNet = "imagenet"

// Pooling is Keras' argument pooling.
type Pooling string

// The values of Pooling.
const (
	NoPooling  Pooling = ""
	AvgPooling Pooling = "avg"
	MaxPooling Pooling = "max"
)

// option is a set of the options that only some networks have.
type option int

const (
	alphaOption option = 1 << iota
	depthMultiplierOption
	dropoutRateOption
	minimalisticOption
	noPreprocessingOption
)

// architecture says how a network differs from others.
type architecture struct {
	name    string // of the model, if Options.Model.Name is empty
	side    int    // the default height and width, in pixels
	minSide int
	options option // those that the network has
	// anySize is true if the network with its classifier is of unknown size by default, as MobileNetV3 is in Keras.
	anySize bool
	// knownSize is true if the layers of the network depend on the size of the images, so that it cannot be unknown.
	knownSize bool
	// body adds everything before the classifier.
	body func(x *lince.Symbol) *lince.Symbol
	// top returns the layers that make classes of the body's result. classifier is the last one: it has no name and no initializer yet. The default, nil, is GlobalAveragePooling2D
	// avg_pool and the classifier with the name predictions.
	top func(classifier layer.Dense) []layer.Layer
	// features are the last layers without the classifier, after Options.Pooling.
	features []layer.Layer
	// plainPooling is true if the layers of Options.Pooling have automatic names, instead of avg_pool and max_pool.
	plainPooling bool
	// preprocessing is Keras' preprocess_input, for images that are decoded and resized to height x width.
	preprocessing func(height, width int) lince.Preprocessing
	// imageNet lists the files of ImageNet.
	imageNet []WeightsFile
	// torch lists the forms that PyTorch libraries have.
	torch []torchForm
	// strict means that PyTorch's weights must be in one of these forms: forms that others have compute something else.
	strict bool
}

// check returns the options with their defaults.
func (o Options) check(a architecture) (Options, error) {
	var errs []error
	if o.InputShape == nil {
		o.InputShape = []int{a.side, a.side, 3}
		if o.NoTop && !a.knownSize || a.anySize {
			o.InputShape = []int{tensor.Unknown, tensor.Unknown, 3}
		}
	}
	switch s := o.InputShape; {
	case a.knownSize && slices.Contains(s, tensor.Unknown):
		errs = append(errs, fmt.Errorf("InputShape is %v, but the layers of this network depend on the size of the images; give a height and a width", s))
	case len(s) != 3 || s[2] < 1:
		errs = append(errs, fmt.Errorf("InputShape is %v, want height, width and channels", s))
	case slices.ContainsFunc(s[:2], func(n int) bool { return n < a.minSide && (n != tensor.Unknown || !o.NoTop && !a.anySize) }):
		errs = append(errs, fmt.Errorf("InputShape is %v, want at least %d pixels; tensor.Unknown needs NoTop", s, a.minSide))
	}
	if !slices.Contains([]Pooling{NoPooling, AvgPooling, MaxPooling}, o.Pooling) {
		errs = append(errs, fmt.Errorf("Pooling is %q, want %q, %q or %q", o.Pooling, NoPooling, AvgPooling, MaxPooling))
	}
	if o.Pooling != NoPooling && !o.NoTop {
		errs = append(errs, fmt.Errorf("Pooling is %q, which needs NoTop", o.Pooling))
	}
	if o.Classes == 0 {
		o.Classes = 1000
	}
	if o.Classes < 0 {
		errs = append(errs, fmt.Errorf("the field Classes is %d, want at least 1", o.Classes))
	}
	if o.ClassifierActivation == nil {
		o.ClassifierActivation = layer.Softmax
	}
	if o.Model.Name == "" {
		o.Model.Name = a.name
	}
	for _, f := range []struct {
		option option
		name   string
		set    bool
	}{
		{alphaOption, "Alpha", o.Alpha != 0},
		{depthMultiplierOption, "DepthMultiplier", o.DepthMultiplier != 0},
		{dropoutRateOption, "DropoutRate", o.DropoutRate != nil},
		{minimalisticOption, "Minimalistic", o.Minimalistic},
		{noPreprocessingOption, "NoPreprocessing", o.NoPreprocessing},
	} {
		if f.set && a.options&f.option == 0 {
			errs = append(errs, fmt.Errorf("the network has no option %s", f.name))
		}
	}
	return o, errors.Join(errs...)
}

// model makes the network, and reads its weights.
func (o Options) model(a architecture) (*lince.Model, error) {
	m, err := o.loaded(a)
	if err != nil {
		return nil, fmt.Errorf("zoo: %s: %w", a.name, err)
	}
	return m, nil
}

func (o Options) loaded(a architecture) (*lince.Model, error) {
	o, err := o.check(a)
	if err != nil {
		return nil, err
	}
	weights, err := o.weights(a)
	if err != nil {
		return nil, err
	}
	form, err := a.form(weights)
	if err != nil {
		return nil, err
	}
	m, err := o.make(a.in(form))
	if err != nil {
		return nil, err
	}
	return m, o.load(m, a, weights, form)
}

// make makes the network with random weights. The options have their defaults.
func (o Options) make(a architecture) (*lince.Model, error) {
	in := lince.Input(layer.Input{Shape: o.InputShape})
	x := a.body(in)
	switch {
	case !o.NoTop:
		x = x.Then(a.classifier(layer.Dense{Units: o.Classes, Activation: o.ClassifierActivation})...)
	case o.Pooling == AvgPooling:
		x = x.Then(layer.GlobalAveragePool2D{Name: a.poolName("avg_pool")})
	case o.Pooling == MaxPooling:
		x = x.Then(layer.GlobalMaxPool2D{Name: a.poolName("max_pool")})
	}
	if o.NoTop {
		x = x.Then(a.features...)
	}
	m, err := o.Model.Functional(in, x)
	if err != nil {
		return nil, err
	}
	if o.Weights == ImageNet && !o.NoTop {
		for _, c := range imageNetClasses() {
			m.Classes = append(m.Classes, c.Name)
		}
	}
	if s := o.InputShape; s[0] != tensor.Unknown && s[1] != tensor.Unknown && s[2] == 3 {
		m.Preprocessing = a.preprocessing(s[0], s[1])
	}
	return m, nil
}

func (a architecture) classifier(d layer.Dense) []layer.Layer {
	if a.top != nil {
		return a.top(d)
	}
	d.Name = "predictions"
	return []layer.Layer{layer.GlobalAveragePool2D{Name: "avg_pool"}, d}
}

func (a architecture) poolName(name string) string {
	if a.plainPooling {
		return ""
	}
	return name
}
