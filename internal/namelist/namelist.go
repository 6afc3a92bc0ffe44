// Package namelist writes and parses lists of names in one text, such as the classes of a flag: cat,dog or cat=gato,dog=perro. Names are those of folders and of
// tables, so they may contain any character. A backslash takes the meaning from a comma, an equals sign, a blank at an end of the name, or a backslash after it:
//
//	Pepper\,_bell   the name Pepper,_bell
//	a\=b=2          the name a=b with the value 2
//	\ cat\          the name cat with a blank before and after it
//	a\\b            the name a\b, as a\b also is
package namelist

import (
	"errors"
	"fmt"
	"strings"
)

// Escapes describes the escapes for messages and the help of flags.
const Escapes = `in a name, write a comma as \, and an equals sign as \=`

// Join writes names as one text, from which Split returns them.
func Join(names ...string) string {
	list := make([]string, len(names))
	for i, n := range names {
		list[i] = escaped(n, `\,`)
	}
	return strings.Join(list, ",")
}

// Pair is a name with a value.
type Pair struct{ Name, Value string }

// JoinPairs writes names and values as one text, from which SplitPairs returns them.
func JoinPairs(pairs ...Pair) string {
	list := make([]string, len(pairs))
	for i, p := range pairs {
		list[i] = escaped(p.Name, `\,=`) + "=" + escaped(p.Value, `\,`)
	}
	return strings.Join(list, ",")
}

// escaped returns a name with a backslash before each of the special characters, and before blanks at its ends.
func escaped(name, special string) string {
	core := strings.Trim(name, blanks)
	start := len(name) - len(strings.TrimLeft(name, blanks))
	if core == "" {
		start = len(name)
	}
	var b strings.Builder
	for i := range len(name) {
		if strings.IndexByte(special, name[i]) >= 0 || i < start || i >= start+len(core) {
			b.WriteByte('\\')
		}
		b.WriteByte(name[i])
	}
	return b.String()
}

// blanks are ignored at the ends of names.
const blanks = " \t"

// Split returns the names of a text. A comma at the end is ignored. A name may be empty.
func Split(text string) []string {
	var names []string
	for _, item := range items(text) {
		names = append(names, item.text())
	}
	return names
}

// SplitPairs returns the names and values of a text. The first = ends a name. The error names the items without =.
func SplitPairs(text string) (pairs []Pair, err error) {
	for _, item := range items(text) {
		at := item.index('=')
		if at < 0 {
			err = errors.Join(err, fmt.Errorf("%q has no =; %s", item.text(), Escapes))
			continue
		}
		pairs = append(pairs, Pair{item.slice(0, at).text(), item.slice(at+1, len(item.bytes)).text()})
	}
	return pairs, err
}

// item is a piece of a list without its escapes.
type item struct {
	bytes []byte
	plain []bool // bytes that were not escaped, so that they may have a meaning
}

// items divides a text at commas.
func items(text string) []item {
	var list []item
	var it item
	for i := 0; i < len(text); i++ {
		c, plain := text[i], true
		if c == '\\' && i+1 < len(text) && strings.IndexByte(`\,=`+blanks, text[i+1]) >= 0 {
			i++
			c, plain = text[i], false
		}
		if c == ',' && plain {
			list = append(list, it)
			it = item{}
			continue
		}
		it.bytes, it.plain = append(it.bytes, c), append(it.plain, plain)
	}
	if len(it.bytes) > 0 {
		list = append(list, it)
	}
	return list
}

func (it item) slice(from, to int) item { return item{it.bytes[from:to], it.plain[from:to]} }

// index returns the index of the first character of a kind that has its meaning, or -1.
func (it item) index(c byte) int {
	for i, b := range it.bytes {
		if b == c && it.plain[i] {
			return i
		}
	}
	return -1
}

// text returns the item without blanks at its ends, unless they were escaped.
func (it item) text() string {
	blank := func(i int) bool { return it.plain[i] && strings.IndexByte(blanks, it.bytes[i]) >= 0 }
	from, to := 0, len(it.bytes)
	for from < to && blank(from) {
		from++
	}
	for from < to && blank(to-1) {
		to--
	}
	return string(it.bytes[from:to])
}
