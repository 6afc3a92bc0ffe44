package constraint

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/config"
)

// classes lists the constraints, with the names that keras.constraints.get accepts.
var classes = &config.Registry[Constraint]{
	Kind: "constraint",
	Classes: []config.Entry[Constraint]{
		{Of: MaxNorm{}, Names: []string{"max_norm"}, Read: readMaxNorm},
		{Of: MinMaxNorm{}, Names: []string{"min_max_norm"}, Read: readMinMaxNorm},
		{Of: NonNeg{}, Names: []string{"non_neg"}},
		{Of: UnitNorm{}, Names: []string{"unit_norm"}, Read: readUnitNorm},
	},
	Refused: map[string]string{
		"Constraint": "it is a base class; a custom constraint in Go implements the interface Constraint",
	},
	Types: []config.Type{
		config.TypeOf(encodeAxis, decodeAxis, nil, parseAxis),
	},
	Check: func(c Constraint) error {
		if c, ok := c.(interface{ check() error }); ok {
			return c.check()
		}
		return nil
	},
}

// wrongf returns an error of a check method. Its message begins with the name of a field.
func wrongf(format string, a ...any) error { return fmt.Errorf(format, a...) }

// parseAxis parses the default in a tag.
func parseAxis(text string) Axis {
	n, err := strconv.Atoi(text)
	if err != nil {
		panic(err)
	}
	return Axis{n}
}

// none distinguishes an axis of null (Keras' axis=None) from an absent one.
func none(r *config.Reader, axis Axis) Axis {
	if r.Null("axis") {
		return Axis{}
	}
	return axis
}

func readMaxNorm(r *config.Reader, c Constraint) Constraint {
	m := c.(MaxNorm)
	m.Axis = none(r, m.Axis)
	return m
}

func readMinMaxNorm(r *config.Reader, c Constraint) Constraint {
	m := c.(MinMaxNorm)
	m.Axis = none(r, m.Axis)
	return m
}

func readUnitNorm(r *config.Reader, c Constraint) Constraint {
	u := c.(UnitNorm)
	u.Axis = none(r, u.Axis)
	return u
}

// UnknownClass is the error for a class that lince does not support.
type UnknownClass = config.UnknownClass

// ClassOf returns the name of the Keras class of a constraint, such as "MaxNorm". For a custom constraint, it is the
// name of its Go type, or what its method Class() string returns.
func ClassOf(c Constraint) string { return classes.ClassOf(c) }

// ConfigOf returns the arguments of a constraint for JSON, as Keras' get_config does. Floating-point
// numbers are float64 and integers int. The tags of the fields declare the arguments. A custom constraint
// with other arguments has a method Config() map[string]any.
func ConfigOf(c Constraint) map[string]any { return classes.ConfigOf(c) }

// Classes lists the Keras names of the constraints that Decode supports.
func Classes() []string { return classes.Names() }

// Check returns all mistakes in the fields of a constraint, joined with errors.Join, or nil if
// there are none.
func Check(c Constraint) error { return errors.Join(classes.Wrong(c)...) }

// Decode returns the constraint of a Keras class with the given config. The class is a class
// name or a short name such as "max_norm". The error for an unknown class is an *UnknownClass. All
// mistakes in a config are reported together.
func Decode(class string, conf map[string]any) (Constraint, error) {
	if full, err := classes.Find(class); err == nil {
		class = full
	}
	c, _, err := classes.Decode(class, conf, false)
	return c, err
}

// DecodeAs returns a custom constraint of type C with the given config. The tags of its fields
// declare the arguments, as they do for the constraints of this package:
//
//	Limit float64 `keras:"limit,default=1,above=0"`
//
// DecodeAs reports the same mistakes as Decode. It panics if a tag is invalid.
func DecodeAs[C Constraint](conf map[string]any) (C, error) {
	return config.DecodeCustom[C](classes, conf)
}

// FromConfig is DecodeAs for a config in JSON. Use it in lince.Options to open files that
// contain a custom constraint:
//
//	lince.Options{Constraints: map[string]lince.ConstraintDecoder{"Name": constraint.FromConfig[Name]}}
func FromConfig[T Constraint](text json.RawMessage) (Constraint, error) {
	return config.DecodeCustomJSON[T](classes, text)
}

// Ready reports mistakes in the fields of c to b, and returns c with its defaults set. ok is false
// if there are mistakes. The Project method of a custom constraint calls it first.
func Ready[T Constraint](b *graph.Builder, c T) (filled T, ok bool) {
	return config.Ready(classes, c, b.Errorf)
}
