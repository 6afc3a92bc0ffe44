package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/lince-ml/lince/internal/suggest"
)

// Registry lists the classes of one kind, such as layers or losses. The tags of their fields
// declare how values of these classes are encoded, decoded and checked. A tag has the form
//
//	`keras:"key,option,..."`
//
// where key is the argument's name in Keras. The options are:
//
//	required      a file must have the key
//	default=x     the default, for which the zero value of the field stands (nil, for a pointer)
//	like=Field    the default is the value of another field
//	alias=other   another name that Keras accepts for the argument, but does not write
//	min=x max=x   the range of a number, inclusive
//	above=x       the number must be greater than x
//	below=x       the number must be less than x
//	count         an integer from 1 to MaxCount
//	oneof=a|b     the valid strings; the first is the default. For one of Types, the strings that
//	              encode writes and parse reads
//	tuple         a file has the integer as a list of one, as Keras' 1-D layers write sizes
//	inverted      the field is the negation of the argument: NoBias is use_bias
//	none          the zero value means None, which is null in a file
//	omitempty     a zero value is not written
//	object        the field has the argument if that is an object; another field has it otherwise
//
// A blank field _ declares an argument that has no Go field. Its options are:
//
//	only=a|b      the values that lince supports; the first is written
//	any=a         all values are accepted, without effect; a is written
//	training      affects training only: skipped for prediction, otherwise an error
//	omit          the argument is read but not written
//
// An argument x_initializer implies x_regularizer and x_constraint with the options training
// and omit, if the class does not declare them. Any other key in a file is a mistake unless its value
// is null.
//
// Fields may be of type int, float64, bool, string, *int, *float64, [n]int, []int, []float64,
// []string or of one of Types.
type Registry[T any] struct {
	Kind    string // the kind in messages, such as "loss"
	Quiet   bool   // messages begin with the class, without Kind
	Fold    bool   // Find ignores case
	Classes []Entry[T]
	// Refused has the public classes of Keras that lince does not support, each with the reason: the end of an error
	// message, which docs/keras.md quotes.
	Refused map[string]string
	Types   []Type
	Common  any           // a struct of blank fields: arguments of all classes
	Look    func(*Reader) // examines a config before its fields are read; may be nil
	Check   func(T) error // checks what the tags cannot express; may be nil

	plans sync.Map // by reflect.Type
}

// Entry is a class of a registry.
type Entry[T any] struct {
	Of    T        // the zero value of the class
	Class string   // the name of the Keras class, if it is not the name of the Go type
	Name  string   // the name of its objects in Keras, if it is not the class in snake case; for losses and optimizers
	Names []string // short names in Keras, such as "mse"
	// Aliases are other names of the class in Keras, such as Convolution2D, which files may have.
	Aliases []string
	// Training says that the class returns its operand in prediction. A config that is read for prediction may then have
	// unknown keys, which other versions of Keras know, and invalid values, which Keras does not check.
	Training bool
	// Read and Write handle keys that do not correspond to one field. They may be nil.
	Read  func(*Reader, T) T
	Write func(T, map[string]any)
}

// Type describes how values of a Go type are encoded in a config.
type Type struct {
	of     reflect.Type
	encode func(any) any
	decode func(*Reader, string, any) any
	check  func(any) error
	parse  func(string) any
}

// TypeOf returns the Type of T:
//
//   - encode returns the value for a config.
//   - decode reads the value v of key, which is not nil. It records mistakes in the reader,
//     and returns false if the field keeps its zero value.
//   - check returns an error for an invalid value. It may be nil.
//   - parse parses the default in a tag.
func TypeOf[T any](encode func(T) any, decode func(r *Reader, key string, v any) (T, bool), check func(T) error, parse func(string) T) Type {
	t := Type{
		of:     reflect.TypeFor[T](),
		encode: func(v any) any { return encode(v.(T)) },
		decode: func(r *Reader, key string, v any) any {
			if x, ok := decode(r, key, v); ok {
				return x
			}
			return nil
		},
		parse: func(s string) any { return parse(s) },
	}
	if check != nil {
		t.check = func(v any) error { return check(v.(T)) }
	}
	return t
}

// UnknownClass is the error for a class that lince does not support.
type UnknownClass struct {
	Kind  string   // "layer", "loss", "metric", "optimizer", "initializer", "regularizer", "constraint" or "activation"
	Class string   // the name in the file or in the call
	Short bool     // Class is the argument of a function that also takes short names, such as "mse"
	Known []string // the supported names
	// Reason says why lince does not support a class of Keras. It is empty if Keras has no such class.
	Reason string
}

// Error implements error.
func (e *UnknownClass) Error() string {
	hint := ""
	if len(e.Known) > 0 {
		hint = suggest.Hint(e.Class, e.Known)
	}
	class := " class"
	if e.Short {
		class = ""
	}
	if e.Reason != "" {
		hint = ": " + e.Reason
	}
	return fmt.Sprintf("there is no %s%s %q%s", e.Kind, class, e.Class, hint)
}

// Names lists the Keras names of the classes.
func (g *Registry[T]) Names() []string {
	names := make([]string, len(g.Classes))
	for i, e := range g.Classes {
		names[i] = e.class()
	}
	return names
}

// Find returns the class with the given name, which is the class name or one of Names.
func (g *Registry[T]) Find(name string) (string, error) {
	var names []string
	for _, e := range g.Classes {
		class := e.class()
		if class == name || g.Fold && strings.EqualFold(class, name) || slices.Contains(e.Names, name) {
			return class, nil
		}
		if g.Fold {
			names = append(names, strings.ToLower(class))
		}
		names = append(names, e.Names...)
	}
	return "", &UnknownClass{g.Kind, name, true, names, g.reason(name)}
}

// reason returns why a class of Keras is refused. name is the class or, as in losses.ctc, its name in snake case or lower
// case. It is "" for other names.
func (g *Registry[T]) reason(name string) string {
	for class, reason := range g.Refused {
		if name == class || name == SnakeCase(class) || name == strings.ToLower(class) {
			return reason
		}
	}
	return ""
}

// class returns the name of the Keras class.
func (e Entry[T]) class() string {
	if e.Class != "" {
		return e.Class
	}
	return reflect.TypeOf(e.Of).Name()
}

// entry returns the entry of the type of v.
func (g *Registry[T]) entry(v T) (e Entry[T], ok bool) {
	t := reflect.Indirect(reflect.ValueOf(v)).Type()
	for _, e := range g.Classes {
		if reflect.TypeOf(e.Of) == t {
			return e, true
		}
	}
	return e, false
}

// ClassOf returns the name of the Keras class of v: the result of its method Class, if it has one, or else the name in
// its entry or of its Go type.
func (g *Registry[T]) ClassOf(v T) string {
	if c, ok := any(v).(interface{ Class() string }); ok {
		return c.Class()
	}
	if e, ok := g.entry(v); ok {
		return e.class()
	}
	return reflect.Indirect(reflect.ValueOf(v)).Type().Name()
}

// NameOf returns the name of v: the result of its method Named, if it has one, or else its argument "name". It is "" if v has no
// such argument.
func (g *Registry[T]) NameOf(v T) string {
	if n, ok := any(v).(interface{ Named() string }); ok {
		return n.Named()
	}
	s := reflect.Indirect(reflect.ValueOf(g.Fill(v)))
	for _, f := range g.plan(s.Type()) {
		if f.key == "name" && f.name != "_" {
			return s.Field(f.index).String()
		}
	}
	return ""
}

// Named is NameOf for a class whose objects have a name in Keras even if they have no argument "name": the name in
// its entry, or its class in snake case.
func (g *Registry[T]) Named(v T) string {
	if name := g.NameOf(v); name != "" {
		return name
	}
	if e, ok := g.entry(v); ok && e.Name != "" {
		return e.Name
	}
	return SnakeCase(g.ClassOf(v))
}

// ConfigOf returns the config of v: the result of its method Config, if it has one, or else that of g.Config.
func (g *Registry[T]) ConfigOf(v T) map[string]any {
	if c, ok := any(v).(interface{ Config() map[string]any }); ok {
		return c.Config()
	}
	return g.Config(v)
}

// Same is what the encode function of a Type returns for another object of the same registry, such as a layer in a layer's
// field. For several, it returns a []Same. Its module is that of its class in Keras.
type Same struct {
	Module string
	Of     any
}

// wrap replaces a Same, or a list of them, by its config.
func (g *Registry[T]) wrap(v any) any {
	switch v := v.(type) {
	case Same:
		of := v.Of.(T)
		return Wrap(v.Module, g.ClassOf(of), g.ConfigOf(of))
	case []Same:
		list := make([]any, len(v))
		for i, same := range v {
			list[i] = g.wrap(same)
		}
		return list
	}
	return v
}

// Config returns the config of v. The class of v need not be listed.
func (g *Registry[T]) Config(v T) map[string]any {
	c := map[string]any{}
	filled := reflect.Indirect(reflect.ValueOf(g.Fill(v)))
	for _, f := range g.plan(filled.Type()) {
		switch {
		case f.name != "_":
			x := filled.Field(f.index)
			if !f.omit && !f.object || !x.IsZero() {
				c[f.key] = g.wrap(f.encode(x))
			}
		case !f.omit && !f.training:
			c[f.key] = f.only[0]
		}
	}
	if e, ok := g.entry(v); ok && e.Write != nil {
		e.Write(filled.Interface().(T), c)
	}
	return c
}

// Fill returns a copy of v in which zero fields have their defaults. If v is a pointer, so is
// the result.
func (g *Registry[T]) Fill(v T) T {
	at := reflect.ValueOf(v)
	pointer := at.Kind() == reflect.Pointer
	at = reflect.Indirect(at)
	copied := reflect.New(at.Type())
	s := copied.Elem()
	s.Set(at)
	for _, f := range g.plan(s.Type()) {
		if f.name == "_" {
			continue
		}
		x := s.Field(f.index)
		f.fill(x)
		if f.like != "" && x.IsZero() {
			x.Set(s.FieldByName(f.like))
		}
	}
	if pointer {
		return copied.Interface().(T)
	}
	return s.Interface().(T)
}

// Ready reports all mistakes in the fields of v with errorf, and returns v with its defaults. ok
// is false if there are mistakes. The Build method of a class calls it first.
func Ready[C, T, R any](g *Registry[T], v C, errorf func(format string, a ...any) R) (filled C, ok bool) {
	wrong := g.Wrong(any(v).(T))
	for _, err := range wrong {
		errorf("%w", err)
	}
	return any(g.Fill(any(v).(T))).(C), len(wrong) == 0
}

// Wrong returns all mistakes in the fields of v.
func (g *Registry[T]) Wrong(v T) []error {
	var errs []error
	s := reflect.Indirect(reflect.ValueOf(v))
	for _, f := range g.plan(s.Type()) {
		if f.name == "_" {
			continue
		}
		if err := f.check(s.Field(f.index)); err != nil {
			errs = append(errs, err)
		}
	}
	if g.Check != nil {
		errs = append(errs, split(g.Check(v))...)
	}
	return errs
}

// split returns the errors that errors.Join combined.
func split(err error) []error {
	if err == nil {
		return nil
	}
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		return many.Unwrap()
	}
	return []error{err}
}

// Decode returns the object of a Keras class with the given config. The error for an unknown class
// is an *UnknownClass. Decode also returns an error for a value of the wrong type or out of range,
// and for an unsupported key. It reports all mistakes together. If prediction is true, settings
// that affect training only are skipped, and Decode returns them.
func (g *Registry[T]) Decode(class string, conf map[string]any, prediction bool) (T, []Ignored, error) {
	for _, e := range g.Classes {
		if e.class() == class || slices.Contains(e.Aliases, class) {
			return g.DecodeAs(e, conf, prediction)
		}
	}
	var none T
	return none, nil, &UnknownClass{g.Kind, class, false, g.Names(), g.reason(class)}
}

// DecodeAs is like Decode for the class of e, which need not be listed.
func (g *Registry[T]) DecodeAs(e Entry[T], conf map[string]any, prediction bool) (T, []Ignored, error) {
	what := g.ClassOf(e.Of)
	if !g.Quiet {
		what = g.Kind + " " + what
	}
	r := Read(what, conf)
	r.lenient = prediction
	r.unchecked = prediction && e.Training
	r.same = func(class string, conf map[string]any) (any, error) {
		v, ignored, err := g.Decode(class, conf, prediction)
		r.ignored = append(r.ignored, ignored...)
		return v, err
	}
	if g.Look != nil {
		g.Look(r)
	}
	s := reflect.New(reflect.TypeOf(e.Of)).Elem()
	plan := g.plan(s.Type())
	declared := map[string]bool{}
	for _, f := range plan {
		declared[f.key] = true
	}
	for _, f := range plan {
		before := len(r.errs)
		switch {
		case f.name != "_":
			f.decode(r, s.Field(f.index))
			if len(r.errs) > before && r.unchecked && !f.required {
				r.errs = r.errs[:before]
				r.Skip(f.key)
				s.Field(f.index).SetZero()
			}
		case f.training:
			r.Training(f.key)
		case f.any:
			r.Ignore(f.key)
		default:
			r.Only(f.key, f.only...)
		}
		if stem, ok := strings.CutSuffix(f.key, "_initializer"); ok {
			for _, key := range []string{stem + "_regularizer", stem + "_constraint"} {
				if !declared[key] {
					r.Training(key)
				}
			}
		}
	}
	v := s.Interface().(T)
	if e.Read != nil {
		v = e.Read(r, v)
	}
	if g.Check != nil && (e.Read == nil || len(r.errs) == 0) {
		for _, err := range split(g.Check(v)) {
			r.Errorf("%w", err)
		}
	}
	if err := r.Err(); err != nil {
		var none T
		return none, nil, err
	}
	return v, r.ignored, nil
}

// DecodeCustom is like Decode for a custom class, which the registry does not list.
func DecodeCustom[C, T any](g *Registry[T], conf map[string]any) (C, error) {
	var zero C
	v, _, err := g.DecodeAs(Entry[T]{Of: any(zero).(T)}, conf, false)
	if err != nil {
		return zero, err
	}
	return any(v).(C), nil
}

// DecodeCustomJSON is like DecodeCustom for a config in JSON.
func DecodeCustomJSON[C, T any](g *Registry[T], text []byte) (T, error) {
	conf, err := Unmarshal(text)
	if err != nil {
		var none T
		return none, err
	}
	v, err := DecodeCustom[C](g, conf)
	return any(v).(T), err
}

// plan returns the arguments that the tags of a struct and Common declare.
func (g *Registry[T]) plan(t reflect.Type) []field {
	if p, ok := g.plans.Load(t); ok {
		return p.([]field)
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	p := parse(t, g.Types)
	for _, f := range p {
		if f.name != "_" && f.kind == nil && !basic(f.typ) {
			panic(fmt.Sprintf("config: %v.%s: unsupported field type %v", t, f.name, f.typ))
		}
	}
	if g.Common != nil {
		for _, f := range parse(reflect.TypeOf(g.Common), nil) {
			if !slices.ContainsFunc(p, func(x field) bool { return x.key == f.key }) {
				p = append(p, f)
			}
		}
	}
	g.plans.Store(t, p)
	return p
}
