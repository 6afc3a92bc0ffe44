// Package shell quotes words for the command lines that messages propose.
package shell

import (
	"fmt"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"
)

// plain are the characters besides letters and digits that no shell changes. A backslash is one of them where it separates folders: the shells of Windows
// leave it alone.
const plain = `/._-:+,@%=`

// Quote returns a text as one word of a command line: as it stands, or else in single quotes, as the shells of Unix and PowerShell take it. A ' in it is written as a shell
// of Unix takes it. Bytes that are not in UTF-8, as some names of files have them, are escaped as Bash takes them: $'caf\xe9'.
func Quote(word string) string {
	changed := func(r rune) bool {
		return !unicode.In(r, unicode.Letter, unicode.Digit, unicode.Mark) && !strings.ContainsRune(plain, r) && (r != '\\' || filepath.Separator != '\\')
	}
	if word != "" && strings.IndexFunc(word, changed) < 0 {
		return word
	}
	if !utf8.ValidString(word) {
		return "$'" + escapeBytes(word) + "'"
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// escapeBytes escapes a text for $'...'.
func escapeBytes(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case r == '\'' || r == '\\':
			b.WriteByte('\\')
			fallthrough
		default:
			b.WriteString(text[i : i+n])
		}
		i += n
	}
	return b.String()
}

// Command returns a command line of the words.
func Command(words ...string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = Quote(w)
	}
	return strings.Join(quoted, " ")
}
