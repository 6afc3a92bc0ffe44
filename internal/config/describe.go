package config

import (
	"fmt"
	"reflect"
	"strings"
)

// Row is a field of a class as documentation shows it.
type Row struct {
	Field   string // Go's; empty for a key without a field
	Key     string // Keras'
	Default string // what the zero value stands for; empty where a value must be given
	Want    string // what may stand there; empty for what the type says
}

// Describe lists the fields that the tags of v's type declare.
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
		case f.none || f.typ.Kind() == reflect.Pointer || f.typ.Kind() == reflect.Slice:
			r.Default = "none"
		case f.typ.Kind() == reflect.Bool:
			r.Default = fmt.Sprint(f.inverted)
		case f.required && f.wrong(zero) != "":
		case f.typ.Kind() == reflect.String:
			r.Default = `""`
		case f.typ.Kind() == reflect.Interface:
			r.Default = "none"
		default:
			r.Default = fmt.Sprint(zero)
		}
		if f.oneOf != nil {
			r.Want = strings.Join(f.oneOf, ", ")
		} else if f.limits.set {
			r.Want = f.want()
		}
		rows = append(rows, r)
	}
	return rows
}

// fixed is the row of a key that has one value.
func (f *field) fixed() Row {
	values := make([]string, len(f.only))
	for i, v := range f.only {
		values[i] = Show(v)
	}
	return Row{Key: f.key, Default: values[0], Want: "only " + strings.Join(values, ", ")}
}
