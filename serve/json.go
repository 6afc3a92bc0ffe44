package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"strings"
)

// The JSON of requests is read in place. Decoded into Go's slices and maps, a body of many small values, such as {"a":1} or [], would take up to a hundred times its size. Lists
// are counted before they are read, and what is made of them counts as the bytes of the body do.

// member is a member of an object that a request may have.
type member struct {
	name string
	into any // a *json.RawMessage gets the text in the body, without a copy, and nil for null; another pointer gets the decoded value
}

// mostFew is the largest number of elements of a list that describes a request, such as the shape of a tensor or the names of columns.
const mostFew = 1024

// few is a list that describes a request.
type few[T any] []T

// UnmarshalJSON implements json.Unmarshaler. It refuses a list with more than mostFew elements before it decodes them.
func (l *few[T]) UnmarshalJSON(b []byte) error {
	if b[0] == '[' && count(b) > mostFew {
		return bad("a list that describes the request has %d elements; at most %d are supported", count(b), mostFew)
	}
	return json.Unmarshal(b, (*[]T)(l))
}

// decodeJSON decodes the body of a request, which must be an object. Unknown members are ignored, because clients send members for other servers.
func decodeJSON(body []byte, want ...member) error {
	body = bytes.TrimSpace(body)
	if !json.Valid(body) {
		return invalidJSON(body)
	}
	if body[0] != '{' {
		return bad("the body must be a JSON object, got %s", kindOf(body))
	}
	return decodeObject(body, "", want...)
}

// decodeObject decodes an object that is part of a body. where is its place in the body.
func decodeObject(text json.RawMessage, where string, want ...member) error {
	if text[0] != '{' {
		return bad("%s has the wrong type: got %s", where, kindOf(text))
	}
	for key, value := range eachMember(text) {
		for _, f := range want {
			if !strings.EqualFold(key, f.name) { // as package encoding/json does
				continue
			}
			raw, ok := f.into.(*json.RawMessage)
			switch {
			case ok && string(value) == "null":
				*raw = nil
			case ok:
				*raw = value
			default:
				if err := json.Unmarshal(value, f.into); err != nil {
					return wrongType(strings.TrimPrefix(where+"."+f.name, "."), err)
				}
			}
		}
	}
	return nil
}

// wrongType returns the error of a value that is not what a route takes.
func wrongType(where string, err error) error {
	var kind *json.UnmarshalTypeError
	if !errors.As(err, &kind) {
		return err
	}
	if kind.Field != "" {
		where += "." + kind.Field
	}
	return bad("%s has the wrong type: got %s", visible(short(where)), visible(short(kind.Value)))
}

// invalidJSON returns the error of a body that is not JSON.
func invalidJSON(body []byte) error {
	err := json.Unmarshal(body, new(any)).Error() // it fails before it decodes
	if strings.HasSuffix(err, "after top-level value") {
		return bad("the body has text after the JSON value")
	}
	return bad("the body is not JSON: %s", visible(err))
}

// kindOf names the kind of a value as package encoding/json does.
func kindOf(text json.RawMessage) string {
	switch text[0] {
	case '{':
		return "object"
	case '[':
		return "array"
	case '"':
		return "string"
	case 't', 'f':
		return "bool"
	case 'n':
		return "null"
	}
	return "number"
}

// eachElement yields the elements of a list with their indexes. The list is valid JSON.
func eachElement(list json.RawMessage) iter.Seq2[int, json.RawMessage] {
	return func(yield func(int, json.RawMessage) bool) {
		at := next(list, 1)
		for i := 0; list[at] != ']'; i++ {
			end := skip(list, at)
			if !yield(i, list[at:end:end]) {
				return
			}
			at = next(list, end)
		}
	}
}

// eachMember yields the names and the values of an object's members. The object is valid JSON.
func eachMember(object json.RawMessage) iter.Seq2[string, json.RawMessage] {
	return func(yield func(string, json.RawMessage) bool) {
		at := next(object, 1)
		for object[at] != '}' {
			end := skip(object, at)
			key := unquoted(object[at:end])
			at = next(object, end)
			end = skip(object, at)
			if !yield(key, object[at:end:end]) {
				return
			}
			at = next(object, end)
		}
	}
}

// count returns the number of elements of a list.
func count(list json.RawMessage) int {
	n := 0
	for range eachElement(list) {
		n++
	}
	return n
}

// first returns the first element of a list, or nil if it has none.
func first(list json.RawMessage) json.RawMessage {
	for _, e := range eachElement(list) {
		return e
	}
	return nil
}

// unquoted returns the value of a string.
func unquoted(s json.RawMessage) string {
	if bytes.IndexByte(s, '\\') < 0 {
		return string(s[1 : len(s)-1])
	}
	var t string
	_ = json.Unmarshal(s, &t) // it is valid
	return t
}

// next returns the index of the next token that is not a comma or a colon.
func next(text []byte, at int) int {
	for {
		switch text[at] {
		case ' ', '\t', '\r', '\n', ',', ':':
			at++
		default:
			return at
		}
	}
}

// skip returns the index after the value that begins at an index.
func skip(text []byte, at int) int {
	depth := 0
	for at < len(text) {
		switch text[at] {
		case '"':
			at = skipString(text, at)
			if depth == 0 {
				return at
			}
			continue
		case '[', '{':
			depth++
		case ']', '}':
			if depth == 0 { // after a number
				return at
			}
			if depth--; depth == 0 {
				return at + 1
			}
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 { // after a number
				return at
			}
		}
		at++
	}
	return at
}

// skipString returns the index after the string that begins at an index.
func skipString(text []byte, at int) int {
	for start := at + 1; ; {
		end := start + bytes.IndexByte(text[start:], '"')
		escapes := end
		for escapes > start && text[escapes-1] == '\\' {
			escapes--
		}
		if (end-escapes)%2 == 0 {
			return end + 1
		}
		start = end + 1
	}
}

// counted returns an error for a request with n examples if the model takes fewer.
func (v *version) counted(n int) error {
	if n > v.batcher.limit {
		return fail(http.StatusRequestEntityTooLarge, "the request has %d examples; at most %d are allowed", n, v.batcher.limit)
	}
	return nil
}

// room returns an error if an input cannot have n numbers, and counts the memory that they need as that of the body.
func (c *call) room(v *version, p port, n int) error {
	if each := elements(p.shape[1:], maxElements); each >= 0 && n > max(each, 1)*v.batcher.limit { // -1 if the shape is unknown
		return fail(http.StatusRequestEntityTooLarge, "the input %s has more than %d numbers, which %d examples have; at most so many examples are allowed", p.name, max(each, 1)*v.batcher.limit, v.batcher.limit)
	}
	const float64s = 8
	return c.reserve(n * (float64s + p.dtype.Size()))
}

// late returns an error if the time of the request is over, or its client has gone.
func (c *call) late() error { return context.Cause(c.ctx) }
