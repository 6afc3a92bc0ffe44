// Package escape makes untrusted text visible: names in a file must not control a terminal, or hide what they are on a page.
package escape

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Hidden returns a text in which characters that cannot be seen, except line ends and tabs, are escaped as in Go, and so are bytes that are not in UTF-8, as some names of files have them: \xe9.
func Hidden(text string) string {
	if utf8.ValidString(text) && !strings.ContainsFunc(text, IsHidden) {
		return text
	}
	var b strings.Builder
	for i, r := range text {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(text[i:], "\ufffd"):
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case !IsHidden(r):
			b.WriteRune(r)
		default:
			quoted := strconv.QuoteRune(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
	}
	return b.String()
}

// Line is Hidden for a text of one line: it escapes line ends and tabs, too.
func Line(text string) string {
	return strings.NewReplacer("\n", `\n`, "\t", `\t`).Replace(Hidden(text))
}

// IsHidden reports whether Hidden escapes a character.
func IsHidden(r rune) bool { return r != '\n' && r != '\t' && !unicode.IsPrint(r) }
