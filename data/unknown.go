package data

import (
	"encoding/binary"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/lince-ml/lince/data/picture"
	"github.com/lince-ml/lince/internal/shell"
)

// Files whose extensions are unknown may still be images: subject01.happy of the Yale faces is a GIF image. They are read if a source has no others; if it has, a warning has the command that
// renames them.

// Limits on what is looked at.
const (
	mostUnknown   = 1 << 17 // files that are kept
	unknownHeads  = 1000    // files whose first bytes are read if there are other images, or if none of them is an image
	imageHeadSize = 32      // bytes
)

// copyExtensions are those of copies that programs keep, perhaps of an image.
var copyExtensions = []string{"bak", "backup", "orig", "old", "tmp", "part", "crdownload", "download", "swp", "cache"}

// imageFormat returns the format of an image by its first bytes, "" if they begin none. A text may begin like an image of the formats PBM, PGM and PPM, so they do not count.
func imageFormat(head []byte) string {
	const dib = 14 // where the second header of a BMP file starts, with its size
	f := picture.Format(head)
	switch {
	case f != "" && f[0] == 'P' && f != "PNG":
		return ""
	case f == "BMP" && head[0] == 'B' && (len(head) < dib+4 || !slices.Contains([]uint32{12, 16, 40, 52, 56, 64, 108, 124}, binary.LittleEndian.Uint32(head[dib:]))):
		return ""
	}
	return f
}

// noteUnknown keeps a file whose extension is not known.
func (l *listing) noteUnknown(name string, f file) {
	ext := extension(name)
	if u := unreadArchiveOf(name, nil); u != nil && u.Magic != "" {
		return
	}
	if len(l.unknown) < mostUnknown && !slices.Contains(besideKinds, ext) && !strings.HasSuffix(ext, "~") && foreignKindOf("x."+ext, nil) == nil {
		l.unknown = append(l.unknown, entry{name, f})
	}
}

// unknownImages returns the files of unknown extensions that begin like images, with their formats, and how many there are of each format. With all, it looks at more than
// the first ones.
func (l *listing) unknownImages(all bool) (images []entry, of []string, formats map[string]int) {
	formats = map[string]int{}
	for i, e := range l.unknown {
		if i >= unknownHeads && (!all || images == nil) {
			break
		}
		if !all && slices.Contains(copyExtensions, extension(e.name)) {
			continue
		}
		if head, err := e.file.head(imageHeadSize); err == nil {
			if f := imageFormat(head); f != "" {
				images, of = append(images, e), append(of, f)
				formats[f]++
			}
		}
	}
	return images, of, formats
}

// takeUnknown takes files of unknown extensions as images, if there are no others.
func (l *listing) takeUnknown() {
	if len(l.entries) > 0 {
		return
	}
	images, _, formats := l.unknownImages(true)
	if images == nil {
		return
	}
	for _, e := range images {
		l.passed.remove(passedOther, e.name, "."+extension(e.name))
	}
	l.entries, l.unknown = images, nil
	l.warn = append(l.warn, fmt.Sprintf("No file has the extension of an image, but %d of the files begin like images (%s), such as %s; they are read.", len(images), countsOf(formats), quoteName(images[0].name)))
}

// countsOf lists the numbers of files by format.
func countsOf(formats map[string]int) string {
	var list []string
	for _, f := range sortedKeys(formats) {
		list = append(list, fmt.Sprintf("%d %s", formats[f], f))
	}
	return strings.Join(list, ", ")
}

// doubtUnknownFiles warns of files of unknown extensions that begin like images, beside the images.
func (b *labeling) doubtUnknownFiles() {
	images, of, formats := b.l.unknownImages(false)
	if images == nil {
		return
	}
	best := ""
	for _, f := range sortedKeys(formats) {
		if best == "" || formats[f] > formats[best] {
			best = f
		}
	}
	var names []string
	for i, e := range images {
		if of[i] != best {
			continue
		}
		if n := shell.Quote("*" + path.Ext(e.name)); !slices.Contains(names, n) && len(names) < listColumns {
			names = append(names, n)
		}
	}
	how := "unpack the archive, and give their names the extensions of images"
	if _, disk := images[0].file.(diskFile); disk {
		how = fmt.Sprintf("give their names an extension: find %s -type f \\( -name %s \\) -exec mv {} {}.%s \\;", shell.Quote(b.l.name), strings.Join(names, " -o -name "), strings.ToLower(best))
	}
	b.warn(fmt.Sprintf("%d of the files that are not images by their names begin like images (%s), such as %s, and are not used. To use them, %s", len(images), countsOf(formats), quoteName(images[0].name), how))
}
