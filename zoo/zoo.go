// Package zoo makes published networks, as keras.applications does: it has a function for each network, with Keras' arguments and names
// of layers. The networks are those of EfficientNet-Lite.
//
//	m, err := zoo.EfficientNetLite0(zoo.Options{Weights: "efficientnet-lite0.pth"})
//
// Nothing is ever downloaded. Recognize lets lince.Open open files of weights of these networks.
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
	// Weights is a file that LoadWeights reads. With NoTop, its classifier is ignored. The default, "", draws the weights at random.
	Weights string
	// InputShape is the height, width and channels of an image, {224, 224, 3}. tensor.Unknown is possible for height and width with NoTop.
	// Height and width are at least 32; there are 3 channels. The default, nil, is the size that the network was designed for. Other
	// sizes are also possible without NoTop, because the network takes the mean over all pixels before its classifier.
	InputShape []int
	// Pooling is what NoTop does with the result: AvgPooling and MaxPooling give features of shape (batch, channels). The default is NoPooling, which
	// gives (batch, height, width, channels).
	Pooling Pooling
	// Classes is the number of classes. At least 1. The default is 1000, those of ImageNet.
	Classes int
	// ClassifierActivation is the activation of the classifier. layer.Linear gives logits. The default, nil, is layer.Softmax.
	ClassifierActivation layer.Activation

	// Model configures how the model is built: its seed and threads. Name is the model's name; the default is the network's, such as
	// "efficientnet-lite0".
	Model lince.Options
}

// Pooling is Keras' argument pooling.
type Pooling string

// The values of Pooling.
const (
	NoPooling  Pooling = ""
	AvgPooling Pooling = "avg"
	MaxPooling Pooling = "max"
)

const minSide = 32 // pixels

// check returns the options with their defaults. side is the height and width that the network was designed for.
func (o Options) check(name string, side int) (Options, error) {
	var errs []error
	if o.InputShape == nil {
		o.InputShape = []int{side, side, 3}
	}
	switch s := o.InputShape; {
	case len(s) != 3 || s[2] != 3:
		errs = append(errs, fmt.Errorf("InputShape is %v, want height, width and 3 channels", s))
	case slices.ContainsFunc(s[:2], func(n int) bool { return n < minSide && (n != tensor.Unknown || !o.NoTop) }):
		errs = append(errs, fmt.Errorf("InputShape is %v, want at least %d pixels; tensor.Unknown needs NoTop", s, minSide))
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
		o.Model.Name = name
	}
	return o, errors.Join(errs...)
}

// load reads the weights into the model, if the options name a file.
func (o Options) load(m *lince.Model) error {
	if o.Weights == "" {
		return nil
	}
	k, err := lince.FileKindOf(o.Weights)
	if err != nil {
		return err
	}
	// A state dict has no names of Keras' layers: its classifier is what is left over at the end.
	foreign := k.Name == "torch" || k.Name == "safetensors"
	_, err = m.LoadWeights(o.Weights, lince.WeightsOptions{ByName: o.NoTop && !foreign, SkipMismatch: o.NoTop && foreign})
	return err
}
