// Package shell quotes words for the command lines that messages propose.
package shell

import (
	"path/filepath"
	"strings"
	"unicode"
)

// plain are the characters besides letters and digits that no shell changes. A backslash is one of them where it separates folders: the shells of Windows
// leave it alone.
const plain = `/._-:+,@%=`

// Quote returns a text as one word of a command line: as it stands, or else in single quotes, as the shells of Unix and PowerShell take it. A ' in it is written as a shell
// of Unix takes it.
func Quote(word string) string {
	changed := func(r rune) bool {
		return !unicode.In(r, unicode.Letter, unicode.Digit, unicode.Mark) && !strings.ContainsRune(plain, r) && (r != '\\' || filepath.Separator != '\\')
	}
	if word != "" && strings.IndexFunc(word, changed) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// Command returns a command line of the words.
func Command(words ...string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = Quote(w)
	}
	return strings.Join(quoted, " ")
}
