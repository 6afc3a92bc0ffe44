package report

import (
	"sort"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/image/font/sfnt"
	"golang.org/x/text/unicode/bidi"
	"golang.org/x/text/unicode/norm"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/lince-ml/lince/internal/escape"
)

// longestText limits the time to lay out a text, in characters.
const longestText = 2000

// drawable returns a text with the characters that the font of t does not have as escapes, such as \u732b. The images' font has Latin, Greek, Cyrillic and Hebrew letters.
// Characters that cannot be seen are escaped, too: the font draws some of them as lines over their neighbors. Without the escapes, the names of two classes could look the same, or like nothing.
func drawable(t draw.TextStyle, s string) string {
	face := font.DefaultCache.Lookup(t.Font, t.Font.Size).Face
	var b strings.Builder
	var buffer sfnt.Buffer
	for _, r := range norm.NFC.String(s) { // letters with accents in one piece
		if at, err := face.GlyphIndex(&buffer, r); err == nil && at != 0 && !escape.IsHidden(r) {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		}
	}
	return b.String()
}

// visual returns the characters of a line in the order in which they are drawn, from left to right. Words from right to left, as in Hebrew, are reversed; what is around them keeps its place.
func visual(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		start, end := rightToLeft(s)
		b.WriteString(s[:start])
		b.WriteString(bidi.ReverseString(s[start:end]))
		s = s[end:]
	}
	return b.String()
}

// rightToLeft returns where the first words from right to left begin and end in a line: at its end, if there are none. A slash ends them, since the parts of a path are in order.
func rightToLeft(s string) (start, end int) {
	start, end = len(s), len(s)
	open := 0 // brackets after the start
	for i, r := range s {
		switch p, _ := bidi.LookupRune(r); p.Class() {
		case bidi.R, bidi.AL:
			start, end = min(start, i), i+utf8.RuneLen(r)
		case bidi.NSM: // an accent of the letter before it
			if end == i {
				end += utf8.RuneLen(r)
			}
		case bidi.L, bidi.EN, bidi.AN:
			if start < len(s) {
				return start, end
			}
		default:
			switch {
			case start == len(s):
			case r == '/':
				return start, end
			case strings.ContainsRune("([{", r):
				open++
			case strings.ContainsRune(")]}", r) && open > 0:
				open--
				if end == i {
					end++
				}
			}
		}
	}
	return start, end
}

// shorten replaces the middle of a text that is too wide with an ellipsis.
func shorten(t draw.TextStyle, s string, width vg.Length) string {
	return ellipsis(s, func(s string) bool { return t.Width(s) <= width })
}

// ellipsis replaces as much of the middle of a text with an ellipsis as is needed for it to fit. File names differ most at their ends, which are kept.
func ellipsis(s string, fits func(s string) bool) string {
	if fits(s) {
		return s
	}
	r := []rune(s)
	cut := func(keep int) string {
		head := (keep + 1) / 2
		return string(r[:head]) + "…" + string(r[len(r)-(keep-head):])
	}
	drop := sort.Search(len(r)-1, func(drop int) bool { return fits(cut(len(r) - 1 - drop)) })
	return cut(len(r) - 1 - drop)
}

// wrap divides the text of a tile into at most tileTextLines lines that are not wider than the tile. Lines end after a space, after a character such as _ or /, before an escape, or, where there is none, anywhere. A text that is longer
// loses its middle. The result is empty for a text without characters.
func wrap(t draw.TextStyle, s string) []string {
	s = drawable(t, strings.Join(strings.Fields(s), " "))
	if s == "" {
		return nil
	}
	s = ellipsis(s, func(s string) bool { return len(s) <= longestText })
	s = ellipsis(s, func(s string) bool { return len(lines(t, s, tileSize)) <= tileTextLines })
	return lines(t, s, tileSize)
}

// endsLine reports whether a line may end before a character that is not the first one. Numbers such as 48.5 stay whole.
func endsLine(r []rune, at int) bool {
	if r[at] == ' ' || r[at] == '\\' {
		return true
	}
	number := at > 1 && unicode.IsDigit(r[at-2]) && unicode.IsDigit(r[at])
	return strings.ContainsRune(" _-/:;|", r[at-1]) || strings.ContainsRune(".,", r[at-1]) && !number
}

// lines divides a text into lines.
func lines(t draw.TextStyle, s string, width vg.Length) []string {
	var list []string
	for r := []rune(s); len(r) > 0; {
		fit := 1 + sort.Search(len(r)-1, func(n int) bool { return t.Width(strings.TrimRight(string(r[:n+2]), " ")) > width }) // at least one character
		end := fit
		for end < len(r) && end > 0 && !endsLine(r, end) {
			end--
		}
		if end == 0 {
			end = fit
		}
		list = append(list, strings.TrimSpace(string(r[:end])))
		r = []rune(strings.TrimLeft(string(r[end:]), " "))
	}
	return list
}
