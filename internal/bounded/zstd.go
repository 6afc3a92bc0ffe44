package bounded

import (
	"bufio"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// WindowError is the error of a Zstandard file that needs a larger window, the bytes of what was decompressed before, than Zstd keeps.
type WindowError struct{ Window, Most uint64 }

func (e WindowError) Error() string {
	return fmt.Sprintf("is compressed by Zstandard with a window of %d MiB, and lince reads one of at most %d MiB", (e.Window-1)>>20+1, e.Most>>20)
}

// ZstdReader decompresses Zstandard frames.
type ZstdReader interface {
	io.ReadCloser
	// Reset makes it read the frames of another file, with the same limit. A reader needs a lot of memory, which is used again.
	Reset(r io.Reader) error
}

// Zstd returns a reader that decompresses Zstandard frames. A frame that needs more than window bytes of what was decompressed before is an error,
// and a WindowError if it is the first one.
func Zstd(r io.Reader, window uint64) (ZstdReader, error) {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(window))
	if err != nil {
		return nil, err
	}
	z := &zstdReader{Decoder: d, in: bufio.NewReader(nil), window: window}
	if err := z.Reset(r); err != nil {
		d.Close()
		return nil, err
	}
	return z, nil
}

type zstdReader struct {
	*zstd.Decoder
	in     *bufio.Reader
	window uint64
}

func (z *zstdReader) Reset(r io.Reader) error {
	z.in.Reset(r)
	if w := zstdWindow(z.in); w > z.window {
		return WindowError{w, z.window}
	}
	return z.Decoder.Reset(z.in)
}

func (z *zstdReader) Close() error {
	z.Decoder.Close()
	return nil
}

// zstdWindow returns the window of the first frame, and 0 if its header cannot be read. It reads the frames that are skipped before it.
func zstdWindow(in *bufio.Reader) uint64 {
	for {
		head, _ := in.Peek(zstd.HeaderMaxSize) // the decoder reports an error again
		var h zstd.Header
		switch err := h.Decode(head); {
		case err != nil:
			return 0
		case h.Skippable:
			if _, err := in.Discard(h.HeaderSize); err != nil {
				return 0
			}
			if _, err := io.CopyN(io.Discard, in, int64(h.SkippableSize)); err != nil {
				return 0
			}
		case h.SingleSegment:
			return h.FrameContentSize
		default:
			return h.WindowSize
		}
	}
}
