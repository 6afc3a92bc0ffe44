package data

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/lince-ml/lince/internal/shell"
)

// splitFile is the name of a piece of a file that was split into pieces of equal size: set.zip.001 (7-Zip, Total Commander), set.tar.gz.aa (split), set.zip.part1.
var splitFile = regexp.MustCompile(`(?i)^(.*\.(?:zip|tar|tgz|tbz2?|gz|bz2|zst|7z))\.(?:\d{2,4}|part[-_.]?\w{1,4}|[a-z]{2})$`)

// barePieces are the extensions of pieces that do not say what was split: set.001 (Total Commander), set.aa (split).
var barePieces = []string{"001", "002", "part1", "aa"}

// pieceAdvice says how to get the whole file of which a file is a piece by its name, "" if it is none.
func pieceAdvice(name string) string {
	switch {
	case joinPieces(name) != "":
		return again(name)
	case slices.Contains(barePieces, extension(name)):
		return "it is a piece of a split file: join the pieces (cat FILE.* > whole.zip), and open the result"
	}
	return ""
}

// joinPieces returns the command that joins the pieces of a file, "" if the name is not that of a piece.
func joinPieces(name string) string {
	m := splitFile.FindStringSubmatch(filepath.Base(name))
	if m == nil {
		return ""
	}
	whole := m[1]
	return fmt.Sprintf("cat %s* > %s", shell.Quote(filepath.Base(name)[:len(whole)+1]), shell.Quote(whole))
}

// again says how to get a whole file instead of a damaged one.
func again(name string) string {
	if join := joinPieces(name); join != "" {
		return fmt.Sprintf("its name is that of a piece of a split file: join the pieces in their order (%s), and open the result", join)
	}
	return "download it again"
}
