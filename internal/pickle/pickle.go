// Package pickle reads Python's pickles of plain data: None, bools, numbers, strings, bytes, lists, tuples, dicts and NumPy
// arrays of numbers. It supports the protocols 0 to 5, except for strings with escapes in protocol 0. A pickle is a program; this package runs only those of its operations that
// build such values, refuses all others, and calls no function by name. The memory that it uses is a small multiple of the
// pickle's length.
//
// Formats: https://docs.python.org/3/library/pickletools.html and pickletools.py of Python 3.11.
package pickle

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/lince-ml/lince/format/npy"
	"github.com/lince-ml/lince/tensor"
)

// A value of a pickle has one of the types nil (None), bool, int64, float64, string, []byte (also for str of Python 2), *List,
// Tuple, *Dict and *tensor.Tensor. A list may contain itself. A tuple may contain values of other, unexported types.
type (
	// List is a list.
	List struct{ Items []any }
	// Tuple is a tuple.
	Tuple []any
	// Dict is a dict. The keys that are not strings are left out.
	Dict struct {
		Items map[string]any
		Keys  []string // in the order in which they were first set
	}
)

// Options says what a pickle may contain besides plain data.
type Options struct {
	// Globals has the values of further classes and functions by "module name". A Call is a function: a call of it becomes
	// the call's result. Another value stands for a class, and is passed on wherever the class is.
	Globals map[string]any
	// Persistent returns the object with a persistent ID, which is plain data or has values of Globals. nil refuses such objects.
	Persistent func(id any) (any, error)
	// Operations limits the number of operations, and so the memory, about 100 bytes for each. 0 is the default, 1<<22.
	Operations int
}

// Call is a function in Options.Globals. It returns plain data or another object. The result may be any value, which is then
// passed on. Its state cannot be set later.
type Call func(args Tuple) (any, error)

// RefusedError means that a pickle refers to a class or function that is not allowed.
type RefusedError struct{ Module, Name string }

func (e *RefusedError) Error() string {
	return fmt.Sprintf("it refers to %.100s.%.100s, which is refused", e.Module, e.Name)
}

// Load reads a pickle of plain data. The result's byte strings share memory with b.
func Load(b []byte) (any, error) {
	v, _, err := Options{}.Load(b)
	return v, err
}

// Load reads the pickle at the start of b, and returns what follows it. The result's byte strings share memory with b. The error
// wraps io.ErrUnexpectedEOF if b ends within the pickle.
func (o Options) Load(b []byte) (v any, rest []byte, err error) {
	m := &machine{Options: o, rest: b, memo: map[uint32]any{}, budget: len(b)}
	most := o.Operations
	if most == 0 {
		most = maxOperations
	}
	for range most {
		done, err := m.step()
		if err != nil {
			return nil, nil, fmt.Errorf("is not a pickle of plain data: byte %d: %w", len(b)-len(m.rest), err)
		}
		if done {
			v, err := m.pop()
			if err == nil {
				v, err = value(v)
			}
			return v, m.rest, err
		}
	}
	return nil, nil, fmt.Errorf("has more than %d operations", most)
}

// maxOperations limits the memory, because an operation of one byte may use some 100 bytes. A file of CIFAR-100 has less than a
// tenth of it.
const maxOperations = 1 << 22

// maxKey limits the length of a dict's keys, which are copied.
const maxKey = 256

// mark is on the stack where a group of values begins.
type mark struct{}

// global is one of the functions and classes that arrays need. They are never called: reduce does what they would do.
type global uint8

const (
	reconstruct global = iota + 1
	ndarray
	dtype
	frombuffer
	encode
	scalar
)

var globals = map[string]global{
	"numpy.core.multiarray _reconstruct":  reconstruct,
	"numpy._core.multiarray _reconstruct": reconstruct,
	"numpy ndarray":                       ndarray,
	"numpy dtype":                         dtype,
	"numpy.core.numeric _frombuffer":      frombuffer,
	"numpy._core.numeric _frombuffer":     frombuffer,
	"numpy.core.multiarray scalar":        scalar,
	"numpy._core.multiarray scalar":       scalar,
	"_codecs encode":                      encode, // how Python 3 stores bytes in protocols 0 to 2
}

// element is a dtype object, which is complete after BUILD.
type element struct{ descr string }

// array is an ndarray object, which is complete after BUILD.
type array struct{ t *tensor.Tensor }

// value returns v with an array as a tensor.
func value(v any) (any, error) {
	switch v := v.(type) {
	case *array:
		if v.t == nil {
			return nil, errors.New("has an array without elements")
		}
		return v.t, nil
	case mark, global, *element, Call:
		return nil, fmt.Errorf("want plain data, got a %T", v)
	}
	return v, nil
}

type machine struct {
	Options
	rest   []byte
	stack  []any
	memo   map[uint32]any
	budget int // the bytes that may still be copied
}

func (m *machine) push(v any) { m.stack = append(m.stack, v) }

func (m *machine) pop() (any, error) {
	n := len(m.stack)
	if n == 0 {
		return nil, errors.New("the stack is empty")
	}
	v := m.stack[n-1]
	m.stack = m.stack[:n-1]
	return v, nil
}

// group pops the values above the last mark, and the mark.
func (m *machine) group() ([]any, error) {
	for i := len(m.stack) - 1; i >= 0; i-- {
		if _, ok := m.stack[i].(mark); ok {
			items := slices.Clone(m.stack[i+1:])
			m.stack = m.stack[:i]
			return items, nil
		}
	}
	return nil, errors.New("there is no mark")
}

// popN pops the last n values and returns them.
func (m *machine) popN(n int) ([]any, error) {
	if len(m.stack) < n {
		return nil, errors.New("the stack has too few values")
	}
	items := slices.Clone(m.stack[len(m.stack)-n:])
	m.stack = m.stack[:len(m.stack)-n]
	return items, nil
}

var errTruncated = fmt.Errorf("it is truncated: %w", io.ErrUnexpectedEOF)

func (m *machine) bytes(n uint64) ([]byte, error) {
	if n > uint64(len(m.rest)) {
		return nil, errTruncated
	}
	b := m.rest[:n:n]
	m.rest = m.rest[n:]
	return b, nil
}

// uint reads an unsigned little-endian number of n bytes.
func (m *machine) uint(n uint64) (uint64, error) {
	b, err := m.bytes(n)
	var v uint64
	for i, c := range b {
		v |= uint64(c) << (8 * i)
	}
	return v, err
}

// counted reads a number of n bytes, and as many bytes as it says.
func (m *machine) counted(n uint64) ([]byte, error) {
	size, err := m.uint(n)
	if err != nil {
		return nil, err
	}
	return m.bytes(size)
}

// line reads to the end of a line.
func (m *machine) line() (string, error) {
	i := slices.Index(m.rest, '\n')
	if i < 0 {
		return "", errTruncated
	}
	s := string(m.rest[:i])
	m.rest = m.rest[i+1:]
	return s, nil
}

// copies takes n bytes from the budget. Without it, references to one long string would be copied many times.
func (m *machine) copies(n int) error {
	if m.budget -= n; m.budget < 0 {
		return errors.New("it copies more bytes than it has")
	}
	return nil
}

// step runs one operation. It reports whether that was the last one.
func (m *machine) step() (done bool, err error) {
	code, err := m.bytes(1)
	if err != nil {
		return false, err
	}
	op := operation(code[0])
	if op == nil {
		return false, fmt.Errorf("the operation %q is not supported", code)
	}
	return code[0] == '.', op(m)
}

func constant(v any) func(*machine) error {
	return func(m *machine) error { m.push(v); return nil }
}

// number parses the decimal number of protocol 0.
func number(s string) (any, error) {
	switch s = strings.TrimSuffix(s, "L"); s {
	case "00":
		return false, nil
	case "01":
		return true, nil
	}
	return strconv.ParseInt(s, 10, 64)
}

// long converts a signed little-endian number.
func long(b []byte) (any, error) {
	if len(b) > 8 {
		return nil, fmt.Errorf("an integer has %d bytes, want at most 8", len(b))
	}
	var v uint64
	for i, c := range b {
		v |= uint64(c) << (8 * i)
	}
	if n := len(b); n > 0 && n < 8 && b[n-1] >= 0x80 {
		v |= math.MaxUint64 << (8 * n)
	}
	return int64(v), nil
}

func (m *machine) put(key uint64) error {
	if len(m.stack) == 0 {
		return errors.New("the stack is empty")
	}
	if key > math.MaxUint32 {
		return errors.New("the memo's key is too large")
	}
	m.memo[uint32(key)] = m.stack[len(m.stack)-1]
	return nil
}

func (m *machine) get(key uint64) error {
	v, ok := m.memo[uint32(min(key, math.MaxUint32))]
	if !ok {
		return fmt.Errorf("the memo has no value %d", key)
	}
	m.push(v)
	return nil
}

// set adds keys and values to a dict.
func (d *Dict) set(pairs []any) error {
	if len(pairs)%2 != 0 {
		return errors.New("a dict has a key without a value")
	}
	for i := 0; i < len(pairs); i += 2 {
		v, err := value(pairs[i+1])
		if err != nil {
			return err
		}
		switch k := pairs[i].(type) {
		case string:
			d.put(k, v)
		case []byte:
			if len(k) > maxKey {
				return fmt.Errorf("a dict has a key of %d bytes, want at most %d", len(k), maxKey)
			}
			d.put(string(k), v)
		}
	}
	return nil
}

func (d *Dict) put(key string, v any) {
	if d.Items == nil {
		d.Items = map[string]any{}
	}
	if _, ok := d.Items[key]; !ok {
		d.Keys = append(d.Keys, key)
	}
	d.Items[key] = v
}

// Set sets the value of a key. It is for the functions of Options.Globals that make dicts.
func (d *Dict) Set(key string, v any) error { return d.set([]any{key, v}) }

func (m *machine) list() (*List, error) {
	if n := len(m.stack); n > 0 {
		if l, ok := m.stack[n-1].(*List); ok {
			return l, nil
		}
	}
	return nil, errors.New("want a list on the stack")
}

func (m *machine) dict() (*Dict, error) {
	if n := len(m.stack); n > 0 {
		if d, ok := m.stack[n-1].(*Dict); ok {
			return d, nil
		}
	}
	return nil, errors.New("want a dict on the stack")
}

// find pushes a global.
func (m *machine) find(module, name string) error {
	if g, ok := globals[module+" "+name]; ok {
		m.push(g)
		return nil
	}
	v, ok := m.Globals[module+" "+name]
	if !ok {
		return &RefusedError{module, name}
	}
	m.push(v)
	return nil
}

// persistent replaces an ID by its object.
func (m *machine) persistent() error {
	id, err := m.pop()
	if err != nil {
		return err
	}
	if m.Persistent == nil {
		return errors.New("it refers to an object outside the pickle, which is refused")
	}
	v, err := m.Persistent(id)
	m.push(v)
	return err
}

// reduce replaces a global and its arguments by the object that Python would make.
func (m *machine) reduce() error {
	pair, err := m.popN(2)
	if err != nil {
		return err
	}
	args, ok := pair[1].(Tuple)
	if !ok {
		return errors.New("the arguments of a call are not a tuple")
	}
	if call, ok := pair[0].(Call); ok {
		v, err := call(args)
		m.push(v)
		return err
	}
	switch g, _ := pair[0].(global); {
	case g == reconstruct && len(args) == 3 && args[0] == ndarray:
		m.push(&array{})
		return nil
	case g == dtype && len(args) >= 1:
		if name, ok := text(args[0]); ok {
			m.push(&element{name})
			return nil
		}
	case g == frombuffer && len(args) == 4:
		order, _ := text(args[3])
		t, err := m.newArray(args[1], args[2], args[0], order == "F")
		m.push(&array{t})
		return err
	case g == scalar && len(args) == 2:
		t, err := m.newArray(args[0], Tuple{}, args[1], false)
		m.push(only(t))
		return err
	case g == encode && len(args) == 2:
		s, isText := args[0].(string)
		if to, _ := args[1].(string); isText && to == "latin1" {
			return m.encode(s)
		}
	}
	return errors.New("it calls a function in an unknown way, which is refused")
}

// only returns the number in an array without dimensions.
func only(t *tensor.Tensor) any {
	if t == nil {
		return nil
	}
	switch t.DType() {
	case tensor.Float64:
		return tensor.Values[float64](t)[0]
	case tensor.Float32:
		return float64(t.Float32s()[0])
	case tensor.Int64:
		return tensor.Values[int64](t)[0]
	case tensor.Int32:
		return int64(tensor.Values[int32](t)[0])
	case tensor.Bool:
		return tensor.Values[bool](t)[0]
	}
	return &array{t}
}

// encode pushes the bytes of text whose characters are bytes.
func (m *machine) encode(s string) error {
	if err := m.copies(len(s)); err != nil {
		return err
	}
	b := make([]byte, 0, len(s))
	for _, r := range s {
		if r > 0xff {
			return errors.New("bytes have a value above 255")
		}
		b = append(b, byte(r))
	}
	m.push(b)
	return nil
}

// build sets the state of an array or a dtype.
func (m *machine) build() error {
	pair, err := m.popN(2)
	if err != nil {
		return err
	}
	state, _ := pair[1].(Tuple)
	switch obj := pair[0].(type) {
	case *element:
		if len(state) >= 2 {
			if order, ok := text(state[1]); ok && len(order) == 1 && obj.descr != "" {
				m.push(obj)
				obj.descr = order + strings.TrimLeft(obj.descr, "<|=>")
				return nil
			}
		}
	case *Dict: // the attributes of an OrderedDict
		if _, ok := pair[1].(*Dict); ok {
			m.push(obj)
			return nil
		}
	case *array:
		if len(state) == 5 {
			fortran, _ := state[3].(bool)
			if obj.t, err = m.newArray(state[2], state[1], state[4], fortran); err != nil {
				return err
			}
			m.push(obj)
			return nil
		}
	}
	return errors.New("it sets the state of an unknown object, which is refused")
}

func (m *machine) newArray(of, shape, raw any, fortran bool) (*tensor.Tensor, error) {
	e, ok1 := of.(*element)
	dims, ok2 := shape.(Tuple)
	content, ok3 := raw.([]byte)
	if !ok1 || !ok2 || !ok3 || len(dims) > 32 {
		return nil, errors.New("an array has no valid type, shape and elements")
	}
	if fortran && len(dims) > 1 {
		return nil, errors.New("an array is in Fortran order, want C order")
	}
	d, err := npy.Type(e.descr)
	if err != nil {
		return nil, fmt.Errorf("an array %w", err)
	}
	s := tensor.Shape{}
	for _, v := range dims {
		n, ok := v.(int64)
		if !ok || n < 0 || n > math.MaxInt32 {
			return nil, fmt.Errorf("an array has the dimension %v", v)
		}
		s = append(s, int(n))
	}
	if err := m.copies(len(content)); err != nil {
		return nil, err
	}
	t, err := npy.Wrap(d, s, content)
	if err != nil {
		return nil, fmt.Errorf("an array %w", err)
	}
	return t, nil
}

// text returns a string of Python 2 or 3.
func text(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case []byte:
		if len(v) < 64 {
			return string(v), true
		}
	}
	return "", false
}

func float(b []byte) float64 { return math.Float64frombits(binary.BigEndian.Uint64(b)) }
