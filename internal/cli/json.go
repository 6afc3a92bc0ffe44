package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"unicode/utf8"
)

// writeJSONLine writes v as JSON in one line.
func writeJSONLine(w io.Writer, v any) error {
	b, err := marshalJSON(v, "")
	if err == nil {
		_, err = w.Write(b)
	}
	return err
}

// writeJSON writes v as JSON in several lines.
func writeJSON(w io.Writer, v any) error {
	b, err := marshalJSON(v, "  ")
	if err == nil {
		_, err = w.Write(b)
	}
	return err
}

// marshalJSON returns v as JSON, with a line end. Names of files may have bytes that are not in UTF-8, which JSON does not have. Each is written as the half of a surrogate pair, as Python does it ("surrogateescape"):
// the byte 0xe9 as \udce9. So programs in Python, and others that know it, find the files.
func marshalJSON(v any, indent string) ([]byte, error) {
	b, err := marshal(v, indent)
	if err != nil || !bytes.Contains(b, []byte(`\ufffd`)) { // what encoding/json writes for such bytes
		return b, err
	}
	if b, err = marshal(markBytes(reflect.ValueOf(&v).Elem()).Interface(), indent); err != nil {
		return nil, err
	}
	return replaceMarks(b), nil
}

func marshal(v any, indent string) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", indent)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return b.Bytes(), err
}

// byteMark plus a byte is a character that stands for the byte. It is for private use, and names of files do not have it.
const byteMark = 0x10f700

// markBytes returns a copy of v with characters in the place of bytes that are not in UTF-8. It copies what v refers to, except values that write their JSON themselves, for which they use marshalJSON.
func markBytes(v reflect.Value) reflect.Value {
	if _, own := v.Interface().(json.Marshaler); own {
		return v
	}
	out := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.String:
		out.SetString(marked(v.String()))
		return out
	case reflect.Interface, reflect.Pointer:
		if v.IsNil() {
			return v
		}
		inner := markBytes(v.Elem())
		if v.Kind() == reflect.Interface {
			out.Set(inner)
			return out
		}
		out.Set(reflect.New(v.Type().Elem()))
		out.Elem().Set(inner)
		return out
	case reflect.Slice:
		if v.IsNil() {
			return v
		}
		out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		fallthrough
	case reflect.Array:
		for i := range v.Len() {
			out.Index(i).Set(markBytes(v.Index(i)))
		}
		return out
	case reflect.Map:
		if v.IsNil() {
			return v
		}
		out.Set(reflect.MakeMapWithSize(v.Type(), v.Len()))
		for k, e := range v.Seq2() {
			out.SetMapIndex(markBytes(k), markBytes(e))
		}
		return out
	case reflect.Struct:
		out.Set(v)
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				out.Field(i).Set(markBytes(v.Field(i)))
			}
		}
		return out
	}
	return v
}

func marked(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	var b []byte
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		if r == utf8.RuneError && n == 1 {
			r = byteMark + rune(text[i])
		}
		b = utf8.AppendRune(b, r)
		i += n
	}
	return string(b)
}

// replaceMarks writes the halves of surrogate pairs for the characters of marked.
func replaceMarks(text []byte) []byte {
	var out []byte
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		if r > byteMark && r <= byteMark+0xff {
			out = fmt.Appendf(out, `\udc%02x`, r-byteMark)
		} else {
			out = append(out, text[:n]...)
		}
		text = text[n:]
	}
	return out
}
