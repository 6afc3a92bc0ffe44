package cli

import "regexp"

// Messages of the library name its options, with the flags in parentheses: "name it (SplitColumn, --split)", "use Rename (--rename Cat=cat)". On the command line, only
// the flags have a meaning.

// apiNames lists the forms in which messages name options of the library, and what the command line writes instead.
var apiNames = []struct {
	match *regexp.Regexp
	write string
}{
	{regexp.MustCompile(`\([A-Z]\w+, (--[a-z]` + flagEnd + `)\)`), `($1)`},
	{regexp.MustCompile(`\((--[a-z-]+), [A-Z]\w+\.[A-Z]\w+\)`), `($1)`},
	{regexp.MustCompile(`\b[A-Z]\w+ \((--[a-z]` + flagEnd + `)\)`), `$1`},
	{regexp.MustCompile(`\bwith \w+Options\.\w+, or on the command line (with lince)`), `$1`},
	{regexp.MustCompile(`; add (custom \w+|it|them) to Options\.(\w+)`), `; only a Go program can add its own, with lince.Options.$2`},
}

// flagEnd matches the rest of a flag in parentheses, with a value that may be quoted.
const flagEnd = `(?:'[^']*'|[^)'])*`

// withFlags returns a message of the library for the command line.
func withFlags(text string) string {
	for _, n := range apiNames {
		text = n.match.ReplaceAllString(text, n.write)
	}
	return text
}
