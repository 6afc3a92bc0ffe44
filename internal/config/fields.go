package config

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// MaxCount is the largest number that the option count allows. Configs come from untrusted files.
// With this limit, the product of two sizes and a few small factors does not overflow an int.
const MaxCount = 1 << 24

// field is the declaration of an argument in a struct's tag. Registry documents the options.
type field struct {
	index int
	name  string // the Go field, "_" for an argument without one
	key   string // the argument's name in Keras
	typ   reflect.Type
	kind  *Type // nil for Go's basic types

	required, inverted, none, omit bool
	object                         bool   // the field has the argument if it is an object; another field has it otherwise
	number                         bool   // a field with option object has the same key
	tuple                          bool   // a file has the number as a list
	text                           string // the default, as the tag has it
	defaults                       bool   // the tag has a default
	like                           string // the field whose value is the default
	alias                          string // a second name of the argument
	limits                         span
	oneOf                          []string

	training bool
	any      bool
	only     []any
}

// span is a range of numbers.
type span struct {
	lo, hi       float64
	above, below bool // the range excludes lo, hi
	set          bool
}

func (s span) has(x float64) bool {
	return !s.set && !math.IsNaN(x) || s.set && x >= s.lo && x <= s.hi && (x != s.lo || !s.above) && (x != s.hi || !s.below)
}

// want describes the valid numbers: what ("a number") and the range.
func (s span) want(what string) string {
	lo, hi := !math.IsInf(s.lo, 0), !math.IsInf(s.hi, 0)
	show := func(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }
	switch {
	case !s.set:
		return what
	case lo && hi && s.above && s.below:
		return fmt.Sprintf("%s greater than %s and less than %s", what, show(s.lo), show(s.hi))
	case lo && hi && s.below:
		return fmt.Sprintf("%s greater than or equal to %s and less than %s", what, show(s.lo), show(s.hi))
	case lo && hi && s.above:
		return fmt.Sprintf("%s greater than %s and less than or equal to %s", what, show(s.lo), show(s.hi))
	case lo && hi:
		return fmt.Sprintf("%s from %s to %s", what, show(s.lo), show(s.hi))
	case lo && s.above:
		return fmt.Sprintf("%s greater than %s", what, show(s.lo))
	case lo:
		return fmt.Sprintf("%s greater than or equal to %s", what, show(s.lo))
	}
	return fmt.Sprintf("%s less than or equal to %s", what, show(s.hi))
}

// parse reads the tags of a struct. It panics if a tag is invalid, which is a bug in the
// program.
func parse(t reflect.Type, types []Type) []field {
	var fields []field
	for i := range t.NumField() {
		f := t.Field(i)
		tag, ok := f.Tag.Lookup("keras")
		if !ok {
			continue
		}
		options := strings.Split(tag, ",")
		x := field{index: i, name: f.Name, key: options[0], typ: f.Type, limits: span{lo: math.Inf(-1), hi: math.Inf(1)}}
		for j := range types {
			if types[j].of == f.Type {
				x.kind = &types[j]
			}
		}
		if f.Name != "_" && !f.IsExported() {
			panic(fmt.Sprintf("config: %v.%s has a keras tag but is not exported", t, f.Name))
		}
		for _, o := range options[1:] {
			if err := x.option(o); err != nil {
				panic(fmt.Sprintf("config: %v.%s: %v", t, f.Name, err))
			}
		}
		fields = append(fields, x)
	}
	for _, x := range fields {
		for i := range fields {
			if x.object && !fields[i].object && fields[i].key == x.key {
				fields[i].number = true
			}
		}
	}
	return fields
}

func (f *field) option(o string) (err error) {
	name, value, _ := strings.Cut(o, "=")
	number := func() (x float64) {
		f.limits.set = true
		x, err = strconv.ParseFloat(value, 64)
		return x
	}
	switch name {
	case "required":
		f.required = true
	case "inverted":
		f.inverted = true
	case "none":
		f.none = true
	case "object":
		f.object = true
	case "tuple":
		f.tuple = true
	case "omit", "omitempty":
		f.omit = true
	case "default":
		f.defaults, f.text = true, value
	case "like":
		f.like = value
	case "alias":
		f.alias = value
	case "count":
		f.limits = span{lo: 1, hi: MaxCount, set: true}
	case "min":
		f.limits.lo = number()
	case "max":
		f.limits.hi = number()
	case "above":
		f.limits.lo, f.limits.above = number(), true
	case "below":
		f.limits.hi, f.limits.below = number(), true
	case "oneof":
		f.oneOf = strings.Split(value, "|")
		f.defaults, f.text = true, f.oneOf[0]
	case "training":
		f.training = true
	case "any", "only":
		f.any = name == "any"
		for s := range strings.SplitSeq(value, "|") {
			f.only = append(f.only, literal(s))
		}
	default:
		err = fmt.Errorf("unknown option %q", o)
	}
	return err
}

// literal parses a value in a tag: JSON or, if it is not valid JSON, a string.
func literal(text string) any {
	var v any
	if json.Unmarshal([]byte(text), &v) != nil {
		return text
	}
	if n, ok := Int(v); ok && !strings.ContainsAny(text, ".e") {
		return n
	}
	return v
}

func basic(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Int, reflect.Float64, reflect.Bool, reflect.String:
		return true
	case reflect.Pointer:
		return t.Elem().Kind() == reflect.Int || t.Elem().Kind() == reflect.Float64
	case reflect.Array:
		return t.Elem().Kind() == reflect.Int
	case reflect.Slice:
		return slices.Contains([]reflect.Kind{reflect.Int, reflect.Float64, reflect.String}, t.Elem().Kind())
	}
	return false
}

// fill sets v to its default if it is zero.
func (f *field) fill(v reflect.Value) {
	if !f.defaults || !v.IsZero() {
		return
	}
	if f.kind != nil {
		v.Set(reflect.ValueOf(f.kind.parse(f.text)))
		return
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(f.typ.Elem()))
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(f.text)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(f.typ, 1, 1))
		v.Index(0).SetInt(int64(must(strconv.Atoi(f.text))))
	case reflect.Array:
		for i := range v.Len() {
			v.Index(i).SetInt(int64(must(strconv.Atoi(f.text))))
		}
	case reflect.Int:
		v.SetInt(int64(must(strconv.Atoi(f.text))))
	case reflect.Float64:
		v.SetFloat(must(strconv.ParseFloat(f.text, 64)))
	default:
		panic(fmt.Sprintf("config: field %s of type %v cannot have a default", f.name, f.typ))
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// unset reports whether v is nil.
func (f *field) unset(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer, reflect.Slice:
		return v.IsNil()
	}
	return false
}

// encode returns the value of v for the config. v is already filled.
func (f *field) encode(v reflect.Value) any {
	if f.kind != nil {
		if f.unset(v) {
			return nil
		}
		return f.kind.encode(v.Interface())
	}
	if f.none && v.IsZero() || f.unset(v) {
		return nil
	}
	switch v = reflect.Indirect(v); v.Kind() {
	case reflect.Bool:
		return v.Bool() != f.inverted
	case reflect.String:
		return v.String()
	case reflect.Int:
		if f.tuple {
			return []int{int(v.Int())}
		}
		return int(v.Int())
	case reflect.Float64:
		return v.Float()
	}
	if f.typ.Elem().Kind() != reflect.Int {
		list := make([]any, v.Len())
		for i := range list {
			list[i] = v.Index(i).Interface()
		}
		return list
	}
	list := make([]int, v.Len())
	for i := range list {
		list[i] = int(v.Index(i).Int())
	}
	return list
}

// want describes the valid values of the field.
func (f *field) want() string {
	switch t := f.typ; t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Array:
		return f.limits.want(fmt.Sprintf("%d integers", t.Len()))
	case reflect.Slice:
		switch t.Elem().Kind() {
		case reflect.Int:
			return f.limits.want("integers")
		case reflect.String:
			return "strings"
		}
		return f.limits.want("numbers")
	case reflect.Int:
		return f.limits.want("an integer")
	case reflect.Pointer:
		if t.Elem().Kind() == reflect.Int {
			return f.limits.want("an integer")
		}
	}
	return f.limits.want("a number")
}

// decode reads the key into v.
func (f *field) decode(r *Reader, v reflect.Value) {
	key := f.key
	if f.alias != "" {
		if r.Has(f.alias) && !r.Has(key) {
			key = f.alias
		}
		r.Ignore(f.key, f.alias)
	}
	if f.required {
		r.Need(key)
	}
	x := r.Value(key)
	if x == nil {
		return
	}
	if object := isObject(x); object && f.number || !object && f.object {
		return // another field has it
	}
	if f.kind != nil && f.oneOf != nil {
		v.Set(reflect.ValueOf(f.kind.parse(r.OneOf(key, f.oneOf...))))
		return
	}
	if f.kind != nil {
		if x := f.kind.decode(r, key, x); x != nil {
			v.Set(reflect.ValueOf(x))
		}
		return
	}
	if v.Kind() == reflect.String {
		if f.oneOf != nil {
			v.SetString(r.OneOf(key, f.oneOf...))
		} else {
			v.SetString(r.Text(key, ""))
		}
		return
	}
	if !f.set(v, x) {
		r.bad(key, f.want())
		v.SetZero()
	} else if wrong := f.wrong(v); wrong != "" {
		r.bad(key, wrong)
		v.SetZero()
	} else if (f.defaults || f.like != "") && v.IsZero() {
		r.bad(key, f.want()+" other than 0") // a zero field means the default
	}
}

// isObject reports whether a value of a config is a Keras object, or what such an object was decoded to.
func isObject(x any) bool {
	switch x.(type) {
	case string, bool, int, int64, float32, float64, json.Number, []any, []int:
		return false
	}
	return true
}

// set assigns x to v, and returns false if x has the wrong type.
func (f *field) set(v reflect.Value, x any) bool {
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(f.typ.Elem()))
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.Bool:
		b, ok := x.(bool)
		v.SetBool(ok && b != f.inverted)
		return ok
	case reflect.Int:
		if list, ok := List(x); ok && f.tuple && len(list) == 1 {
			x = list[0]
		}
		n, ok := Int(x)
		v.SetInt(int64(n))
		return ok
	case reflect.Float64:
		n, ok := Float(x)
		v.SetFloat(n)
		return ok
	case reflect.String:
		s, ok := x.(string)
		v.SetString(s)
		return ok
	}
	list, ok := List(x)
	if !ok {
		list = []any{x} // one number for all elements
	}
	if v.Kind() == reflect.Slice {
		v.Set(reflect.MakeSlice(f.typ, len(list), len(list)))
	} else if !ok {
		list = slices.Repeat(list, v.Len())
	}
	if len(list) != v.Len() {
		return false
	}
	element := field{typ: f.typ.Elem()}
	for i, x := range list {
		if !element.set(v.Index(i), x) {
			return false
		}
	}
	return true
}

// wrong returns a description of the valid values if v is invalid, and "" if v is valid.
func (f *field) wrong(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return ""
		}
		return f.wrong(v.Elem())
	case reflect.Float64:
		switch x := v.Float(); {
		case !f.limits.has(x) || math.IsInf(x, 0):
			return f.want()
		case math.Abs(x) > math.MaxFloat32:
			return "a number in the range of float32"
		}
	case reflect.Int:
		if f.limits.set && !f.limits.has(float64(v.Int())) {
			return f.want()
		}
	case reflect.Array, reflect.Slice:
		for i := range v.Len() {
			if w := f.wrong(v.Index(i)); w != "" {
				return w
			}
		}
	case reflect.String:
		if f.oneOf != nil && !slices.Contains(f.oneOf, v.String()) {
			return "one of " + strings.Join(f.oneOf, ", ")
		}
	}
	return ""
}

// check returns an error if the field of a struct is invalid.
func (f *field) check(v reflect.Value) error {
	if v.Kind() == reflect.Interface && v.Elem().Kind() == reflect.Pointer && v.Elem().IsNil() {
		return fmt.Errorf("%s is a nil %v", f.name, v.Elem().Type())
	}
	switch {
	case f.kind != nil && f.required && !f.defaults && f.unset(v):
		return fmt.Errorf("%s is not set", f.name)
	case f.kind != nil && f.oneOf != nil && !v.IsZero():
		if s, ok := f.kind.encode(v.Interface()).(string); !ok || !slices.Contains(f.oneOf, s) {
			return fmt.Errorf("%s is %v, want one of %s", f.name, v, strings.Join(f.oneOf, ", "))
		}
		return nil
	case f.kind != nil && (v.IsZero() || f.kind.check == nil):
		return nil
	case f.kind != nil:
		if err := f.kind.check(v.Interface()); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		return nil
	case v.IsZero() && (f.defaults || f.like != ""):
		return nil
	}
	want := f.wrong(v)
	switch {
	case want == "":
		return nil
	case v.IsZero() && f.required:
		return fmt.Errorf("%s is not set, want %s", f.name, want)
	}
	format := "%s is %v, want %s"
	if v.Kind() == reflect.String {
		format = "%s is %q, want %s"
	}
	return fmt.Errorf(format, f.name, reflect.Indirect(v).Interface(), want)
}
