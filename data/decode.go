package data

import (
	"context"
	"errors"
	"runtime"

	"github.com/lince-ml/lince/data/picture"
)

// large lets one goroutine of the process at a time decode an image that is too large for a Decoder with the usual limits, so that the memory for such images does not depend
// on the number of goroutines.
var large = make(chan struct{}, 1)

// Decode calls do, which decodes a file of the table. content is the content of the file, and d the decoder of the goroutine. If the image is too large for d, Decode waits until
// no other goroutine decodes such an image, and calls do again with a picture.LargeDecoder, which has the limit of OpenOptions.MaxPixels. Its memory is free afterwards. If ctx is
// canceled while Decode waits, it returns ctx.Err().
func (t *Table) Decode(ctx context.Context, content []byte, d *picture.Decoder, do func(d *picture.Decoder) error) error {
	d.MaxPixels = t.maxPixels()
	err := do(d)
	if e := (*picture.PixelsError)(nil); !errors.As(err, &e) {
		return err
	}
	select {
	case large <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() {
		runtime.GC() // the next one shall use the same memory; beside decoding, this takes no time
		<-large
	}()
	return do(picture.LargeDecoder(len(content), t.maxPixels()))
}

// maxPixels is OpenOptions.MaxPixels.
func (t *Table) maxPixels() int {
	if t.src == nil {
		return 0
	}
	return t.src.maxPixels
}
