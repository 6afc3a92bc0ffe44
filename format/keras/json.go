package keras

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	// maxTokens bounds the values of a config: the largest models of keras.applications have
	// some 200,000.
	maxTokens = 1_000_000
	// maxJSONDepth leaves room for maxDepth models in models, each of which takes 4 levels.
	maxJSONDepth = 4*maxDepth + 32
)

// document is a JSON text, scanned once: readers walk it without decoding a part of it
// twice, and its memory is bounded before any of it is taken.
type document struct {
	text   []byte
	tokens []token
}

// token is a value, or the key of an object's member, which stands before its value.
type token struct {
	start, end uint32 // in the text
	next       uint32 // the token after this value and what is in it
}

// value is a JSON value in a document.
type value struct {
	d *document
	i uint32
}

// scan reads a JSON text.
func scan(text []byte) (value, error) {
	if err := checkSyntax(text); err != nil {
		return value{}, err
	}
	// The text is valid from here on.
	most := 1
	for _, c := range text {
		if c == ',' || c == ':' || c == '[' || c == '{' {
			most++
		}
	}
	d := &document{text: text, tokens: make([]token, 0, min(most, maxTokens))}
	var open []uint32
	for i := 0; i < len(text); {
		c := text[i]
		switch c {
		case ' ', '\t', '\r', '\n', ',', ':':
			i++
			continue
		case '}', ']':
			top := open[len(open)-1]
			open = open[:len(open)-1]
			i++
			d.tokens[top].end, d.tokens[top].next = uint32(i), uint32(len(d.tokens))
			continue
		}
		if len(d.tokens) == maxTokens {
			return value{}, fmt.Errorf("more than %d values", maxTokens)
		}
		start := i
		switch c {
		case '{', '[':
			if len(open) == maxJSONDepth {
				return value{}, fmt.Errorf("lists and objects are nested more than %d deep", maxJSONDepth)
			}
			open = append(open, uint32(len(d.tokens)))
			i++
		case '"':
			for i++; text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
			i++
		default:
			for i < len(text) && !strings.ContainsRune(" \t\r\n,:]}", rune(text[i])) {
				i++
			}
		}
		d.tokens = append(d.tokens, token{uint32(start), uint32(i), uint32(len(d.tokens)) + 1})
	}
	return value{d, 0}, nil
}

// maxJSON is the length of a JSON text at most, in bytes.
const maxJSON = 1 << 30

// checkSyntax says where a text stops to be JSON.
func checkSyntax(text []byte) error {
	if len(text) > maxJSON {
		return fmt.Errorf("%d bytes of JSON, at most %d are read", len(text), maxJSON)
	}
	if json.Valid(text) {
		return nil
	}
	var syntax *json.SyntaxError
	if err := json.Unmarshal(text, new(json.RawMessage)); errors.As(err, &syntax) {
		what := strings.TrimPrefix(syntax.Error(), "unexpected end of JSON input")
		if what == "" {
			return fmt.Errorf("not JSON: the text ends after %d bytes, within a value", len(text))
		}
		return fmt.Errorf("not JSON: byte %d: %s", syntax.Offset, what)
	}
	return errors.New("not JSON")
}

// raw is the value's text.
func (v value) raw() []byte {
	t := v.d.tokens[v.i]
	return v.d.text[t.start:t.end:t.end]
}

// kind is the first byte of the value: one of { [ " t f n, a digit or a minus.
func (v value) kind() byte { return v.d.text[v.d.tokens[v.i].start] }

func (v value) null() bool { return v.kind() == 'n' }

// items are the values of a list; none where v is no list.
func (v value) items() iter.Seq[value] {
	return func(yield func(value) bool) {
		if v.kind() != '[' {
			return
		}
		for i := v.i + 1; i < v.d.tokens[v.i].next; i = v.d.tokens[i].next {
			if !yield(value{v.d, i}) {
				return
			}
		}
	}
}

// list is the values of a list of at most n, and whether v is one.
func (v value) list(n int) ([]value, bool) {
	if v.kind() != '[' {
		return nil, false
	}
	var l []value
	for x := range v.items() {
		if len(l) == n {
			return nil, false
		}
		l = append(l, x)
	}
	return l, true
}

// members are the keys and values of an object; none where v is no object.
func (v value) members() iter.Seq2[value, value] {
	return func(yield func(value, value) bool) {
		if v.kind() != '{' {
			return
		}
		for i := v.i + 1; i < v.d.tokens[v.i].next; i = v.d.tokens[i+1].next {
			if !yield(value{v.d, i}, value{v.d, i + 1}) {
				return
			}
		}
	}
}

// fields looks the members of an object up, all in one pass. A member that is absent or null
// is not ok. The last of equal keys counts, as in Python.
func (v value) fields(keys ...string) []field {
	out := make([]field, len(keys))
	for i := range out {
		out[i] = field{value: value{d: nullDocument}}
	}
	for k, x := range v.members() {
		for i, key := range keys {
			if k.is(key) {
				out[i] = field{x, !x.null()}
			}
		}
	}
	return out
}

// field is a member of an object.
type field struct {
	value
	ok bool
}

var nullDocument = &document{text: []byte("null"), tokens: []token{{0, 4, 1}}}

// str is the value as a string, and whether it is one.
func (v value) str() (string, bool) {
	if v.kind() != '"' {
		return "", false
	}
	raw := v.raw()
	if inner := raw[1 : len(raw)-1]; bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
		return string(inner), true
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return "", false
	}
	return s, true
}

// is says whether the value is the string s.
func (v value) is(s string) bool {
	raw := v.raw()
	if v.kind() != '"' || bytes.IndexByte(raw, '\\') >= 0 {
		return v.kind() == '"' && v.text() == s
	}
	return string(raw[1:len(raw)-1]) == s
}

// text is the string, "" where the value is none.
func (v value) text() string {
	s, _ := v.str()
	return s
}

// number is the value as an integer, and whether it is one.
func (v value) number() (int, bool) {
	n, err := strconv.ParseInt(string(v.raw()), 10, 32)
	return int(n), err == nil
}

// bool is the value as true or false, and whether it is one.
func (v value) bool() (is, ok bool) {
	return v.kind() == 't', v.kind() == 't' || v.kind() == 'f'
}

// show is the value for a message.
func (v value) show() string { return showJSON(v.raw()) }

func showJSON(text []byte) string {
	const most = 80
	s := string(text[:min(len(text), most)])
	if len(text) > most {
		s = strings.ToValidUTF8(s[:most-3], "") + "..."
	}
	return s
}
