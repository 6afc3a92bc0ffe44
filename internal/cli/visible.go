package cli

import (
	"github.com/lince-ml/lince/internal/escape"
)

// visible escapes characters of a text that cannot be seen: names in an untrusted file must not control the terminal.
func visible(text string) string { return escape.Hidden(text) }

// visibleLine is visible for a text of one line: it escapes line ends and tabs too.
func visibleLine(text string) string { return escape.Line(text) }
