// Package mutate changes valid files at random. Tests give the results to readers, which must not panic.
//
// The fuzz targets find new paths by coverage, but run only some hundred inputs a second in large programs, and few of their
// inputs pass the checks of the format. Value changes what a file says, for example a dimension or the name of a tensor,
// in a file that stays well-formed.
package mutate

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
)

// numbers are values at which readers fail: sizes, indices, and the limits of types.
var numbers = []int64{0, 1, -1, 2, 3, 4, 7, 8, 16, 255, 256, 1000, math.MaxInt16, math.MaxInt32, math.MinInt32, math.MaxInt64, math.MinInt64, 1 << 20, 1 << 31, 1 << 40, 1 << 62}

// floats are the same for floating-point numbers.
var floats = []float64{0, 1, -1, 0.5, 1e-30, 1e30, math.MaxFloat64, math.NaN(), math.Inf(1), math.Inf(-1)}

// Bytes returns b with one to four changes: other bytes and bits, numbers, and parts that are removed, repeated or moved.
func Bytes(r *rand.Rand, b []byte) []byte {
	b = bytes.Clone(b)
	for range 1 + r.IntN(4) {
		if len(b) == 0 {
			return []byte{byte(r.Uint32())}
		}
		i := r.IntN(len(b))
		switch r.IntN(8) {
		case 0, 1:
			b[i] = byte(r.Uint32())
		case 2:
			b[i] ^= 1 << r.IntN(8)
		case 3:
			x := uint64(numbers[r.IntN(len(numbers))])
			for k := range min(1<<r.IntN(4), len(b)-i) {
				b[i+k] = byte(x >> (8 * k))
			}
		case 4:
			b[i] += byte(r.IntN(7)) - 3
		case 5:
			b = append(b[:i], b[min(i+1+r.IntN(8), len(b)):]...)
		case 6:
			part := bytes.Clone(b[i:min(i+1+r.IntN(16), len(b))])
			j := r.IntN(len(b) + 1)
			b = append(b[:j:j], append(part, b[j:]...)...)
		case 7:
			j := r.IntN(len(b))
			copy(b[i:], bytes.Clone(b[j:min(j+1+r.IntN(16), len(b))]))
		}
	}
	return b
}

// JSON changes the value that a text describes. The result is JSON, too, if the text is.
func JSON(r *rand.Rand, text []byte) []byte {
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		return Bytes(r, text)
	}
	Value(r, &v)
	b, err := json.Marshal(v)
	if err != nil { // not a number
		return Bytes(r, text)
	}
	return b
}

// maxPlaces bounds the walk through a value. A large list has its first elements changed only.
const maxPlaces = 20_000

// place is a part of a value that can be changed: v itself, which is settable, or an entry of the map m.
type place struct {
	v, m, key reflect.Value
}

type walk struct {
	places  []place
	strings []string
	ints    []int64
}

// Value changes one to four places of the value that p points at. It may be made of structs, pointers, slices, maps and interfaces;
// unexported fields stay.
func Value(r *rand.Rand, p any) {
	for range 1 + r.IntN(4) {
		var w walk
		w.visit(reflect.ValueOf(p).Elem(), place{}, 0)
		if len(w.places) == 0 {
			return
		}
		w.change(r, w.places[r.IntN(len(w.places))])
	}
}

// visit adds v and what it consists of. If v is an entry of a map, at says of which one.
func (w *walk) visit(v reflect.Value, at place, depth int) {
	if len(w.places) >= maxPlaces || depth > 100 || !v.IsValid() {
		return
	}
	if at.m.IsValid() {
		w.places = append(w.places, at)
	} else if v.CanSet() {
		w.places = append(w.places, place{v: v})
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		w.visit(v.Elem(), place{}, depth+1)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				w.visit(v.Field(i), place{}, depth+1)
			}
		}
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return
		}
		for i := range v.Len() {
			w.visit(v.Index(i), place{}, depth+1)
		}
	case reflect.Map:
		for _, key := range sorted(v) {
			w.visit(v.MapIndex(key), place{m: v, key: key}, depth+1)
		}
	case reflect.String:
		w.strings = append(w.strings, v.String())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		w.ints = append(w.ints, v.Int())
	default:
	}
}

// sorted returns the keys of a map in a fixed order, if they are strings.
func sorted(m reflect.Value) []reflect.Value {
	keys := m.MapKeys()
	if m.Type().Key().Kind() == reflect.String {
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	}
	return keys
}

func (w *walk) change(r *rand.Rand, p place) {
	if !p.m.IsValid() {
		w.mutate(r, p.v)
		return
	}
	old := p.m.MapIndex(p.key)
	switch r.IntN(6) {
	case 0:
		p.m.SetMapIndex(p.key, reflect.Value{}) // removes it
	case 1:
		keys := sorted(p.m)
		p.m.SetMapIndex(p.key, p.m.MapIndex(keys[r.IntN(len(keys))]))
	default:
		v := reflect.New(old.Type()).Elem()
		v.Set(old)
		w.mutate(r, v)
		p.m.SetMapIndex(p.key, v)
	}
}

func (w *walk) mutate(r *rand.Rand, v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(w.integer(r, v.Int()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(w.integer(r, int64(v.Uint()))))
	case reflect.Float32, reflect.Float64:
		if r.IntN(3) == 0 {
			v.SetFloat(float64(w.integer(r, int64(v.Float()))))
			return
		}
		v.SetFloat(floats[r.IntN(len(floats))])
	case reflect.String:
		v.SetString(w.text(r, v.String()))
	case reflect.Pointer:
		switch {
		case v.IsNil():
			v.Set(reflect.New(v.Type().Elem()))
		case r.IntN(3) == 0:
			v.SetZero()
		default:
			// The value may be shared, as in a copy of a list's element: change a copy.
			if c := v.Elem(); c.Kind() != reflect.Struct {
				n := reflect.New(c.Type())
				n.Elem().Set(c)
				w.mutate(r, n.Elem())
				v.Set(n)
			}
		}
	case reflect.Slice:
		w.slice(r, v)
	case reflect.Interface:
		w.dynamic(r, v)
	case reflect.Map:
		if r.IntN(8) == 0 {
			v.SetZero()
		}
	case reflect.Struct:
		if r.IntN(8) == 0 && allExported(v.Type()) {
			v.SetZero()
		}
	default:
	}
}

// allExported reports whether setting a value of this type to zero is safe: messages of protobuf keep a state in unexported fields.
func allExported(t reflect.Type) bool {
	for i := range t.NumField() {
		if !t.Field(i).IsExported() {
			return false
		}
	}
	return true
}

func (w *walk) integer(r *rand.Rand, x int64) int64 {
	switch r.IntN(5) {
	case 0:
		return x + 1
	case 1:
		return x - 1
	case 2:
		if len(w.ints) > 0 {
			return w.ints[r.IntN(len(w.ints))]
		}
		return -x
	case 3:
		return int64(r.IntN(12))
	default:
		return numbers[r.IntN(len(numbers))]
	}
}

func (w *walk) text(r *rand.Rand, s string) string {
	switch r.IntN(5) {
	case 0:
		return ""
	case 1:
		return string(Bytes(r, []byte(s)))
	default: // the name of another thing
		if len(w.strings) == 0 {
			return s + s
		}
		return w.strings[r.IntN(len(w.strings))]
	}
}

func (w *walk) slice(r *rand.Rand, v reflect.Value) {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		if v.Len() < 1<<16 {
			v.SetBytes(Bytes(r, v.Bytes()))
		} else {
			v.SetBytes(v.Bytes()[:r.IntN(v.Len())])
		}
		return
	}
	n := v.Len()
	if n == 0 {
		v.Set(reflect.Append(v, fresh(v.Type().Elem())))
		return
	}
	i, j := r.IntN(n), r.IntN(n)
	// A new list: other values may share the memory of this one.
	list := reflect.MakeSlice(v.Type(), 0, n+1)
	switch r.IntN(6) {
	case 0: // without element i
		list = reflect.AppendSlice(reflect.AppendSlice(list, v.Slice(0, i)), v.Slice(i+1, n))
	case 1: // a duplicate of element i
		list = reflect.AppendSlice(reflect.Append(reflect.AppendSlice(list, v.Slice(0, j)), v.Index(i)), v.Slice(j, n))
	case 2: // element i is a copy of element j
		list = reflect.AppendSlice(list, v)
		list.Index(i).Set(v.Index(j))
	case 3: // elements i and j change places
		list = reflect.AppendSlice(list, v)
		list.Index(i).Set(v.Index(j))
		list.Index(j).Set(v.Index(i))
	case 4: // a new element
		list = reflect.Append(reflect.AppendSlice(list, v), fresh(v.Type().Elem()))
	case 5: // the first i elements
		list = reflect.AppendSlice(list, v.Slice(0, i))
	}
	v.Set(list)
}

// fresh returns a zero value, or a pointer to one.
func fresh(t reflect.Type) reflect.Value {
	if t.Kind() == reflect.Pointer {
		return reflect.New(t.Elem())
	}
	return reflect.Zero(t)
}

// dynamic changes a value of an interface type. For any, as in decoded JSON, it may get another type.
func (w *walk) dynamic(r *rand.Rand, v reflect.Value) {
	if v.NumMethod() > 0 {
		if r.IntN(4) == 0 {
			v.SetZero()
		}
		return
	}
	if !v.IsNil() && r.IntN(3) > 0 {
		n := reflect.New(v.Elem().Type()).Elem()
		n.Set(v.Elem())
		w.mutate(r, n)
		v.Set(n)
		return
	}
	others := []any{nil, true, 0.0, 1.0, -1.0, 3.0, 1e9, 1e300, "", "x", []any{}, []any{1.0, 2.0}, []any{nil}, map[string]any{}}
	if x := others[r.IntN(len(others))]; x != nil {
		v.Set(reflect.ValueOf(x))
		return
	}
	v.SetZero()
}
