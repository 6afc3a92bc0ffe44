package regularizer

import (
	"encoding/json"
	"errors"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/config"
)

// classes lists the regularizers, with the names that keras.regularizers.get accepts.
var classes = &config.Registry[Regularizer]{
	Kind: "regularizer",
	Classes: []config.Entry[Regularizer]{
		{Of: L1{}, Names: []string{"l1"}},
		{Of: L2{}, Names: []string{"l2"}},
		{Of: L1L2{}, Names: []string{"l1l2"}},
		{Of: OrthogonalRegularizer{}, Names: []string{"orthogonal_regularizer"}},
	},
	Refused: map[string]string{
		"Regularizer": "it is a base class; a custom regularizer in Go implements the interface Regularizer",
	},
}

// UnknownClass is the error for a class that lince does not support.
type UnknownClass = config.UnknownClass

// ClassOf returns the name of the Keras class of a regularizer, such as "L2". For a custom regularizer, it is the
// name of its Go type, or what its method Class() string returns.
func ClassOf(r Regularizer) string { return classes.ClassOf(r) }

// ConfigOf returns the arguments of a regularizer for JSON, as Keras' get_config does. Floating-point
// numbers are float64 and integers int. The tags of the fields declare the arguments. A custom regularizer
// with other arguments has a method Config() map[string]any.
func ConfigOf(r Regularizer) map[string]any { return classes.ConfigOf(r) }

// Classes lists the Keras names of the regularizers that Decode supports.
func Classes() []string { return classes.Names() }

// Check returns all mistakes in the fields of a regularizer, joined with errors.Join, or nil if
// there are none.
func Check(r Regularizer) error { return errors.Join(classes.Wrong(r)...) }

// Decode returns the regularizer of a Keras class with the given config. The class is a class
// name or a short name such as "l2". The error for an unknown class is an *UnknownClass. All mistakes
// in a config are reported together.
func Decode(class string, conf map[string]any) (Regularizer, error) {
	if full, err := classes.Find(class); err == nil {
		class = full
	}
	r, _, err := classes.Decode(class, conf, false)
	return r, err
}

// DecodeAs returns a custom regularizer of type R with the given config. The tags of its fields
// declare the arguments, as they do for the regularizers of this package:
//
//	Factor float64 `keras:"factor,default=0.1,above=0"`
//
// DecodeAs reports the same mistakes as Decode. It panics if a tag is invalid.
func DecodeAs[R Regularizer](conf map[string]any) (R, error) {
	return config.DecodeCustom[R](classes, conf)
}

// FromConfig is DecodeAs for a config in JSON. Use it in lince.Options to open files that
// contain a custom regularizer:
//
//	lince.Options{Regularizers: map[string]lince.RegularizerDecoder{"Name": regularizer.FromConfig[Name]}}
func FromConfig[T Regularizer](text json.RawMessage) (Regularizer, error) {
	return config.DecodeCustomJSON[T](classes, text)
}

// Ready reports mistakes in the fields of r to b, and returns r with its defaults set. ok is false
// if there are mistakes. The Penalty method of a custom regularizer calls it first.
func Ready[T Regularizer](b *graph.Builder, r T) (filled T, ok bool) {
	return config.Ready(classes, r, b.Errorf)
}
