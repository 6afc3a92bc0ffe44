package loss

import (
	"encoding/json"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/config"
)

// classes lists the losses, with the short names that Keras' compile(loss=...) accepts.
var classes = &config.Registry[Loss]{
	Kind: "loss",
	Classes: []config.Entry[Loss]{
		{Of: CategoricalCrossentropy{}, Names: []string{"categorical_crossentropy"}},
		{Of: SparseCategoricalCrossentropy{}, Names: []string{"sparse_categorical_crossentropy"}},
		{Of: BinaryCrossentropy{}, Names: []string{"binary_crossentropy", "bce", "BCE"}},
		{Of: MeanSquaredError{}, Names: []string{"mean_squared_error", "mse", "MSE"}},
		{Of: MeanAbsoluteError{}, Names: []string{"mean_absolute_error", "mae", "MAE"}},
		{Of: BinaryFocalCrossentropy{}, Names: []string{"binary_focal_crossentropy"}},
		{Of: CategoricalFocalCrossentropy{}, Names: []string{"categorical_focal_crossentropy"}},
		{Of: CategoricalGeneralizedCrossEntropy{}, Names: []string{"categorical_generalized_cross_entropy"}},
		{Of: MeanAbsolutePercentageError{}, Names: []string{"mean_absolute_percentage_error", "mape", "MAPE"}},
		{Of: MeanSquaredLogarithmicError{}, Names: []string{"mean_squared_logarithmic_error", "msle", "MSLE"}},
		{Of: Huber{}, Names: []string{"huber", "huber_loss"}},
		{Of: LogCosh{}, Names: []string{"log_cosh", "logcosh"}},
		{Of: Poisson{}, Names: []string{"poisson"}},
		{Of: KLDivergence{}, Names: []string{"kl_divergence", "kld", "KLD", "kullback_leibler_divergence"}},
		{Of: CosineSimilarity{}, Names: []string{"cosine_similarity"}},
		{Of: Hinge{}, Names: []string{"hinge"}},
		{Of: SquaredHinge{}, Names: []string{"squared_hinge"}},
		{Of: CategoricalHinge{}, Names: []string{"categorical_hinge"}},
		{Of: Dice{}, Names: []string{"dice"}},
		{Of: Tversky{}, Names: []string{"tversky"}},
		{Of: Circle{}, Names: []string{"circle"}},
	},
	Refused: map[string]string{
		"CTC":  "lince has no losses for sequences of labels, such as written words",
		"Loss": "it is a base class; a custom loss in Go implements the interface Loss",
	},
	Types: []config.Type{reductionType, factorsType},
	Look: func(r *config.Reader) {
		if r.Null("reduction") { // in Keras, null is another way to write "none"
			r.Replace("reduction", string(None))
		}
	},
	Common: struct {
		_ struct{} `keras:"reduction,only=sum_over_batch_size|mean|auto"`
		_ struct{} `keras:"dtype,only=float32,omit"`
		_ struct{} `keras:"name,any,omit"`
		_ struct{} `keras:"fn,any,omit"` // written by Keras 2
	}{},
}

// UnknownClass is the error for a class that lince does not support.
type UnknownClass = config.UnknownClass

// ClassOf returns the name of the Keras class of a loss, such as "CategoricalCrossentropy". For a custom loss, it is the name of its Go
// type, or what its method Class() string returns.
func ClassOf(l Loss) string { return classes.ClassOf(l) }

// NameOf returns the name of a loss in Keras, such as "categorical_crossentropy".
func NameOf(l Loss) string { return classes.Named(l) }

// ConfigOf returns the arguments of a loss for JSON, as Keras' get_config does. Floating-point numbers are float64 and integers int. The tags
// of the fields declare the arguments. A custom loss with other arguments has a method Config() map[string]any.
func ConfigOf(l Loss) map[string]any {
	c := classes.ConfigOf(l)
	if c != nil && c["name"] == nil {
		c["name"] = NameOf(l)
	}
	return c
}

// Classes lists the Keras names of the losses that Decode supports.
func Classes() []string { return classes.Names() }

// FunctionOf returns the name of the function that computes a loss in Keras, such as "huber" for Huber. For a custom
// loss it is NameOf.
func FunctionOf(l Loss) string {
	for _, e := range classes.Classes {
		if ClassOf(e.Of) == ClassOf(l) {
			return e.Names[0]
		}
	}
	return NameOf(l)
}

// Find returns the class with the given name: a class name or one of the names that Parse accepts. The error for an
// unknown name is an *UnknownClass.
func Find(name string) (class string, err error) { return classes.Find(name) }

// Parse returns the loss with the given name, with default arguments. The name is a class name
// or one of the short names that Keras' compile(loss=name) accepts, such as
// "categorical_crossentropy" or "mse". The error for an unknown name is an *UnknownClass.
func Parse(name string) (Loss, error) {
	class, err := classes.Find(name)
	if err != nil {
		return nil, err
	}
	return Decode(class, nil)
}

// Decode returns the loss of a Keras class with the given config. The error for an unknown
// class is an *UnknownClass. All mistakes in a config are reported together.
func Decode(class string, conf map[string]any) (Loss, error) {
	l, _, err := classes.Decode(class, conf, false)
	return l, err
}

// DecodeAs returns a custom loss of type L with the given config. The tags of its fields declare
// the arguments, as they do for the losses of this package:
//
//	Gamma float64 `keras:"gamma,default=2,min=0"`
//
// DecodeAs reports the same mistakes as Decode. It panics if a tag is invalid.
func DecodeAs[L Loss](conf map[string]any) (L, error) {
	return config.DecodeCustom[L](classes, conf)
}

// FromConfig is DecodeAs for a config in JSON. Use it in lince.Options to open files that
// contain a custom loss:
//
//	lince.Options{Losses: map[string]lince.LossDecoder{"Name": loss.FromConfig[Name]}}
func FromConfig[T Loss](text json.RawMessage) (Loss, error) {
	return config.DecodeCustomJSON[T](classes, text)
}

// Ready reports mistakes in the fields of l to b, and returns l with its defaults set. ok is false
// if there are mistakes. The Build method of a custom loss calls it first.
func Ready[T Loss](b *graph.Builder, l T) (filled T, ok bool) {
	return config.Ready(classes, l, b.Errorf)
}
