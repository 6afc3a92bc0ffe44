package data

import (
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/lince-ml/lince/internal/offheap"
)

// Cache is a memory budget for decoded images. A cached image is not decoded again in later epochs.
// Several datasets may share a Cache. When a dataset is created, it reserves memory for all of its
// images. If the remaining budget is too small, it caches none of them. Reserved memory is never
// returned to the budget. Table.Check can fill a Cache before the datasets are created; see CheckOptions.Keep.
type Cache struct {
	budget int64

	mu   sync.Mutex
	used int64
}

// NewCache makes a Cache with a budget of the given number of bytes.
func NewCache(bytes int64) *Cache { return &Cache{budget: bytes} }

// Budget returns the budget in bytes, including the bytes in use.
func (c *Cache) Budget() int64 { return c.budget }

// reserve takes bytes from the budget and reports whether there were enough.
func (c *Cache) reserve(bytes int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if bytes > c.budget-c.used {
		return false
	}
	c.used += bytes
	return true
}

// decoded holds the images of a dataset, or of the files of a checked table, at target size. A nil *decoded keeps nothing.
type decoded struct {
	size  int // bytes of one image
	block *offheap.Block
	state []atomic.Uint32
	of    []int32 // the image of each row; nil if row i has image i
}

// The states of an image. Only the goroutine that sets arriving may write the image.
const (
	absent = iota
	arriving
	present
)

func newDecoded(images, size int) *decoded {
	return &decoded{size: size, block: offheap.New(images * size), state: make([]atomic.Uint32, images)}
}

func (d *decoded) at(image int) []byte { return d.block.Bytes[image*d.size : (image+1)*d.size] }

// image returns the image of a row.
func (d *decoded) image(row int) int {
	if d.of == nil {
		return row
	}
	return int(d.of[row])
}

// use calls f with the bytes of an image if it is kept, and reports whether it is.
func (d *decoded) use(row int, f func(pix []byte) error) (bool, error) {
	if d == nil {
		return false, nil
	}
	image := d.image(row)
	if d.state[image].Load() != present {
		return false, nil
	}
	err := f(d.at(image))
	runtime.KeepAlive(d)
	return true, err
}

// keep stores a copy of an image.
func (d *decoded) keep(row int, pix []byte) {
	image := d.image(row)
	if d.state[image].CompareAndSwap(absent, arriving) {
		copy(d.at(image), pix)
		d.state[image].Store(present)
	}
	runtime.KeepAlive(d)
}
