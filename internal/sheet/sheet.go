// Package sheet makes texts safe for spreadsheets, which run a cell that begins like a formula.
//
// Source: OWASP, CSV Injection.
package sheet

import (
	"strconv"
	"strings"
)

// formula has the first characters of texts that spreadsheets take for formulas.
const formula = "=+-@\t\r"

// Text returns a text for a cell of a CSV file. If a spreadsheet would take it for a formula, an apostrophe is put before it, and also if
// it is such a text already. Numbers stay.
func Text(s string) string {
	if bare := strings.TrimLeft(s, "'"); bare == "" || !strings.ContainsRune(formula, rune(bare[0])) {
		return s
	}
	if _, err := strconv.ParseFloat(s, 64); err == nil {
		return s
	}
	return "'" + s
}

// Texts returns the function that makes the texts of a file: Text, or one that changes nothing if raw is set.
func Texts(raw bool) func(s string) string {
	if raw {
		return func(s string) string { return s }
	}
	return Text
}

// Undo returns the text for which Text returned s.
func Undo(s string) string {
	if len(s) > 1 && s[0] == '\'' && Text(s[1:]) == s {
		return s[1:]
	}
	return s
}
