// Package config reads Keras' config objects: the maps that layers, optimizers and the
// rest are saved as. They come from strangers' files, so every key is checked for its type
// and its range, and all mistakes are told at once.
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

// Reader reads one config object, key by key. A key that is absent or null gives nothing;
// one that is wrong notes a mistake and gives nothing. Err returns the mistakes, among them
// the keys that nobody asked for.
type Reader struct {
	what    string
	m       map[string]any
	known   []string
	errs    []error
	lenient bool
	ignored []Ignored
	// same decodes another object of the kind that is read.
	same func(class string, config map[string]any) (any, error)
}

// Ignored is a setting of a config that was passed over: it changes training, not
// predictions.
type Ignored struct {
	Key   string // of the config: "kernel_regularizer"
	Value any    // what stands there
}

// String prints as in `kernel_regularizer {"class_name":"L2",...}`.
func (i Ignored) String() string { return i.Key + " " + Show(i.Value) }

// Read starts to read the config of what, which messages begin with.
func Read(what string, m map[string]any) *Reader {
	if name, ok := m["name"].(string); ok && name != "" {
		what += fmt.Sprintf(" %q", name)
	}
	return &Reader{what: what, m: m}
}

// Errorf notes a mistake.
func (r *Reader) Errorf(format string, a ...any) {
	r.errs = append(r.errs, fmt.Errorf("%s: %w", r.what, fmt.Errorf(format, a...)))
}

func (r *Reader) bad(key, want string) {
	r.Errorf("%s is %s, want %s", key, Show(r.m[key]), want)
}

// Need notes a mistake for each of the keys that is absent or null.
func (r *Reader) Need(keys ...string) {
	for _, k := range keys {
		if r.m[k] == nil {
			r.Errorf("%s is missing", k)
		}
	}
}

// Has says whether the key is there and not null.
func (r *Reader) Has(key string) bool { return r.m[key] != nil }

// Null says whether the key is there, and null.
func (r *Reader) Null(key string) bool {
	v, ok := r.m[key]
	return ok && v == nil
}

// Text reads a string.
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

// OneOf reads one of the given strings; the first is the default.
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

// Training reads what changes training and not predictions, and lince does not have yet: a
// mistake unless it is null. It is passed over where the config is read for prediction.
func (r *Reader) Training(key string) {
	v := r.Value(key)
	switch class, _ := Object(v); {
	case v == nil:
	case class == "":
		r.Errorf("%s is %s, want null or a Keras object", key, Show(v))
	case !r.PassOver(key):
		r.Errorf("%s is %s: not supported in training yet, want null", key, Show(v))
	}
}

// PassOver notes that key, which changes only training, is not heeded. It returns false, and
// does nothing, unless the config is read for prediction.
func (r *Reader) PassOver(key string) bool {
	if r.lenient {
		r.ignored = append(r.ignored, Ignored{key, r.m[key]})
	}
	return r.lenient
}

// Same decodes an object of the same kind as the one that is read.
func (r *Reader) Same(class string, config map[string]any) (any, error) {
	return r.same(class, config)
}

// Value returns what stands under key, nil for nothing.
func (r *Reader) Value(key string) any {
	r.known = append(r.known, key)
	return r.m[key]
}

// Only notes a mistake unless key is absent, null, or one of values: for what Keras has
// and lince does not have yet.
func (r *Reader) Only(key string, values ...any) {
	v := r.Value(key)
	if class, conf := Object(v); class == "DTypePolicy" {
		v = conf["name"] // Keras' object for what a string says, too
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

// Drop makes a key absent, after a mistake in it was noted.
func (r *Reader) Drop(key string) {
	r.m = maps.Clone(r.m)
	delete(r.m, key)
}

// Ignore takes note of keys that change nothing here.
func (r *Reader) Ignore(keys ...string) { r.known = append(r.known, keys...) }

// Fail notes a mistake found elsewhere.
func (r *Reader) Fail(key string, err error) {
	if err != nil {
		r.errs = append(r.errs, fmt.Errorf("%s: %s: %w", r.what, key, err))
	}
}

// Err returns all mistakes, nil when there are none. A key that nobody asked for is one,
// unless it is null: it says something that would be lost.
func (r *Reader) Err() error {
	var unknown []string
	for k, v := range r.m {
		if v != nil && !slices.Contains(r.known, k) {
			unknown = append(unknown, k)
		}
	}
	slices.Sort(unknown)
	for _, k := range unknown {
		hint := ""
		if n := suggest.Nearest(k, r.known); n != "" {
			hint = fmt.Sprintf("; did you mean %s?", n)
		}
		r.Errorf("unknown key %s%s", Show(k), hint)
	}
	return errors.Join(r.errs...)
}

// Unmarshal reads a config from JSON, its numbers exactly; of nothing it is nil.
func Unmarshal(text []byte) (map[string]any, error) {
	if len(text) == 0 {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var m map[string]any
	if err := d.Decode(&m); err != nil {
		return nil, errors.New("the config is no JSON object")
	}
	return m, nil
}

// Int is v as an integer: any of Go's types of numbers, or JSON's, that holds one.
func Int(v any) (int, bool) {
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

// Float is v as a finite number.
func Float(v any) (float64, bool) {
	var f float64
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

// List is v as a list.
func List(v any) ([]any, bool) {
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

// Object is v as one of Keras' serialised objects: {"class_name", "config", ...}, or the
// string that is short for one without a config. class is "" when v is neither.
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

// Wrap makes Keras' serialised object of a class and its config.
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

// Show prints a value of a config for a message: as JSON, and not too long.
func Show(v any) string {
	b, err := json.Marshal(v)
	if f, ok := v.(float64); ok && err != nil {
		return fmt.Sprint(f) // NaN, infinite
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
