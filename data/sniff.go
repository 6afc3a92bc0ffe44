package data

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lince-ml/lince/data/datasets"
	"github.com/lince-ml/lince/data/picture"
	"github.com/lince-ml/lince/internal/archives"
	"github.com/lince-ml/lince/internal/patherr"
)

// kind is a kind of source.
type kind int

const (
	kindFolder kind = iota
	kindArchive
	kindCSV
	kindImage
	kindArrays
)

// sniff determines the kind of a source from its name and first bytes.
func sniff(name string) (kind, error) {
	info, err := os.Stat(name)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, patherr.Bare(err))
	}
	if datasets.Recognize(name) {
		return kindArrays, nil
	}
	if info.IsDir() {
		return kindFolder, nil
	}
	if !info.Mode().IsRegular() {
		return 0, fmt.Errorf("%s: is neither a regular file nor a folder", name)
	}
	f, err := os.Open(name)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, patherr.Bare(err))
	}
	defer f.Close()
	head := make([]byte, 512)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return 0, fmt.Errorf("%s: %w", name, patherr.Bare(err))
	}
	head = head[:n]
	ext := strings.ToLower(filepath.Ext(name))
	other := ""
	if IsTable(name) {
		other = otherTable(name, head)
	}
	switch {
	case magic(archives.Zip)(head) && tableKind(name) >= 0 && tableInZip(f, info.Size()) != nil:
		return kindCSV, nil
	case other != "":
		return 0, fmt.Errorf("%s: is %s, not what its name says%s", name, other, remedies[other])
	case slices.Contains([]string{".xlsx", ".xls", ".ods"}, ext):
		return 0, fmt.Errorf("%s: lince does not read spreadsheets%s", name, remedies[spreadsheet])
	case magic(archives.Zip)(head), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return kindArchive, nil
	case tableKind(name) >= 0, ext == ".txt" && (isTextTable(io.NewSectionReader(f, 0, besideHead)) || isNameList(io.NewSectionReader(f, 0, besideHead))):
		return kindCSV, nil
	case isImage(name):
		return kindImage, nil
	case isTar(head), compressionOf(head) != nil, zipEnd(f, info.Size()) != nil: // a zip archive may follow other bytes
		return kindArchive, nil
	}
	if u := unreadArchiveOf(name, head); u != nil {
		return 0, fmt.Errorf("%s: is %s, which lince does not read; unpack it (%s), and open %s", name, u.Name, u.Command(name), unpacked(u, name))
	}
	if err := foreignError(name, head); err != nil {
		return 0, err
	}
	if isArchive(name) {
		if bytes.HasPrefix(head, lfsPointer) {
			return 0, fmt.Errorf("%s: is %s%s", name, lfs, remedies[lfs])
		}
		return 0, fmt.Errorf("%s: is not a zip or tar archive (%s); download it again", name, looksLike(name, head))
	}
	switch class, _ := classify(filepath.Base(name)); {
	case class == oddName && picture.Format(head) != "", class == otherName && imageFormat(head) != "":
		return kindImage, nil
	}
	if advice := exportAdvice(name, head); advice != "" {
		return 0, fmt.Errorf("%s: %s", name, advice)
	}
	return 0, fmt.Errorf("%s: is neither a folder, a zip or tar archive, a table (.csv, .tsv, .jsonl, .parquet) nor an image (%s)%s", name, looksLike(name, head), unread(name, ext, head))
}
