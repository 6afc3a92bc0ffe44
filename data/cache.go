package data

import (
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/lince-ml/lince/internal/offheap"
)

// Cache is a budget of memory for decoded images, so that later epochs need not decode
// them again. Datasets share it: each that is made with it has room for all of its images,
// or for none where they do not fit what is left. A dataset's room is its own for good.
type Cache struct {
	budget int64

	mu   sync.Mutex
	used int64
}

// NewCache makes a budget of so many bytes.
func NewCache(bytes int64) *Cache { return &Cache{budget: bytes} }

// Budget is the number of bytes that there were at first.
func (c *Cache) Budget() int64 { return c.budget }

// reserve takes bytes, if there are as many.
func (c *Cache) reserve(bytes int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if bytes > c.budget-c.used {
		return false
	}
	c.used += bytes
	return true
}

// decoded is the images of a dataset, at target size. A nil one keeps nothing.
type decoded struct {
	size  int // of an image
	block *offheap.Block
	state []atomic.Uint32
}

// What may be known of an image.
const (
	absent = iota
	arriving
	present
)

func newDecoded(pictures, size int) *decoded {
	return &decoded{size: size, block: offheap.New(pictures * size), state: make([]atomic.Uint32, pictures)}
}

func (d *decoded) at(row int) []byte { return d.block.Bytes[row*d.size : (row+1)*d.size] }

// use calls f with an image's bytes, if it is there.
func (d *decoded) use(row int, f func(pix []byte) error) (bool, error) {
	if d == nil || d.state[row].Load() != present {
		return false, nil
	}
	err := f(d.at(row))
	runtime.KeepAlive(d)
	return true, err
}

// keep copies an image.
func (d *decoded) keep(row int, pix []byte) {
	if d.state[row].CompareAndSwap(absent, arriving) {
		copy(d.at(row), pix)
		d.state[row].Store(present)
	}
	runtime.KeepAlive(d)
}
