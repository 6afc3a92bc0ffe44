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
	// maxTokens limits the number of values in a config. The largest models of keras.applications have about 200,000.
	maxTokens = 1_000_000
	// maxJSONDepth allows maxDepth nested models, each of which needs 4 levels.
	maxJSONDepth = 4*maxDepth + 32
)

// document is a JSON text that is scanned once. Readers walk its tokens, so that no part is decoded twice and the memory is
// bounded in advance.
type document struct {
	text   []byte
	tokens []token
}

// token is a value, or the key of an object's member. The key comes before its value.
type token struct {
	start, end uint32 // bytes of the text
	next       uint32 // the first token after this value and its parts
}

// value is a JSON value in a document.
type value struct {
	d *document
	i uint32
}

// scan scans a JSON text.
func scan(text []byte) (value, error) {
	if err := checkSyntax(text); err != nil {
		return value{}, err
	}
	// From here on, the text is valid JSON.
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

// maxJSON limits the length of a JSON text in bytes.
const maxJSON = 1 << 30

// checkSyntax returns an error with the position at which a text stops being valid JSON.
func checkSyntax(text []byte) error {
	if len(text) > maxJSON {
		return fmt.Errorf("want at most %d bytes of JSON, got %d", maxJSON, len(text))
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

// raw returns the value's text.
func (v value) raw() []byte {
	t := v.d.tokens[v.i]
	return v.d.text[t.start:t.end:t.end]
}

// kind returns the first byte of the value: one of { [ " t f n, a digit or a minus sign.
func (v value) kind() byte { return v.d.text[v.d.tokens[v.i].start] }

func (v value) null() bool { return v.kind() == 'n' }

// items yields the values of a list. It yields nothing if v is not a list.
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

// list returns the values of a list. ok is false if v is not a list or has more than n values.
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

// members yields the keys and values of an object. It yields nothing if v is not an object.
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

// fields finds members of an object in one pass. A member that is missing or null is not ok. The last of equal keys counts, as in
// Python.
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

// str returns the value as a string. ok is false if it is not a string.
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

// is reports whether the value is the string s.
func (v value) is(s string) bool {
	raw := v.raw()
	if v.kind() != '"' || bytes.IndexByte(raw, '\\') >= 0 {
		return v.kind() == '"' && v.text() == s
	}
	return string(raw[1:len(raw)-1]) == s
}

// text returns the value as a string, or "" if it is not a string.
func (v value) text() string {
	s, _ := v.str()
	return s
}

// number returns the value as an integer. ok is false if it is not an integer.
func (v value) number() (int, bool) {
	n, err := strconv.ParseInt(string(v.raw()), 10, 32)
	return int(n), err == nil
}

// bool returns the value as a bool. ok is false if it is not a bool.
func (v value) bool() (is, ok bool) {
	return v.kind() == 't', v.kind() == 't' || v.kind() == 'f'
}

// show returns the value for a message, shortened.
func (v value) show() string { return showJSON(v.raw()) }

func showJSON(text []byte) string {
	const most = 80
	s := string(text[:min(len(text), most)])
	if len(text) > most {
		s = strings.ToValidUTF8(s[:most-3], "") + "..."
	}
	return s
}
