package data

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/lince-ml/lince/internal/atomicfile"
	"github.com/lince-ml/lince/internal/bounded"
	"github.com/lince-ml/lince/internal/folderlock"
)

// tarIndex is what is known of the headers of the tar archives in a file on disk: of the file itself, and of those that are in it and need not be unpacked. It is kept in
// a file, so that opening the archive again does not read all headers. The file has
//
//	indexMagic, the path, the size and the times of the archive
//	for each archive: its place and length in the file, the number of its records, the number of their bytes, and these (see tarRecordWriter)
//	the SHA-256 of all that
//
// Numbers are varints. An index of another path, size or time, or with a wrong number, is not used. Its records are compared with a few of the headers, too.
type tarIndex struct {
	f     *os.File // the archive
	path  string   // of the archive
	file  string   // the path of the index
	head  []byte   // with which the file begins
	size  int64    // of the archive
	lists []tarList
	n     int // records in lists
	fresh bool
}

// tarList has the records of one archive.
type tarList struct {
	at, size int64 // of the archive in the file
	n        int64 // records
	b        []byte
}

const indexMagic = "lince tar index 2\n"

// leastIndexed is the number of entries from which on an archive has an index. Fewer headers are read in seconds.
const leastIndexed = 1000

// settled is how long ago an archive must have changed. Another change within the resolution of the clock of its disk could not be seen.
var settled = 2 * time.Second

// errIndex is the error of an index that cannot be used.
var errIndex = errors.New("the index is damaged")

// openTarIndex reads the index of an archive in a folder of indexes. Without a usable one, the index is empty. It returns nil if no index can be kept.
func openTarIndex(folder string, f *os.File, info os.FileInfo) *tarIndex {
	if folder == "" {
		return nil
	}
	path, err := filepath.Abs(f.Name())
	if err != nil {
		return nil
	}
	sum := sha256.Sum256([]byte(path))
	x := &tarIndex{f: f, path: path, file: filepath.Join(folder, hex.EncodeToString(sum[:12])+".tarindex"), size: info.Size(), head: indexHead(path, info)}
	// Names and labels are in the archive as well.
	if b, err := bounded.ReadFile(x.file, x.size+int64(len(x.head))+sha256.Size); err == nil {
		_ = x.parse(b) // with an error, all headers are read
	}
	return x
}

// indexHead returns the beginning of an archive's index.
func indexHead(path string, info os.FileInfo) []byte {
	b := append([]byte(indexMagic), binary.AppendUvarint(nil, uint64(len(path)))...)
	b = binary.AppendUvarint(append(b, path...), uint64(info.Size()))
	return binary.AppendVarint(binary.AppendVarint(b, info.ModTime().UnixNano()), changeTime(info))
}

// parse takes the lists of an index.
func (x *tarIndex) parse(b []byte) error {
	end := len(b) - sha256.Size
	if end < 0 || !bytes.HasPrefix(b, x.head) {
		return errIndex
	}
	if sum := sha256.Sum256(b[:end]); !bytes.Equal(sum[:], b[end:]) {
		return errIndex
	}
	var lists []tarList
	n := int64(0)
	for d := (varints{b: b[len(x.head):end]}); len(d.b) > 0; {
		l := tarList{at: d.number(x.size), size: d.number(x.size)}
		l.n = d.number(l.size / tarBlock) // each has a header
		l.b = d.bytes(d.number(int64(len(d.b))))
		if d.failed || l.size > x.size-l.at {
			return errIndex
		}
		lists = append(lists, l)
		n += l.n
	}
	x.lists, x.n = lists, int(n)
	return nil
}

// records returns the records of an archive that is read from r: those of the index, or else those of the headers, which are added to the index.
func (x *tarIndex) records(r io.ReaderAt, size int64) tarRecords {
	if x == nil {
		return newTarHeaders(r, size, false)
	}
	at, ok := x.place(r)
	if !ok {
		return newTarHeaders(r, size, false)
	}
	if i := slices.IndexFunc(x.lists, func(l tarList) bool { return l.at == at && l.size == size }); i >= 0 {
		if l := x.lists[i]; l.check(r) == nil {
			return l.reader()
		}
		x.n -= int(x.lists[i].n)
		x.lists = slices.Delete(x.lists, i, i+1)
	}
	return &recordedTar{from: newTarHeaders(r, size, true), x: x, at: at, size: size}
}

// place returns where the bytes of r are in the archive's file. ok is false if they are elsewhere, such as those of an archive that was unpacked.
func (x *tarIndex) place(r io.ReaderAt) (at int64, ok bool) {
	for {
		s, inside := r.(*io.SectionReader)
		if !inside {
			f, ok := r.(*os.File)
			return at, ok && f == x.f
		}
		outer, offset, _ := s.Outer()
		r, at = outer, at+offset
	}
}

// keep writes the index if it has new records, and enough of them. It reports whether it did. An index that cannot be written is no error: the headers are read again.
func (x *tarIndex) keep() bool {
	if x == nil || !x.fresh || x.n < leastIndexed {
		return false
	}
	info, err := x.f.Stat()
	if err != nil || !bytes.Equal(indexHead(x.path, info), x.head) || time.Since(time.Unix(0, max(info.ModTime().UnixNano(), changeTime(info)))) < settled {
		return false
	}
	folder := filepath.Dir(x.file)
	if os.MkdirAll(folder, 0o777) != nil {
		return false
	}
	unlock, free, err := folderlock.Lock(folder)
	if err != nil || !free { // another process writes an index; this one is written another time
		return false
	}
	defer unlock()
	if atomicfile.Sweep(x.file) != nil {
		return false
	}
	return atomicfile.Write(x.file, func(w io.Writer) error {
		sum := sha256.New()
		both := io.MultiWriter(w, sum)
		if _, err := both.Write(x.head); err != nil {
			return err
		}
		for _, l := range x.lists {
			var b []byte
			for _, n := range []int64{l.at, l.size, l.n, int64(len(l.b))} {
				b = binary.AppendUvarint(b, uint64(n))
			}
			if _, err := both.Write(b); err != nil {
				return err
			}
			if _, err := both.Write(l.b); err != nil {
				return err
			}
		}
		_, err := w.Write(sum.Sum(nil))
		return err
	}) == nil
}

// recordedTar adds the records of an archive to an index, once all of them were read.
type recordedTar struct {
	from     tarRecords
	x        *tarIndex
	at, size int64
	to       tarRecordWriter
}

func (t *recordedTar) next() (tarRecord, error) {
	r, err := t.from.next()
	switch {
	case err == nil:
		t.to.add(r)
	case errors.Is(err, io.EOF): // an archive that ends too early, or that other bytes follow, has another error
		t.x.lists = append(t.x.lists, tarList{t.at, t.size, t.to.n, t.to.b})
		t.x.n += int(t.to.n)
		t.x.fresh = true
	}
	return r, err
}

// tarBlock is the size of a header, of which the size of an entry is a multiple.
const tarBlock = 512

// tarRecordWriter writes the records of an archive:
//
//	kind, the number of bytes of the name that the last one begins with, the number of the others, these,
//	the number of bytes from the last content's place to this one's,
//	for a file: size, and if its name is that of a label's file and its size is at most mostLabelText, 0 or 1 and the content
//	for a hard link: the length of the target's name, and that
type tarRecordWriter struct {
	b    []byte
	n    int64
	last tarRecord
}

func (w *tarRecordWriter) add(r tarRecord) {
	same := 0
	for same < min(len(r.name), len(w.last.name)) && r.name[same] == w.last.name[same] {
		same++
	}
	w.b = binary.AppendUvarint(append(w.b, r.kind), uint64(same))
	w.b = binary.AppendUvarint(w.b, uint64(len(r.name)-same))
	w.b = binary.AppendUvarint(append(w.b, r.name[same:]...), uint64(r.at-w.last.at))
	switch r.kind {
	case tar.TypeReg:
		w.b = binary.AppendUvarint(w.b, uint64(r.size))
		if r.mayHaveText() {
			has := byte(0)
			if r.hasText {
				has = 1
			}
			w.b = append(append(w.b, has), r.text...)
		}
	case tar.TypeLink:
		w.b = append(binary.AppendUvarint(w.b, uint64(len(r.link))), r.link...)
	}
	w.last = r
	w.n++
}

// mayHaveText reports whether the content of a file may be in an index.
func (r tarRecord) mayHaveText() bool {
	_, ext := sampleKey(r.name)
	return r.size <= mostLabelText && isSidecar(ext)
}

// tarRecordReader reads what tarRecordWriter wrote.
type tarRecordReader struct {
	d     varints
	left  int64 // records
	size  int64 // of the archive
	name  []byte
	at    int64
	names int64 // bytes of all names, which are in the archive as well
	after int64 // the place at which the next header is at the earliest
}

func (l tarList) reader() *tarRecordReader {
	return &tarRecordReader{d: varints{b: l.b}, left: l.n, size: l.size}
}

func (t *tarRecordReader) next() (tarRecord, error) {
	if t.left == 0 {
		if len(t.d.b) > 0 {
			return tarRecord{}, errIndex
		}
		return tarRecord{}, io.EOF
	}
	t.left--
	r := tarRecord{kind: t.d.byte()}
	same := t.d.number(int64(len(t.name)))
	t.name = append(t.name[:same], t.d.bytes(t.d.number(int64(len(t.d.b))))...)
	r.name = string(t.name)
	t.at += t.d.number(t.size - t.at)
	if r.at = t.at; r.at < t.after+tarBlock {
		return r, errIndex
	}
	switch r.kind {
	case tar.TypeReg:
		r.size = t.d.number(t.size - r.at)
		if r.mayHaveText() {
			if r.hasText = t.d.byte() == 1; r.hasText {
				r.text = string(t.d.bytes(r.size))
			}
		}
	case tar.TypeLink:
		r.link = string(t.d.bytes(t.d.number(int64(len(t.d.b)))))
	}
	t.after = blockEnd(r.at + r.size)
	if t.names += int64(len(r.name) + len(r.link)); t.d.failed || t.names > t.size {
		return r, errIndex
	}
	return r, nil
}

// blockEnd returns the end of the last block of an entry.
func blockEnd(at int64) int64 { return (at + tarBlock - 1) / tarBlock * tarBlock }

// plainKinds are the kinds of entries whose headers say where the next one is.
var plainKinds = []byte{tar.TypeReg, tar.TypeLink, tar.TypeSymlink, tar.TypeDir, tar.TypeXGlobalHeader}

// check returns an error if the list has a wrong number, or differs from the headers of the archive, of which it reads a few: the last one, and one of every 256, up to
// 16 of them.
func (l tarList) check(r io.ReaderAt) error {
	each := max(l.n/16, 256)
	t := l.reader()
	from, known := int64(0), true // the place of the next header
	for i := int64(0); ; i++ {
		want, err := t.next()
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if known && (i == l.n-1 || i%each == 0) {
			got, err := newTarHeaders(io.NewSectionReader(r, from, l.size-from), l.size-from, want.hasText).next()
			if got.at += from; err != nil || got != want {
				return errIndex
			}
		}
		from, known = t.after, slices.Contains(plainKinds, want.kind)
	}
}

// varints reads numbers and bytes. Once one is not there, or too large, it has failed, and all others are 0.
type varints struct {
	b      []byte
	failed bool
}

// number reads a number from 0 to most.
func (d *varints) number(most int64) int64 {
	x, n := binary.Uvarint(d.b)
	if d.failed = d.failed || n <= 0 || x > uint64(max(most, 0)); d.failed {
		return 0
	}
	d.b = d.b[n:]
	return int64(x)
}

// bytes reads n bytes.
func (d *varints) bytes(n int64) []byte {
	if d.failed = d.failed || n > int64(len(d.b)); d.failed {
		return nil
	}
	b := d.b[:n]
	d.b = d.b[n:]
	return b
}

func (d *varints) byte() byte {
	if b := d.bytes(1); b != nil {
		return b[0]
	}
	return 0
}
