package initializer

import (
	"errors"

	"github.com/lince-ml/lince/internal/config"
)

// classes lists the initializers, with the names by which Keras' get() knows them.
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
	},
	Common: struct {
		_ struct{} `keras:"dtype,any,omit"` // which Keras 2 writes; values are of the weight's type
	}{},
}

// UnknownClass is the error for a class that lince does not have.
type UnknownClass = config.UnknownClass

// filled is i with its defaults.
func filled[I Initializer](i I) I { return classes.Fill(i).(I) }

// Classes lists the Keras classes that there are.
func Classes() []string { return classes.Names() }

// Check says what is wrong with the settings of an initializer of this package.
func Check(i Initializer) error { return errors.Join(classes.Wrong(i)...) }

// Decode makes an initializer from a Keras class name, or the short form of one
// ("glorot_uniform"), and its config. All mistakes are told at once; an unknown class is an
// *UnknownClass.
func Decode(class string, conf map[string]any) (Initializer, error) {
	if full, err := classes.Find(class); err == nil {
		class = full
	}
	i, _, err := classes.Decode(class, conf, false)
	return i, err
}
