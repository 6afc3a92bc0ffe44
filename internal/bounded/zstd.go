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

// Zstd returns a reader that decompresses Zstandard frames. A frame that needs more than window bytes of what was decompressed before is an error,
// and a WindowError if it is the first one.
func Zstd(r io.Reader, window uint64) (io.ReadCloser, error) {
	in := bufio.NewReader(r)
	if w := zstdWindow(in); w > window {
		return nil, WindowError{w, window}
	}
	z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(window))
	if err != nil {
		return nil, err
	}
	return z.IOReadCloser(), nil
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
