package layer

import (
	"fmt"

	"github.com/lince-ml/lince/internal/config"
	"github.com/lince-ml/lince/internal/suggest"
)

// table lists the layers: the Keras class and how its config is read.
var table = []struct {
	class  string
	decode func(*config.Reader) Layer
}{
	{"InputLayer", decodeInput},
	{"Conv2D", decodeConv2D},
	{"DepthwiseConv2D", decodeDepthwiseConv2D},
	{"SeparableConv2D", decodeSeparableConv2D},
	{"MaxPooling2D", decodeMaxPool2D},
	{"AveragePooling2D", decodeAveragePool2D},
	{"Flatten", decodeFlatten},
	{"Dense", decodeDense},
	{"Dropout", decodeDropout},
	{"Activation", decodeActivate},
	{"ReLU", decodeReLULayer},
	{"BatchNormalization", decodeBatchNormalization},
}

// Classes lists the Keras classes that Decode knows.
func Classes() []string {
	names := make([]string, len(table))
	for i, t := range table {
		names[i] = t.class
	}
	return names
}

// Decode makes a layer from a Keras class name and its config, as Keras 3 (or Keras 2) saves
// it. It is strict: an unknown class, a value of the wrong type or out of range, and a key
// that lince would not heed are errors, all of them told at once.
func Decode(class string, conf map[string]any) (Layer, error) {
	for _, t := range table {
		if t.class != class {
			continue
		}
		r := config.Read(class, conf)
		l := t.decode(r)
		if err := r.Err(); err != nil {
			return nil, err
		}
		if c, ok := l.(interface{ check() checks }); ok {
			for _, err := range c.check() {
				r.Errorf("%w", err)
			}
		}
		if err := r.Err(); err != nil {
			return nil, err
		}
		return l, nil
	}
	return nil, fmt.Errorf("there is no layer class %q%s", class, suggest.Hint(class, Classes()))
}
