package torch

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/lince-ml/lince/internal/bounded"
	"github.com/lince-ml/lince/internal/numbers"
)

// storage is a block of elements, which several tensors may share.
type storage struct {
	key   string
	bytes int64
	load  func() ([]byte, error)
	swap  int // the size of elements that are big-endian

	mu    sync.Mutex
	users int // tensors that have not been read
	data  []byte
}

// take returns the storage's bytes to one of its tensors. They must not be changed.
func (s *storage) take() ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	data := s.data
	if data == nil {
		var err error
		if data, err = s.load(); err != nil {
			return nil, fmt.Errorf("storage %.40q: %w", s.key, err)
		}
		numbers.Swap(data, s.swap)
	}
	s.users--
	if s.data = data; s.users <= 0 {
		s.data = nil
	}
	return data, nil
}

// fromFile loads a storage that lies in the file at an offset.
func (s *storage) fromFile(r io.ReaderAt, at int64) {
	s.load = func() ([]byte, error) {
		b := make([]byte, s.bytes)
		return b, readAt(r, b, at)
	}
}

// fromZip loads a storage that is a member of an archive. Its checksum is verified.
func (s *storage) fromZip(m *zip.File) {
	s.load = func() ([]byte, error) {
		r, err := m.Open()
		if err != nil {
			return nil, err
		}
		defer func() { _ = r.Close() }() // only read
		guess := s.bytes
		if m.Method != zip.Store {
			guess = min(guess, int64(bounded.InflateLimit(m.CompressedSize64)))
		}
		b, err := bounded.ReadAll(nil, r, guess, int64(m.UncompressedSize64)) //nolint:gosec // at most the file's size, or the limit of members
		if err == nil && int64(len(b)) < s.bytes {
			err = errors.New("it is truncated")
		}
		return b, err
	}
}
