package data

import (
	"encoding/base64"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/lince-ml/lince/internal/sheet"
)

// isSpace reports whether a character at the beginning or the end of a text in a table can be removed: a space, one that has no width, or the NUL characters after texts of a fixed
// length.
func isSpace(r rune) bool {
	return unicode.IsSpace(r) || r == 0 || r >= '\u200e' && r <= '\u200f' || r == '\u200b' || r == '\ufeff' || r == '\u2060'
}

// filename returns the file's name in a cell. Spaces around it, an apostrophe before a formula and bytes that are not UTF-8 stay if a file has this name. whole is the name with the
// spaces around it, if they were removed without a file being found; it is "" otherwise.
func (b *tableBuilder) filename(text []byte) (name, whole string) {
	all := string(text)
	bare := strings.TrimFunc(all, isSpace)
	if bare == "" {
		return "", ""
	}
	name = sheet.Undo(bare)
	if all != name {
		for _, try := range []string{all, sheet.Undo(all), bare, name} {
			if _, err := b.join.exact(try); err == nil {
				if len(try) < len(sheet.Undo(all)) {
					b.spaced.add(all, try)
				}
				return try, ""
			}
		}
		if all != bare {
			whole = sheet.Undo(all)
		}
	}
	if utf8.ValidString(name) {
		return name, whole
	}
	if _, err := b.join.exact(name); err == nil {
		return name, ""
	}
	b.latin++
	return textOf([]byte(name)), ""
}

// keepAround keeps the name with the spaces around it of the row that was just added, if its file is not yet found.
func (b *tableBuilder) keepAround(whole string) {
	if at := len(b.state) - 1; whole != "" && b.state[at] == rowPending {
		if b.around == nil {
			b.around = map[int]string{}
		}
		b.around[at] = whole
	}
}

// respell finds the files of pending rows by other spellings of their names.
func (b *tableBuilder) respell() error {
	if !slices.Contains(b.state, rowPending) {
		return nil
	}
	if err := b.join.load(); err != nil {
		return err
	}
	found := slices.Contains(b.state, rowFound)
	for pass, try := range []struct {
		cut  bool
		last spelling
	}{{false, asNumber}, {true, asNumber}, {false, otherExtension}, {true, otherExtension}} {
		if pass > 0 && found { // the names are relative to the folder of the images, and have their extensions
			break
		}
		for i, s := range b.state {
			if s != rowPending {
				continue
			}
			name := b.rows.names.at(i)
			at, how, err := int32(0), sameLetters, errNoSpelling
			if whole := b.around[i]; whole != "" {
				if at, how, err = b.join.respell(whole, try.cut, try.last); err == nil {
					name = whole
				}
			}
			if err != nil {
				if at, how, err = b.join.respell(name, try.cut, try.last); err != nil {
					continue
				}
				if whole := b.around[i]; whole != "" {
					b.spaced.add(whole, b.join.others.entries[at].name)
				}
			}
			b.join.note(how, name, at)
			b.rows.at[i], b.state[i], found = at, rowFound, true
			if how == exported {
				if err := b.takeVersions(i, at); err != nil {
					return err
				}
			}
		}
	}
	b.rows.names.flush()
	return nil
}

// rounded matches a number that a spreadsheet has shortened: 1.23457E+15.
var rounded = regexp.MustCompile(`^\d(\.\d+)?[eE]\+?\d{2,}$`)

// count lists the rows without a file.
func (b *tableBuilder) count() {
	for i, s := range b.state {
		if s != rowPending {
			continue
		}
		if b.missing.n >= maxListed {
			b.missing.n++
			continue
		}
		name := b.rows.names.at(i)
		b.missing.add(beginning(name), int(b.line[i]), b.whyMissing(name, int(b.line[i])))
	}
}

var errBase64 = errors.New("the text is an image in base64, not the name of a file; in Python, decode it with base64.b64decode, and write the table with the bytes as a Parquet file")

// whyMissing returns why there is no file for a name, and what may help.
func (b *tableBuilder) whyMissing(name string, line int) error {
	if isBase64(name) {
		return errBase64
	}
	_, err := b.join.exact(name)
	if len(name) > longName {
		return fmt.Errorf("there is no file of this name, which has %d characters", len(name))
	}
	switch {
	case isJunk(path.Base(name)) && (err == nil || b.join.zip != nil):
		err = errors.New("is the name of a hidden file, since it begins with a dot; rename the file")
	case err == nil:
		err = fmt.Errorf("is not the name of an image (it must end in %s)", strings.Join(extensions, ", "))
	}
	near, why := b.near(name)
	switch {
	case why != nil:
		err = why
	case near != "":
		b.nearby.add(beginning(name), near)
		err = fmt.Errorf("%w; there is %s", err, near)
	}
	switch {
	case strings.Contains(name, "\n"):
		err = fmt.Errorf("%w; the name has several lines, so a quote may be missing in %s %d", err, b.unit, line)
	case rounded.MatchString(name):
		err = fmt.Errorf("%w; the name is a number whose last digits are lost, as spreadsheets write long ones: make the table again, with the names as texts", err)
	case len(name) > 2 && name[0] == '\'' && name[len(name)-1] == '\'':
		err = fmt.Errorf("%w; remove the single quotes, or write double quotes, which CSV files have", err)
	}
	return err
}

// near returns the file whose name is another spelling of a name, also of one without the digits of an upload; "" if there is none. The error tells that there are several; for the
// first name, it has theirs.
func (b *tableBuilder) near(name string) (string, error) {
	at, _, err := b.join.respell(name, true, otherExtension)
	if errors.Is(err, errNoSpelling) && uploaded.applies(name) {
		at, _, err = b.join.respell(uploaded.key(name, false), true, otherExtension)
	}
	many := new(severalError)
	switch {
	case err == nil:
		return b.join.others.entries[at].name, nil
	case !errors.As(err, &many):
		return "", nil //nolint:nilerr // there is none
	case b.missing.n > 0:
		return "", err
	}
	return "", fmt.Errorf("%w: %s", err, listNames(b.join.others.named(many.spelling, many.key)))
}

// isBase64 reports whether a text is an image in base64, perhaps with the head of a data URI.
func isBase64(s string) bool {
	if strings.HasPrefix(s, "data:image/") {
		return true
	}
	const n = 64 // characters
	if len(s) < n {
		return false
	}
	b, err := base64.StdEncoding.DecodeString(s[:n])
	return err == nil && startsImage(b)
}

// longName is the length of a text that is shown whole in messages.
const longName = 256

// beginning returns the beginning of a long text.
func beginning(s string) string {
	if len(s) > longName {
		return strings.ToValidUTF8(s[:longName], "") + "..."
	}
	return s
}
