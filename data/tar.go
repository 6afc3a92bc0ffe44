package data

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"path"

	"github.com/lince-ml/lince/internal/bounded"
)

// tarFile is an entry of a tar archive.
type tarFile struct {
	r             io.ReaderAt
	at, size      int64
	archive, name string
}

func (f tarFile) where() string              { return f.archive + ": " + f.name }
func (f tarFile) crc() (uint32, int64, bool) { return 0, 0, false }

func (f tarFile) read(buf []byte) ([]byte, error) {
	if err := checkSize(f.size, f.where()); err != nil {
		return nil, err
	}
	return f.bytes(buf, f.size)
}

func (f tarFile) head(n int) ([]byte, error) { return f.bytes(nil, min(int64(n), f.size)) }

// bytes reads the first n bytes.
func (f tarFile) bytes(buf []byte, n int64) ([]byte, error) {
	b, err := bounded.ReadAll(buf, io.NewSectionReader(f.r, f.at, n), n, n)
	if err == nil && int64(len(b)) < n {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, accessed(f.where(), archiveError(err))
	}
	return b, nil
}

// tarText is an entry whose content is known.
type tarText struct {
	tarFile
	text string
}

func (f tarText) read(buf []byte) ([]byte, error) { return append(buf[:0], f.text...), nil }
func (f tarText) head(n int) ([]byte, error)      { return []byte(f.text[:min(n, len(f.text))]), nil }

// tar lists the entries of a tar archive. A folder has no file. The contents are not read: the headers, or the index, say where they are.
func (a *archiveReader) tar(r io.ReaderAt, size int64, name string) ([]entry, []nested, error) {
	records := a.index.records(r, size)
	var entries []entry
	var more []nested
	var links []hardLink
	for {
		h, err := records.next()
		if errors.Is(err, io.EOF) {
			return a.follow(entries, links), more, nil
		}
		var after afterTar
		switch {
		case errors.As(err, &after):
			a.l.ignored = append(a.l.ignored, BadFile{name, after})
			return a.follow(entries, links), more, nil
		case err == nil:
			err = a.rep.next(0)
		case len(entries) == 0 && len(more) == 0:
			return nil, nil, damagedArchive{fmt.Errorf("%s: the tar archive is truncated or damaged (%w); %s", name, tarError(err), again(name))}
		default:
			// The rest of the archive is lost, and with it an unknown number of images.
			a.l.ignored = append(a.l.ignored, BadFile{name, fmt.Errorf("is truncated or damaged after %d entries (%w); %s", len(entries)+len(more), tarError(err), again(name))})
			return a.follow(entries, links), more, nil
		}
		if err != nil {
			return nil, nil, err
		}
		if err := a.take(entryBytes, name); err != nil {
			return nil, nil, err
		}
		n := slashed(h.name)
		if !safeName(n) {
			a.l.passed.add(passedUnsafe, n, "")
			continue
		}
		clean := path.Clean(n)
		if clean == "." {
			continue
		}
		switch {
		case h.kind == tar.TypeDir:
			entries = append(entries, entry{clean, nil})
		case h.kind == tar.TypeLink:
			links = append(links, hardLink{clean, path.Clean(slashed(h.link))})
		case h.kind == tar.TypeSymlink:
			a.l.passed.add(passedLink, clean, "")
		case h.kind == tar.TypeGNUSparse:
			a.l.ignored = append(a.l.ignored, BadFile{clean, errors.New("is stored as a sparse file; create the archive without --sparse")})
		case h.kind != tar.TypeReg:
			a.l.passed.add(passedOther, clean, "special")
		case h.size > size-h.at:
			a.l.ignored = append(a.l.ignored, BadFile{clean, errors.New("is truncated: the archive ends within it")})
		case isArchive(clean):
			more = append(more, nested{clean, func() (io.ReaderAt, int64, error) { return io.NewSectionReader(r, h.at, h.size), h.size, nil }})
		case h.hasText:
			entries = append(entries, entry{clean, tarText{tarFile{r, h.at, h.size, name, clean}, h.text}})
		default:
			entries = append(entries, entry{clean, tarFile{r, h.at, h.size, name, clean}})
		}
	}
}

// hardLink is an entry that is another name of an earlier one.
type hardLink struct{ name, target string }

// follow adds the files of hard links to entries, and passes over those whose target is not in the archive.
func (a *archiveReader) follow(entries []entry, links []hardLink) []entry {
	if links == nil {
		return entries
	}
	files := make(map[string]file, len(entries))
	for _, e := range entries {
		files[e.name] = e.file
	}
	for _, l := range links {
		f := files[l.target]
		if f == nil || isArchive(l.name) {
			a.l.passed.add(passedLink, l.name, "")
			continue
		}
		entries = append(entries, entry{l.name, f})
		files[l.name] = f
	}
	return entries
}

func tarError(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("it ends too early")
	}
	return err
}
