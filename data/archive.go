package data

import (
	"archive/zip"
	"bufio"
	"bytes"
	"cmp"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/lince-ml/lince/internal/patherr"
)

// listArchive lists the images of a zip or tar archive and of the archives inside it, such as train.zip and test1.zip in Kaggle's
// dogs-vs-cats.zip. The images are read later, in place.
func listArchive(name string, rep *reading) (*listing, error) {
	l := &listing{name: name, base: withoutExtension(filepath.Base(name))}
	if err := l.openArchives("", []string{name}, rep); err != nil {
		l.Close()
		return nil, err
	}
	l.takeUnknown()
	return l, nil
}

// openArchives lists the images of archives on disk. Their names are relative to a folder. If folder is "", there is one
// archive, which is the source itself.
func (l *listing) openArchives(folder string, names []string, rep *reading) error {
	a := &archiveReader{l: l, rep: rep, left: 64 << 20}
	l.closers = append(l.closers, &a.spool)
	type open struct {
		f                  *os.File
		info               os.FileInfo
		name, prefix, base string
	}
	var all []open
	l.noteNumbered(names)
	for _, n := range names {
		p, prefix, base := n, "", ""
		if folder != "" {
			p, prefix, base = filepath.Join(folder, filepath.FromSlash(n)), path.Dir(n), withoutExtension(path.Base(n))
		}
		f, err := os.Open(p)
		if err != nil && l.lenient {
			l.ignored = append(l.ignored, BadFile{n, patherr.Bare(err)})
			continue
		} else if err != nil {
			return fmt.Errorf("%s: %w", p, patherr.Bare(err))
		}
		l.closers = append(l.closers, f)
		info, err := f.Stat()
		if err != nil {
			return fmt.Errorf("%s: %w", p, patherr.Bare(err))
		}
		a.left += 16 * info.Size()
		all = append(all, open{f, info, n, prefix, base})
	}
	for _, o := range all {
		a.index, a.file = openTarIndex(rep.indexes, o.f, o.info), o.f.Name()
		err := a.list(o.f, o.info.Size(), o.f.Name(), o.prefix, o.base, 0)
		if err != nil && l.lenient && rep.ctx.Err() == nil && !errors.As(err, new(spoolError)) {
			l.ignored = append(l.ignored, BadFile{o.name, err})
			continue
		} else if err != nil {
			return err
		}
		if a.index.keep() {
			rep.indexed = append(rep.indexed, o.f.Name())
		}
		a.index = nil
	}
	if note := a.spool.note(); note != "" {
		rep.notes = append(rep.notes, note)
	}
	return nil
}

// archiveReader lists archives inside archives, within one budget.
type archiveReader struct {
	l     *listing
	rep   *reading
	left  int64  // bytes that unpacked archives and lists of entries may still use: 16 times the source's size, plus 64 MiB
	file  string // the archive on disk that is being listed: the source, or one in its folder
	spool spool
	index *tarIndex // of the file that is being listed; nil for none
}

// Limits on archives inside archives.
const (
	maxDepth   = 16
	entryBytes = 512 // memory for an entry
)

// take charges bytes to the budget.
func (a *archiveReader) take(n int64, what string) error {
	if n > a.left {
		const allowed = "more memory than its size allows (16 times its bytes plus 64 MiB)"
		switch {
		case a.file != a.l.name:
			return fmt.Errorf("%s: the archives in %s need %s: unpack them, move them out of the folder, and open it", what, a.l.name, allowed)
		case what == a.file:
			return fmt.Errorf("%s: needs %s: unpack it, and open the folder", what, allowed)
		}
		return fmt.Errorf("%s: the archives inside %s need %s: unpack the outer archive, and open the folder", what, a.l.name, allowed)
	}
	a.left -= n
	return nil
}

// nested is an archive inside an archive.
type nested struct {
	name string // relative to the source, and decoded
	open func() (r io.ReaderAt, size int64, err error)
}

// list lists the images of an archive of size bytes. Messages call it name. folder comes before the names of its entries. base is the
// name of an archive inside the source, without the extension. It comes between them, unless they all begin with it: the entries of
// train.zip are named train/cat.0.jpg or just cat.0.jpg.
func (a *archiveReader) list(r io.ReaderAt, size int64, name, folder, base string, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("%s: is the %dth archive inside another one; at most %d are supported", name, depth, maxDepth)
	}
	head := make([]byte, 512)
	n, _ := r.ReadAt(head, 0)
	head = head[:n]
	var entries []entry
	var more []nested
	var err error
	if c := compressionOf(head); c != nil {
		if r, size, err = a.decompress(c, r, size, name); err != nil {
			return err
		}
		head = head[:cap(head)]
		n, _ := r.ReadAt(head, 0)
		head = head[:n]
	}
	if isTar(head) {
		entries, more, err = a.tar(r, size, name)
	} else {
		entries, more, err = a.zip(r, size, name)
	}
	if err != nil {
		return err
	}
	if base != "" && slices.ContainsFunc(entries, func(e entry) bool { return !strings.HasPrefix(e.name, base+"/") && isImage(e.name) && !isJunk(e.name) }) {
		folder = path.Join(folder, base)
	}
	a.l.noteForm(entries)
	for _, e := range entries {
		n := path.Join(folder, e.name)
		if e.file == nil {
			a.l.folders = append(a.l.folders, n)
			continue
		}
		if z, ok := e.file.(zipFile); ok && isImage(n) && !isJunk(n) {
			if err := usable(z.f); err != nil {
				a.l.ignored = append(a.l.ignored, BadFile{n, err})
				continue
			}
		}
		a.l.add(n, e.file)
	}
	inner := make([]string, len(more))
	for i, m := range more {
		inner[i] = m.name
	}
	a.l.noteNumbered(inner)
	for _, m := range more {
		what, n := name+": "+m.name, path.Join(folder, m.name)
		if isJunk(n) {
			a.l.passed.add(passedHidden, n, "")
			continue
		}
		r, size, err := m.open()
		var damaged damagedArchive
		if err == nil {
			err = a.list(r, size, what, path.Dir(n), withoutExtension(path.Base(n)), depth+1)
		}
		if errors.As(err, &damaged) {
			a.l.ignored = append(a.l.ignored, BadFile{n, damaged.error})
		} else if err != nil {
			return err
		}
	}
	return nil
}

// damagedArchive is the error of an archive that cannot be read. If it is inside another one, the other entries can still be used.
type damagedArchive struct{ error }

func (d damagedArchive) Unwrap() error { return d.error }

// isTar reports whether head is the header of a tar archive's first entry: its checksum is that of the bytes, with spaces in the
// checksum's place.
func isTar(head []byte) bool {
	if len(head) < 512 {
		return false
	}
	want, err := strconv.ParseInt(strings.Trim(string(head[148:156]), " \x00"), 8, 64)
	sum := int64(8 * ' ')
	for i, b := range head[:512] {
		if i < 148 || i >= 156 {
			sum += int64(b)
		}
	}
	return err == nil && sum == want
}

// downloadNumber matches what Google Drive adds to the names of the archives of a download: cats-20240101T120000Z-001.
var downloadNumber = regexp.MustCompile(`^(.+)-\d{8}T\d{6}Z(?:-\d+){1,2}$`)

// withoutExtension removes the extension of an archive from its name, and the number of a divided download, so that all its archives have one name.
func withoutExtension(name string) string {
	name = withoutSuffix(name)
	if m := downloadNumber.FindStringSubmatch(name); m != nil {
		return m[1]
	}
	return name
}

// copyNumber matches the number at the end of a name: images_001, archive (2), photos.part1.
var copyNumber = regexp.MustCompile(`(?is)^(.*?[^\d])??(?:[-_ .]*(?:part)?[-_ .]*\(?\d+\)?)?$`)

// noteNumbered notes the names of archives that differ only by a number.
func (l *listing) noteNumbered(archives []string) {
	stems := map[string][]string{}
	for _, a := range archives {
		base := withoutExtension(path.Base(a))
		if stem := copyNumber.FindStringSubmatch(base)[1]; stem != "" {
			stems[stem] = append(stems[stem], base)
		}
	}
	if l.numbered == nil {
		l.numbered = map[string]bool{}
	}
	for _, bases := range stems {
		if len(bases) < 2 {
			continue
		}
		for _, b := range bases {
			l.numbered[b] = true
		}
	}
}

func withoutSuffix(name string) string {
	for _, e := range []string{".tar.gz", ".tar.bz2", ".tar.zst"} {
		if n := len(name) - len(e); n > 0 && strings.EqualFold(name[n:], e) {
			return name[:n]
		}
	}
	return strings.TrimSuffix(name, path.Ext(name))
}

// decompress unpacks a compressed tar archive. Such a file has no index, so its entries cannot be read in place.
func (a *archiveReader) decompress(c *compression, r io.ReaderAt, size int64, name string) (io.ReaderAt, int64, error) {
	in, err := c.open(io.NewSectionReader(r, 0, size))
	if err != nil {
		return nil, 0, damagedArchive{fmt.Errorf("%s: %w", name, openError(name, err))}
	}
	if z, ok := in.(io.Closer); ok {
		defer z.Close()
	}
	buffered := bufio.NewReaderSize(in, 64<<10)
	head, err := buffered.Peek(tarBlock)
	if end := errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF); (err == nil || end) && !isTar(head) && !magic("PK")(head) {
		return nil, 0, c.noArchive(name, head)
	}
	out, n, err := a.spool.add(&counted{r: buffered, rep: a.rep}, 0, a.left)
	if errors.Is(err, errSpoolLimit) {
		return nil, 0, a.take(a.left+1, name)
	}
	if err != nil && a.rep.ctx.Err() == nil && !errors.As(err, new(spoolError)) {
		return nil, 0, damagedArchive{fmt.Errorf("%s: %w; %s", name, archiveError(err), again(name))}
	} else if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", name, err)
	}
	return out, n, a.take(n, name)
}

// zip lists the entries of a zip archive. A folder has no file.
func (a *archiveReader) zip(r io.ReaderAt, size int64, name string) ([]entry, []nested, error) {
	if err := a.take(entryBytes*zipEntries(r, size), name); err != nil {
		return nil, nil, err
	}
	z, err := openZip(r, size, name)
	if err != nil {
		return nil, nil, err
	}
	var entries []entry
	var more []nested
	odd := 0
	for _, f := range z.File {
		if err := a.rep.next(0); err != nil {
			return nil, nil, err
		}
		decoded, old := zipName(f)
		f.Name = decoded
		if old {
			odd++
		}
		n := slashed(decoded)
		if !safeName(n) {
			a.l.passed.add(passedUnsafe, n, "")
			continue
		}
		clean := path.Clean(n)
		switch {
		case strings.HasSuffix(n, "/"):
			entries = append(entries, entry{clean, nil})
		case f.Mode()&fs.ModeSymlink != 0:
			a.l.passed.add(passedLink, clean, "")
		case isArchive(clean):
			what := name + ": " + clean
			more = append(more, nested{clean, func() (io.ReaderAt, int64, error) { return a.unnest(r, f, what) }})
		default:
			entries = append(entries, entry{clean, zipFile{f, name}})
		}
	}
	if odd > 0 {
		a.l.warn = append(a.l.warn, fmt.Sprintf("%s: %d names are not in UTF-8; they were read as code page 437 (MS-DOS). If they look wrong, unpack the archive with a program that knows their encoding, and open the folder.", name, odd))
	}
	return entries, more, nil
}

// slashed turns backslashes, which some Windows archivers write, into slashes.
func slashed(name string) string { return strings.ReplaceAll(name, `\`, "/") }

// safeName reports whether the name of an entry is below the folder of the archive: it is not absolute, and has no "..". lince writes no entry to a file; but
// such a name is no label, and other programs refuse it.
func safeName(n string) bool {
	return !slices.Contains(strings.Split(n, "/"), "..") && !strings.HasPrefix(n, "/") && filepath.VolumeName(n) == "" && (len(n) < 2 || n[1] != ':') && !strings.ContainsRune(n, 0)
}

// openZip reads the archive's directory.
func openZip(r io.ReaderAt, size int64, name string) (*zip.Reader, error) {
	if err := splitZip(r, size); err != nil {
		return nil, damagedArchive{fmt.Errorf("%s: %w", name, err)}
	}
	z, err := zip.NewReader(r, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		head := make([]byte, min(512, size))
		n, _ := r.ReadAt(head, 0)
		head = head[:n]
		if bytes.HasPrefix(head, []byte("PK")) || zipEnd(r, size) != nil {
			return nil, damagedArchive{fmt.Errorf("%s: is truncated or damaged (it begins like a zip archive, but its directory at the end cannot be read); %s", name, again(name))}
		}
		return nil, damagedArchive{fmt.Errorf("%s: is not a zip or tar archive (%s)", name, looksLike(name, head))}
	}
	z.RegisterDecompressor(zipDeflate64, newInflate64)
	z.RegisterDecompressor(zipZstd, newZipZstd)
	z.RegisterDecompressor(zipBzip2, func(r io.Reader) io.ReadCloser { return io.NopCloser(bzip2.NewReader(r)) })
	// Overlapping entries would let a small file unpack to any size.
	var stored uint64
	for _, f := range z.File {
		stored += f.CompressedSize64
		if f.CompressedSize64 > uint64(size) || stored > uint64(size) {
			return nil, fmt.Errorf("%s: its entries claim more bytes than the archive has (%d): the archive is damaged or forged", name, size)
		}
	}
	return z, nil
}

// unnest opens an archive inside an archive. An uncompressed (stored) one is read in place. A compressed one is unpacked, if its
// size is within the limits.
func (a *archiveReader) unnest(r io.ReaderAt, f *zip.File, what string) (io.ReaderAt, int64, error) {
	if err := usable(f); err != nil {
		return nil, 0, damagedArchive{fmt.Errorf("%s: %w", what, err)}
	}
	if f.Method == zip.Store {
		if f.CompressedSize64 != f.UncompressedSize64 {
			return nil, 0, fmt.Errorf("%s: is stored uncompressed, but its two sizes differ (%d and %d): the archive is damaged", what, f.CompressedSize64, f.UncompressedSize64)
		}
		at, err := f.DataOffset()
		if err != nil {
			return nil, 0, damagedArchive{fmt.Errorf("%s: %w", what, archiveError(err))}
		}
		return io.NewSectionReader(r, at, int64(f.CompressedSize64)), int64(f.CompressedSize64), nil
	}
	limit := 16*min(f.CompressedSize64, 1<<50) + 64<<20
	if f.UncompressedSize64 > limit {
		return nil, 0, fmt.Errorf("%[1]s: is compressed inside the archive, and its %[3]d bytes claim to unpack to %[2]d; the limit is %[4]d; unpack the outer archive and open the inner one",
			what, f.UncompressedSize64, f.CompressedSize64, limit)
	}
	size := int64(f.UncompressedSize64)
	if err := a.take(size, what); err != nil {
		return nil, 0, err
	}
	rc, err := f.Open()
	if err != nil {
		return nil, 0, damagedArchive{fmt.Errorf("%s: %w", what, archiveError(err))}
	}
	defer rc.Close()
	out, n, err := a.spool.add(&counted{r: rc, rep: a.rep}, size, size)
	if err != nil && a.rep.ctx.Err() == nil && !errors.As(err, new(spoolError)) {
		return nil, 0, damagedArchive{fmt.Errorf("%s: %w", what, archiveError(err))}
	} else if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", what, err)
	}
	return out, n, nil
}

// zipEntries returns the number of entries that an archive's directory may have, at most what fits into its size.
func zipEntries(r io.ReaderAt, size int64) int64 {
	const smallest = 46 // bytes of an entry of the directory
	end := zipEnd(r, size)
	if end == nil {
		return 0
	}
	n, bytes := int64(end.entries), int64(end.directory)
	if n == 0xffff || bytes == 0xffffffff { // zip64
		n = size
	}
	return min(n, size/smallest)
}

// zipDirectory is the record at the end of a zip archive.
type zipDirectory struct {
	disk, disks uint16 // the number of this file of a split archive, and of the file in which the directory begins
	entries     uint16
	directory   uint32 // bytes
}

// zipEnd finds the record at the end of a zip archive, which a comment may follow. It returns nil if there is none.
func zipEnd(r io.ReaderAt, size int64) *zipDirectory {
	const length = 22
	tail := make([]byte, min(size, length+1<<16))
	n, err := r.ReadAt(tail, size-int64(len(tail)))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil
	}
	tail = tail[:n]
	for at := len(tail) - length; at >= 0; at-- {
		b := tail[at:]
		if string(b[:4]) == "PK\x05\x06" && int(le16(b[20:]))+length <= len(b) {
			return &zipDirectory{disk: le16(b[4:]), disks: le16(b[6:]), entries: le16(b[10:]), directory: uint32(le16(b[12:])) | uint32(le16(b[14:]))<<16}
		}
	}
	return nil
}

func le16(b []byte) uint16 { return uint16(b[0]) | uint16(b[1])<<8 }

// splitZip returns an error for a file of an archive that is split into several.
func splitZip(r io.ReaderAt, size int64) error {
	end := zipEnd(r, size)
	if end == nil || end.disk == 0 && end.disks == 0 || end.disk == 0xffff {
		return nil
	}
	return fmt.Errorf("is the last of the %d files of a split archive; join them first (zip -s 0 FILE.zip --out whole.zip, or 7z x FILE.zip), and open the result", int(cmp.Or(end.disk, end.disks))+1)
}

// counted stops reading when the context ends.
type counted struct {
	r   io.Reader
	rep *reading
}

func (c *counted) Read(p []byte) (int, error) {
	if err := c.rep.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p[:min(len(p), 1<<20)])
}
