package cli

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/internal/namelist"
	"github.com/lince-ml/lince/internal/shell"
	"github.com/lince-ml/lince/internal/suggest"
)

// passedOver is the JSON form of a data.Passed.
type passedOver struct {
	Reason   string         `json:"reason"`
	Count    int            `json:"count"`
	Kinds    map[string]int `json:"kinds,omitempty"` // Count by extension or format
	Examples []string       `json:"examples"`
}

func passedList(t *data.Table) []passedOver {
	list := []passedOver{}
	for _, p := range t.Passed() {
		list = append(list, passedOver{p.Reason, p.N, p.Kinds, p.Examples})
	}
	return list
}

// passedText describes what was passed over, with a line for each reason.
func passedText(t *data.Table) string {
	var s strings.Builder
	for _, p := range t.Passed() {
		fmt.Fprintf(&s, "Not used: %s\n", visibleLine(p.String()))
	}
	return s.String()
}

// describePassed says what was passed over. What may hold images that the user expects is a warning.
func (e *env) describePassed(t *data.Table) {
	for _, p := range t.Passed() {
		if p.Loss {
			e.warn("not used: " + visibleLine(p.String()))
		} else {
			e.printf("Not used: %s\n", visibleLine(p.String()))
		}
	}
}

// allUsable returns an error if images of a source were left out, or may have been. It is for --strict.
func allUsable(name string, t *data.Table, ignored []data.BadFile) error {
	var lost []string
	if n := t.Dropped(); n > 0 {
		what := fmt.Sprintf("%d files or rows are", n)
		if n == 1 {
			what = "1 file or row is"
		}
		lost = append(lost, fmt.Sprintf("%s left out:%s", what, listBad(ignored)))
	}
	for _, p := range t.Passed() {
		if p.Loss {
			lost = append(lost, "not used: "+p.String())
		}
	}
	if len(lost) == 0 {
		return nil
	}
	return fmt.Errorf("%s: with --strict, every image must be usable; %s", name, strings.Join(lost, "\n"))
}

// lostClasses lists the classes of a table that have no image without those that cannot be read.
func lostClasses(t *data.Table, bad []data.BadFile) data.Counts {
	if len(bad) == 0 {
		return nil
	}
	unreadable := map[string]bool{}
	for _, b := range bad {
		unreadable[b.Filename] = true
	}
	return t.Counts().Without(t.Filter(func(r data.Row) bool { return !unreadable[r.Filename] }).Counts())
}

// lostText names classes of which no image can be read, "" if there are none.
func lostText(lost data.Counts) string {
	var names []string
	for _, c := range lost {
		names = append(names, fmt.Sprintf("%s (%s)", visibleLine(c.Label), count(c.N, "image")))
	}
	switch len(names) {
	case 0:
		return ""
	case 1:
		return "no image of the class " + names[0] + " can be read"
	}
	return "no image of the classes " + shortList(names) + " can be read"
}

// unknownCount counts the images of a class that a model does not know.
type unknownCount struct {
	Class   string `json:"class"`
	Images  int    `json:"images"`
	Nearest string `json:"nearest,omitempty"` // the model's class that is most similar
}

// unknownClasses lists the classes of a table that are not in known, the largest first.
func unknownClasses(t *data.Table, known []string) []unknownCount {
	list := []unknownCount{}
	for _, c := range t.Counts() {
		if !slices.Contains(known, c.Label) {
			list = append(list, unknownCount{c.Label, c.N, nearClass(c.Label, known)})
		}
	}
	return list
}

// nearClass returns the class with the same letters in another case or between other signs, or else the only one that begins with the name or with which the name begins, or else
// the nearest one; "" if none is near.
func nearClass(name string, classes []string) string {
	if c := inOtherCase(name, classes); c != "" {
		return c
	}
	same := ""
	for _, c := range classes {
		if bareClass(c) != bareClass(name) {
			continue
		}
		if same != "" {
			return ""
		}
		same = c
	}
	return cmp.Or(same, sameBeginning(name, classes), suggest.Nearest(name, classes))
}

// sameBeginning returns the class of which the name has the first words, or which has the first words of the name, such as adenocarcinoma_left.lower.lobe for adenocarcinoma. It returns
// "" if there are several.
func sameBeginning(name string, classes []string) string {
	begins := func(long, short string) bool {
		rest, ok := strings.CutPrefix(long, short)
		next, _ := utf8.DecodeRuneInString(rest)
		return ok && rest != "" && len(short) > 2 && !unicode.IsLetter(next) && !unicode.IsDigit(next)
	}
	name = strings.ToLower(name)
	found := ""
	for _, c := range classes {
		if lower := strings.ToLower(c); !begins(lower, name) && !begins(name, lower) {
			continue
		}
		if found != "" {
			return ""
		}
		found = c
	}
	return found
}

// catalogued matches a class name with a number or a WordNet identifier before it: 001.Black_footed_Albatross, n02085620-Chihuahua.
var catalogued = regexp.MustCompile(`^n?\d+[ ._-]+(\D.*)$`)

// bareClass returns what is left of a class name without a number before it and without signs between words, in lower case. Numbers lose the zeros before them.
func bareClass(name string) string {
	if v, err := strconv.ParseFloat(name, 64); err == nil {
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	if m := catalogued.FindStringSubmatch(name); m != nil {
		name = m[1]
	}
	bare := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
	return cmp.Or(bare, name)
}

// noKnownClass returns the error of data of which no class is one of the model's, with a --rename for those whose names are similar, if most images have one of these.
func noKnownClass(t *data.Table, known []string) error {
	var pairs []namelist.Pair
	used, images, covered := map[string]bool{}, map[string]int{}, 0
	for _, u := range unknownClasses(t, known) {
		images[u.Class] = u.Images
	}
	for _, c := range t.Classes() {
		if near := nearClass(c, known); near != "" && !used[near] {
			used[near] = true
			covered += images[c]
			pairs = append(pairs, namelist.Pair{Name: c, Value: near})
		}
	}
	const longest = 3000 // longer lines are cut
	how := "rename them with --rename"
	if command := "--rename " + shell.Quote(namelist.JoinPairs(pairs...)); len(command) < longest && 2*covered >= t.Len() && covered > 0 {
		how = "if these are the same classes by other names: " + command
	}
	if data.IsTable(t.Name()) {
		how += "; if another column of the table has the classes of the model, name it with --category"
	}
	return fmt.Errorf("no class of the data (%s) is a class of the model (%s); %s", shortList(t.Classes()), shortList(known), how)
}

// inOtherCase returns the class with the same letters in another case, or "".
func inOtherCase(name string, classes []string) string {
	for _, c := range classes {
		if strings.EqualFold(c, name) {
			return c
		}
	}
	return ""
}

// withoutUnknown removes the images of classes that are not in known, with a warning. With strict, they are an error. whose tells
// whose classes are known.
func (e *env) withoutUnknown(t *data.Table, known []string, whose string, strict bool) (*data.Table, []unknownCount, error) {
	unknown := unknownClasses(t, known)
	if len(unknown) == 0 {
		return t, unknown, nil
	}
	var text strings.Builder
	n := 0
	for i, u := range unknown {
		n += u.Images
		switch {
		case i == 20:
			fmt.Fprintf(&text, "\n... and %d more classes", len(unknown)-i)
		case i < 20:
			fmt.Fprintf(&text, "\n%s: %s", u.Class, count(u.Images, "image"))
			if u.Nearest != "" {
				fmt.Fprintf(&text, "; did you mean %s? (--rename %s)", u.Nearest, shell.Quote(namelist.JoinPairs(namelist.Pair{Name: u.Class, Value: u.Nearest})))
			}
		}
	}
	what := fmt.Sprintf("%d of %s are of classes that %s not have:%s", n, count(t.Len(), "image"), whose, text.String())
	if strict {
		return nil, unknown, fmt.Errorf("%s: %s", t.Name(), what)
	}
	if t.Task() == data.MultiLabel { // the dataset leaves out the labels
		e.warn(fmt.Sprintf("the images have labels that %s not have:%s\nThese labels are left out; the images stay. The labels are %s.", whose, text.String(), shortList(known)))
		return t, unknown, nil
	}
	e.warn(fmt.Sprintf("%s\nThey are left out of all numbers below. The classes are %s.", what, shortList(known)))
	return t.Filter(func(r data.Row) bool { return r.Label == "" || slices.Contains(known, r.Label) }), unknown, nil
}

// imagesHave returns "1 image has" or "2 images have".
func imagesHave(n int) string {
	if n == 1 {
		return "1 image has"
	}
	return count(n, "image") + " have"
}

// describeTurned says how many images have an EXIF orientation, and whether they are turned.
func describeTurned(n int, turned bool) string {
	switch {
	case n == 0:
		return ""
	case turned:
		return fmt.Sprintf("%s an EXIF orientation and will be turned.\n", imagesHave(n))
	}
	return fmt.Sprintf("%s an EXIF orientation, which is ignored, as in Keras; train with --exif to apply it.\n", imagesHave(n))
}

// shortList joins at most the first 20 names.
func shortList(names []string) string {
	if n := len(names) - 20; n > 0 {
		return strings.Join(names[:20], ", ") + fmt.Sprintf(" and %d more", n)
	}
	return strings.Join(names, ", ")
}

// knownClasses returns the classes for which a source is searched: those of the model, and the names that --rename turns into them.
func (f sourceFlags) knownClasses(m *lince.Model) []string {
	known := slices.Clone(m.Classes)
	for _, from := range slices.Sorted(maps.Keys(f.Rename)) {
		if slices.Contains(known, f.Rename[from]) {
			known = append(known, from)
		}
	}
	return known
}
