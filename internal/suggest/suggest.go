// Package suggest finds the name that a misspelled word was meant to be.
package suggest

import (
	"fmt"
	"strings"
)

// maxWord limits the length of a word that is compared: an untrusted file may have words of any length.
const maxWord = 100

// Nearest returns the name that is most similar to word, or "" if none is similar enough. Case is ignored. A
// wrong, missing, added or swapped letter is one mistake. One mistake is allowed, and one more for every
// five letters of word. Nothing is similar to a word of one letter, and numbers are not similar to each other.
func Nearest(word string, names []string) string {
	if len(word) > maxWord {
		return ""
	}
	best, at := "", len(word)/5+2
	lower := strings.ToLower(word)
	for _, n := range names {
		name := strings.ToLower(n)
		if len(name) <= len(lower)-at || len(name) >= len(lower)+at { // too many letters are missing or added
			continue
		}
		d := distance(lower, name)
		if d > 0 && (len([]rune(word)) < 2 || isNumber(word) && isNumber(n)) {
			continue
		}
		if d < at {
			best, at = n, d
		}
	}
	return best
}

func isNumber(s string) bool { return strings.Trim(s, "0123456789.") == "" }

// Hint returns "; did you mean X?", or a list of all names if none is similar to word. It is appended to an
// error.
func Hint(word string, names []string) string {
	if n := Nearest(word, names); n != "" {
		return fmt.Sprintf("; did you mean %s?", n)
	}
	return "; want one of " + strings.Join(names, ", ")
}

// distance returns the optimal string alignment distance.
func distance(a, b string) int {
	prev2, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], prev2[j-2]+1)
			}
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return prev[len(b)]
}
