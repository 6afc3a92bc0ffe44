package lince

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// maxFileError limits the text of an error about a file, in bytes.
const maxFileError = 8000

// fileError is an error whose text names what is in an untrusted file: names of any length, with any characters.
type fileError struct {
	text string
	err  error
}

func (e *fileError) Error() string { return e.text }
func (e *fileError) Unwrap() error { return e.err }

// aboutFile adds what an error about a file is about, if there is an error. It cuts a long text, and escapes characters that control a
// terminal.
func aboutFile(what string, err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	cut := len(text) > maxFileError
	if cut {
		text = text[:maxFileError]
	}
	if cut || strings.ContainsFunc(text, unprintable) {
		var b strings.Builder
		for _, r := range strings.ToValidUTF8(text, "") {
			if unprintable(r) {
				quoted := strconv.QuoteRune(r)
				b.WriteString(quoted[1 : len(quoted)-1])
			} else {
				b.WriteRune(r)
			}
		}
		if cut {
			b.WriteString(" ...")
		}
		err = &fileError{b.String(), err}
	}
	return fmt.Errorf("%s: %w", what, err)
}

func unprintable(r rune) bool { return r != '\n' && r != '\t' && !unicode.IsPrint(r) }
