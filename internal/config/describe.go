package config

import (
	"fmt"
	"reflect"
	"strings"
)

// Row documents one argument of a class.
type Row struct {
	Field   string // the Go field; empty if lince supports only one value of the argument
	Key     string // the argument's name in Keras
	Default string // the default; empty if the field must be set
	Want    string // the valid values; empty for a string or a type of Registry.Types
}

// Describe lists the arguments that the tags of v's type declare.
func Describe(v any) []Row {
	var rows []Row
	for _, f := range parse(reflect.TypeOf(v), nil) {
		r := Row{Field: f.name, Key: f.key}
		if f.name == "_" {
			if !f.any && !f.training {
				rows = append(rows, f.fixed())
			}
			continue
		}
		zero := reflect.Zero(f.typ)
		switch {
		case f.defaults:
			r.Default = f.text
		case f.like != "":
			r.Default = f.like
		case f.required && (f.unset(zero) || f.typ.Kind() == reflect.Array || f.wrong(zero) != ""):
		case f.none || f.typ.Kind() == reflect.Pointer || f.typ.Kind() == reflect.Slice:
			r.Default = "none"
		case f.typ.Kind() == reflect.Bool:
			r.Default = fmt.Sprint(f.inverted)
		case f.typ.Kind() == reflect.String:
			r.Default = `""`
		case f.typ.Kind() == reflect.Interface:
			r.Default = "none"
		default:
			r.Default = fmt.Sprint(zero)
		}
		if f.oneOf != nil {
			r.Want = strings.Join(f.oneOf, ", ")
		} else if basic(f.typ) && f.typ.Kind() != reflect.String {
			r.Want = f.want()
		}
		rows = append(rows, r)
	}
	return rows
}

// fixed returns the row of an argument without a field.
func (f *field) fixed() Row {
	values := make([]string, len(f.only))
	for i, v := range f.only {
		values[i] = Show(v)
	}
	return Row{Key: f.key, Default: values[0], Want: "only " + strings.Join(values, ", ")}
}
