package initializer

import (
	"errors"
	"fmt"

	"github.com/lince-ml/lince/internal/config"
)

const noAudio = "lince has no layers for audio"

// classes lists the initializers, with the names that keras.initializers.get accepts.
var classes = &config.Registry[Initializer]{
	Kind: "initializer",
	Classes: []config.Entry[Initializer]{
		{Of: GlorotUniform{}, Names: []string{"glorot_uniform"}},
		{Of: GlorotNormal{}, Names: []string{"glorot_normal"}},
		{Of: HeUniform{}, Names: []string{"he_uniform"}},
		{Of: HeNormal{}, Names: []string{"he_normal"}},
		{Of: LecunUniform{}, Names: []string{"lecun_uniform"}},
		{Of: LecunNormal{}, Names: []string{"lecun_normal"}},
		{Of: VarianceScaling{}, Names: []string{"variance_scaling"}},
		{Of: RandomNormal{}, Names: []string{"random_normal", "normal"}},
		{Of: TruncatedNormal{}, Names: []string{"truncated_normal"}},
		{Of: RandomUniform{}, Names: []string{"random_uniform", "uniform"}},
		{Of: Zeros{}, Names: []string{"zeros", "zero"}},
		{Of: Ones{}, Names: []string{"ones", "one"}},
		{Of: Constant{}, Names: []string{"constant"}},
		{Of: Orthogonal{}, Names: []string{"orthogonal", "OrthogonalInitializer"}},
		{Of: Identity{}, Names: []string{"identity", "IdentityInitializer"}},
	},
	Refused: map[string]string{
		"Initializer":     "it is a base class; a custom initializer in Go implements the interface Initializer",
		"STFT":            noAudio,
		"STFTInitializer": noAudio,
	},
	Common: struct {
		_ struct{} `keras:"dtype,any,omit"`            // written by Keras 2; without effect
		_ struct{} `keras:"input_axes,only=null,omit"` // of classes that depend on fan_in and fan_out, in Keras 3.15
		_ struct{} `keras:"output_axes,only=null,omit"`
	}{},
	Check: func(i Initializer) error {
		if c, ok := i.(interface{ check() error }); ok {
			return c.check()
		}
		return nil
	},
}

// wrongf returns an error of a check method. Its message begins with the name of a field.
func wrongf(format string, a ...any) error { return fmt.Errorf(format, a...) }

// UnknownClass is the error for a class that lince does not support.
type UnknownClass = config.UnknownClass

// filled returns i with its defaults.
func filled[I Initializer](i I) I { return classes.Fill(i).(I) }

// ClassOf returns the name of the Keras class of an initializer, such as "GlorotUniform".
func ClassOf(i Initializer) string { return classes.ClassOf(i) }

// ConfigOf returns the arguments of an initializer for JSON, as Keras' get_config does. Floating-point numbers are float64 and integers int.
func ConfigOf(i Initializer) map[string]any { return classes.ConfigOf(i) }

// Classes lists the Keras names of the initializers that Decode supports.
func Classes() []string { return classes.Names() }

// Check returns all mistakes in the fields of an initializer, joined with errors.Join, or nil if
// there are none.
func Check(i Initializer) error { return errors.Join(classes.Wrong(i)...) }

// Decode returns the initializer of a Keras class with the given config. The class is a class
// name or a short name such as "glorot_uniform". The error for an unknown class is an
// *UnknownClass. All mistakes in a config are reported together.
func Decode(class string, conf map[string]any) (Initializer, error) {
	if full, err := classes.Find(class); err == nil {
		class = full
	}
	i, _, err := classes.Decode(class, conf, false)
	return i, err
}
