package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/lince-ml/lince/internal/suggest"
)

// Class is what a registry lists: a struct whose fields are the arguments of a Keras class.
type Class interface {
	// Class is the name of the Keras class.
	Class() string
	// Config is what Keras' get_config returns, as far as Keras needs it.
	Config() map[string]any
}

// Registry is the list of the classes of one kind: layers, losses and so on. From the tags of
// their fields it makes Config, Decode and Check. A tag is
//
//	`keras:"key,option,..."`
//
// with the argument's name in Keras and these options:
//
//	required      a file must have the key
//	default=x     x is what the zero value of the field stands for (nil, of a pointer)
//	like=Field    the zero value stands for the value of that field
//	alias=other   Keras takes this key too, and does not write it
//	min=x max=x   the range of a number; above=x and below=x leave x out
//	count         an integer from 1 to MaxCount
//	oneof=a|b     the strings that there are; the first is the default
//	inverted      the flag says the opposite of the key
//	none          zero is none, which is null in Keras
//	omitempty     a zero value is not written
//
// A field named _ declares a key of which lince has one value only:
//
//	only=a|b      what the key can be; the first is written
//	any=a         the key can be anything, which changes nothing; a is written
//	training      changes only training: passed over for prediction, refused otherwise
//	omit          the key is read, and not written
//
// A key x_initializer brings x_regularizer and x_constraint with it, as if declared with
// training and omit. Every other key of a file is a mistake unless it is null.
//
// Fields may be of type int, float64, bool, string, *int, *float64, [n]int, []int, []float64,
// and of those in Types.
type Registry[T Class] struct {
	Kind    string // "loss": for messages
	Quiet   bool   // messages begin with the class, without Kind
	Fold    bool   // Find takes upper for lower case
	Classes []Entry[T]
	Types   []Type
	Common  any           // a struct of fields named _, which all classes have
	Look    func(*Reader) // looks at a config before its fields are read; may be nil
	Check   func(T) error // finds what the tags cannot say; may be nil

	plans sync.Map // by reflect.Type
}

// Entry is a class of a registry.
type Entry[T Class] struct {
	Of    T        // its zero value
	Names []string // what Keras calls it besides: "mse"
	// Read and Write are for keys that are no field; they may be nil.
	Read  func(*Reader, T) T
	Write func(T, map[string]any)
}

// Type says how the fields of a Go type stand in a config.
type Type struct {
	of     reflect.Type
	encode func(any) any
	decode func(*Reader, string, any) any
	check  func(any) error
	parse  func(string) any
}

// TypeOf makes a Type. encode gives the config's value; decode reads it under key (v is not
// nil), noting mistakes in the reader, and says whether there is one; check, which may be nil,
// finds mistakes in a value that a program made; parse reads the default of a tag.
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

// UnknownClass is the error for a class that lince does not have.
type UnknownClass struct {
	Kind  string   // "layer", "loss", "metric", "optimizer", "initializer", "activation"
	Class string   // its name in Keras, as the file or the user has it
	Short bool     // Class is a short name, such as "mse", or meant to be one
	Known []string // what there is
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
	return fmt.Sprintf("there is no %s%s %q%s", e.Kind, class, e.Class, hint)
}

// Names lists the Keras classes.
func (g *Registry[T]) Names() []string {
	names := make([]string, len(g.Classes))
	for i, e := range g.Classes {
		names[i] = e.Of.Class()
	}
	return names
}

// Find returns the class that a name means: the class itself or one of Names.
func (g *Registry[T]) Find(name string) (string, error) {
	var names []string
	for _, e := range g.Classes {
		class := e.Of.Class()
		if class == name || g.Fold && strings.EqualFold(class, name) || slices.Contains(e.Names, name) {
			return class, nil
		}
		if g.Fold {
			names = append(names, strings.ToLower(class))
		}
		names = append(names, e.Names...)
	}
	return "", &UnknownClass{g.Kind, name, true, names}
}

// Config makes a config of the fields of v, whether its class is listed or not.
func (g *Registry[T]) Config(v T) map[string]any {
	c := map[string]any{}
	filled := reflect.Indirect(reflect.ValueOf(g.Fill(v)))
	for _, f := range g.plan(filled.Type()) {
		switch {
		case f.name != "_":
			x := filled.Field(f.index)
			if !f.omit || !x.IsZero() {
				c[f.key] = f.encode(x)
			}
		case !f.omit && !f.training:
			c[f.key] = f.only[0]
		}
	}
	for _, e := range g.Classes {
		if e.Write != nil && reflect.TypeOf(e.Of) == filled.Type() {
			e.Write(filled.Interface().(T), c)
		}
	}
	return c
}

// Fill puts the defaults where fields of v are zero. A pointer is to a copy then.
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

// Wrong returns what is wrong with the fields of v, all of it.
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

// split takes errors.Join apart.
func split(err error) []error {
	if err == nil {
		return nil
	}
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		return many.Unwrap()
	}
	return []error{err}
}

// Decode makes a value from a Keras class name and its config. It is strict: an unknown
// class (*UnknownClass), a value of the wrong type or out of range, and a key that lince
// would not heed are errors, all of them told at once. Where prediction is true, settings
// that change only training are passed over and returned.
func (g *Registry[T]) Decode(class string, conf map[string]any, prediction bool) (T, []Ignored, error) {
	for _, e := range g.Classes {
		if e.Of.Class() == class {
			return g.DecodeAs(e, conf, prediction)
		}
	}
	var none T
	return none, nil, &UnknownClass{g.Kind, class, false, g.Names()}
}

// DecodeAs is Decode for the class of e, listed or not.
func (g *Registry[T]) DecodeAs(e Entry[T], conf map[string]any, prediction bool) (T, []Ignored, error) {
	what := e.Of.Class()
	if !g.Quiet {
		what = g.Kind + " " + what
	}
	r := Read(what, conf)
	r.lenient = prediction
	r.same = func(class string, conf map[string]any) (any, error) {
		v, ignored, err := g.Decode(class, conf, prediction)
		r.ignored = append(r.ignored, ignored...)
		return v, err
	}
	if g.Look != nil {
		g.Look(r)
	}
	s := reflect.New(reflect.TypeOf(e.Of)).Elem()
	for _, f := range g.plan(s.Type()) {
		switch {
		case f.name != "_":
			f.decode(r, s.Field(f.index))
		case f.training:
			r.Training(f.key)
		case f.any:
			r.Ignore(f.key)
		default:
			r.Only(f.key, f.only...)
		}
		if stem, ok := strings.CutSuffix(f.key, "_initializer"); ok {
			r.Training(stem + "_regularizer")
			r.Training(stem + "_constraint")
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

// DecodeOwn is Decode for a class of a program's own, which the registry does not list.
func DecodeOwn[C, T Class](g *Registry[T], conf map[string]any) (C, error) {
	var zero C
	v, _, err := g.DecodeAs(Entry[T]{Of: any(zero).(T)}, conf, false)
	if err != nil {
		return zero, err
	}
	return any(v).(C), nil
}

// DecodeOwnJSON is DecodeOwn for a config in JSON.
func DecodeOwnJSON[C, T Class](g *Registry[T], text []byte) (T, error) {
	conf, err := Unmarshal(text)
	if err != nil {
		var none T
		return none, err
	}
	v, err := DecodeOwn[C](g, conf)
	return any(v).(T), err
}

// plan is the declaration of a struct's fields, with those that all classes have.
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
			panic(fmt.Sprintf("config: %v.%s: no fields of type %v", t, f.name, f.typ))
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
