package data

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

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
