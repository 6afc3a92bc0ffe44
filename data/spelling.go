package data

import (
	"cmp"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// spelling is a way in which the name in a table may differ from that of the file.
type spelling uint8

// The spellings. Each allows what those before it allow, but uploaded, exported and asNumber are for themselves.
const (
	sameLetters spelling = iota // only folders are left out, or \ stands for /
	fromURL
	sameUnicode
	sameCase
	uploaded
	exported
	noExtension
	asNumber
	otherExtension // is tried only if no row has the name of a file in another way
	endSpellings
)

var spellingNames = [...]string{
	sameLetters:    "with other folders before them, or with \\ for /",
	fromURL:        "as in a URL, with %20 for a space or with a query",
	sameUnicode:    "in another Unicode form",
	sameCase:       "without regard to case",
	uploaded:       "without the 8 digits that Label Studio puts before the name of an upload",
	exported:       "without what Roboflow adds to the names of an export",
	noExtension:    "without the extension",
	asNumber:       "as spreadsheets and pandas write numbers, without zeros before them or with .0 after them",
	otherExtension: "with another extension",
}

// upload matches a name that Label Studio gives to an upload: /data/upload/1/0a1b2c3d-cat.jpg.
var upload = regexp.MustCompile(`^(.*/)?[0-9a-f]{8}-([^/]+)$`)

// storedForm changes what Label Studio changes in the name of an upload.
var storedForm = strings.NewReplacer(" ", "_", "(", "", ")", "", "[", "", "]", "", "'", "", "&", "", ",", "", "+", "", "#", "", "!", "", "@", "", "%", "", "=", "", "~", "", ";", "", "$", "")

// applies reports whether a name in a table may be of the spelling.
func (s spelling) applies(name string) bool {
	switch s {
	case uploaded:
		return upload.MatchString(sameCase.key(name, false))
	case exported:
		return !roboflowName.MatchString(name)
	case noExtension, asNumber:
		return !isImage(name)
	case otherExtension:
		return withoutExtensions(name) != name
	}
	return true
}

// withoutExtensions returns a name without the extensions of images at its end, those that lince reads and others: x for x.jpg.png, x.dcm and x.nii.gz.
func withoutExtensions(name string) string {
	for {
		rest := strings.TrimSuffix(name, path.Ext(name))
		ext := extension(name)
		if path.Base(rest) == "." || rest == "" || strings.HasSuffix(rest, "/") ||
			!slices.Contains(extensions, ext) && foreignExtensions[ext] == "" && !slices.Contains(scanExtensions, ext) {
			return name
		}
		name = rest
	}
}

// key returns the form in which names are compared.
func (s spelling) key(name string, isFile bool) string {
	if s >= fromURL && !isFile {
		name = unescaped(name)
	}
	name = path.Clean(strings.ReplaceAll(name, `\`, "/"))
	if s >= sameUnicode {
		name = norm.NFC.String(name)
	}
	if s >= sameCase {
		name = strings.ToLower(name)
	}
	switch s {
	case uploaded:
		if !isFile {
			name = upload.ReplaceAllString(name, "$1$2")
		}
		name = storedForm.Replace(name)
	case exported:
		name = exportedName(name, isFile)
	case otherExtension:
		name = withoutExtensions(name)
	case noExtension, asNumber:
		if isFile {
			name = strings.TrimSuffix(name, path.Ext(name))
		}
	}
	if s == asNumber {
		dir, base := path.Split(name)
		if !isFile {
			base = strings.TrimSuffix(base, ".0")
		}
		if base != "" && strings.Trim(base, "0123456789") == "" {
			name = dir + cmp.Or(strings.TrimLeft(base, "0"), "0")
		}
	}
	return name
}

// unescaped returns a name that is written as in a URL: without a query, and with characters for %20 and similar. The query d of Label Studio
// names a file.
func unescaped(name string) string {
	if _, file, ok := strings.Cut(name, "/data/local-files/?d="); ok {
		name = file
	} else if strings.Contains(name, "://") {
		name, _, _ = strings.Cut(name, "?")
	}
	if plain, err := url.PathUnescape(name); err == nil && utf8.ValidString(plain) && !strings.ContainsRune(plain, 0) {
		return plain
	}
	return name
}

// severalError is the error of a name that several files have.
type severalError struct {
	images, key string
	spelling    spelling
}

func (e *severalError) Error() string {
	if e.spelling == otherExtension {
		return fmt.Sprintf("several files of %s fit this name without its extension; write the name of the right one", e.images)
	}
	return fmt.Sprintf("several files of %s fit this name; add their folder to the name", e.images)
}

// several marks a name that several files have.
const several = -1

// spellings finds files by other spellings of their names.
type spellings struct {
	entries  []entry
	by       [endSpellings]map[string]int32 // the files by their keys, with and without leading folders
	versions map[int32][]int32              // the other versions that Roboflow has made of an image, by the first; set by table(exported)
	twins    map[string]string              // folders that are left out, since another one has the same images; nil until they are searched
}

// table returns the files by their keys. A key may leave out leading folders if only one file has it.
func (s *spellings) table(of spelling) map[string]int32 {
	if s.by[of] != nil {
		return s.by[of]
	}
	at := map[string]int32{}
	whole := map[string]bool{}
	add := func(i int, k string) {
		if _, twice := at[k]; twice && whole[k] {
			at[k] = several
		} else {
			at[k] = int32(i)
		}
		whole[k] = true
		for {
			_, rest, ok := strings.Cut(k, "/")
			if !ok {
				break
			}
			if k = rest; whole[k] {
				continue
			}
			if _, twice := at[k]; twice {
				at[k] = several
			} else {
				at[k] = int32(i)
			}
		}
	}
	if of == exported {
		s.versions = map[int32][]int32{}
	}
	first := map[string]int32{} // by the name without what Roboflow adds
	for i, e := range s.entries {
		if s.twins[folderOf(e.name)] != "" {
			continue
		}
		k := of.key(e.name, true)
		if of != exported {
			add(i, k)
			continue
		}
		end := roboflowName.FindStringIndex(e.name)
		if end == nil {
			continue
		}
		if v, again := first[e.name[:end[0]]]; again {
			s.versions[v] = append(s.versions[v], int32(i))
			continue
		}
		first[e.name[:end[0]]] = int32(i)
		add(i, k)
		if bare := roboflowExtension.ReplaceAllString(k, ""); bare != k {
			add(i, bare)
		}
	}
	s.by[of] = at
	return at
}

// named returns the first names, at most 3, that have a key.
func (s *spellings) named(of spelling, key string) []string {
	var list []string
	for _, e := range s.entries {
		k := of.key(e.name, true)
		if bare := roboflowExtension.ReplaceAllString(k, ""); of == exported && (bare == key || strings.HasSuffix(bare, "/"+key)) {
			k = key
		}
		if k == key || strings.HasSuffix(k, "/"+key) {
			if list = append(list, e.name); len(list) == 3 {
				break
			}
		}
	}
	return list
}
