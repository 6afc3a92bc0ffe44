package hdf5

import (
	"errors"
	"fmt"
	"math/bits"
)

// arrayHeader holds the fields that fixed and extensible arrays share.
type arrayHeader struct {
	filtered    bool
	elementSize int
}

// arrayVisit returns a function that visits the n-th element of an array index.
func (d *Dataset) arrayVisit(l *layout, h arrayHeader, visit func(chunkEntry) error) (func(n uint64, c *cursor) error, error) {
	g, err := d.grid(l)
	if err != nil {
		return nil, err
	}
	return func(n uint64, c *cursor) error {
		e, err := l.element(c, h.filtered, h.elementSize)
		if err != nil {
			return err
		}
		at, ok := g.at(n)
		if !ok || e.addr == undefined {
			return nil
		}
		e.at = at
		return visit(e)
	}, nil
}

// client parses the kind of elements that an array index has.
func (h *arrayHeader) client(c *cursor) error {
	kind := c.u8()
	if kind > 1 {
		return errors.New("the index is not one of chunks")
	}
	h.filtered = kind == 1
	return nil
}

// elementsFrom visits n elements. The first one has the number first.
func (h arrayHeader) elementsFrom(c *cursor, first, n uint64, visit func(n uint64, c *cursor) error) error {
	if n > uint64(len(c.b))/uint64(h.elementSize) {
		return errShort
	}
	for i := range n {
		if err := visit(first+i, &cursor{b: c.bytes(h.elementSize), f: c.f}); err != nil {
			return err
		}
	}
	return nil
}

// chunksFixedArray visits the elements of a fixed array. They are in one block, which is divided into pages with
// checksums if it is large.
func (d *Dataset) chunksFixedArray(l *layout, visit func(chunkEntry) error) error {
	f := d.o.f
	c, err := f.sealed(l.addr, uint64(4+1+1+1+1+f.lengthSize+f.offsetSize+4))
	if err != nil {
		return fmt.Errorf("fixed array: %w", err)
	}
	c.magic("FAHD", 0)
	var h arrayHeader
	if err := h.client(c); err != nil {
		return err
	}
	h.elementSize = c.u8()
	pageBits := c.u8()
	n := c.length()
	block := c.addr()
	if c.err != nil {
		return c.err
	}
	if pageBits > 32 || h.elementSize == 0 || n > uint64(f.size)/uint64(h.elementSize) {
		return errors.New("fixed array: impossible sizes")
	}
	if block == undefined {
		return nil
	}
	each, err := d.arrayVisit(l, h, visit)
	if err != nil {
		return err
	}
	head := uint64(4 + 1 + 1 + f.offsetSize)
	page := uint64(1) << pageBits
	if n <= page {
		c, err := f.sealed(block, head+n*uint64(h.elementSize)+4)
		if err != nil {
			return fmt.Errorf("fixed array: %w", err)
		}
		c.magic("FADB", 0)
		c.skip(int(head) - 5)
		if c.err != nil {
			return c.err
		}
		return h.elementsFrom(c, 0, n, each)
	}
	pages := (n + page - 1) / page
	c, err = f.sealed(block, head+(pages+7)/8+4)
	if err != nil {
		return fmt.Errorf("fixed array: %w", err)
	}
	c.magic("FADB", 0)
	c.skip(int(head) - 5)
	written := c.b // a bit for each page
	if c.err != nil {
		return c.err
	}
	return h.pages(f, block+head+(pages+7)/8+4, 0, n, page, bitmap{written, 0}, each)
}

// bitmap is a sequence of bits, starting with bit first of b. The highest bit of a byte comes first.
type bitmap struct {
	b     []byte
	first uint64
}

func (m bitmap) get(i uint64) bool {
	i += m.first
	return m.b[i/8]&(0x80>>(i%8)) != 0
}

// pages visits n elements that are stored in pages from addr. written says which pages exist.
func (h arrayHeader) pages(f *File, addr, first, n, page uint64, written bitmap, visit func(n uint64, c *cursor) error) error {
	full := page*uint64(h.elementSize) + 4
	for i := uint64(0); i*page < n; i++ {
		if !written.get(i) {
			continue
		}
		count := min(page, n-i*page)
		c, err := f.sealed(addr+i*full, count*uint64(h.elementSize)+4)
		if err != nil {
			return fmt.Errorf("page: %w", err)
		}
		if err := h.elementsFrom(c, first+i*page, count, visit); err != nil {
			return err
		}
	}
	return nil
}

// extensibleArray is an index that can grow. The first elements are in the index block. The others are in data blocks
// of growing size; super blocks hold the addresses of the later ones.
type extensibleArray struct {
	arrayHeader
	f           *File
	header      uint64
	maxBits     int
	inIndex     uint64 // elements in the index block
	blockMin    uint64 // elements of the smallest data block
	minPointers uint64
	pageBits    int
	realized    uint64 // number of elements that may be set
	visit       func(n uint64, c *cursor) error
	met         map[uint64]bool
}

func (d *Dataset) chunksExtensibleArray(l *layout, visit func(chunkEntry) error) error {
	f := d.o.f
	c, err := f.sealed(l.addr, uint64(4+1+1+6+6*f.lengthSize+f.offsetSize+4))
	if err != nil {
		return fmt.Errorf("extensible array: %w", err)
	}
	c.magic("EAHD", 0)
	a := extensibleArray{f: f, header: l.addr, met: map[uint64]bool{}}
	if err := a.client(c); err != nil {
		return err
	}
	a.elementSize = c.u8()
	a.maxBits = c.u8()
	a.inIndex = c.uint(1)
	a.blockMin = c.uint(1)
	a.minPointers = c.uint(1)
	a.pageBits = c.u8()
	c.skip(4 * f.lengthSize) // numbers and sizes of blocks
	a.realized = c.length()  // the largest index that is set, plus one
	c.length()
	index := c.addr()
	if c.err != nil {
		return c.err
	}
	if a.elementSize == 0 || a.maxBits > 64 || a.pageBits > 32 ||
		bits.OnesCount64(a.blockMin) != 1 || bits.OnesCount64(a.minPointers) != 1 || bits.Len64(a.blockMin) > a.maxBits+1 {
		return errors.New("extensible array: impossible sizes")
	}
	if index == undefined {
		return nil
	}
	if a.visit, err = d.arrayVisit(l, a.arrayHeader, visit); err != nil {
		return err
	}
	if err := a.indexBlock(index); err != nil {
		return fmt.Errorf("extensible array: %w", err)
	}
	return nil
}

// super returns how many data blocks super block u has, how many elements each of them has, and how many elements
// come before. The first super blocks are part of the index block.
func (a *extensibleArray) super(u int) (blocks, size, before uint64) {
	return 1 << (u / 2), a.blockMin << ((u + 1) / 2), a.blockMin * (1<<u - 1)
}

// prefix reads the fields with which every block begins.
func (a *extensibleArray) prefix(c *cursor, sig string, offset bool) error {
	c.magic(sig, 0)
	c.skip(1)
	if owner := c.addr(); c.err == nil && owner != a.header {
		return errors.New("a block of another array")
	}
	if offset {
		c.skip((a.maxBits + 7) / 8)
	}
	return c.err
}

func (a *extensibleArray) indexBlock(addr uint64) error {
	supers := 1 + a.maxBits - (bits.Len64(a.blockMin) - 1)
	direct := 2 * (bits.Len64(a.minPointers) - 1) // super blocks that are part of the index block
	directBlocks := 2 * (a.minPointers - 1)
	indirect := max(0, supers-direct)
	size := uint64(4+1+1+a.f.offsetSize) + a.inIndex*uint64(a.elementSize) +
		(directBlocks+uint64(indirect))*uint64(a.f.offsetSize) + 4
	c, err := a.f.sealed(addr, size)
	if err != nil {
		return err
	}
	if err := a.prefix(c, "EAIB", false); err != nil {
		return err
	}
	if err := a.elementsFrom(c, 0, a.inIndex, a.visit); err != nil {
		return err
	}
	for u := range direct {
		blocks, size, before := a.super(u)
		for i := range blocks {
			if err := a.dataBlock(c.addr(), a.inIndex+before+i*size, size, bitmap{}); err != nil {
				return err
			}
		}
	}
	for u := direct; u < supers; u++ {
		if err := a.superBlock(c.addr(), u); err != nil {
			return err
		}
	}
	return c.err
}

// begin reports whether there is a block at addr. It fails if the block was visited before.
func (a *extensibleArray) begin(addr, first uint64) (bool, error) {
	if addr == undefined || first >= a.realized {
		return false, nil
	}
	if a.met[addr] {
		return false, errors.New("a block has two parents")
	}
	a.met[addr] = true
	return true, nil
}

func (a *extensibleArray) superBlock(addr uint64, u int) error {
	if u > 80 {
		return nil
	}
	blocks, size, before := a.super(u)
	if ok, err := a.begin(addr, a.inIndex+before); !ok {
		return err
	}
	pages, pageBytes := uint64(0), uint64(0) // of one data block; pageBytes holds a bit for each page
	if page := uint64(1) << a.pageBits; size > page {
		pages = size / page
		pageBytes = (pages + 7) / 8
	}
	if blocks > uint64(a.f.size) || pageBytes > uint64(a.f.size)/blocks {
		return errors.New("a super block is too large")
	}
	head := uint64(4 + 1 + 1 + a.f.offsetSize + (a.maxBits+7)/8)
	c, err := a.f.sealed(addr, head+blocks*pageBytes+blocks*uint64(a.f.offsetSize)+4)
	if err != nil {
		return err
	}
	if err := a.prefix(c, "EASB", true); err != nil {
		return err
	}
	// The bits of all data blocks are contiguous, although the space would suffice for whole bytes for each block.
	written := c.bytes(int(blocks * pageBytes))
	for i := range blocks {
		if err := a.dataBlock(c.addr(), a.inIndex+before+i*size, size, bitmap{written, i * pages}); err != nil {
			return err
		}
	}
	return c.err
}

// dataBlock visits the elements of a data block. The first has the number first. written says which pages exist.
func (a *extensibleArray) dataBlock(addr, first, n uint64, written bitmap) error {
	if ok, err := a.begin(addr, first); !ok {
		return err
	}
	head := uint64(4 + 1 + 1 + a.f.offsetSize + (a.maxBits+7)/8)
	page := uint64(1) << a.pageBits
	if n > uint64(a.f.size)/uint64(a.elementSize) {
		return errors.New("a data block is too large")
	}
	if n > page && len(written.b) > 0 {
		c, err := a.f.sealed(addr, head+4)
		if err != nil {
			return err
		}
		if err := a.prefix(c, "EADB", true); err != nil {
			return err
		}
		return a.pages(a.f, addr+head+4, first, n, page, written, a.visit)
	}
	c, err := a.f.sealed(addr, head+n*uint64(a.elementSize)+4)
	if err != nil {
		return err
	}
	if err := a.prefix(c, "EADB", true); err != nil {
		return err
	}
	return a.elementsFrom(c, first, n, a.visit)
}
