package data

import (
	"bytes"
	"cmp"
	"fmt"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/lince-ml/lince/data/picture"
	"github.com/lince-ml/lince/internal/archives"
	"github.com/lince-ml/lince/internal/shell"
)

const (
	wholeIDX    = "; for IDX files, open the folder with all four of them"
	spreadsheet = "a spreadsheet or another zip archive"
	lfs         = "a pointer of Git LFS, not the file itself"
)

// lfsPointer is the beginning of a file that stands for one in Git LFS.
var lfsPointer = []byte("version https://git-lfs")

// remedies say what to do with a file that has the name of a table.
var remedies = map[string]string{
	spreadsheet:                "; in Excel or LibreOffice, save it as CSV in UTF-8",
	"an old Excel spreadsheet": "; in Excel or LibreOffice, save it as CSV in UTF-8",
	"a Parquet file":           "; rename it to .parquet",
	"compressed by gzip":       "; rename it so that it ends in .gz",
	"an image":                 "; rename it",
	lfs:                        "; run git lfs pull in its folder",
	"a web page":               "; download the table again: this is a page, for example of a login",
}

// otherTable returns what a file with the name of a table is by its first bytes, "" if it may be such a table.
func otherTable(name string, head []byte) string {
	_, packed := unpackedName(name)
	switch {
	case packed == ".zip" && magic("PK")(head): // an archive of images, or of more than a table
		return ""
	case magic(archives.Zip)(head):
		return spreadsheet
	case bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
		return "an old Excel spreadsheet"
	case bytes.HasPrefix(head, []byte("PAR1")) && !isParquet(name):
		return "a Parquet file"
	case bytes.HasPrefix(head, lfsPointer):
		return lfs
	case magic(archives.Gzip)(head) && packed == "":
		return "compressed by gzip"
	case len(picture.Format(head)) > 2 && head[0] > 0x7f, bytes.HasPrefix(head, []byte("GIF8")):
		return "an image"
	case bytes.HasPrefix(bytes.ToLower(bytes.TrimSpace(head)), []byte("<!doctype html")), bytes.HasPrefix(bytes.ToLower(bytes.TrimSpace(head)), []byte("<html")):
		return "a web page"
	}
	return ""
}

// unread returns what to do with a source of another kind, for messages.
func unread(name, ext string, head []byte) string {
	switch f := cmp.Or(picture.Foreign(head), foreignExtensions[foreignExtension(name)]); {
	case f != "":
		to, with, one, _ := picture.Conversion(f, "")
		file := filepath.Base(name)
		one = strings.NewReplacer("FILE.jpg", shell.Quote(strings.TrimSuffix(file, filepath.Ext(file))+".jpg"), "FILE", shell.Quote(file)).Replace(one)
		return fmt.Sprintf("; it is a %s file, which lince does not read: convert it to %s, for example with %s: %s", f, to, with, one)
	case ext == ".json":
		return "; if it is a list of objects, " + listAdvice(shell.Quote(filepath.Base(name)))
	case ext == ".txt", ext == ".dat":
		line, _, _ := strings.Cut(string(head), "\n")
		if isImage(firstWord(strings.TrimSpace(line))) {
			return "; it has names of images without the names of columns: add a first line such as filename category, and rename it to .csv"
		}
		return "; if it is a table, rename it to .csv"
	case strings.Contains(name, "-ubyte"):
		return wholeIDX
	case bytes.HasPrefix(head, []byte("PK\x07\x08")), len(ext) == 4 && ext[:2] == ".z" && ext != ".zip" && ext != ".zst":
		return "; it is a piece of a split zip archive: join the pieces (zip -s 0 FILE.zip --out whole.zip), and open the result"
	case pieceAdvice(name) != "":
		return "; " + pieceAdvice(name)
	case slices.Contains([]string{".zst", ".gz", ".bz2"}, ext):
		return "; download it again"
	}
	return ""
}

// downloadError matches the beginning of a JSON object with which a server answers instead of a file.
var downloadError = regexp.MustCompile(`(?i)^\s*\{\s*"(?:error|errors|message|msg|detail|details|code|status|success|title|type|reason|fault)"`)

// looksLike describes a file by its first bytes, for messages.
func looksLike(name string, head []byte) string {
	if len(head) == 0 {
		return "it is empty"
	}
	if u := unreadArchiveOf(name, head); u != nil {
		return "it is " + u.Name
	}
	switch {
	case bytes.HasPrefix(head, lfsPointer):
		return "it is " + lfs + remedies[lfs]
	case downloadError.Match(head):
		return "it is JSON text, probably the error of a download: " + quoteName(strings.TrimSpace(string(head)))
	case bytes.HasPrefix(bytes.TrimSpace(head), []byte("{")):
		return "it is JSON text: " + quoteName(strings.TrimSpace(string(head)))
	}
	t, _, _ := strings.Cut(http.DetectContentType(head), ";")
	return "it looks like " + t
}
