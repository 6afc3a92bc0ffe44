package data

import (
	"fmt"
	"path"
	"regexp"
	"strings"
)

// Roboflow writes the images of an export with other names than those of the uploads, which a table of before the upload has: "my cat (1).jpg" is my-cat-1-_jpg.rf.HASH.jpg. Of one image it
// may write several versions, each with another hash.

// roboflowName matches the names that Roboflow gives to the images of an export: IMG_1_jpg.rf.0123456789abcdef0123456789abcdef.jpg. Their first word is no class.
var roboflowName = regexp.MustCompile(`\.rf\.[0-9a-zA-Z]{16,}\.\w+$`)

// roboflowExtension matches the extension of the upload in such a name.
var roboflowExtension = regexp.MustCompile(`(?i)_(?:jpe?g|png|bmp|webp|tiff?|gif|avif|heic)$`)

// roboflowSign matches what Roboflow replaces in the names of uploads.
var roboflowSign = regexp.MustCompile(`[^\pL\pN_]+`)

// exportedName returns the form in which the name of a file of Roboflow and a name of before the upload are compared. The name of a file has its hash at the end.
func exportedName(name string, isFile bool) string {
	dir, base := path.Split(name)
	if at := roboflowName.FindStringIndex(base); isFile && at != nil {
		base = base[:at[0]]
	} else if ext := path.Ext(base); !isFile && isImage(base) {
		base = strings.TrimSuffix(base, ext) + "_" + ext[1:]
	}
	return dir + roboflowSign.ReplaceAllString(base, "-")
}

// takeVersions gives a row the name of the file of Roboflow that was found for it, and adds rows for the other versions of the image. The names must then be flushed.
func (b *tableBuilder) takeVersions(row int, at int32) error {
	others := b.join.others
	r := &b.rows
	if n := len(others.versions[at]); int64(len(r.at)+n) > b.most {
		return fmt.Errorf("has more than %d rows with the %d versions of images such as %s; remove rows that name an image again", b.most, n+1, quoteName(others.entries[at].name))
	}
	r.names.set(row, others.entries[at].name)
	for _, v := range others.versions[at] {
		r.names.add(others.entries[v].name)
		r.at = append(r.at, v)
		b.line, b.state = append(b.line, b.line[row]), append(b.state, rowFound)
		if r.class != nil {
			r.class = append(r.class, r.class[row])
		}
		if r.values != nil {
			r.values = append(r.values, r.values[row])
		}
		if r.part != nil {
			r.part = append(r.part, r.part[row])
		}
		if r.group != nil {
			r.group = append(r.group, r.group[row])
		}
		b.versions++
	}
	return nil
}
