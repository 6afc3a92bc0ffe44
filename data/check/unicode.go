package check

import (
	"fmt"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// findUnicode finds files, and folders of files, whose names differ only in their Unicode form.
func findUnicode(s *set) []Finding {
	// The first image of each name. Names of folders end with a slash.
	first := map[string]int{}
	var equal []string // names in NFC, in order of appearance
	forms := map[string][]string{}
	add := func(name, key string, i int) {
		if _, seen := first[name]; seen {
			return
		}
		first[name] = i
		if forms[key] == nil {
			equal = append(equal, key)
		}
		forms[key] = append(forms[key], name)
	}
	for i := range s.len() {
		name := s.image(i).Name()
		if !strings.ContainsFunc(name, func(r rune) bool { return r >= utf8.RuneSelf }) {
			continue
		}
		// In two forms of one folder, files with the same name are no further fault.
		dir, base := path.Split(name)
		add(name, dir+norm.NFC.String(base), i)
		if dir != "" {
			add(dir, norm.NFC.String(dir), i)
		}
	}
	var out []Finding
	for _, key := range equal {
		names := forms[key]
		if len(names) < 2 {
			continue
		}
		var f Finding
		var quoted []string
		for _, n := range names {
			f.Images = append(f.Images, s.image(first[n]))
			quoted = append(quoted, strconv.QuoteToASCII(n))
		}
		what := "the files"
		if strings.HasSuffix(key, "/") {
			what = "the folders"
		}
		f.Detail = fmt.Sprintf("%s %s", what, strings.Join(quoted, " and "))
		out = append(out, f)
	}
	return out
}
