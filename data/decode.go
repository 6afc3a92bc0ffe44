package data

import (
	"context"
	"errors"
	"math"
	"runtime"
	"sync"

	"golang.org/x/sync/semaphore"

	"github.com/lince-ml/lince/data/picture"
	"github.com/lince-ml/lince/internal/offheap"
)

const (
	// smallImage is the memory of an image that each goroutine decodes without a share of the budget, with its own decoder, which keeps its buffers.
	smallImage = 16 << 20
	// mostKept is the memory of an image whose decoder is kept for the next one.
	mostKept = 128 << 20
	// The budget is a quarter of the memory that the process can have, but not less than leastBudget: one plain photo of 85 megapixels. unknownBudget is that of systems that
	// do not say how much there is.
	leastBudget   = 256 << 20
	unknownBudget = 2 << 30
)

// large is the budget of the process.
var large = sync.OnceValue(func() *decoders {
	limit := int64(unknownBudget)
	if n := offheap.Available(); n > 0 {
		limit = max(int64(n)/4, leastBudget)
	}
	return newDecoders(limit)
})

// decoders limits the memory of all images that are larger than smallImage while they are decoded, so that it does not depend on the number of goroutines. An image that needs more
// than the limit is decoded while no other one is.
type decoders struct {
	limit  int64
	budget *semaphore.Weighted

	mu   sync.Mutex
	free []sizedDecoder
	kept int64 // the sizes of free
}

// sizedDecoder is a decoder that has decoded images which needed so much memory.
type sizedDecoder struct {
	*picture.Decoder
	size int64
}

func newDecoders(limit int64) *decoders {
	return &decoders{limit: limit, budget: semaphore.NewWeighted(limit)}
}

// use calls do with a decoder after the budget has so many bytes.
func (l *decoders) use(ctx context.Context, bytes int64, do func(d *picture.Decoder) error) error {
	bytes = min(bytes, l.limit)
	if err := l.budget.Acquire(ctx, bytes); err != nil {
		return err
	}
	d := l.take()
	d.size = max(d.size, bytes)
	defer func() { // do may panic
		if l.keep(d); d.size > mostKept {
			d.Decoder = nil
			runtime.GC() // the next one shall use the same memory; beside decoding, this takes no time
		}
		l.budget.Release(bytes)
	}()
	return do(d.Decoder)
}

func (l *decoders) take() sizedDecoder {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.free)
	if n == 0 {
		return sizedDecoder{Decoder: new(picture.Decoder)}
	}
	d := l.free[n-1]
	l.free[n-1] = sizedDecoder{}
	l.free = l.free[:n-1]
	l.kept -= d.size
	return d
}

// keep keeps a decoder for later images, unless it or all of them are too large.
func (l *decoders) keep(d sizedDecoder) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if d.size <= mostKept && l.kept+d.size <= l.limit {
		l.free = append(l.free, d)
		l.kept += d.size
	}
}

// Decode calls do, which decodes a file of the table. content is the content of the file, and d the decoder of the goroutine. If the image is too large for d, Decode waits until
// the process has the memory for it, and calls do again with another decoder, which has the limits of picture.LargeDecoder with OpenOptions.MaxPixels. do must not keep what that
// decoder returns. If ctx is canceled while Decode waits, it returns ctx.Err().
func (t *Table) Decode(ctx context.Context, content []byte, d *picture.Decoder, do func(d *picture.Decoder) error) error {
	d.MaxPixels, d.MaxMemory = t.maxPixels(), smallImage
	err := do(d)
	e := (*picture.PixelsError)(nil)
	if !errors.As(err, &e) {
		return err
	}
	need := e.Memory
	if need == 0 { // the number of pixels is the reason
		need = math.MaxInt64
	}
	return large().use(ctx, need, func(d *picture.Decoder) error {
		d.Enlarge(len(content), t.maxPixels())
		return do(d)
	})
}

// maxPixels is OpenOptions.MaxPixels.
func (t *Table) maxPixels() int {
	if t.src == nil {
		return 0
	}
	return t.src.maxPixels
}
