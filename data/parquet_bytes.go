package data

import (
	"bytes"
	"fmt"
	"unicode"
	"unicode/utf8"

	"github.com/lince-ml/lince/data/picture"
)

// byteContent is what the values of a column of bytes are. Programs such as old versions of Spark and Hive, and pandas for Python's bytes, write texts as bytes, without a mark
// that says so.
type byteContent uint8

const (
	unknownContent byteContent = iota // not yet found out
	noContent                         // all values are missing or empty
	textContent
	imageContent
	otherContent // neither texts nor images
)

// Limits on what is read of a column to find out what its values are.
const (
	contentRows = 1000 // that are not empty
	contentHead = 256  // bytes of a value
)

// contentOf finds out what the first values of a column are. The column has texts if all of them are texts, and images if one is an image.
func (p *parquetRecords) contentOf(c *parquetColumn) (found byteContent) {
	var err error
	defer func() {
		if recovered(&err); err != nil {
			found = otherContent // the error occurs again when the column is read
		}
	}()
	found = noContent
	values := p.values(c.leaf)
	for rows, seen := int64(0), 0; rows < p.rows && seen < contentRows; rows++ {
		v, err := values.next()
		if err != nil {
			return otherContent
		}
		b := v.ByteArray()
		if v.IsNull() || len(b) == 0 {
			continue
		}
		seen++
		switch {
		case startsText(b):
			found = max(found, textContent)
		case startsImage(b):
			return imageContent
		default:
			found = otherContent
		}
	}
	return found
}

// startsText reports whether bytes begin as a text does: without control characters, and not as an image.
func startsText(b []byte) bool {
	head := b[:min(len(b), contentHead)]
	if bytes.ContainsFunc(head, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' }) {
		return false
	}
	if utf8.RuneStart(head[0]) && head[0] < utf8.RuneSelf {
		return len(b) < 3 || b[0] != 'P' || b[2] != '\n' || picture.Format(b) == "" // a plain PNM image is a text
	}
	return picture.Format(b) == ""
}

// startsImage reports whether bytes begin as an image does, of any format.
func startsImage(b []byte) bool { return picture.Format(b) != "" || picture.Foreign(b) != "" }

// labelsAreTexts returns an error if a column of labels, by its index in the set, has images.
func (r *parquetReader) labelsAreTexts(labels []int) error {
	for _, w := range labels {
		if at := r.index[w]; at >= 0 && r.holdsImages(at) {
			return fmt.Errorf("its column %q has images or other bytes that are no text, so it cannot be used for labels; choose another column (LabelColumn, --category)", r.fields[at].name)
		}
	}
	return nil
}
