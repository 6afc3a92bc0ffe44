package bounded

import (
	"io"

	"github.com/klauspost/compress/zstd"
)

// Zstd returns a reader that decompresses Zstandard frames. A frame that needs more than window bytes of what was decompressed before is an error.
func Zstd(r io.Reader, window uint64) (io.ReadCloser, error) {
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(window))
	if err != nil {
		return nil, err
	}
	return z.IOReadCloser(), nil
}
