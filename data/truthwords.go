package data

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// truthWords are words for yes and no, beside those that truth knows, in lower case. The words of a column are those of one line: x is a yes beside empty cells, but may be a
// no beside a check mark.
var truthWords = []struct{ yes, no []string }{
	{[]string{"x", "×"}, []string{"-", "–", "—", "−"}},
	{[]string{"✓", "✔", "☑", "✅", "√"}, []string{"✗", "✘", "☐", "❌", "❎", "-", "–", "—", "−"}},
	{[]string{"☒"}, []string{"☐"}},
	{[]string{"+"}, []string{"-", "–", "—", "−"}},
	{[]string{"100%", "100 %", "100,0%", "100.0%", "100,00%", "100.00%"}, []string{"0%", "0 %", "0,0%", "0.0%", "0,00%", "0.00%"}},
	{[]string{"yes", "y", "true", "t"}, []string{"no", "n", "false", "f", "-", "–", "—", "−"}},
	{[]string{"wahr", "ja", "j", "w"}, []string{"falsch", "nein", "n", "f"}},             // German
	{[]string{"vrai", "oui", "v", "o"}, []string{"faux", "non", "f", "n"}},               // French
	{[]string{"verdadero", "sí", "si", "v", "s"}, []string{"falso", "no", "f", "n"}},     // Spanish
	{[]string{"vero", "sì", "si", "v", "s"}, []string{"falso", "no", "f", "n"}},          // Italian
	{[]string{"verdadeiro", "sim", "v", "s"}, []string{"falso", "não", "nao", "f", "n"}}, // Portuguese
	{[]string{"sant", "ja", "j"}, []string{"falskt", "nej", "n"}},                        // Swedish
	{[]string{"sand", "sandt", "sant", "sann", "ja", "j"}, []string{"falsk", "usann", "usant", "nej", "nei", "n"}},
	{[]string{"waar", "ja", "j"}, []string{"onwaar", "nee", "n"}},                         // Dutch
	{[]string{"tosi", "kyllä", "k"}, []string{"epätosi", "ei", "e"}},                      // Finnish
	{[]string{"prawda", "tak", "t"}, []string{"fałsz", "nie", "n"}},                       // Polish
	{[]string{"pravda", "ano", "áno"}, []string{"nepravda", "ne", "nie"}},                 // Czech and Slovak
	{[]string{"igaz", "igen"}, []string{"hamis", "nem"}},                                  // Hungarian
	{[]string{"adevărat", "adevarat", "da"}, []string{"fals", "nu"}},                      // Romanian
	{[]string{"doğru", "evet"}, []string{"yanlış", "hayır"}},                              // Turkish
	{[]string{"истина", "да"}, []string{"ложь", "нет"}},                                   // Russian
	{[]string{"真", "是", "有", "はい"}, []string{"假", "偽", "否", "不是", "无", "無", "没有", "いいえ"}}, // Chinese and Japanese
}

// wordSet collects the values of cells: the words, in lower case with their first spelling, and whether there are empty cells.
type wordSet struct {
	spelled map[string]string
	blank   bool
	other   bool // the values are not only words
}

// likely reports whether a text probably means yes, if the set so far has few words.
func (w *wordSet) likely(text string) bool {
	k := foldWord(text)
	yes, _ := indicator(k)
	for _, line := range truthWords {
		yes = yes || slices.Contains(line.yes, k)
	}
	return yes && !w.other && len(w.spelled) <= 2
}

// mostWords is the number of words that a wordSet distinguishes. Columns of truth values have no more.
const mostWords = 8

// foldWord returns the form in which words for yes and no are compared.
func foldWord(s string) string {
	s = strings.ReplaceAll(norm.NFC.String(strings.TrimSpace(s)), "\ufe0f", "") // the mark of a colored symbol
	return lower(s)
}

// lower returns a word in lower case. Turkish words have their own rules.
func lower(s string) string {
	if strings.ContainsAny(s, "ışŞğĞİ") || strings.HasPrefix(s, "HAYI") {
		return strings.ToLowerSpecial(unicode.TurkishCase, s)
	}
	return strings.ToLower(s)
}

func (w *wordSet) add(text string) {
	if isMissing(strings.TrimSpace(text)) {
		w.blank = true
		return
	}
	k := foldWord(text)
	if _, ok := w.spelled[k]; ok || len(w.spelled) > mostWords || len(text) > 1<<12 {
		w.other = w.other || len(text) > 1<<12
		return
	}
	if w.spelled == nil {
		w.spelled = map[string]string{}
	}
	w.spelled[k] = text
}

// truths returns the words of the set that mean yes and no, in their spellings, by one line of truthWords: at least one yes, and a no or an empty cell. ok is false if there is
// no such line.
func (w *wordSet) truths() (yes, no []string, ok bool) {
	if w.other || len(w.spelled) > mostWords {
		return nil, nil, false
	}
	for _, line := range truthWords {
		yes, no, own := []string(nil), []string(nil), false
		all := true
		for _, k := range sortedKeys(w.spelled) {
			isYes, isNo := slices.Contains(line.yes, k), slices.Contains(line.no, k)
			own = own || isYes
			switch {
			case isYes, k == "1", k == "1.0", k == "true":
				yes = append(yes, w.spelled[k])
			case isNo, k == "0", k == "0.0", k == "false":
				no = append(no, w.spelled[k])
			default:
				all = false
			}
		}
		if all && own && (w.blank || len(no) > 0) {
			return yes, no, true
		}
	}
	return nil, nil, false
}

// worded finds out whether the columns have words for yes and no that indicator does not know. It returns an error if they have one or two values that stand for yes and no in an
// unknown way.
func (in *interpreter) worded() (bool, error) {
	var all wordSet
	for _, v := range in.values {
		for _, c := range v.cells {
			if c.isList {
				return false, nil
			}
			all.add(c.text)
		}
	}
	yes, no, ok := all.truths()
	if !ok {
		return false, in.unknownWords(all)
	}
	other := "an empty cell"
	if len(no) > 0 {
		other = strings.Join(no, " and ")
	}
	in.yes, in.one = map[string]bool{}, yes[0]
	for _, y := range yes {
		in.yes[foldWord(y)] = true
	}
	in.notes = append(in.notes, fmt.Sprintf("In the columns %s, %s means that an image has the class, and %s that it does not.", listNames(in.columns), strings.Join(yes, " and "), other))
	return true, nil
}

// unknownWords returns an error if the columns have only one or two values, and these cannot be names of classes: a row has one twice, or all rows have it. Columns of several
// annotators, by their names, do have the same class twice.
func (in *interpreter) unknownWords(all wordSet) error {
	if len(all.spelled) == 0 || len(all.spelled) > 2 || len(all.spelled) == 2 && annotators(in.columns) {
		return nil
	}
	columns := map[string]map[int]bool{} // those that have a word
	rows := map[string]int{}
	twice, used := false, 0
	for _, v := range in.values {
		row := map[string]bool{}
		for k, c := range v.cells {
			if isMissing(strings.TrimSpace(c.text)) {
				continue
			}
			w := foldWord(c.text)
			if columns[w] == nil {
				columns[w] = map[int]bool{}
			}
			columns[w][k] = true
			twice = twice || row[w]
			row[w] = true
		}
		for w := range row {
			rows[w]++
		}
		if len(row) > 0 {
			used++
		}
	}
	same, always := true, false
	for _, w := range sortedKeys(columns) {
		same = same && (len(columns[w]) > 1 || len(columns) > 1 && twice)
		always = always || rows[w] == used
	}
	if !same || !twice && !always {
		return nil
	}
	var list []string
	for _, k := range sortedKeys(all.spelled) {
		list = append(list, quoteName(all.spelled[k]))
	}
	blank := ""
	if all.blank {
		blank = " or nothing"
	}
	return fmt.Errorf("the columns %s all have %s%s, which are not names of classes: if the columns are the classes, write 1 in the cell of each class that an image has, and 0 in the others; if these are names of classes, write those of an image into one column, or give the columns names that differ only by a number, such as label1 and label2",
		listNames(in.columns), strings.Join(list, " or "), blank)
}

// annotator matches the name of a column that is one of several of the same kind: label1, label_b, annotator Alice. The first group is what they share.
var annotator = regexp.MustCompile(`(?i)^(.*\pL)[ _.-]*\d+$|^(.*\pL)[ _.-][a-z]$|(annotat|rater|label{1,2}er|reader|reviewer|expert|coder)`)

// annotators reports whether columns are those of several annotators by their names.
func annotators(columns []string) bool {
	shared := ""
	for i, c := range columns {
		m := annotator.FindStringSubmatch(c)
		if m == nil {
			return false
		}
		s := strings.ToLower(cmp.Or(m[1], m[2], m[3]))
		if i > 0 && s != shared {
			return false
		}
		shared = s
	}
	return true
}

// truthColumns returns the indexes of the columns of which it is likely that they say whether an image has a class, and how messages name their values: those with values that
// indicator knows, else those with words of truthWords. It returns none if there are less than two.
func truthColumns(sets []wordSet) (list []int, what string) {
	minus, zero := false, false
	for i, w := range sets {
		plain := len(w.spelled) > 0 && !w.other && len(w.spelled) <= mostWords
		for k := range w.spelled {
			_, ok := indicator(k)
			plain = plain && ok
			v, isNumber := number(k)
			minus, zero = minus || isNumber && v == -1, zero || isNumber && v == 0
		}
		if plain {
			list = append(list, i)
		}
	}
	if len(list) > 1 {
		what = "0 and 1"
		if minus && zero {
			what = "-1, 0 and 1"
		} else if minus {
			what = "-1 and 1"
		}
		return list, what
	}
	// The columns must have the same words. The first word decides which are meant.
	list = nil
	var joint wordSet
	for i, w := range sets {
		if _, _, ok := w.truths(); !ok {
			continue
		}
		both := wordSet{blank: joint.blank || w.blank}
		for _, s := range []wordSet{joint, w} {
			for _, k := range sortedKeys(s.spelled) {
				both.add(s.spelled[k])
			}
		}
		if _, _, ok := both.truths(); ok {
			list, joint = append(list, i), both
		}
	}
	if len(list) < 2 {
		return nil, ""
	}
	yes, no, _ := joint.truths()
	return list, strings.Join(yes, " and ") + " and " + cmp.Or(strings.Join(no, " and "), "empty cells")
}
