// Package bounded reads untrusted files without allocating the memory that they only claim to need.
package bounded

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// MaxFile limits the size of a file in bytes.
const MaxFile = 1 << 30

// InflateLimit is the maximum size that a file with the given number of compressed bytes may unpack to. It bounds
// the memory that a hostile file can claim.
func InflateLimit(stored uint64) uint64 { return min(16*min(stored, MaxFile)+64<<20, MaxFile) }

// ReadAll reads r to its end, appending to buf[:0]. guess is the expected length. More than limit bytes are an
// error. Apart from guess, memory grows as bytes arrive.
func ReadAll(buf []byte, r io.Reader, guess, limit int64) ([]byte, error) {
	if int64(cap(buf)) < guess+1 {
		buf = make([]byte, 0, guess+1)
	}
	buf = buf[:0]
	for {
		if len(buf) == cap(buf) { // append would leave several times as much garbage
			grown := make([]byte, len(buf), min(max(2*int64(cap(buf)), 512), limit+1))
			copy(grown, buf)
			buf = grown
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if int64(len(buf)) > limit {
			return nil, fmt.Errorf("has more bytes than the limit of %d", limit)
		}
		if err == io.EOF {
			return buf, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// ReadFile reads a regular file of at most limit bytes. Reading a pipe or a device might never end.
func ReadFile(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path) // before Open, which would block on a pipe
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("is not a regular file")
	case info.Size() > limit:
		return nil, fmt.Errorf("has %d bytes; the limit is %d", info.Size(), limit)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	return ReadAll(nil, f, info.Size(), limit)
}
