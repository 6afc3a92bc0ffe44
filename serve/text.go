package serve

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode"
)

// visible escapes the characters of a message that cannot be seen: it may quote a file.
func visible(s string) string {
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(s, "\ufffd") {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
			continue
		}
		quoted := strconv.QuoteRune(r)
		b.WriteString(quoted[1 : len(quoted)-1])
	}
	return b.String()
}

// decodeJSON decodes the body of a request. Unknown keys are ignored, because clients send keys for other servers.
func decodeJSON(body []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	if err := d.Decode(v); err != nil {
		return notJSON(err)
	}
	if bytes.Equal(bytes.TrimSpace(body), []byte("null")) {
		return bad("the body must be a JSON object, got null")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return bad("the body has text after the JSON value")
	}
	return nil
}

// notJSON returns the error of a body that is not the JSON that a route takes.
func notJSON(err error) error {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		if kind.Field != "" {
			return bad("%s has the wrong type: got %s", visible(short(kind.Field)), short(kind.Value))
		}
		return bad("the body must be a JSON object, got %s", short(kind.Value))
	}
	return bad("the body is not JSON: %s", visible(err.Error()))
}
