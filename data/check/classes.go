package check

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/internal/namelist"
	"github.com/lince-ml/lince/internal/shell"
)

const (
	// fewImages is the number of images below which a class has few.
	fewImages = 10
	// fewFraction is the fraction of the average class below which a class has few images.
	fewFraction = .1
	// rareSpelling is the fraction of another class's images below which a class that differs by one letter is a misspelling.
	rareSpelling = .05
)

func findFew(s *set) []Finding {
	counts := s.t.Counts()
	if len(counts) < 2 {
		return nil
	}
	average := float64(s.t.Len()) / float64(len(counts))
	var out []Finding
	for _, c := range counts {
		if c.N < fewImages || float64(c.N) < fewFraction*average {
			detail := fmt.Sprintf("%s; the classes have %.0f on average", images(c.N), average)
			if float64(c.N) >= average { // all classes have few
				detail = fmt.Sprintf("%s, fewer than %d", images(c.N), fewImages)
			}
			out = append(out, Finding{Classes: []string{c.Label}, Detail: detail})
		}
	}
	return out
}

// images returns a number of images in words.
func images(n int) string {
	if n == 1 {
		return "1 image"
	}
	return fmt.Sprintf("%d images", n)
}

func findSpelling(s *set) []Finding {
	counts := s.t.Counts()
	var words []string // in order of appearance
	spellings := map[string][]data.Count{}
	for _, c := range counts {
		w := plain(c.Label)
		if spellings[w] == nil {
			words = append(words, w)
		}
		spellings[w] = append(spellings[w], c)
	}
	var out []Finding
	for _, w := range words {
		if c := spellings[w]; len(c) > 1 {
			out = append(out, spelled(c))
		}
	}
	for i, rare := range counts {
		for _, usual := range counts[:i] { // these have more images
			if float64(rare.N) > rareSpelling*float64(usual.N) {
				break
			}
			if typo(plain(rare.Label), plain(usual.Label)) {
				out = append(out, spelled([]data.Count{usual, rare}))
			}
		}
	}
	return out
}

// spelled returns a finding of classes that are probably one.
func spelled(counts []data.Count) Finding {
	var f Finding
	var has []string
	for _, c := range counts {
		f.Classes = append(f.Classes, c.Label)
		has = append(has, fmt.Sprintf("%q has %s", c.Label, images(c.N)))
	}
	f.Detail = strings.Join(has, ", ") + renameFlag(f.Classes)
	return f
}

// renameFlag returns the flag that joins classes with the first one.
func renameFlag(classes []string) string {
	var pairs []namelist.Pair
	for _, c := range classes[1:] {
		pairs = append(pairs, namelist.Pair{Name: c, Value: classes[0]})
	}
	return "; to join them: --rename " + shell.Quote(namelist.JoinPairs(pairs...))
}

// oneClass returns a function that gives the spellings of a class one name.
func (s *set) oneClass() func(label string) string {
	names := map[string]string{}
	for _, f := range findSpelling(s) {
		for _, c := range f.Classes[1:] {
			names[c] = f.Classes[0]
		}
	}
	return func(label string) string {
		for range len(names) { // a misspelling of a spelling
			to, ok := names[label]
			if !ok {
				break
			}
			label = to
		}
		return label
	}
}

// plain returns a class name without case, separators, wide forms of letters and a plural's ending. A number, such as -1 or 1.5, keeps all its characters.
func plain(name string) string {
	number := strings.TrimSpace(norm.NFKC.String(name))
	if _, err := strconv.ParseFloat(number, 64); err == nil {
		return number
	}
	word := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '_' || r == '-' || r == '.' || !unicode.IsPrint(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKC.String(name))
	if word == "" {
		return name
	}
	// Numbers and codes have no plural.
	if strings.ContainsFunc(word, func(r rune) bool { return !unicode.IsLetter(r) }) || utf8.RuneCountInString(word) < 4 {
		return word
	}
	return stem(word)
}

// stem returns what a word and its plural have in common. Words whose plural ends in -es or -ies lose an e, too: houses may be the plural of house or of hous.
func stem(word string) string {
	for _, e := range []struct{ end, stem string }{
		{"ies", "y"}, {"ie", "y"}, {"ches", "ch"}, {"che", "ch"}, {"shes", "sh"}, {"she", "sh"}, {"ses", "s"}, {"se", "s"},
		{"xes", "x"}, {"xe", "x"}, {"oes", "o"}, {"oe", "o"},
	} {
		if rest, ok := strings.CutSuffix(word, e.end); ok && len(rest) > 1 {
			return rest + e.stem
		}
	}
	if strings.HasSuffix(word, "s") && !strings.HasSuffix(word, "ss") {
		return strings.TrimSuffix(word, "s")
	}
	return word
}

// typo reports whether two words of letters differ by one letter that is wrong, missing or too many, or by two that are exchanged.
func typo(a, b string) bool {
	x, y := []rune(a), []rune(b)
	if len(x) > len(y) {
		x, y = y, x
	}
	if len(x) < 4 || len(y)-len(x) > 1 || strings.ContainsFunc(a+b, func(r rune) bool { return !unicode.IsLetter(r) }) {
		return false
	}
	i := 0
	for i < len(x) && x[i] == y[i] {
		i++
	}
	if len(x) < len(y) {
		return string(x[i:]) == string(y[i+1:])
	}
	if i == len(x) {
		return false // the same word
	}
	return string(x[i+1:]) == string(y[i+1:]) || i+1 < len(x) && x[i] == y[i+1] && x[i+1] == y[i] && string(x[i+2:]) == string(y[i+2:])
}
