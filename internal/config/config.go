// Package config reads and writes Keras' config objects: the maps in which a file stores the
// arguments of its layers, losses, metrics, optimizers and initializers.
//
// A Registry lists the classes of one kind. The tags of a class's fields declare its
// arguments, and the registry uses them to decode, check, encode and document the class.
//
// Configs come from untrusted files. Every key is checked for its type and its range, and all
// mistakes are reported together.
package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/lince-ml/lince/internal/suggest"
)

// Reader reads one config object, key by key. Its methods return the zero value or the given
// default for a key that is absent or null. For an invalid value they do the same and record
// a mistake. Err returns all mistakes, including the keys that were never read.
type Reader struct {
	what    string
	m       map[string]any
	known   []string
	errs    []error
	lenient bool
	// unchecked says that the config may also have unknown keys.
	unchecked bool
	ignored   []Ignored
	// same decodes another object of the same kind.
	same func(class string, config map[string]any) (any, error)
}

// Ignored is a setting that was skipped because it affects training but not predictions.
type Ignored struct {
	Key   string // the key in the config, such as "kernel_regularizer"
	Value any    // its value
}

// String formats the setting as in `kernel_regularizer {"class_name":"L2",...}`.
func (i Ignored) String() string { return i.Key + " " + Show(i.Value) }

// Read returns a reader of the config m. Its messages begin with what and, if the config has
// one, the name.
func Read(what string, m map[string]any) *Reader {
	if name, ok := m["name"].(string); ok && name != "" {
		what += fmt.Sprintf(" %q", name)
	}
	return &Reader{what: what, m: m}
}

// Errorf records a mistake.
func (r *Reader) Errorf(format string, a ...any) {
	r.errs = append(r.errs, fmt.Errorf("%s: %w", r.what, fmt.Errorf(format, a...)))
}

func (r *Reader) bad(key, want string) {
	r.Errorf("%s is %s, want %s", key, Show(r.m[key]), want)
}

// Need records a mistake for each key that is absent or null.
func (r *Reader) Need(keys ...string) {
	for _, k := range keys {
		if r.m[k] == nil {
			r.Errorf("%s is missing", k)
		}
	}
}

// Has reports whether the key is present and not null.
func (r *Reader) Has(key string) bool { return r.m[key] != nil }

// Null reports whether the key is present and null.
func (r *Reader) Null(key string) bool {
	v, ok := r.m[key]
	return ok && v == nil
}

// Text reads a string. It returns the parameter otherwise if the key is absent or null.
func (r *Reader) Text(key, otherwise string) string {
	v := r.Value(key)
	if v == nil {
		return otherwise
	}
	s, ok := v.(string)
	if !ok {
		r.bad(key, "a string")
		return otherwise
	}
	return s
}

// OneOf reads one of the given strings. The first one is the default.
func (r *Reader) OneOf(key string, names ...string) string {
	v := r.Value(key)
	if v == nil {
		return names[0]
	}
	s, ok := v.(string)
	if !ok || !slices.Contains(names, s) {
		r.Errorf("%s is %s%s", key, Show(v), suggest.Hint(s, names))
		return names[0]
	}
	return s
}

// Training reads a setting that affects training only and that lince does not support yet. A
// value other than null is a mistake, unless the config is read for prediction: then it is
// skipped.
func (r *Reader) Training(key string) {
	v := r.Value(key)
	switch class, _ := Object(v); {
	case v == nil:
	case class == "":
		r.Errorf("%s is %s, want null or a Keras object", key, Show(v))
	case !r.Skip(key):
		r.Errorf("%s is %s: not supported in training yet, want null", key, Show(v))
	}
}

// Skip skips a key that affects training only, and records it in the list of ignored
// settings. It does nothing and returns false if the config is not read for prediction.
func (r *Reader) Skip(key string) bool {
	if r.lenient {
		r.ignored = append(r.ignored, Ignored{key, r.m[key]})
	}
	return r.lenient
}

// Same decodes another object of the same kind, such as the layer in a layer's activation.
func (r *Reader) Same(class string, config map[string]any) (any, error) {
	return r.same(class, config)
}

// Value returns the value of key, or nil if the key is absent.
func (r *Reader) Value(key string) any {
	r.known = append(r.known, key)
	return r.m[key]
}

// Only records a mistake unless key is absent, null or one of values. It is for arguments for which
// lince does not support all values yet.
func (r *Reader) Only(key string, values ...any) {
	v := r.Value(key)
	if class, conf := Object(v); class == "DTypePolicy" {
		v = conf["name"] // Keras writes a dtype as a string or as this object
	}
	if v == nil {
		return
	}
	for _, w := range values {
		if equal(v, w) {
			return
		}
	}
	want := "null"
	if len(values) > 0 {
		want = Show(values[0])
	}
	r.Errorf("%s is %s: not supported yet, want %s", key, Show(v), want)
}

// Drop removes a key for which a mistake was recorded, so that it is not read again.
func (r *Reader) Drop(key string) {
	r.m = maps.Clone(r.m)
	delete(r.m, key)
}

// Get returns the value of a key, or nil if the key is absent. Unlike Value, it does not mark the key as known.
func (r *Reader) Get(key string) any { return r.m[key] }

// Replace changes the value of a key.
func (r *Reader) Replace(key string, value any) {
	r.m = maps.Clone(r.m)
	r.m[key] = value
}

// Ignore marks keys without effect as known.
func (r *Reader) Ignore(keys ...string) { r.known = append(r.known, keys...) }

// Fail records err, if it is not nil, as a mistake in the value of key.
func (r *Reader) Fail(key string, err error) {
	if err != nil {
		r.errs = append(r.errs, fmt.Errorf("%s: %s: %w", r.what, key, err))
	}
}

// Err returns all mistakes, or nil if there are none. A key that was never read is a mistake
// unless it is null, because its value would be lost.
func (r *Reader) Err() error {
	var unknown []string
	for k, v := range r.m {
		if v != nil && !slices.Contains(r.known, k) {
			unknown = append(unknown, k)
		}
	}
	slices.Sort(unknown)
	for _, k := range unknown {
		if r.unchecked {
			r.Skip(k)
			continue
		}
		hint := ""
		if n := suggest.Nearest(k, r.known); n != "" {
			hint = fmt.Sprintf("; did you mean %s?", n)
		}
		r.Errorf("unknown key %s%s", Show(k), hint)
	}
	return errors.Join(r.errs...)
}

// Unmarshal reads a config from JSON. Its numbers are of type json.Number, so that no digits are
// lost. For an empty text it returns nil.
func Unmarshal(text []byte) (map[string]any, error) {
	if len(text) == 0 {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var m map[string]any
	if err := d.Decode(&m); err != nil {
		return nil, errors.New("the config is not a JSON object")
	}
	return m, nil
}

// Int converts v, a Go number or a json.Number, to an int. ok is false if v is not a number
// or not an integer.
func Int(v any) (n int, ok bool) {
	switch v := v.(type) {
	case int:
		return v, true
	case int64:
		return int(v), int64(int(v)) == v
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return int(n), int64(int(n)) == n
		}
		f, err := v.Float64()
		return whole(f, err == nil)
	case float64:
		return whole(v, true)
	}
	return 0, false
}

func whole(f float64, ok bool) (int, bool) {
	if !ok || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0, false
	}
	return int(f), true
}

// Float converts v, a Go number or a json.Number, to a float64. ok is false if v is not a
// number or not finite.
func Float(v any) (f float64, ok bool) {
	switch v := v.(type) {
	case float64:
		f = v
	case float32:
		f = float64(v)
	case int:
		f = float64(v)
	case int64:
		f = float64(v)
	case json.Number:
		x, err := v.Float64()
		if err != nil {
			return 0, false
		}
		f = x
	default:
		return 0, false
	}
	return f, !math.IsInf(f, 0) && !math.IsNaN(f)
}

// List converts v, a []any or a []int, to a []any. ok is false if v is neither.
func List(v any) (list []any, ok bool) {
	switch v := v.(type) {
	case []any:
		return v, true
	case []int:
		l := make([]any, len(v))
		for i, n := range v {
			l[i] = n
		}
		return l, true
	}
	return nil, false
}

// Object returns the class and the config of a serialized Keras object: a map with the keys
// "class_name" and "config", or a string that names a class without a config. class is empty
// if v is neither.
func Object(v any) (class string, config map[string]any) {
	switch v := v.(type) {
	case string:
		return v, nil
	case map[string]any:
		class, _ = v["class_name"].(string)
		config, ok := v["config"].(map[string]any)
		if !ok && v["config"] != nil {
			return "", nil
		}
		return class, config
	}
	return "", nil
}

// Wrap returns the serialized Keras object of a class with its config.
func Wrap(module, class string, config map[string]any) map[string]any {
	return map[string]any{"module": module, "class_name": class, "config": config, "registered_name": nil}
}

func equal(v, w any) bool {
	if f, ok := Float(w); ok {
		g, ok := Float(v)
		return ok && f == g
	}
	switch v.(type) {
	case string, bool:
		return v == w
	}
	return false
}

// Show formats a value of a config for a message: as JSON, cut off after 80 bytes.
func Show(v any) string {
	b, err := json.Marshal(v)
	if f, ok := v.(float64); ok && err != nil {
		return fmt.Sprint(f) // JSON has no NaN and no infinity
	}
	if err != nil {
		return fmt.Sprintf("a %T", v)
	}
	s := string(b)
	if len(s) > 80 {
		s = strings.ToValidUTF8(s[:77], "") + "..."
	}
	return s
}
