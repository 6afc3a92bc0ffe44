// Package escape makes untrusted text visible: names in a file must not control a terminal, or hide what they are on a page.
package escape

import (
	"strconv"
	"strings"
	"unicode"
)

// Hidden returns a text in which characters that cannot be seen, except line ends and tabs, are escaped as in Go. Bytes that are not UTF-8 become U+FFFD.
func Hidden(text string) string {
	text = strings.ToValidUTF8(text, "\ufffd")
	if !strings.ContainsFunc(text, IsHidden) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if !IsHidden(r) {
			b.WriteRune(r)
			continue
		}
		quoted := strconv.QuoteRune(r)
		b.WriteString(quoted[1 : len(quoted)-1])
	}
	return b.String()
}

// Line is Hidden for a text of one line: it escapes line ends and tabs, too.
func Line(text string) string {
	return strings.NewReplacer("\n", `\n`, "\t", `\t`).Replace(Hidden(text))
}

// IsHidden reports whether Hidden escapes a character.
func IsHidden(r rune) bool { return r != '\n' && r != '\t' && !unicode.IsPrint(r) }
