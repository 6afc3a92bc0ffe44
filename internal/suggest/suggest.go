// Package suggest finds what a misspelt name was meant to be.
package suggest

import (
	"fmt"
	"strings"
)

// Nearest is the name of the list that is nearest to word, or "" when none is near: upper
// and lower case are the same, a wrong, missing, added or swapped letter is one mistake,
// and there may be one for every three letters.
func Nearest(word string, names []string) string {
	best, at := "", len(word)/3+2
	for _, n := range names {
		if d := distance(strings.ToLower(word), strings.ToLower(n)); d < at {
			best, at = n, d
		}
	}
	return best
}

// Hint is "; did you mean X?", or what there is when nothing is near.
func Hint(word string, names []string) string {
	if n := Nearest(word, names); n != "" {
		return fmt.Sprintf("; did you mean %s?", n)
	}
	return "; there is " + strings.Join(names, ", ")
}

// distance is the optimal string alignment distance.
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
