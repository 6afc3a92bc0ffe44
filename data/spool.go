package data

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/lince-ml/lince/internal/bounded"
	"github.com/lince-ml/lince/internal/patherr"
)

// spoolMemory is the number of bytes that a spool keeps in memory.
const spoolMemory = 32 << 20

// spool keeps archives that cannot be read in place: in memory, as far as they fit, and otherwise in a temporary file. The file has no
// name while it is open, on systems that allow it, so that nothing is left of a killed process.
type spool struct {
	held int64 // bytes in memory
	file *os.File
	size int64 // of the file
}

var errSpoolLimit = errors.New("has more bytes than the limit")

// spoolError is an error of the temporary file.
type spoolError struct{ err error }

func (e spoolError) Error() string {
	return fmt.Sprintf("cannot be unpacked to the temporary folder %s (TMPDIR): %v; unpack it yourself, and open the folder", os.TempDir(), patherr.Bare(e.err))
}
func (e spoolError) Unwrap() error { return e.err }

// add reads r to its end. guess is the expected number of bytes. More than limit bytes are errSpoolLimit.
func (s *spool) add(r io.Reader, guess, limit int64) (io.ReaderAt, int64, error) {
	room := max(min(spoolMemory-s.held, limit), 0)
	b, err := bounded.ReadAll(nil, io.LimitReader(r, room+1), min(guess, room+1), room+1)
	if err != nil {
		return nil, 0, err
	}
	n := int64(len(b))
	switch {
	case n <= room:
		s.held += n
		return bytes.NewReader(b), n, nil
	case n > limit:
		return nil, 0, errSpoolLimit
	}
	if err := s.open(); err != nil {
		return nil, 0, spoolError{err}
	}
	start := s.size
	w := &spoolWriter{s}
	if _, err := w.Write(b); err != nil {
		return nil, 0, err
	}
	more, err := io.Copy(w, io.LimitReader(r, limit-n+1))
	if n += more; err != nil {
		return nil, 0, err
	}
	if n > limit {
		return nil, 0, errSpoolLimit
	}
	return io.NewSectionReader(s.file, start, n), n, nil
}

// note returns what to say of a large temporary file, which each command writes again; else "".
func (s *spool) note() string {
	const large = 1 << 30
	if s.size < large {
		return ""
	}
	return fmt.Sprintf("%.1f GB were unpacked to a temporary file, as by each command that opens them. A tar or zip archive that is not compressed as a whole, such as that of gunzip FILE.tar.gz, is read in place.", float64(s.size)/1e9)
}

// open creates the temporary file.
func (s *spool) open() error {
	if s.file != nil {
		return nil
	}
	f, err := os.CreateTemp("", "lince-*")
	if err != nil {
		return err
	}
	_ = os.Remove(f.Name()) // Windows refuses; Close tries again
	s.file = f
	return nil
}

// Close removes the temporary file.
func (s *spool) Close() error {
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	_ = os.Remove(s.file.Name()) // usually open did it
	return err
}

// spoolStream adds many short pieces to a spool, one after the other. Nothing else may be added before its end.
type spoolStream struct {
	s     *spool
	buf   []byte // those that are not in the file
	start int64  // in the file
	size  int64  // of all pieces
	disk  bool   // the first ones are in the file
}

// add adds a piece, and returns where it begins.
func (w *spoolStream) add(p []byte) (at int64, err error) {
	const block = 1 << 20
	at = w.size
	w.size += int64(len(p))
	if w.buf = append(w.buf, p...); w.disk && len(w.buf) < block || !w.disk && int64(len(w.buf)) <= spoolMemory-w.s.held {
		return at, nil
	}
	return at, w.flush()
}

func (w *spoolStream) flush() error {
	if err := w.s.open(); err != nil {
		return spoolError{err}
	}
	if !w.disk {
		w.disk, w.start = true, w.s.size
	}
	_, err := (&spoolWriter{w.s}).Write(w.buf)
	if w.buf = w.buf[:0]; cap(w.buf) > 4<<20 {
		w.buf = nil
	}
	return err
}

// end returns all pieces.
func (w *spoolStream) end() (io.ReaderAt, error) {
	if !w.disk {
		w.s.held += w.size
		return bytes.NewReader(slices.Clip(w.buf)), nil
	}
	if err := w.flush(); err != nil {
		return nil, err
	}
	return io.NewSectionReader(w.s.file, w.start, w.size), nil
}

// spoolWriter appends to the file of a spool.
type spoolWriter struct{ s *spool }

func (w *spoolWriter) Write(p []byte) (int, error) {
	n, err := w.s.file.WriteAt(p, w.s.size)
	w.s.size += int64(n)
	if err != nil {
		return n, spoolError{err}
	}
	return n, nil
}
